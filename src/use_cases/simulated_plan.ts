/** The plan of a simulated firewall for a target, as `rules` would make it, on IPv4 loopback. */
import type { Plan, PortSpec } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { findProbedPort } from "../probe/mod.ts";
import { makePlan, type PlanPayloads } from "../rules/plan.ts";

/** The port that opens when neither a probe nor an option names one, or that one is privileged. */
export const FALLBACK_PORT = 2222;

/**
 * Returns the plan of a target's simulated firewall.
 *
 * @throws {UsageError} as `makePlan` does.
 */
export function makeSimulatedPlan(
  target: Target,
  payloads: PlanPayloads,
  { open }: { open?: PortSpec | undefined } = {},
): Plan {
  return makePlan(target, payloads, {
    protectedPorts: [
      open ?? findProbedPort(target) ?? { port: FALLBACK_PORT, protocol: "tcp" as const },
    ],
    families: ["ipv4"],
  });
}
