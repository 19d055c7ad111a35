/**
 * The attacks that `rules --prove` runs, and the honest uses that must still open. Everything that
 * looks random is decided by the seed.
 */
import type { Plan, Stage } from "../core/plan.ts";
import {
  type Attack,
  type ClaimKind,
  type Parties,
  partiesFor,
  type TimedPacket,
} from "./attack.ts";
import type { GatePacket } from "./model.ts";
import { createRandom, shuffled } from "./random.ts";
import { sweepsOf } from "./sweeps.ts";

/** Up to this many knocks every wrong order is tried; above, {@linkcode ORDER_SAMPLE} of them. */
const MAX_PERMUTED = 4;
const ORDER_SAMPLE = 24;
/** The part of a stage timeout after which the slow are still in time. */
const IN_TIME = 0.6;

/** What decides the attacks but the plan. */
export interface AttackOptions {
  /** 32 bits; decides random orders and samples. */
  seed: number;
  /** The ports that sweeps visit instead of all, ascending: for replays as real packets. */
  limitPorts?: readonly number[] | undefined;
  /** Who takes part; addresses that the plan does not trust where undefined. */
  parties?: Parties | undefined;
  /** Packets in a flood of first knocks; 10,000 where undefined. */
  floodSize?: number | undefined;
  /** Milliseconds by which "too slow" misses a stage timeout; 1000 where undefined. */
  marginMs?: number | undefined;
}

/**
 * Every attack on the plan, honest uses first. What a plan cannot meet (a wrong hash where no knock
 * has a payload, a wrong order of one knock) is left out.
 */
export function attacksFor(plan: Plan, options: AttackOptions): Attack[] {
  const craft: Stagecraft = {
    plan,
    parties: options.parties ?? partiesFor(plan),
    gap: Math.min(50, plan.stageTimeoutMs / 10),
    random: createRandom(options.seed),
    floodSize: options.floodSize ?? 10_000,
    marginMs: options.marginMs ?? 1_000,
  };
  return [
    ...honestUses(craft),
    ...wrongPayloads(craft),
    ...swappedPorts(craft),
    ...wrongProtocols(craft),
    ...wrongOrders(craft),
    ...missingKnocks(craft),
    ...tooSlow(craft),
    ...mistakes(craft),
    ...otherSources(craft),
    ...replays(craft),
    ...floods(craft),
    ...sweepsOf(plan, { ...options, parties: craft.parties }),
  ];
}

/** What every attack below is made of. */
interface Stagecraft {
  plan: Plan;
  parties: Parties;
  /** Milliseconds from one packet to the next. */
  gap: number;
  random: () => number;
  floodSize: number;
  marginMs: number;
}

type Draft = { name: string; description: string; reason: string; packets: GatePacket[] };

function paced(packets: readonly GatePacket[], gap: number, start = 0): TimedPacket[] {
  return packets.map((packet, index) => ({ packet, at: start + index * gap }));
}

function attack({ parties, gap }: Stagecraft, claim: ClaimKind, draft: Draft): Attack {
  return { ...draft, claim, source: parties.attacker, packets: paced(draft.packets, gap) };
}

function knockOf(stage: Stage, source: string): GatePacket {
  const { protocol, port, payload } = stage;
  return payload === undefined ? { source, protocol, port } : { source, protocol, port, payload };
}

function knocksOf({ plan, parties }: Stagecraft, source = parties.attacker): GatePacket[] {
  return plan.stages.map((stage) => knockOf(stage, source));
}

function honestUses(craft: Stagecraft): Attack[] {
  const { plan, parties, gap } = craft;
  const knocks = knocksOf(craft);
  const [first, second, ...rest] = knocks;
  const [door] = plan.open;
  const use = (name: string, description: string, packets: GatePacket[]) =>
    attack(craft, "opens", { name, description, reason: "this is the sequence", packets });
  const uses = [
    use("right", "the right knocks", knocks),
    use("right-doubled", "the right knocks, every packet twice", knocks.flatMap((k) => [k, k])),
    use("right-twice", "the right knocks, twice", [...knocks, ...knocks]),
  ];
  if (first !== undefined && second !== undefined) {
    const pause = plan.stageTimeoutMs * IN_TIME;
    const slow = use("right-slow", "the right knocks, slow but in time", knocks);
    const started = [...knocks.slice(0, -1), ...knocks];
    uses.push(
      { ...slow, packets: paced(knocks, pause) },
      use("right-restarted", "the right knocks, begun again before the last one", started),
    );
    if (!isSameSequence([first], [second])) {
      const renewed = use(
        "right-renewed",
        "the first knock again while it counts, then the rest",
        [],
      );
      const packets = [
        ...paced([first, first, second], pause),
        ...paced(rest, gap, 2 * pause + gap),
      ];
      uses.push({ ...renewed, packets });
    }
  }
  if (plan.guard && door !== undefined) {
    const visit: GatePacket = { source: parties.attacker, ...door };
    const visited = knocks.flatMap((knock) => [knock, visit]);
    uses.push(
      use("right-impatient", "the right knocks and attempts to connect in between", visited),
    );
  }
  return uses;
}

/** Ways to spoil a payload; undefined where the spoilt one would be the same. */
const SPOILT: readonly {
  name: string;
  description: string;
  spoil: (payload: Uint8Array) => Uint8Array;
}[] = [
  {
    name: "wrong-hash",
    description: "a wrong hash",
    spoil: (payload) => payload.map((byte) => byte ^ 1),
  },
  {
    name: "last-byte",
    description: "a hash whose last byte is wrong",
    spoil: (payload) => payload.with(-1, (payload.at(-1) ?? 0) ^ 1),
  },
  {
    name: "upper-case",
    description: "the hash in upper case",
    spoil: (payload) => payload.map((byte) => byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte),
  },
  {
    name: "extra-byte",
    description: "one byte more than the hash",
    spoil: (payload) => new Uint8Array([...payload, 0x30]),
  },
  {
    name: "short",
    description: "one byte less than the hash",
    spoil: (payload) => payload.slice(0, -1),
  },
  { name: "empty", description: "no payload", spoil: () => new Uint8Array() },
];

function wrongPayloads(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  return SPOILT.flatMap(({ name, description, spoil }) =>
    knocks.flatMap((knock, index) => {
      const { payload } = knock;
      if (payload === undefined || payload.length === 0) return [];
      const spoilt = spoil(payload);
      if (spoilt.length === payload.length && spoilt.every((byte, at) => byte === payload[at])) {
        return [];
      }
      return attack(craft, "closed", {
        name: `${name}-${index + 1}`,
        description: `${description} in place ${index + 1}`,
        reason: "the payload is compared byte by byte, and its length",
        packets: knocks.with(index, { ...knock, payload: spoilt }),
      });
    })
  );
}

/** The right payloads at each other's ports; only where both ports differ and both have one. */
function swappedPorts(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  return knocks.slice(1).flatMap((next, index) => {
    const knock = knocks[index] as GatePacket;
    if (!knock.payload?.length || !next.payload?.length || knock.port === next.port) return [];
    return attack(craft, "closed", {
      name: `swapped-ports-${index + 1}-${index + 2}`,
      description: `the payloads ${index + 1} and ${index + 2} at each other's port`,
      reason: "a payload belongs to its port",
      packets: knocks.with(index, { ...knock, port: next.port })
        .with(index + 1, { ...next, port: knock.port }),
    });
  });
}

function wrongProtocols(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  return knocks.map(({ source, protocol, port }, index) => {
    const other = protocol === "tcp" ? "udp" : "tcp";
    return attack(craft, "closed", {
      name: `wrong-protocol-${index + 1}`,
      description: `${other} instead of ${protocol} in place ${index + 1}`,
      reason: "a knock names its protocol",
      packets: knocks.with(index, { source, protocol: other, port }),
    });
  });
}

function wrongOrders(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  const places = knocks.map((_, index) => index);
  const orders = knocks.length <= MAX_PERMUTED
    ? permutations(places)
    : Array.from({ length: ORDER_SAMPLE }, () => shuffled(places, craft.random));
  const names = new Set<string>();
  return orders.flatMap((order) => {
    const packets = order.map((place) => knocks[place] as GatePacket);
    const name = order.map((place) => place + 1).join("-");
    if (isSameSequence(packets, knocks) || names.has(name)) return [];
    names.add(name);
    return attack(craft, "closed", {
      name: `order-${name}`,
      description: `the right knocks in the order ${name.replaceAll("-", ", ")}`,
      reason: "each stage asks for the one before",
      packets,
    });
  });
}

function missingKnocks(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  if (knocks.length === 1) return [];
  return knocks.map((_, index) =>
    attack(craft, "closed", {
      name: `skipped-${index + 1}`,
      description: `the right knocks without number ${index + 1}`,
      reason: "each stage asks for the one before",
      packets: knocks.toSpliced(index, 1),
    })
  );
}

function tooSlow(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  return knocks.slice(1).map((_, index): Attack => {
    const pause = craft.plan.stageTimeoutMs + craft.marginMs;
    const before = paced(knocks.slice(0, index + 1), craft.gap);
    const after = paced(knocks.slice(index + 1), craft.gap, (before.at(-1)?.at ?? 0) + pause);
    return {
      name: `too-slow-${index + 1}`,
      description: `the right knocks, too long a pause after number ${index + 1}`,
      claim: "closed",
      reason: "the stage is over",
      source: craft.parties.attacker,
      packets: [...before, ...after],
    };
  });
}

/** With a guard, a wrong port between two knocks loses the progress. */
function mistakes(craft: Stagecraft): Attack[] {
  const { plan, parties } = craft;
  const port = plan.guard ? strangePortOf(plan) : undefined;
  if (port === undefined) return [];
  const knocks = knocksOf(craft);
  return knocks.slice(1).map((_, index) =>
    attack(craft, "closed", {
      name: `mistake-${index + 1}`,
      description: `the right knocks, one to another port after number ${index + 1}`,
      reason: "the guard resets",
      packets: knocks.toSpliced(index + 1, 0, { source: parties.attacker, protocol: "tcp", port }),
    })
  );
}

function strangePortOf(plan: Plan): number | undefined {
  const known = new Set([...plan.stages, ...plan.open, ...plan.public].map(({ port }) => port));
  for (let port = 1_024; port <= 65_535; port++) if (!known.has(port)) return port;
  return undefined;
}

function otherSources(craft: Stagecraft): Attack[] {
  const { attacker, accomplice } = craft.parties;
  const knocks = knocksOf(craft);
  return knocks.slice(1).map((_, index) =>
    attack(craft, "closed", {
      name: `other-source-${index + 1}`,
      description: `another source finishes after number ${index + 1}`,
      reason: "every source has its own progress",
      packets: knocks.map((knock, place) => ({
        ...knock,
        source: place <= index ? accomplice : attacker,
      })),
    })
  );
}

function replays(craft: Stagecraft): Attack[] {
  const knocks = knocksOf(craft);
  const overheard = knocksOf(craft, craft.parties.honest);
  const all = attack(craft, "falls", {
    name: "replay-all",
    description: "all overheard knocks, sent again by another source",
    reason: "a static knock is a password sent in clear: who overhears all of it can repeat it",
    packets: [...overheard, ...knocks],
  });
  if (knocks.length === 1) return [all];
  const single = knocks.map((knock, index) =>
    attack(craft, "closed", {
      name: `replay-${index + 1}`,
      description: `overheard knock ${index + 1} alone, sent again by another source`,
      reason: "every source has its own progress",
      packets: [...overheard, knock],
    })
  );
  return [...single, all];
}

function floods(craft: Stagecraft): Attack[] {
  const { plan, parties, floodSize } = craft;
  const knocks = knocksOf(craft);
  const [first, second] = knocks;
  if (first === undefined || second === undefined || isSameSequence([first], [second])) return [];
  // As quick as the sweeps, so that no stage is over before the flood is.
  const step = plan.stageTimeoutMs / 2 / floodSize;
  // With two knocks, the last one after the first one would be the sequence.
  const finish = knocks.slice(2).slice(-1);
  const flood = (sourceOf: (index: number) => string): Iterable<TimedPacket> => ({
    *[Symbol.iterator]() {
      for (let index = 0; index < floodSize; index++) {
        yield { packet: { ...first, source: sourceOf(index) }, at: index * step };
      }
      yield* paced(finish, step, floodSize * step);
    },
  });
  const draft = (name: string, who: string, sourceOf: (index: number) => string): Attack => ({
    name,
    description: `${floodSize} first knocks from ${who}${finish.length ? ", then the last" : ""}`,
    claim: "closed",
    reason: "the first knock opens the first stage only",
    source: parties.attacker,
    packets: flood(sourceOf),
  });
  return [
    draft("flood", "one source", () => parties.attacker),
    draft("flood-spoofed", "as many sources", parties.crowd),
  ];
}

function isSameSequence(a: readonly GatePacket[], b: readonly GatePacket[]): boolean {
  return a.length === b.length && a.every((packet, index) => {
    const other = b[index];
    return packet.port === other?.port && packet.protocol === other.protocol &&
      packet.payload?.toHex() === other.payload?.toHex();
  });
}

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest])
  );
}
