/** What an attack is, and how it is run against the model. */
import type { Plan } from "../core/plan.ts";
import { matcherOf, parseAddress } from "./address.ts";
import { createGate, type GatePacket } from "./model.ts";

/** A packet and when it arrives. */
export interface TimedPacket {
  packet: GatePacket;
  /** Milliseconds after the attack began; never goes back from one packet to the next. */
  at: number;
}

/**
 * What the plan claims:
 * - `closed`: it withstands; if the door opens, the proof has failed.
 * - `opens`: this is honest use; if the door stays shut, the proof has failed.
 * - `falls`: it does not withstand, or not surely, and says so.
 */
export type ClaimKind = "closed" | "opens" | "falls";

/** Packets, and what the plan claims to do about them. */
export interface Attack {
  /** Unique in its list: lower-case letters, digits and `-`, such as `wrong-hash-2`. */
  name: string;
  /** One line for people, such as `a wrong hash in place 2`. */
  description: string;
  claim: ClaimKind;
  /** Why the claim is made, one line. */
  reason: string;
  /** The address for which the door must open, or must not. Others may send packets as well. */
  source: string;
  /** Can be iterated again and again; a sweep is generated as it goes. */
  packets: Iterable<TimedPacket>;
}

/** What came of an attack. */
export interface AttackResult {
  /** Whether the attack's source was let in at any time. */
  opened: boolean;
  /** Whether it is still let in right after the last packet. */
  isOpenAtEnd: boolean;
  /** Whether what came is what the plan claims. */
  holds: boolean;
  /** How many packets were sent. */
  packets: number;
  /** Milliseconds from the first packet to the last. */
  durationMs: number;
}

/** Runs an attack against a new gate for the plan. */
export function runAttack(plan: Plan, attack: Attack): AttackResult {
  const gate = createGate(plan);
  let opened = gate.isLetIn(attack.source, 0);
  let packets = 0;
  let start: number | undefined;
  let end = 0;
  for (const { packet, at } of attack.packets) {
    const verdict = gate.receive(packet, at);
    opened ||= verdict.kind === "open" && packet.source === attack.source;
    packets++;
    start ??= at;
    end = at;
  }
  return {
    opened,
    isOpenAtEnd: gate.isLetIn(attack.source, end),
    holds: attack.claim === "falls" || opened === (attack.claim === "opens"),
    packets,
    durationMs: end - (start ?? 0),
  };
}

/** Who takes part in an attack: addresses of one family. */
export interface Parties {
  /** Knocks honestly, and is overheard. */
  honest: string;
  attacker: string;
  /** Does part of the attacker's work. */
  accomplice: string;
  /** One of many spoofed addresses; `index` counts from 0. */
  crowd(index: number): string;
}

/** More addresses, all over the space, for plans that trust the documentation networks. */
const ELSEWHERE = Array.from({ length: 223 }, (_, index) => index + 1);

/**
 * Addresses that the plan does not trust: from the documentation and benchmark networks (RFC 5737,
 * RFC 2544, RFC 3849) if it can be, else from anywhere.
 */
export function partiesFor(plan: Plan): Parties {
  const isIpv4 = plan.families.includes("ipv4");
  const isTrusted = matcherOf(plan.trusted);
  const candidates = [
    ...ELSEWHERE.map((host) => isIpv4 ? `203.0.113.${host}` : `2001:db8:113::${host}`),
    ...ELSEWHERE.map((net) => isIpv4 ? `${net}.113.113.113` : `${(net << 8).toString(16)}::113`),
  ];
  const strangers = candidates.filter((address) => !isTrusted(parseAddress(address)));
  const [honest, attacker, accomplice] = [...strangers, ...candidates] as [string, string, string];
  return {
    honest,
    attacker,
    accomplice,
    crowd: (index) =>
      isIpv4
        ? `198.${18 + (index >> 16 & 1)}.${index >> 8 & 255}.${index & 255}`
        : `2001:db8:198::${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}`,
  };
}
