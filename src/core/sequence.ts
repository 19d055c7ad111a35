/**
 * A sequence: the knocks of a target with every payload ready as bytes, and when each leaves.
 *
 * Rules of patience, by try (1-based):
 * - `delay = "auto"`: a first try that can be checked and repeated is bold, {@linkcode BOLD_GAP_MS}
 *   between two knocks; one that cannot, and the second try, take {@linkcode CAREFUL_GAP_MS}, and every
 *   further try doubles it, so that reordering and bursts of loss are outlived. That is its pace: 0, 1, 2...
 * - a delay that the user wrote is that of the first try, and every further try doubles it (a gap of
 *   zero becomes {@linkcode MIN_GAP_MS} first);
 * - a gap that nears the firewall's stage timeout is never chosen: no automatic one is more than a quarter of
 *   it, and growth stops there, or at the written delay where that is larger;
 * - `copies = "auto"` sends each secret knock twice (docs/loss.md), each regular one once, and twice
 *   from the second try on; copies are spread as far as the moment of the next knock, right before it, but
 *   no more than {@linkcode MAX_COPY_GAP_MS} apart.
 */
import { parseDuration, renderDuration } from "./duration.ts";
import { ValueError } from "./errors.ts";
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
  /** 0-based place of the knock in the target; copies share it. -1 for what is sent before its knocks. */
  knock: number;
  /** Milliseconds that the handshake of a tcp knock may take; undefined for a bare SYN. */
  handshakeMs?: number | undefined;
}

/** Milliseconds from one knock to the next, as the user wrote them; `auto`: see the rules above. */
export type Delay = "auto" | number;

/**
 * Reads a delay.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseDelay(text: string | number): Delay {
  if (text === "auto") return text;
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ValueError(String(text), `${error.problem}, or auto`);
  }
}

/** Renders a delay as people write it. */
export function renderDelay(delay: Delay): string {
  return delay === "auto" ? delay : renderDuration(delay);
}

/** What a sequence is made of. */
export interface SequencePlan {
  knocks: readonly Knock[];
  /** Milliseconds between two knocks. */
  delayMs: Delay;
  stageTimeoutMs: number;
  copies: "auto" | number;
  /** For tcp knocks that name none. */
  handshakeMs?: number | undefined;
}

/** What a knock carries; where either of two payloads can be the right one, both. */
export type KnockBytes = Uint8Array | readonly Uint8Array[];

/** The gap of a try that another one can make good: twice the most that a packet was late (docs/loss.md). */
const BOLD_GAP_MS = 5;

/** The gap that `auto` takes where a try has to be right at once. */
const CAREFUL_GAP_MS = 50;

/** Milliseconds between two copies at most: the last one delays what comes after the knocks. */
const MAX_COPY_GAP_MS = 25;

/** The smallest gap that a further try grows from, in milliseconds. */
const MIN_GAP_MS = 25;

/** Which try of a sequence it is. */
interface Try {
  /** 1-based number of the try. */
  attempt?: number | undefined;
  /** The pace of `delay = "auto"`: 0 is bold; that of a try that has to be right where undefined. */
  pace?: number | undefined;
  /** A knock that is sent twice before the others; its packets are those of knock -1. */
  reset?: Knock | undefined;
}

/** Returns the pace of a first try: bold only where something can tell that it failed, and others follow. */
export function findFirstPace(
  { probes, tries }: { probes: readonly unknown[]; tries: number },
): number {
  return probes.length > 0 && tries > 1 ? 0 : 1;
}

/**
 * The packets of one try.
 *
 * @param payloads one a knock, in order; of several for one knock, each is sent.
 */
export function buildSequence(
  plan: SequencePlan,
  payloads: readonly KnockBytes[],
  { attempt = 1, pace = attempt, reset }: Try = {},
): Packet[] {
  const packets: Packet[] = [];
  let at = 0;
  if (reset !== undefined) {
    const gap = computeGap(plan.delayMs, plan.stageTimeoutMs, { attempt, pace });
    const { port, protocol } = reset;
    const payload = new Uint8Array();
    for (const place of [0, 1]) {
      packets.push({ port, protocol, payload, at: gap * place, knock: -1 });
    }
    at = 2 * gap;
  }
  for (const [index, knock] of plan.knocks.entries()) {
    const payload = payloads[index];
    if (payload === undefined) throw new TypeError(`knock ${index + 1} has no payload`);
    const gap = computeGap(knock.delayMs ?? plan.delayMs, plan.stageTimeoutMs, { attempt, pace });
    const copies = countCopies(knock, plan.copies, attempt);
    const copyGap = copies === 1 ? 0 : Math.min(gap / (copies - 1), MAX_COPY_GAP_MS);
    const handshakeMs = findHandshake(knock, plan);
    const each = payload instanceof Uint8Array ? [payload] : payload;
    for (let copy = 0; copy < copies; copy++) {
      packets.push(...each.map((bytes) => ({
        port: knock.port,
        protocol: knock.protocol,
        payload: bytes,
        at: at + copyGap * copy,
        knock: index,
        ...(handshakeMs === undefined ? {} : { handshakeMs }),
        ...(knock.size === undefined ? {} : { size: knock.size }),
      })));
    }
    at += gap;
  }
  return packets;
}

/** Returns how often a knock is sent in a try. */
function countCopies({ payload }: Knock, copies: SequencePlan["copies"], attempt: number): number {
  if (copies !== "auto") return copies;
  return payload.kind === "secret" || attempt > 1 ? 2 : 1;
}

/**
 * Returns the milliseconds after each knock of a try that has to be right at once: what a firewall's stage
 * timeout is compared with.
 */
export function listGaps(
  { knocks, delayMs, stageTimeoutMs }: Pick<SequencePlan, "delayMs" | "stageTimeoutMs"> & {
    knocks: readonly Pick<Knock, "delayMs">[];
  },
): number[] {
  return knocks.map((knock) => findCarefulGap(knock.delayMs ?? delayMs, stageTimeoutMs));
}

function findCarefulGap(delay: Delay, stageTimeoutMs: number): number {
  return delay === "auto" ? Math.min(CAREFUL_GAP_MS, stageTimeoutMs / 4) : delay;
}

/** Returns the milliseconds that the handshake of a knock may take; undefined for a bare SYN. */
export function findHandshake(
  { protocol, handshakeMs }: Knock,
  plan: Pick<SequencePlan, "handshakeMs">,
): number | undefined {
  return protocol === "tcp" ? handshakeMs ?? plan.handshakeMs : undefined;
}

/** Milliseconds between two knocks of the given try; see the rules above. */
function computeGap(
  delay: Delay,
  stageTimeoutMs: number,
  { attempt, pace }: { attempt: number; pace: number },
): number {
  const first = findCarefulGap(delay, stageTimeoutMs);
  if (delay === "auto" && pace === 0) return Math.min(BOLD_GAP_MS, first);
  const doublings = (delay === "auto" ? pace : attempt) - 1;
  if (doublings <= 0) return first;
  const grown = Math.max(first, MIN_GAP_MS) * 2 ** doublings;
  return Math.min(grown, Math.max(stageTimeoutMs / 4, first));
}
