/** Gives up the permissions that a run no longer needs. */
import type { Target } from "../core/target.ts";
import { startsProgram } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";

/**
 * Gives up `write`, and `run` unless a probe, an `after` program or `-- COMMAND` needs it. Called
 * when the configuration is read and the secrets are collected.
 */
export function dropUnusedPermissions(
  targets: readonly Pick<Target, "probes" | "after">[],
  ports: Ports,
  { command }: { command?: readonly string[] | undefined } = {},
): void {
  const needsRun = command !== undefined ||
    targets.some(({ probes, after }) => after.length > 0 || probes.some(startsProgram));
  ports.dropPermissions(needsRun ? ["write"] : ["write", "run"]);
}
