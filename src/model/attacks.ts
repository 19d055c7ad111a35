/**
 * The attacks that `rules --prove` runs, and the legitimate uses that must still open the door. The
 * seed decides everything that is random.
 */
import { type Door, type Plan, SET_SIZE } from "../plan/plan.ts";
import { isPorts } from "../core/service.ts";
import { type Attack, chooseParties, type Parties } from "./attack.ts";
import {
  type AttackContext,
  createAttack,
  createKnocks,
  findStrangePort,
  IN_TIME,
  isSameSequence,
  LATE_MS,
  pace,
} from "./attacks/attack_context.ts";
import { findCodes, findMidWindow } from "./code_book.ts";
import { listBans } from "./attacks/ban_attacks.ts";
import { listClosings } from "./attacks/closing_attacks.ts";
import { listCodes } from "./attacks/code_attacks.ts";
import { listDoors } from "./attacks/door_attacks.ts";
import type { WirePacket } from "./world.ts";
import { createRandom, shuffle } from "./random.ts";
import { listSources } from "./attacks/source_attacks.ts";
import { listSweeps } from "./attacks/sweeps.ts";
import { listWorlds } from "./attacks/world_attacks.ts";

/** Every wrong order of up to this many knocks is tried; of more, {@linkcode ORDER_SAMPLE} orders. */
const MAX_PERMUTED = 4;
const ORDER_SAMPLE = 24;
/** Packets of a flood: more sources than a set has room for. */
const FLOOD_SIZE = SET_SIZE + 1;

/** What decides the attacks besides the plan. All but the seed is for replays as real packets. */
interface AttackOptions {
  /** 32 bits; decides random orders and samples. */
  seed: number;
  /** The ports that sweeps visit, ascending; all where undefined. */
  limitPorts?: readonly number[] | undefined;
  /** The sources; addresses that the plan does not trust where undefined. */
  parties?: Parties | undefined;
  /** The family of the sources; the plan's first where undefined. */
  family?: Plan["families"][number] | undefined;
  /** Packets in a flood; one more than a set has room for where undefined. */
  floodSize?: number | undefined;
  /** The wall clock when the attacks begin, in Unix milliseconds; in the middle of a window where undefined. */
  epoch?: number | undefined;
  /**
   * The names of the keys of which one-time codes are made; all where undefined. Attacks that are made at the same
   * time against one firewall need keys of their own: a code is used once.
   */
  keyNames?: readonly string[] | undefined;
}

/**
 * Returns every attack on the plan, legitimate uses first. Attacks that a plan makes impossible (a
 * wrong hash where no knock has a payload, a wrong order of one knock) are left out.
 */
export function listAttacks(plan: Plan, options: AttackOptions): Attack[] {
  const isAlone = plan.doors.length === 1;
  return plan.doors.flatMap((door) =>
    listAttacksOn(door, plan, options).map((attack) =>
      isAlone ? attack : {
        ...attack,
        name: `${door.name}-${attack.name}`,
        description: `${door.name}: ${attack.description}`,
      }
    )
  );
}

function listAttacksOn(door: Door, plan: Plan, options: AttackOptions): Attack[] {
  const codes = findCodes({ doors: [door] }) ?? findCodes(plan);
  const context: AttackContext = {
    plan,
    door,
    parties: options.parties ?? chooseParties(plan, options.family),
    gap: Math.min(50, door.stageTimeoutMs / 10),
    random: createRandom(options.seed),
    seed: options.seed,
    limitPorts: options.limitPorts,
    floodSize: options.floodSize ?? FLOOD_SIZE,
    epoch: options.epoch ?? (codes === undefined ? 0 : findMidWindow(codes)),
    keyNames: options.keyNames,
  };
  const attacks = [
    ...listLegitimateUses(context),
    ...listWrongPayloads(context),
    ...listSwappedPorts(context),
    ...listWrongProtocols(context),
    ...listWrongOrders(context),
    ...listMissingKnocks(context),
    ...listTooSlow(context),
    ...listMistakes(context),
    ...listCodes(context),
    ...listSources(context),
    ...listClosings(context),
    ...listBans(context),
    ...listDoors(context),
    ...listWorlds(context),
    ...listSweeps(context),
  ];
  const { epoch } = context;
  return codes === undefined ? attacks : attacks.map((attack) => ({ epoch, ...attack }));
}

function listLegitimateUses(context: AttackContext): Attack[] {
  const { door, parties, gap } = context;
  const knocks = createKnocks(context);
  const [first, second] = knocks;
  const open = door.opens.find(isPorts);
  const use = (name: string, description: string, packets: WirePacket[]) =>
    createAttack(context, "opens", { name, description, reason: "this is the sequence", packets });
  const uses = [
    use("right", "the right knocks", knocks),
    use("right-doubled", "the right knocks, every packet twice", knocks.flatMap((k) => [k, k])),
    use("right-twice", "the right knocks, twice", [...knocks, ...knocks]),
  ];
  if (first !== undefined && second !== undefined) {
    const pause = door.stageTimeoutMs * IN_TIME;
    const end = pause * (knocks.length - 1);
    const slow = use("right-slow", "the right knocks, slow but in time", []);
    const started = [...knocks.slice(0, -1), ...knocks];
    uses.push(
      { ...slow, packets: pace(createKnocks(context, { at: end }), pause) },
      use("right-restarted", "the right knocks, started again before the last one", started),
    );
    if (!isSameSequence([first], [second])) {
      const renewed = use(
        "right-renewed",
        "the first knock again within its stage timeout, then the rest",
        [],
      );
      const [, later = second, ...rest] = createKnocks(context, { at: 2 * pause });
      const packets = [
        ...pace([first, first, later], pause),
        ...pace(rest, gap, 2 * pause + gap),
      ];
      uses.push({ ...renewed, packets });
    }
  }
  if (door.guard && open !== undefined) {
    const { protocol, port } = open;
    const visit: WirePacket = { source: parties.attacker, protocol, port };
    const visited = knocks.flatMap((knock) => [knock, visit]);
    uses.push(
      use("right-impatient", "the right knocks, with connection attempts in between", visited),
    );
  }
  return uses;
}

/** Ways to change a payload. */
const CHANGES: readonly {
  name: string;
  description: string;
  change: (payload: Uint8Array) => Uint8Array;
}[] = [
  {
    name: "wrong-hash",
    description: "a wrong hash",
    change: (payload) => payload.map((byte) => byte ^ 1),
  },
  {
    name: "last-byte",
    description: "a hash whose last byte is wrong",
    change: (payload) => payload.with(-1, (payload.at(-1) ?? 0) ^ 1),
  },
  {
    name: "upper-case",
    description: "the hash in upper case",
    change: (payload) => payload.map((byte) => byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte),
  },
  {
    name: "extra-byte",
    description: "a hash with one byte more",
    change: (payload) => new Uint8Array([...payload, 0x30]),
  },
  {
    name: "short",
    description: "a hash with one byte less",
    change: (payload) => payload.slice(0, -1),
  },
  { name: "empty", description: "no payload", change: () => new Uint8Array() },
];

function listWrongPayloads(context: AttackContext): Attack[] {
  const { door } = context;
  const knocks = createKnocks(context);
  return CHANGES.flatMap(({ name, description, change }) =>
    knocks.flatMap((knock, index) => {
      const { payload } = knock;
      if (payload === undefined || payload.length === 0) return [];
      const changed = change(payload);
      if (changed.length === payload.length && changed.every((byte, at) => byte === payload[at])) {
        return [];
      }
      return createAttack(context, "closed", {
        name: `${name}-${index + 1}`,
        description: `${
          door.stages[index]?.codes === undefined
            ? description
            : description.replace("hash", "code")
        } as knock ${index + 1}`,
        reason: "all bytes of a payload are compared, and its length",
        packets: knocks.with(index, { ...knock, payload: changed }),
      });
    })
  );
}

/** The payloads of two knocks exchanged, where both have one and the ports differ. */
function listSwappedPorts(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  return knocks.slice(1).flatMap((next, index) => {
    const knock = knocks[index] as WirePacket;
    if (!knock.payload?.length || !next.payload?.length || knock.port === next.port) return [];
    return createAttack(context, "closed", {
      name: `swapped-ports-${index + 1}-${index + 2}`,
      description: `the payloads of knocks ${index + 1} and ${index + 2} exchanged`,
      reason: "each port has its own payload",
      packets: knocks.with(index, { ...knock, port: next.port })
        .with(index + 1, { ...next, port: knock.port }),
    });
  });
}

function listWrongProtocols(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  return knocks.map(({ source, protocol, port }, index) => {
    const other = protocol === "tcp" ? "udp" : "tcp";
    return createAttack(context, "closed", {
      name: `wrong-protocol-${index + 1}`,
      description: `${other} instead of ${protocol} for knock ${index + 1}`,
      reason: "the rules check the protocol of a knock",
      packets: knocks.with(index, { source, protocol: other, port }),
    });
  });
}

function listWrongOrders(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  const places = knocks.map((_, index) => index);
  const orders = knocks.length <= MAX_PERMUTED
    ? listPermutations(places)
    : Array.from({ length: ORDER_SAMPLE }, () => shuffle(places, context.random));
  const names = new Set<string>();
  return orders.flatMap((order) => {
    const packets = order.map((place) => knocks[place] as WirePacket);
    const name = order.map((place) => place + 1).join("-");
    if (isSameSequence(packets, knocks) || names.has(name)) return [];
    names.add(name);
    return createAttack(context, "closed", {
      name: `order-${name}`,
      description: `the right knocks in the order ${name.replaceAll("-", ", ")}`,
      reason: "a stage requires the stage before it",
      packets,
    });
  });
}

function listMissingKnocks(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  if (knocks.length === 1) return [];
  return knocks.map((_, index) =>
    createAttack(context, "closed", {
      name: `skipped-${index + 1}`,
      description: `the right knocks without knock ${index + 1}`,
      reason: "a stage requires the stage before it",
      packets: knocks.toSpliced(index, 1),
    })
  );
}

function listTooSlow(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  return knocks.slice(1).map((_, index): Attack => {
    const pause = context.door.stageTimeoutMs + LATE_MS;
    const before = pace(knocks.slice(0, index + 1), context.gap);
    const after = pace(knocks.slice(index + 1), context.gap, (before.at(-1)?.at ?? 0) + pause);
    return {
      name: `too-slow-${index + 1}`,
      description: `the right knocks, with too long a pause after knock ${index + 1}`,
      claim: "closed",
      reason: "the stage has timed out",
      door: context.door.name,
      source: context.parties.attacker,
      packets: [...before, ...after],
    };
  });
}

/** With a guard, a packet to another port between two knocks resets the sequence. */
function listMistakes(context: AttackContext): Attack[] {
  const { plan, door, parties } = context;
  const port = door.guard ? findStrangePort(plan) : undefined;
  if (port === undefined) return [];
  const knocks = createKnocks(context);
  return knocks.slice(1).map((_, index) =>
    createAttack(context, "closed", {
      name: `mistake-${index + 1}`,
      description: `the right knocks, with a packet to another port after knock ${index + 1}`,
      reason: "the guard resets the sequence",
      packets: knocks.toSpliced(index + 1, 0, { source: parties.attacker, protocol: "tcp", port }),
    })
  );
}

function listPermutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    listPermutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest])
  );
}
