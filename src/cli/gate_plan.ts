/** The gate that a target's knocks ask for, as `rules` would make it, on IPv4 loopback. */
import { UsageError } from "../core/errors.ts";
import type { Plan, PortSpec } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { findProbedPort } from "../probe/mod.ts";
import { makePlan } from "../rules/plan.ts";

/** What a door opens when neither a probe nor an option says so, or that port is privileged. */
export const FALLBACK_PORT = 2222;

/** The plan of a target's door on loopback. */
export function gatePlanOf(
  target: Target,
  payloads: readonly Uint8Array[],
  { open }: { open?: PortSpec | undefined } = {},
): Plan {
  const options = {
    open: [open ?? findProbedPort(target) ?? { port: FALLBACK_PORT, protocol: "tcp" as const }],
    families: ["ipv4" as const],
  };
  try {
    return makePlan(target, payloads, options);
  } catch (error) {
    // Such ports are taken with the rate ban only, by `rules` too.
    if (!(error instanceof UsageError && error.code === "consecutive")) throw error;
    return makePlan(target, payloads, { ...options, ban: true });
  }
}
