/** What an attack is, and how it is run against the model. */
import { createNetworkMatcher, findNetwork, parseAddress } from "../core/address.ts";
import type { Plan } from "../core/plan.ts";
import { createFirewallModel, type ModelPacket } from "./model.ts";

/** A packet and when it arrives. */
export interface TimedPacket {
  packet: ModelPacket;
  /** Milliseconds after the attack began; never goes back from one packet to the next. */
  at: number;
}

/**
 * What the plan claims about the packets of an attack:
 * - `closed`: the door stays closed; the proof fails if it opens;
 * - `opens`: this is legitimate use; the proof fails if the door stays closed;
 * - `closes`: the door opens, and is closed again at the end;
 * - `stays-open`: the door opens, and is still open at the end;
 * - `vulnerable`: the attack opens the door, or can; the proof passes either way, and says so.
 */
export type ClaimKind = "closed" | "opens" | "closes" | "stays-open" | "vulnerable";

/** Packets, and what the plan claims about them. */
export interface Attack {
  /** Unique in its list: lower-case letters, digits and `-`, such as `wrong-hash-2`. */
  name: string;
  /** One line for people, such as `a wrong hash as knock 2`. */
  description: string;
  claim: ClaimKind;
  /** The reason for the claim, one line. */
  reason: string;
  /** The name of the door that the claim is about. */
  door: string;
  /** The address that the claim is about. Other addresses may send packets as well. */
  source: string;
  /** Can be iterated repeatedly; a sweep is generated during the iteration. */
  packets: Iterable<TimedPacket>;
}

/** The result of an attack. */
export interface AttackResult {
  /** Whether the door was open for the attack's source at any time. */
  opened: boolean;
  /** Whether it was open for it after the last packet. */
  openAtEnd: boolean;
  /** Whether the claim is true. */
  holds: boolean;
  /** How many packets were sent. */
  packets: number;
}

/** Runs an attack against a new model of the plan. */
export function runAttack(plan: Plan, attack: Attack): AttackResult {
  const model = createFirewallModel(plan);
  const { source, door } = attack;
  let opened = model.isLetIn(source, 0, door);
  let packets = 0;
  let end = 0;
  for (const { packet, at } of attack.packets) {
    end = at;
    const { knocks } = model.receive(packet, at);
    opened ||= knocks.some(({ kind }) => kind === "open") && model.isLetIn(source, at, door);
    packets++;
  }
  const result = { opened, openAtEnd: model.isLetIn(source, end, door), packets };
  return { ...result, holds: CLAIMS[attack.claim](result) };
}

/** Whether what happened is what is claimed. */
const CLAIMS: Record<ClaimKind, (result: Omit<AttackResult, "holds">) => boolean> = {
  closed: ({ opened }) => !opened,
  opens: ({ opened }) => opened,
  closes: ({ opened, openAtEnd }) => opened && !openAtEnd,
  "stays-open": ({ openAtEnd }) => openAtEnd,
  vulnerable: () => true,
};

/** The sources of an attack: addresses of one family. */
export interface Parties {
  /** Knows the knocks; the attacker records its packets. */
  legitimate: string;
  attacker: string;
  /** Sends part of the attacker's packets. */
  accomplice: string;
  /** An address in the network by which mistakes of the attacker are counted; undefined for IPv4. */
  neighbour(index: number): string | undefined;
  /** One of many spoofed addresses, each of another network; `index` counts from 0. */
  crowd(index: number): string;
}

/** Host numbers, and first bytes of networks for plans that trust the documentation networks. */
const NUMBERS = Array.from({ length: 223 }, (_, index) => index + 1);

/**
 * Returns addresses that the plan does not trust: of the documentation and benchmark networks
 * (RFC 5737, RFC 2544, RFC 3849) if possible, otherwise any.
 */
export function chooseParties(plan: Plan): Parties {
  const isIpv4 = plan.families.includes("ipv4");
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
    neighbour: (index) => isIpv4 ? undefined : makeNeighbour(attacker, index),
  };
}

/** Another address of the same /64. */
function makeNeighbour(address: string, index: number): string {
  return `${address.slice(0, address.lastIndexOf("::"))}::5:${(index + 1).toString(16)}`;
}
