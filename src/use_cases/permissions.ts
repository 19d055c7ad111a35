/** Gives up the permissions that a run no longer needs. */
import type { Target } from "../core/target.ts";
import { isEcho } from "../core/knock.ts";
import { startsProgram } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";

/**
 * Gives up `write`, and `run` unless a probe, an icmp knock, an `after` program or `-- COMMAND` needs it. Called
 * when the configuration is read and the secrets are collected.
 */
export function dropUnusedPermissions(
  targets: readonly Pick<Target, "probes" | "after" | "knocks">[],
  ports: Ports,
  { command }: { command?: readonly string[] | undefined } = {},
): void {
  const needsRun = command !== undefined ||
    targets.some(({ probes, after, knocks }) =>
      // The system's ping sends icmp knocks.
      after.length > 0 || probes.some(startsProgram) || knocks.some(isEcho)
    );
  ports.dropPermissions(needsRun ? ["write"] : ["write", "run"]);
}
