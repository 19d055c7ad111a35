/** What an attack is, and how it is run against the model. */
import { ADDRESS_BITS } from "../core/address/syntax.ts";
import { createNetworkMatcher, findNetwork, parseAddress } from "../core/address/address.ts";
import type { Plan } from "../plan/plan.ts";
import { createFirewallModel } from "./model.ts";
import { createWorldModel, type WirePacket, type World } from "./world.ts";

/** A packet and when it arrives. */
export interface TimedPacket {
  packet: WirePacket;
  /** Milliseconds after the attack began; never goes back from one packet to the next. */
  at: number;
}

/**
 * What the plan claims about the packets of an attack:
 * - `closed`: the door stays closed; the proof fails if it opens;
 * - `refused`: the same, and the last packet does not come to where it goes;
 * - `opens`: this is legitimate use; the proof fails if the door stays closed;
 * - `reaches`: the same, and the last packet comes to the service;
 * - `closes`: the door opens, and is closed again at the end;
 * - `stays-open`: the door opens, and is still open at the end;
 * - `passes`: the last packet comes to where it goes, door or not;
 * - `blocked`: the door opens, and something else keeps the last packet from the service;
 * - `vulnerable`: the attack opens the door, or can; the proof passes either way, and says so.
 */
export type ClaimKind =
  | "closed"
  | "refused"
  | "opens"
  | "reaches"
  | "closes"
  | "stays-open"
  | "passes"
  | "blocked"
  | "vulnerable";

/** Packets, and what the plan claims about them. */
export interface Attack {
  /** Unique in its list: lower-case letters, digits and `-`, such as `wrong-hash-2`. */
  name: string;
  /** One line for people, such as `a wrong hash as knock 2`. */
  description: string;
  claim: ClaimKind;
  /** The reason for the claim, one line. */
  reason: string;
  /** What is around the rules; nothing where undefined. */
  world?: World | undefined;
  /** The name of the door that the claim is about. */
  door: string;
  /** The address that the claim is about. Other addresses may send packets as well. */
  source: string;
  /** The wall clock when the attack begins, in Unix milliseconds; the model's own where undefined. */
  epoch?: number | undefined;
  /**
   * Whether the attack is at a moment of its own, in a window or a horizon of one-time codes: against a real
   * firewall, whose clock cannot be set, it has to be left out.
   */
  setsClock?: boolean | undefined;
  /** Can be iterated repeatedly; a sweep is generated during the iteration. */
  packets: Iterable<TimedPacket>;
}

/** The result of an attack. */
export interface AttackResult {
  /** Whether the door was open for the attack's source at any time. */
  opened: boolean;
  /** Whether it was open for it after the last packet. */
  openAtEnd: boolean;
  /** Whether a packet of the attack's source came to a guarded service, without a connection or another open door. */
  visited: boolean;
  /** Whether the last packet came to where it goes. */
  reached: boolean;
  /** Whether the claim is true. */
  holds: boolean;
  /** How many packets were sent. */
  packets: number;
}

/** Runs an attack against a new model of the plan, in the attack's world. */
export function runAttack(plan: Plan, attack: Attack): AttackResult {
  const { source, door, world, epoch } = attack;
  const model = createWorldModel(plan, world, createFirewallModel(plan, { epoch }));
  // Doors can share a service, and one that opens everything has those of all others.
  const isLetInElsewhere = (at: number) =>
    plan.doors.some(({ name }) => name !== door && model.isLetIn(source, at, name));
  let opened = model.isLetIn(source, 0, door);
  let [visited, reached, packets, end] = [false, false, 0, 0];
  for (const { packet, at } of attack.packets) {
    end = at;
    const delivery = model.receive(packet, at);
    opened ||= delivery.knocks.some(({ kind }) => kind === "open") &&
      model.isLetIn(source, at, door);
    ({ reached } = delivery);
    visited ||= reached && delivery.guarded && !delivery.established &&
      packet.source === source && !isLetInElsewhere(at);
    packets++;
  }
  const openAtEnd = model.isLetIn(source, end, door);
  const result = { opened, openAtEnd, visited, reached, packets };
  return { ...result, holds: CLAIMS[attack.claim](result) };
}

/** Whether what happened is what is claimed. */
const CLAIMS: Record<ClaimKind, (result: Omit<AttackResult, "holds">) => boolean> = {
  closed: ({ opened, visited }) => !opened && !visited,
  refused: ({ opened, reached }) => !opened && !reached,
  opens: ({ opened }) => opened,
  reaches: ({ opened, reached }) => opened && reached,
  closes: ({ opened, openAtEnd }) => opened && !openAtEnd,
  "stays-open": ({ openAtEnd }) => openAtEnd,
  passes: ({ reached }) => reached,
  blocked: ({ opened, reached }) => opened && !reached,
  vulnerable: () => true,
};

/** The sources of an attack: addresses of one family. */
export interface Parties {
  /** Knows the knocks; the attacker records its packets. */
  legitimate: string;
  attacker: string;
  /** Sends part of the attacker's packets. */
  accomplice: string;
  /** A legitimate source of the other family; undefined where there is none. */
  otherFamily?: string | undefined;
  /** An address in the network by which mistakes of the attacker are counted; undefined for IPv4. */
  neighbour(index: number): string | undefined;
  /** One of many spoofed addresses, each of another network; `index` counts from 0. */
  crowd(index: number): string;
}

/** Host numbers, and first bytes of networks for plans that trust the documentation networks. */
const NUMBERS = Array.from({ length: 223 }, (_, index) => index + 1);

/**
 * Returns addresses of a family that the plan does not trust: of the documentation and benchmark networks
 * (RFC 5737, RFC 2544, RFC 3849) if possible, otherwise any.
 */
export function chooseParties(
  plan: Plan,
  family: Plan["families"][number] = plan.families[0] ?? "ipv4",
): Parties {
  const other = plan.families.find((each) => each !== family);
  return {
    ...chooseFamily(plan, family),
    otherFamily: other === undefined ? undefined : chooseFamily(plan, other).legitimate,
  };
}

function chooseFamily(plan: Plan, family: Plan["families"][number]): Parties {
  const isIpv4 = family === "ipv4";
  const isTrusted = createNetworkMatcher(plan.trusted);
  const candidates = [
    ...NUMBERS.map((host) => isIpv4 ? `203.0.113.${host}` : `2001:db8:113::${host}`),
    ...NUMBERS.map((net) => isIpv4 ? `${net}.113.113.113` : `${(net << 8).toString(16)}::113`),
  ];
  const strangers = candidates.filter((address) => !isTrusted(parseAddress(address)));
  const findKey = (text: string) => {
    const address = parseAddress(text);
    return findNetwork(address, plan.prefixes[address.family]).text;
  };
  const networks = new Map<string, string>();
  for (const address of [...strangers, ...candidates]) {
    const key = findKey(address);
    if (!networks.has(key)) networks.set(key, address);
  }
  const [legitimate, attacker, accomplice] = [...networks.values()] as [string, string, string];
  return {
    legitimate,
    attacker,
    accomplice,
    crowd: (index) =>
      isIpv4
        ? `198.${18 + (index >> 16 & 1)}.${index >> 8 & 255}.${index & 255}`
        : `2001:db8:198:${(index & 0xffff).toString(16)}::${(index >> 16) + 1}`,
    neighbour: (index) => isIpv4 ? undefined : findNeighbour(attacker, plan.banPrefix6, index),
  };
}

/** How many bits a network needs for seven neighbours. */
const NEIGHBOUR_BITS = 3;

/** Returns another address of the same network; undefined where that has too few. */
function findNeighbour(address: string, prefix: number, index: number): string | undefined {
  if (prefix > ADDRESS_BITS.ipv6 - NEIGHBOUR_BITS) return undefined;
  const { bytes, text } = parseAddress(address);
  const last = bytes.at(-1) ?? 0;
  const next = (last & ~7) | ((last + 1 + index) & 7);
  return `${text.slice(0, text.lastIndexOf(":") + 1)}${
    ((bytes.at(-2) ?? 0) << 8 | next).toString(16)
  }`;
}
