/**
 * Port sweeps, and what a plan can claim about them.
 *
 * A sweep visits every port of each transport that the plan's knocks use, tcp before udp, with bare
 * SYNs and empty datagrams. A whole sweep takes half a stage timeout, so that no stage times out.
 */
import type { Plan } from "../core/plan.ts";
import { type Direction, isSmooth, listSteps } from "../core/sweep.ts";
import type { Attack, ClaimKind, Parties, TimedPacket } from "./attack.ts";
import { isKnock } from "./model.ts";
import { createRandom, shuffle } from "./random.ts";

const LAST_PORT = 65_535;

/** What decides a sweep besides the plan. */
interface SweepOptions {
  parties: Parties;
  /** Of the random orders. */
  seed: number;
  /** The ports to visit, ascending, instead of all. */
  limitPorts?: readonly number[] | undefined;
}

/** In which order a sweep visits the ports. */
type Order = "ascending" | "descending" | "random";

/** Returns sweeps in each order, once and three times. */
export function listSweeps(plan: Plan, options: SweepOptions): Attack[] {
  return (["ascending", "descending", "random"] as const).flatMap((order) =>
    [1, 3].map((times): Attack => ({
      name: times === 1 ? `sweep-${order}` : `sweep-${order}-${times}-times`,
      description: `a sweep of all ports, ${order}, ${times === 1 ? "once" : `${times} times`}`,
      ...decideClaim(plan, order),
      source: options.parties.attacker,
      packets: { [Symbol.iterator]: () => generateSweep(plan, order, { ...options, times }) },
    }))
  );
}

/**
 * Whether a sweep in this direction passes the plan's knocks without a mistake: only protected and
 * public ports are between them.
 */
function isAdjacent(plan: Plan, order: Direction): boolean {
  return listSteps(plan).every((step) =>
    step[0].port !== step[1].port && isSmooth(plan, step, order)
  );
}

/** Returns what a plan can claim about a sweep in this order. */
export function decideClaim(plan: Plan, order: Order): { claim: ClaimKind; reason: string } {
  const secret = plan.stages.findIndex((stage) =>
    !isKnock(stage, { source: "", protocol: stage.protocol, port: stage.port })
  );
  if (secret !== -1) {
    return {
      claim: "closed",
      reason: `the packets of a sweep do not have the payload of knock ${secret + 1}`,
    };
  }
  if (plan.stages.length === 1) {
    return { claim: "vulnerable", reason: "any sweep sends a single regular knock" };
  }
  if (!plan.guard) {
    return {
      claim: "vulnerable",
      reason: order === "random"
        ? `without a guard, a random sweep can pass the ${plan.stages.length} ports in the right order`
        : "without a guard, ports in ascending or descending order, or enough sweeps, open the door",
    };
  }
  if (order !== "random" && isAdjacent(plan, order)) {
    return {
      claim: "vulnerable",
      reason: `the ports are adjacent: an ${order} sweep is the sequence`,
    };
  }
  return { claim: "closed", reason: "the guard resets the sequence at each port in between" };
}

/** Yields the packets of a sweep. */
export function* generateSweep(
  plan: Plan,
  order: Order,
  options: SweepOptions & { times: number },
): Generator<TimedPacket> {
  const random = createRandom(options.seed);
  const ports = options.limitPorts ?? Array.from({ length: LAST_PORT }, (_, index) => index + 1);
  const protocols = (["tcp", "udp"] as const).filter((protocol) =>
    plan.stages.some((stage) => stage.protocol === protocol)
  );
  const step = plan.stageTimeoutMs / 2 / (ports.length * protocols.length);
  let sent = 0;
  for (let time = 0; time < options.times; time++) {
    for (const protocol of protocols) {
      for (const port of orderPorts(ports, order, random)) {
        yield { packet: { source: options.parties.attacker, protocol, port }, at: sent * step };
        sent++;
      }
    }
  }
}

function orderPorts(
  ports: readonly number[],
  order: Order,
  random: () => number,
): readonly number[] {
  if (order === "random") return shuffle(ports, random);
  return order === "ascending" ? ports : ports.toReversed();
}
