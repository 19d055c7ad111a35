/**
 * Port sweeps, and what a plan can claim about them.
 *
 * A sweep visits every port of each transport that the plan's knocks use, tcp before udp, with bare
 * SYNs and empty datagrams. A whole sweep takes half a stage timeout, so that no stage times out.
 */
import { createStepCheck, type Direction, listSteps } from "../../plan/sweep.ts";
import type { Attack, ClaimKind, TimedPacket } from "../attack.ts";
import type { AttackContext } from "./attack_context.ts";
import { isKnock } from "../model.ts";
import { createRandom, shuffle } from "../random.ts";

const LAST_PORT = 65_535;

/** In which order a sweep visits the ports. */
type Order = "ascending" | "descending" | "random";

/** Returns sweeps in each order, once and three times. */
export function listSweeps(context: AttackContext): Attack[] {
  return (["ascending", "descending", "random"] as const).flatMap((order) =>
    [1, 3].map((times): Attack => ({
      name: times === 1 ? `sweep-${order}` : `sweep-${order}-${times}-times`,
      description: `a sweep of all ports, ${order}, ${times === 1 ? "once" : `${times} times`}`,
      ...decideClaim(context, order),
      door: context.door.name,
      source: context.parties.attacker,
      packets: { [Symbol.iterator]: () => generateSweep(order, { ...context, times }) },
    }))
  );
}

/**
 * Whether a sweep in this direction passes the door's knocks without a mistake: only guarded and public
 * ports, and those of other doors' knocks, are between them.
 */
function isAdjacent(
  { door, plan }: Pick<AttackContext, "door" | "plan">,
  order: Direction,
): boolean {
  const isFree = createStepCheck(door, plan);
  return listSteps(door).every((step) => step.from.port !== step.to.port && isFree(step, order));
}

/** Returns what a plan can claim about a sweep in this order. */
export function decideClaim(
  context: Pick<AttackContext, "door" | "plan">,
  order: Order,
): { claim: ClaimKind; reason: string } {
  const { door } = context;
  const secret = door.stages.findIndex((stage) =>
    !isKnock(stage, { source: "", protocol: stage.protocol, port: stage.port })
  );
  if (secret !== -1) {
    return {
      claim: "closed",
      reason: `the packets of a sweep do not have the payload of knock ${secret + 1}`,
    };
  }
  if (door.stages.length === 1) {
    return { claim: "vulnerable", reason: "any sweep sends a single regular knock" };
  }
  if (!door.guard) {
    return {
      claim: "vulnerable",
      reason: order === "random"
        ? `without a guard, a random sweep can pass the ${door.stages.length} ports in the right order`
        : "without a guard, ports in ascending or descending order, or enough sweeps, open the door",
    };
  }
  if (order !== "random" && isAdjacent(context, order)) {
    return {
      claim: "vulnerable",
      reason: `the ports are adjacent: an ${order} sweep is the sequence`,
    };
  }
  return { claim: "closed", reason: "the guard resets the sequence at each port in between" };
}

/** Yields the packets of a sweep. */
export function* generateSweep(
  order: Order,
  { door, parties, seed, limitPorts, times }: AttackContext & { times: number },
): Generator<TimedPacket> {
  const random = createRandom(seed);
  const ports = limitPorts ?? Array.from({ length: LAST_PORT }, (_, index) => index + 1);
  const protocols = (["tcp", "udp"] as const).filter((protocol) =>
    door.stages.some((stage) => stage.protocol === protocol)
  );
  const step = door.stageTimeoutMs / 2 / (ports.length * protocols.length);
  let sent = 0;
  for (let time = 0; time < times; time++) {
    for (const protocol of protocols) {
      for (const port of orderPorts(ports, order, random)) {
        yield { packet: { source: parties.attacker, protocol, port }, at: sent * step };
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
