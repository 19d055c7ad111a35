/**
 * Port sweeps, and what a plan can claim about them.
 *
 * A sweep visits every port of each transport that the plan's knocks use, tcp before udp, with bare
 * SYNs and empty datagrams. A whole sweep takes half a stage timeout, so that no stage times out.
 */
import { BAN_RULE, type Plan } from "../core/plan.ts";
import { type Direction, isSmooth, listSteps } from "../core/sweep.ts";
import type { Attack, ClaimKind, Parties, TimedPacket } from "./attack.ts";
import { isKnock } from "./model.ts";
import { createRandom, shuffle } from "./random.ts";

const LAST_PORT = 65_535;
const MINUTE = 60_000;

/** What decides a sweep besides the plan. */
interface SweepOptions {
  parties: Parties;
  /** Of the random orders. */
  seed: number;
  /** The ports to visit, ascending, instead of all. */
  limitPorts?: readonly number[] | undefined;
}

type Order = "ascending" | "descending" | "random";

/** Returns sweeps in each order, once and three times; with a ban, slow ones too. */
export function listSweeps(plan: Plan, options: SweepOptions): Attack[] {
  const sweeps = (["ascending", "descending", "random"] as const).flatMap((order) =>
    [1, 3].map((times): Attack => ({
      name: times === 1 ? `sweep-${order}` : `sweep-${order}-${times}-times`,
      description: `a sweep of all ports, ${order}, ${times === 1 ? "once" : `${times} times`}`,
      ...decideClaim(plan, order),
      source: options.parties.attacker,
      packets: { [Symbol.iterator]: () => generateSweep(plan, order, { ...options, times }) },
    }))
  );
  return [...sweeps, ...listSlowSweeps(plan, options)];
}

/**
 * Whether a sweep in this direction passes the plan's knocks without a mistake: only protected and
 * public ports are between them.
 */
export function isAdjacent(plan: Plan, order: Direction): boolean {
  return listSteps(plan).every((step) =>
    step[0].port !== step[1].port && isSmooth(plan, step, order)
  );
}

function decideClaim(plan: Plan, order: Order): { claim: ClaimKind; reason: string } {
  const secret = plan.stages.findIndex((stage) =>
    !isKnock(stage, { source: "", protocol: stage.protocol, port: stage.port })
  );
  if (secret !== -1) {
    return {
      claim: "closed",
      reason: `the packets of a sweep do not have the payload of knock ${secret + 1}`,
    };
  }
  if (plan.ban) {
    return {
      claim: "closed",
      reason: `more than ${BAN_RULE.burst} mistakes in a minute are a ban`,
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

function* generateSweep(
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

/**
 * A sweep below the ban's rate still opens adjacent ports: five ports in a burst, one burst a
 * minute, each burst overlapping the one before, so that one of them contains the whole sequence.
 */
function listSlowSweeps(plan: Plan, options: SweepOptions): Attack[] {
  const count = plan.stages.length;
  const isSecret = decideClaim({ ...plan, ban: false, guard: false }, "random").claim === "closed";
  if (!plan.ban || isSecret || count > BAN_RULE.burst) return [];
  const advance = BAN_RULE.burst - count + 1;
  const days = Math.ceil(LAST_PORT / advance * MINUTE / 86_400_000);
  return (["ascending", "descending"] as const).filter((order) => isAdjacent(plan, order))
    .map((order): Attack => ({
      name: `sweep-${order}-patient`,
      description: `an ${order} sweep below the ban's rate, about ${days} days`,
      claim: "vulnerable",
      reason: "the ports are adjacent, and the ban only makes the sweep slower",
      source: options.parties.attacker,
      packets: { [Symbol.iterator]: () => generateSlowSweep(plan, order, { ...options, advance }) },
    }));
}

function* generateSlowSweep(
  plan: Plan,
  order: Order,
  options: SweepOptions & { advance: number },
): Generator<TimedPacket> {
  const protocol = plan.stages[0]?.protocol ?? "tcp";
  const all = options.limitPorts ?? Array.from({ length: LAST_PORT }, (_, index) => index + 1);
  const ports = order === "ascending" ? all : all.toReversed();
  const step = plan.stageTimeoutMs / 2 / BAN_RULE.burst;
  // A bucket is full again a minute after the end of the burst.
  const pause = MINUTE + plan.stageTimeoutMs;
  for (let burst = 0; burst * options.advance < ports.length; burst++) {
    const first = burst * options.advance;
    for (const [index, port] of ports.slice(first, first + BAN_RULE.burst).entries()) {
      const packet = { source: options.parties.attacker, protocol, port };
      yield { packet, at: burst * pause + index * step };
    }
  }
}
