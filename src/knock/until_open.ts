/**
 * Knocks until the door is open (or, with a closing sequence, shut) or the tries are used up.
 *
 * Rules: without probes there is one try, for nothing could tell that it failed. A probe that has
 * passed is not asked again. An early try waits for silence to end only as long as a lively network
 * needs (0.3 s, doubling up to 2 s), the last one for the whole timeout: fast first, more patient after. What has
 * answered, or runs as a program, gets the whole timeout in every try. Where there is another address
 * (`canGiveUp`), a try that finds this one unreachable is the last. The pace that opened the door is
 * remembered, up to {@linkcode SLOWEST_LEARNED}: one that was too bold is not tried again in the same run.
 * At a knockd a further try first makes it forget the former one (`core/knockd/recovery.ts`).
 */
import type { Clock } from "../core/clock.ts";
import { findRecovery, type RecoverableDoor } from "../core/knockd/recovery.ts";
import type { Knock } from "../core/knock.ts";
import {
  buildSequence,
  findFirstPace,
  type KnockBytes,
  type Packet,
  type SequencePlan,
} from "../core/sequence.ts";
import type { GivenUp } from "./given_up.ts";
import type { SentPacket } from "../net/connection.ts";
import type { Address } from "../net/resolve.ts";
import { describeReason, isUnreachable } from "../net/socket_errors.ts";
import { type KnockNet, sendSequence } from "./send.ts";

/** What a probe found; `ms` counts from the last knock. */
export interface ProbeOutcome {
  /** The probe for people: `tcp 22`. */
  label: string;
  /** The family that it was asked over, where a target is knocked on over both. */
  over?: Address["family"] | undefined;
  status: "open" | "closed" | "refused" | "error";
  ms: number;
  detail: string;
  /** Whether no packet gets there; silence does not say so. */
  isUnreachable?: boolean | undefined;
}

/** A probe as the runner sees it. */
export type BoundProbe = (
  options: {
    attempt: number;
    /** Milliseconds for the whole probe. */
    timeoutMs: number;
    /** Milliseconds of silence that are waited for. */
    silenceTimeoutMs: number;
    signal: AbortSignal;
  },
) => Promise<ProbeOutcome>;

/** One payload a knock, in order; or made when they are sent, for an address and a try (1-based). */
export type Payloads =
  | readonly KnockBytes[]
  | ((place: { address: string; attempt: number }) => Promise<readonly KnockBytes[]>);

/** What a run has learned about the way to a door. */
export interface Learned {
  /** The pace that opened it; see `sequence.ts`. */
  pace: number;
}

/** A door to be opened. */
export interface OpenRequest {
  sequence: SequencePlan & RecoverableDoor;
  payloads: Payloads;
  address: string;
  /** Addresses of the other family that are knocked on at the same time, and not probed. */
  alsoAt?: readonly string[] | undefined;
  /** Whether there is another address to try. */
  canGiveUp?: boolean | undefined;
  source?: string | undefined;
  /** Whether an abort waits for the end of a sequence that has begun. */
  isWhole?: boolean | undefined;
  tries: number;
  /** Milliseconds for one try's probes. */
  timeoutMs: number;
  probes: readonly BoundProbe[];
  /** What a probe has to find: `shut` is silence or a refusal. `open` where undefined. */
  goal?: "open" | "shut" | undefined;
  /** Read and written: what earlier knocks of the same run say about the pace. */
  learned?: Learned | undefined;
}

/** What happens on the way, for live output. */
export interface OpenEvents {
  /** Whether it matters where each packet leaves from. */
  isTraced?: boolean;
  /** A one-time sequence was taken: what is sent in all tries. */
  onSequence?(knocks: SequencePlan["knocks"]): void;
  onTry?(attempt: number): void;
  /** A try starts so many milliseconds later, since knockd has to forget the former one. */
  onPause?(ms: number): void;
  onPacket?(packet: Packet, attempt: number, sent: SentPacket & { to: string }): void;
  onSent?(ms: number, attempt: number): void;
  /** A probe has ended. */
  onProbe?(outcome: ProbeOutcome, attempt: number): void;
  /** The same, after those of the same try that are named before it. */
  onProbeInOrder?(outcome: ProbeOutcome, attempt: number): void;
  /** An address is given up for the next one. */
  onGiveUp?(given: GivenUp, next: string): void;
}

/** What came of it. */
export interface OpenReport {
  /** Tries that were made. */
  tries: number;
  /** Packets that left, copies included. */
  packets: number;
  /** Milliseconds from the first packet of the last try to its last. */
  sentMs: number;
  /** One a probe, in order. */
  probes: ProbeOutcome[];
  /** Whether every probe passed, that is, found the goal; true where there is none. */
  isOpen: boolean;
  /** Why no packet gets there; undefined where that is not known. */
  unreachable?: string | undefined;
}

/** The slowest pace that is remembered: a network that was down for a while fails tries too. */
const SLOWEST_LEARNED = 2;

/** The patience of the first try with more to come, and of any, in milliseconds. */
const FIRST_PATIENCE_MS = 300;
const MOST_PATIENCE_MS = 2_000;

/** Milliseconds of silence that the probes of a try wait for. */
function silenceTimeoutFor(attempt: number, tries: number, timeoutMs: number): number {
  if (attempt >= tries) return timeoutMs;
  return Math.min(timeoutMs, FIRST_PATIENCE_MS * 2 ** (attempt - 1), MOST_PATIENCE_MS);
}

/**
 * Knocks and probes; see the rules above.
 *
 * @throws {NetworkError} if a packet cannot be sent; the signal's reason when it aborts.
 */
export async function knockUntilOpen(
  request: OpenRequest,
  { net, clock, signal, events = {} }: {
    net: KnockNet;
    clock: Clock;
    signal: AbortSignal;
    events?: OpenEvents;
  },
): Promise<OpenReport> {
  const { timeoutMs, goal = "open", canGiveUp = false, learned = { pace: 0 } } = request;
  const firstPace = Math.max(findFirstPace(request), learned.pace);
  const tries = request.probes.length === 0 ? 1 : request.tries;
  const report: OpenReport = { tries: 0, packets: 0, sentMs: 0, probes: [], isOpen: false };
  let lastKnock = -Infinity;
  for (let attempt = 1; attempt <= tries && !report.isOpen; attempt++) {
    const recovery = attempt === 1 ? undefined : findRecovery(request.sequence);
    if (recovery?.kind === "pause") {
      await waitUntil(lastKnock + recovery.ms, { clock, signal, events });
    }
    events.onTry?.(attempt);
    report.tries = attempt;
    const pace = firstPace + attempt - 1;
    const reset = recovery?.kind === "knock" ? recovery.knock : undefined;
    const sent = await sendEverywhere(request, {
      attempt,
      pace,
      reset,
      net,
      clock,
      signal,
      events,
    });
    lastKnock = sent.last;
    report.packets += sent.packets;
    report.sentMs = sent.last - sent.first;
    events.onSent?.(report.sentMs, attempt);
    const silenceTimeoutMs = silenceTimeoutFor(attempt, tries, timeoutMs);
    const missing = [...request.probes.keys()]
      .filter((index) => !hasPassed(report.probes[index], goal));
    const asked = missing.flatMap((index) => request.probes[index] ?? []);
    const outcomes = await askProbes(
      asked,
      { attempt, timeoutMs, silenceTimeoutMs, signal },
      events,
    );
    for (const [place, outcome] of outcomes.entries()) report.probes[missing[place] ?? 0] = outcome;
    report.isOpen = report.probes.every((outcome) => hasPassed(outcome, goal));
    if (report.isOpen && request.probes.length > 0) learned.pace = Math.min(pace, SLOWEST_LEARNED);
    const unreachable = findUnreachable(report.probes, sent.unreachable);
    if (unreachable === undefined) delete report.unreachable;
    else report.unreachable = unreachable;
    if (canGiveUp && unreachable !== undefined) break;
  }
  return report;
}

async function waitUntil(
  at: number,
  { clock, signal, events }: { clock: Clock; signal: AbortSignal; events: OpenEvents },
): Promise<void> {
  if (clock.now() >= at) return;
  events.onPause?.(at - clock.now());
  await clock.sleepUntil(at, signal);
}

/** Asks probes at the same time, and reports each as soon as it ends; returns what they found, in order. */
export async function askProbes(
  probes: readonly BoundProbe[],
  options: Parameters<BoundProbe>[0],
  { onProbe, onProbeInOrder }: OpenEvents,
): Promise<ProbeOutcome[]> {
  const ended = new Map<number, ProbeOutcome>();
  let reported = 0;
  return await Promise.all(probes.map(async (probe, index) => {
    const outcome = await probe(options);
    onProbe?.(outcome, options.attempt);
    ended.set(index, outcome);
    for (let next = ended.get(reported); next !== undefined; next = ended.get(++reported)) {
      onProbeInOrder?.(next, options.attempt);
    }
    return outcome;
  }));
}

/**
 * Sends a try to the address and, at the same time, to those of the other family. One of them that cannot
 * be reached matters only where it is the one that is used.
 */
async function sendEverywhere(
  { sequence, payloads, address, alsoAt = [], source, isWhole = false }: OpenRequest,
  { attempt, pace, reset, events, signal, ...options }: {
    attempt: number;
    pace: number;
    reset: Knock | undefined;
    events: OpenEvents;
    net: KnockNet;
    clock: Clock;
    signal: AbortSignal;
  },
): Promise<Awaited<ReturnType<typeof sendSequence>> & { packets: number }> {
  signal.throwIfAborted();
  const { isTraced } = events;
  let count = 0;
  const send = async (to: string) => {
    const made = typeof payloads === "function"
      ? await payloads({ address: to, attempt })
      : payloads;
    return await sendSequence(buildSequence(sequence, made, { attempt, pace, reset }), {
      ...options,
      ...(isWhole ? {} : { signal }),
      address: to,
      source,
      isTraced,
      onPacket: (packet, sent) => {
        count++;
        events.onPacket?.(packet, attempt, { ...sent, to });
      },
    });
  };
  const [used, ...others] = await Promise.allSettled([address, ...alsoAt].map(send));
  if (used === undefined || used.status === "rejected") throw used?.reason;
  for (const other of others) {
    if (other.status === "rejected" && !isUnreachable(other.reason)) throw other.reason;
  }
  return { ...used.value, packets: count };
}

/** Why no packet arrives: every probe says so or, where there is none, every knock. */
function findUnreachable(probes: readonly ProbeOutcome[], sent: unknown): string | undefined {
  if (probes.length === 0) return sent === undefined ? undefined : describeReason(sent);
  return probes.every(({ isUnreachable }) => isUnreachable) ? probes[0]?.detail : undefined;
}

function hasPassed(outcome: ProbeOutcome | undefined, goal: "open" | "shut"): boolean {
  const status = outcome?.status;
  return goal === "open" ? status === "open" : status === "closed" || status === "refused";
}
