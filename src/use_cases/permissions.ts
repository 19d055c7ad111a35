/** Gives up the permissions that a run no longer needs. */
import type { Knock } from "../core/knock.ts";
import type { Target } from "../core/target.ts";
import { startsProgram } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";

/** What can still start a program. */
interface Needs {
  /** `-- COMMAND`. */
  command?: readonly string[] | undefined;
  /** Knocks whose secrets are not collected yet. */
  knocks?: readonly Knock[];
}

/**
 * Gives up `write`, and `run` unless a probe, an `after` program, a secret or `-- COMMAND` needs it. Called
 * when the configuration is read, and when the secrets are collected.
 */
export function dropUnusedPermissions(
  targets: readonly (Pick<Target, "probes"> & Partial<Pick<Target, "after">>)[],
  ports: Ports,
  { command, knocks = [] }: Needs = {},
): void {
  const needsRun = command !== undefined || knocks.some(hasSecretProgram) ||
    targets.some(({ probes, after = [] }) => after.length > 0 || probes.some(startsProgram));
  ports.dropPermissions(needsRun ? ["write"] : ["write", "run"]);
}

function hasSecretProgram({ payload }: Knock): boolean {
  return payload.kind === "secret" && payload.source.kind === "command";
}
