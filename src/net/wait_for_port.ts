/**
 * Waits for a port to open: new SYNs at growing gaps rather than the kernel's retransmission after a
 * second, so that the time from the last knock to "open" is the network's and not ours. The first
 * connection that completes wins; the others are ended, and those that are still on their way are never
 * accepted on the other side: the kernel answers them with a RST.
 *
 * The first SYN leaves at once. The first gap is a round trip to the host, where an answer of it has told
 * how long that is, else {@linkcode FIRST_GAP_MS}; each one after it is {@linkcode GROWTH} times as long, up to
 * {@linkcode MAX_GAP_MS}: a fourth of the time after which the kernel would repeat the first one.
 */
import type { Clock } from "../core/clock.ts";
import { findErrno } from "./socket_errors.ts";
import type { TcpConnection } from "./connection.ts";

/** Milliseconds between the first two SYNs where no answer has told how long a round trip takes. */
const FIRST_GAP_MS = 50;
/** The least of it: what the two sides need to handle one. */
const MIN_GAP_MS = 20;
/** The most of any gap. */
const MAX_GAP_MS = 250;
const GROWTH = 1.5;
/** Milliseconds after which the next address of a host is tried too. */
const NEXT_ADDRESS_MS = 100;
/**
 * Milliseconds after which a SYN without an answer is given up. A router that gets no answer to ARP says so
 * after three seconds (measured, Linux 6.18), and only about the packets that have waited longest.
 */
const FLIGHT_MS = 4_000;
/**
 * Milliseconds of refusals in a row before they are believed: a knock and the first SYN may overtake each
 * other, and a daemon needs a moment to open the door.
 */
const REFUSED_AFTER_MS = 400;

/** How a race ended. */
export type PortResult =
  | { status: "open"; connection: TcpConnection; ms: number }
  | { status: "closed" | "refused" | "error"; ms: number; cause?: unknown };

/** What the answers of a host, its refusals included, have told about the way to it. */
export interface RoundTrip {
  /** Milliseconds; undefined where there was no answer. */
  ms?: number | undefined;
}

/** What a race needs. */
interface WaitOptions {
  /** One attempt; rejects when the signal aborts. */
  open(signal: AbortSignal): Promise<TcpConnection>;
  clock: Clock;
  /** Milliseconds until the port counts as closed. */
  timeoutMs: number;
  /** One SYN only, whose first answer is believed. */
  isSingle?: boolean | undefined;
  /** Read and written: what answers have told. */
  roundTrip?: RoundTrip | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Races SYNs until one is answered, `timeoutMs` are over, or the host keeps refusing. `ms` counts
 * from the call.
 *
 * @throws the signal's reason when it aborts.
 */
export async function waitForPort(options: WaitOptions): Promise<PortResult> {
  const { clock, timeoutMs, isSingle = false, roundTrip = {} } = options;
  const start = clock.now();
  const end = start + timeoutMs;
  /** When each SYN that has no answer yet left. */
  const flights = new Map<AbortController, number>();
  const won = Promise.withResolvers<PortResult>();
  const stopTimer = new AbortController();
  let refusedSince: number | undefined;
  let lastCause: unknown;
  const finish = (result: PortResult) => {
    stopTimer.abort();
    won.resolve(result);
  };
  const launch = () => {
    const flight = new AbortController();
    const leftAt = clock.now();
    dropOld(flights, leftAt);
    flights.set(flight, leftAt);
    const measure = (now: number) => {
      roundTrip.ms = Math.min(roundTrip.ms ?? Infinity, now - leftAt);
    };
    options.open(flight.signal).then(
      (connection) => {
        flights.delete(flight);
        if (stopTimer.signal.aborted) return connection.close();
        const now = clock.now();
        measure(now);
        finish({ status: "open", connection, ms: now - start });
      },
      (cause) => {
        flights.delete(flight);
        if (flight.signal.aborted || stopTimer.signal.aborted) return;
        lastCause = cause;
        const now = clock.now();
        const isRefused = findErrno(cause) === "ECONNREFUSED";
        if (isRefused) measure(now);
        refusedSince = isRefused ? refusedSince ?? now : undefined;
        const isBelieved = refusedSince !== undefined && now - refusedSince >= REFUSED_AFTER_MS;
        if (isRefused && (isSingle || isBelieved)) {
          finish({ status: "refused", ms: now - start, cause });
        } else if (!isRefused && (isSingle || !isPassing(cause))) {
          finish({ status: "error", ms: now - start, cause });
        }
      },
    );
  };
  const onAbort = () => {
    stopTimer.abort();
    won.reject(options.signal?.reason);
  };
  if (options.signal?.aborted) throw options.signal.reason;
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    pace().catch(won.reject);
    return await won.promise;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    stopTimer.abort();
    for (const flight of flights.keys()) flight.abort();
  }

  async function pace(): Promise<void> {
    launch();
    let gap: number | undefined;
    for (let at = start; !isSingle;) {
      gap = gap === undefined ? findFirstGap(roundTrip) : Math.min(gap * GROWTH, MAX_GAP_MS);
      at += gap;
      if (at >= end) break;
      await clock.sleepUntil(at, stopTimer.signal);
      launch();
    }
    await clock.sleepUntil(end, stopTimer.signal);
    const status = refusedSince !== undefined
      ? "refused"
      : lastCause === undefined
      ? "closed"
      : "error";
    finish({ status, ms: clock.now() - start, cause: lastCause });
  }
}

function findFirstGap({ ms = FIRST_GAP_MS }: RoundTrip): number {
  return Math.min(Math.max(ms, MIN_GAP_MS), MAX_GAP_MS);
}

/**
 * Answers that a knock under way may still change: ICMP unreachable (over IPv6 "prohibited" is EACCES), a
 * reset, a kernel timeout.
 */
const PASSING = new Set([
  ...["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "EACCES", "ECONNRESET", "ETIMEDOUT"],
  "ECONNABORTED",
]);

function isPassing(cause: unknown): boolean {
  return PASSING.has(findErrno(cause) ?? "");
}

/** A place that a connection can lead to. */
export interface Way {
  address: string;
  /** One attempt; rejects when the signal aborts. */
  open(signal: AbortSignal): Promise<TcpConnection>;
}

/**
 * Races SYNs to several addresses, each with its own answers; the first that opens wins, the others are
 * dropped (RFC 8305: the next address starts {@linkcode NEXT_ADDRESS_MS} later, or as soon as the one before
 * has failed). Where none opens, the result is the first address's that answered, else the first's.
 *
 * @throws the signal's reason when it aborts.
 */
export async function waitForAnyPort(
  ways: readonly Way[],
  { signal, ...options }: Omit<WaitOptions, "open">,
): Promise<PortResult & { address: string }> {
  const stop = new AbortController();
  const over = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const won = Promise.withResolvers<PortResult & { address: string }>();
  let isOver = false;
  let before: Promise<unknown> = Promise.resolve();
  const races = ways.map(async ({ address, open }, index) => {
    const at = options.clock.now() + index * NEXT_ADDRESS_MS;
    const turn = new AbortController();
    if (index > 0) {
      const pause = options.clock.sleepUntil(at, AbortSignal.any([over, turn.signal]));
      await Promise.race([pause.catch(() => {}), before]);
      turn.abort();
      over.throwIfAborted();
    }
    const race = waitForPort({ ...options, open, signal: over });
    before = race.catch(() => {});
    const result = { ...await race, address };
    if (result.status === "open" && isOver) result.connection.close();
    else if (result.status === "open") {
      isOver = true;
      stop.abort();
      won.resolve(result);
    }
    return result;
  });
  const ended = Promise.all(races).then((results) =>
    results.find(({ status }) => status === "open") ??
      results.find(({ status }) => status !== "closed") ?? results[0]
  );
  try {
    const result = await Promise.race([won.promise, ended]);
    if (result === undefined) throw new TypeError("there is no address to connect to");
    return result;
  } finally {
    stop.abort();
    for (const race of races) race.catch(() => {});
    ended.catch(() => {});
  }
}

function dropOld(flights: Map<AbortController, number>, now: number): void {
  for (const [flight, leftAt] of flights) {
    if (now - leftAt < FLIGHT_MS) return;
    flights.delete(flight);
    flight.abort();
  }
}
