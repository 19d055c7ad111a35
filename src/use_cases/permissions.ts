/** Gives up the permissions that a run no longer needs. */
import type { Knock } from "../core/knock.ts";
import type { Target } from "../core/target.ts";
import { isEcho } from "../core/knock.ts";
import { startsProgram } from "../probe/mod.ts";
import { findAskpass } from "../secret/askpass.ts";
import type { Ports } from "./ports.ts";

/** What can still start a program. */
interface Needs {
  /** `-- COMMAND`. */
  command?: readonly string[] | undefined;
  /** Knocks whose secrets are not collected yet. */
  knocks?: readonly Knock[];
}

/**
 * Gives up `write` unless a one-time sequence will be marked, and `run` unless a probe, an icmp knock, an
 * `after` program, a secret or `-- COMMAND` needs it. Called when the configuration is read, and when the secrets are collected.
 */
export function dropUnusedPermissions(
  targets:
    readonly (Pick<Target, "probes"> & Partial<Pick<Target, "after" | "knocks" | "oneTime">>)[],
  ports: Ports,
  { command, knocks = [] }: Needs = {},
): void {
  const canAsk = findAskpass(ports.env)?.isAllowed === true;
  const needsRun = command !== undefined ||
    knocks.some((knock) => isEcho(knock) || hasSecretProgram(knock, canAsk)) ||
    targets.some((target) =>
      // The system's ping sends icmp knocks.
      (target.after ?? []).length > 0 || target.probes.some(startsProgram) ||
      (target.knocks ?? []).some(isEcho)
    );
  const unused = [
    ...(needsWrite(targets) ? [] : ["write"] as const),
    ...(needsRun ? [] : ["run"] as const),
  ];
  if (unused.length > 0) ports.dropPermissions(unused);
}

/** Gives up `write` where nothing is written; called when the targets are known. */
export function dropUnusedWrite(
  targets: readonly Pick<Target, "oneTime">[],
  ports: Pick<Ports, "dropPermissions">,
): void {
  if (!needsWrite(targets)) ports.dropPermissions(["write"]);
}

/** A one-time sequence is marked when it is sent. */
function needsWrite(targets: readonly Partial<Pick<Target, "oneTime">>[]): boolean {
  return targets.some(({ oneTime }) => oneTime !== undefined);
}

/** `canAsk`: a program may ask for what is typed (SSH_ASKPASS). */
function hasSecretProgram({ payload }: Knock, canAsk: boolean): boolean {
  if (payload.kind !== "secret") return false;
  return payload.source.kind === "command" || (canAsk && payload.source.kind === "prompt");
}
