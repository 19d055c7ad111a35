/** What the lists of attacks have in common: sources, packets and their moments. */
import { type Door, listKnocks, listNeutral, type Plan, type Stage } from "../plan/plan.ts";
import { isAmong } from "../core/service.ts";
import type { Attack, ClaimKind, Parties, TimedPacket } from "./attack.ts";
import type { WirePacket } from "./world.ts";

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

/** Returns the packet of a stage. */
function createKnock(stage: Stage, source: string): WirePacket {
  const { protocol, port, payload } = stage;
  return payload === undefined ? { source, protocol, port } : { source, protocol, port, payload };
}

/** Returns the packets of stages; those of the door, from the attacker, by default. */
export function createKnocks(
  { door, parties }: AttackContext,
  { source = parties.attacker, stages = door.stages }: Partial<{
    source: string;
    stages: readonly Stage[];
  }> = {},
): WirePacket[] {
  return stages.map((stage) => createKnock(stage, source));
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
