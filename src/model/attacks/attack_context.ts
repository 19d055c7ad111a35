/** What the lists of attacks have in common: sources, packets and their moments. */
import { findWindow } from "../../core/rolling.ts";
import type { CodeKey, Codes } from "../../plan/codes.ts";
import { type Door, listKnocks, listNeutral, type Plan, type Stage } from "../../plan/plan.ts";
import { isAmong } from "../../core/service.ts";
import type { Attack, ClaimKind, Parties, TimedPacket } from "../attack.ts";
import { makeCodePayload } from "../code_book.ts";
import type { WirePacket } from "../world.ts";

/** The part of a stage timeout that a slow knock may take and still be in time. */
export const IN_TIME = 0.6;
/** Milliseconds by which a knock that is too slow misses its stage. */
export const LATE_MS = 1_000;

/** What the attacks of a plan have in common. */
export interface AttackContext {
  plan: Plan;
  door: Door;
  parties: Parties;
  /** Milliseconds from one packet to the next. */
  gap: number;
  random: () => number;
  seed: number;
  /** The ports that sweeps visit; all where undefined. */
  limitPorts?: readonly number[] | undefined;
  floodSize: number;
  /** The wall clock when the attacks begin, in Unix milliseconds; it matters for one-time codes only. */
  epoch: number;
  /** The names of the keys of which the codes are made; all where undefined. */
  keyNames?: readonly string[] | undefined;
}

/** An attack without its claim. */
type Draft = Pick<Attack, "name" | "description" | "reason" | "world"> & { packets: WirePacket[] };

/** Returns packets with their moments, `gap` milliseconds apart. */
export function pace(packets: readonly WirePacket[], gap: number, start = 0): TimedPacket[] {
  return packets.map((packet, index) => ({ packet, at: start + index * gap }));
}

/** Returns an attack from the attacker's address. */
export function createAttack(
  { door, parties, gap }: AttackContext,
  claim: ClaimKind,
  draft: Draft,
): Attack {
  return {
    ...draft,
    claim,
    door: door.name,
    source: parties.attacker,
    packets: pace(draft.packets, gap),
  };
}

/** Which code a knock carries; that of the first slot and key, at the beginning, by default. */
interface CodeChoice {
  /** When it is sent, in milliseconds after the attack began. */
  at?: number | undefined;
  slot?: number | undefined;
  key?: string | undefined;
  /** The number of windows by which the sender's clock is ahead; behind where it is negative. */
  ahead?: number | undefined;
}

/** Returns the keys that the attacks use, of those that the firewall takes. */
export function listKeys({ keyNames }: AttackContext, { keys }: Codes): readonly CodeKey[] {
  const named = keys.filter(({ name }) => keyNames?.includes(name) ?? true);
  return named.length > 0 ? named : keys;
}

/** Returns a code as it is sent. */
export function createCode(context: AttackContext, codes: Codes, choice: CodeChoice = {}) {
  const { at = 0, slot = 0, key = listKeys(context, codes)[0]?.key ?? "", ahead = 0 } = choice;
  return makeCodePayload(key, findWindow(codes, context.epoch + at) + ahead, slot);
}

/**
 * Returns the packets of stages; those of the door, from the attacker, by default. A one-time code is the same one in
 * each call that does not ask for another: a source that sends it second has recorded it.
 */
export function createKnocks(
  context: AttackContext,
  { source = context.parties.attacker, stages = context.door.stages, ...choice }: CodeChoice & {
    source?: string;
    stages?: readonly Stage[];
  } = {},
): WirePacket[] {
  return stages.map(({ protocol, port, payload, codes }): WirePacket => {
    const packet = { source, protocol, port };
    if (codes !== undefined) return { ...packet, payload: createCode(context, codes, choice) };
    return payload === undefined ? packet : { ...packet, payload };
  });
}

/** The door of a context has one-time codes. */
export interface CodeContext {
  context: AttackContext;
  codes: Codes;
  /** When its last knock is sent, in milliseconds after the attack began. */
  last: number;
}

/** What people read about an attack. */
export type AttackWords = Pick<Attack, "name" | "description" | "reason">;

/** Returns an attack from the attacker's address on a door with one-time codes. */
export function createCodeAttack(
  { context }: CodeContext,
  claim: ClaimKind,
  words: AttackWords,
  ...packets: readonly (readonly WirePacket[])[]
): Attack {
  return createAttack(context, claim, { ...words, packets: packets.flat() });
}

/** Whether packets are the same, but for their sources. */
export function isSameSequence(a: readonly WirePacket[], b: readonly WirePacket[]): boolean {
  return a.length === b.length && a.every((packet, index) => {
    const other = b[index];
    return packet.port === other?.port && packet.protocol === other.protocol &&
      packet.payload?.toHex() === other.payload?.toHex();
  });
}

/** Returns a port that no rule of the plan names. */
export function findStrangePort(plan: Plan): number | undefined {
  const knocks = new Set(listKnocks(plan).map(({ port }) => port));
  const neutral = listNeutral(plan);
  for (let port = 1_024; port <= 65_535; port++) {
    const isNeutral = (["tcp", "udp"] as const).some((protocol) =>
      isAmong(neutral, { protocol, port })
    );
    if (!knocks.has(port) && !isNeutral) return port;
  }
  return undefined;
}
