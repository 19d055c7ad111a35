/** The plan of a simulated firewall for a target, as `rules` would make it, on IPv4 loopback. */
import { renderPortSpec } from "../core/knock.ts";
import { type Door, listKnocks, type Plan } from "../plan/plan.ts";
import { isPorts, type PortSpec, renderService, type Service } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import { listOpenServices } from "../probe/mod.ts";
import { makePlan, type PlanPayloads } from "../rules/plan.ts";

/** The port that opens when neither the target nor an option names one, or that one is privileged. */
const FALLBACK_PORT = 2222;
/** Ports below this need root, and are the real service's. */
const FIRST_FREE_PORT = 1024;

/**
 * Returns the plan of a target's simulated firewall. Of a range its first port can be bound; echo requests
 * and everything else cannot.
 *
 * @throws {UsageError} as `makePlan` does.
 */
export function makeSimulatedPlan(
  target: Target,
  payloads: PlanPayloads,
  { open = listOpenServices(target) }: { open?: readonly Service[] | undefined } = {},
): Plan {
  const ports = open.filter(isPorts).map(({ port, protocol }) => ({ port, protocol }));
  const fallback = { port: FALLBACK_PORT, protocol: "tcp" as const };
  const opens = ports.length === 0 ? [fallback] : ports;
  // The key is at hand: there are codes for each window.
  const horizon = { from: 0, until: Infinity };
  return makePlan([{ target, payloads, opens }], { families: ["ipv4"], horizon });
}

/** Returns what a firewall would open, and a simulated one cannot: `icmp`, `60001-61000/udp`. */
export function listNotSimulated(
  target: Target,
  { open = listOpenServices(target) }: { open?: readonly Service[] | undefined } = {},
): string[] {
  return open.flatMap((service) => {
    if (!isPorts(service)) return [renderService(service)];
    const { port, last = port } = service;
    return last === port ? [] : [renderService({ ...service, port: port + 1 })];
  });
}

/** Returns the door of a simulated firewall, and the ports that it opens. */
export function getSimulatedDoor({ doors: [door] }: Plan): Door & { ports: readonly PortSpec[] } {
  if (door === undefined) throw new TypeError("a plan has a door");
  return { ...door, ports: door.opens.filter(isPorts) };
}

/** Returns the ports that stand in for the privileged ones of a plan, each another one, by `PORT/PROTOCOL`. */
export function findStandIns(plan: Plan): Record<string, number> {
  const { ports } = getSimulatedDoor(plan);
  const isPrivileged = ({ port }: PortSpec) => port < FIRST_FREE_PORT;
  const taken = new Set(
    [...ports.filter((spec) => !isPrivileged(spec)), ...listKnocks(plan)]
      .map(({ port }) => port),
  );
  const standIns: Record<string, number> = {};
  let port = FALLBACK_PORT;
  for (const spec of ports.filter(isPrivileged)) {
    while (taken.has(port)) port++;
    standIns[renderPortSpec(spec)] = port;
    taken.add(port);
  }
  return standIns;
}
