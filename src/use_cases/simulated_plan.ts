/** The plan of a simulated firewall for a target, as `rules` would make it, on IPv4 loopback. */
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { listOpenPorts } from "../probe/mod.ts";
import { makePlan, type PlanPayloads } from "../rules/plan.ts";

/** The port that opens when neither the target nor an option names one, or that one is privileged. */
const FALLBACK_PORT = 2222;
/** Ports below this need root, and are the real service's. */
const FIRST_FREE_PORT = 1024;

/**
 * Returns the plan of a target's simulated firewall.
 *
 * @throws {UsageError} as `makePlan` does.
 */
export function makeSimulatedPlan(
  target: Target,
  payloads: PlanPayloads,
  { open = listOpenPorts(target) }: { open?: readonly PortSpec[] | undefined } = {},
): Plan {
  const fallback = { port: FALLBACK_PORT, protocol: "tcp" as const };
  return makePlan(target, payloads, {
    protectedPorts: open.length === 0 ? [fallback] : open,
    families: ["ipv4"],
  });
}

/** Returns the ports that stand in for the privileged ones of a plan, each another one, by `PORT/PROTOCOL`. */
export function findStandIns({ protectedPorts, stages, closing }: Plan): Record<string, number> {
  const isPrivileged = ({ port }: PortSpec) => port < FIRST_FREE_PORT;
  const taken = new Set(
    [...protectedPorts.filter((spec) => !isPrivileged(spec)), ...stages, ...closing]
      .map(({ port }) => port),
  );
  const standIns: Record<string, number> = {};
  let port = FALLBACK_PORT;
  for (const spec of protectedPorts.filter(isPrivileged)) {
    while (taken.has(port)) port++;
    standIns[renderPortSpec(spec)] = port;
    taken.add(port);
  }
  return standIns;
}
