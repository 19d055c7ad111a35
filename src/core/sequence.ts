/**
 * A sequence: the knocks of a target with every payload ready as bytes, and when each leaves.
 *
 * Rules of patience, by try (1-based):
 * - the first try goes at the target's own pace;
 * - every further try doubles the gaps (a gap of zero becomes {@linkcode MIN_GAP_MS} first), so that
 *   reordering and bursts of loss are outlived;
 * - a gap that nears the firewall's stage timeout is never chosen: growth stops at a quarter of it,
 *   or at the target's own gap where that is larger;
 * - `copies = "auto"` sends each packet once, and twice from the second try on; copies are spread
 *   evenly over the gap.
 */
import type { Knock, KnockProtocol } from "./knock.ts";

/** One packet, ready to be sent. */
export interface Packet {
  /** 1..65535; 0 for icmp. */
  port: number;
  protocol: KnockProtocol;
  /** Bytes of data of an icmp knock. */
  size?: number | undefined;
  /** Empty for TCP and for a regular UDP knock; what fills the data of an icmp knock. */
  payload: Uint8Array;
  /** Milliseconds after the first packet of the sequence. */
  at: number;
  /** 0-based place of the knock in the target; copies share it. */
  knock: number;
  /** Milliseconds that the handshake of a tcp knock may take; undefined for a bare SYN. */
  handshakeMs?: number | undefined;
}

/** What a sequence is made of. */
export interface SequencePlan {
  knocks: readonly Knock[];
  delayMs: number;
  stageTimeoutMs: number;
  copies: "auto" | number;
  /** For tcp knocks that name none. */
  handshakeMs?: number | undefined;
}

/** What a knock carries; where either of two payloads can be the right one, both. */
export type KnockBytes = Uint8Array | readonly Uint8Array[];

/** The smallest gap that a further try grows from, in milliseconds. */
const MIN_GAP_MS = 25;

/**
 * The packets of one try.
 *
 * @param payloads one a knock, in order; of several for one knock, each is sent.
 * @param attempt 1-based number of the try.
 */
export function buildSequence(
  plan: SequencePlan,
  payloads: readonly KnockBytes[],
  { attempt = 1 }: { attempt?: number } = {},
): Packet[] {
  const copies = plan.copies === "auto" ? (attempt > 1 ? 2 : 1) : plan.copies;
  const packets: Packet[] = [];
  let at = 0;
  for (const [index, knock] of plan.knocks.entries()) {
    const payload = payloads[index];
    if (payload === undefined) throw new TypeError(`knock ${index + 1} has no payload`);
    const gap = computeGap(knock.delayMs ?? plan.delayMs, attempt, plan.stageTimeoutMs);
    const handshakeMs = findHandshake(knock, plan);
    const each = payload instanceof Uint8Array ? [payload] : payload;
    for (let copy = 0; copy < copies; copy++) {
      packets.push(...each.map((bytes) => ({
        port: knock.port,
        protocol: knock.protocol,
        payload: bytes,
        at: at + (gap * copy) / copies,
        knock: index,
        ...(handshakeMs === undefined ? {} : { handshakeMs }),
        ...(knock.size === undefined ? {} : { size: knock.size }),
      })));
    }
    at += gap;
  }
  return packets;
}

/** Returns the milliseconds that the handshake of a knock may take; undefined for a bare SYN. */
export function findHandshake(
  { protocol, handshakeMs }: Knock,
  plan: Pick<SequencePlan, "handshakeMs">,
): number | undefined {
  return protocol === "tcp" ? handshakeMs ?? plan.handshakeMs : undefined;
}

/** Milliseconds between two knocks of the given try; see the rules above. */
function computeGap(delayMs: number, attempt: number, stageTimeoutMs: number): number {
  if (attempt <= 1) return delayMs;
  const grown = Math.max(delayMs, MIN_GAP_MS) * 2 ** (attempt - 1);
  return Math.min(grown, Math.max(stageTimeoutMs / 4, delayMs));
}
