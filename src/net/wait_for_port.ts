/**
 * Waits for a port to open: a new SYN every 100 ms rather than the kernel's retransmission after a
 * second, so that the time from the last knock to "open" is the network's and not ours. The first
 * connection that completes wins, the others are dropped.
 */
import type { Clock } from "../core/clock.ts";
import { findErrno } from "./socket_errors.ts";
import type { TcpConnection } from "./connection.ts";

/** Milliseconds between two SYNs. */
export const SYN_INTERVAL_MS = 100;
/**
 * SYNs in flight at most; the oldest is given up. With the interval: each lives four seconds, for a router
 * that gets no answer to ARP says so after three (measured, Linux 6.18), and only about the packets that
 * have waited longest.
 */
const MAX_IN_FLIGHT = 40;
/**
 * Refusals in a row before the answer is believed: a knock and the first SYN may overtake each other.
 */
const REFUSALS = 5;

/** How a race ended. */
export type PortResult =
  | { status: "open"; connection: TcpConnection; ms: number }
  | { status: "closed" | "refused" | "error"; ms: number; cause?: unknown };

/** What a race needs. */
interface WaitOptions {
  /** One attempt; rejects when the signal aborts. */
  open(signal: AbortSignal): Promise<TcpConnection>;
  clock: Clock;
  /** Milliseconds until the port counts as closed. */
  timeoutMs: number;
  /** Milliseconds between two SYNs; {@linkcode SYN_INTERVAL_MS} where undefined. */
  intervalMs?: number | undefined;
  /** Refusals in a row that are believed; {@linkcode REFUSALS} where undefined. */
  refusals?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Races SYNs until one is answered, `timeoutMs` are over, or the host keeps refusing. `ms` counts
 * from the call.
 *
 * @throws the signal's reason when it aborts.
 */
export async function waitForPort(options: WaitOptions): Promise<PortResult> {
  const { clock, timeoutMs, intervalMs = SYN_INTERVAL_MS } = options;
  const start = clock.now();
  const end = start + timeoutMs;
  const flights = new Set<AbortController>();
  const won = Promise.withResolvers<PortResult>();
  const stopTimer = new AbortController();
  let refusals = 0;
  let lastCause: unknown;
  const finish = (result: PortResult) => {
    stopTimer.abort();
    won.resolve(result);
  };
  const launch = () => {
    const flight = new AbortController();
    flights.add(flight);
    options.open(flight.signal).then(
      (connection) => {
        flights.delete(flight);
        if (stopTimer.signal.aborted) return connection.close();
        finish({ status: "open", connection, ms: clock.now() - start });
      },
      (cause) => {
        flights.delete(flight);
        if (flight.signal.aborted || stopTimer.signal.aborted) return;
        lastCause = cause;
        const isRefused = findErrno(cause) === "ECONNREFUSED";
        refusals = isRefused ? refusals + 1 : 0;
        if (!isRefused && !isPassing(cause)) {
          finish({ status: "error", ms: clock.now() - start, cause });
        } else if (refusals >= (options.refusals ?? REFUSALS)) {
          finish({ status: "refused", ms: clock.now() - start, cause });
        }
      },
    );
    if (flights.size > MAX_IN_FLIGHT) dropOldest(flights);
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
    for (const flight of flights) flight.abort();
  }

  async function pace(): Promise<void> {
    for (let at = start; at < end; at += intervalMs) {
      await clock.sleepUntil(at, stopTimer.signal);
      launch();
    }
    await clock.sleepUntil(end, stopTimer.signal);
    const status = refusals > 0 ? "refused" : lastCause === undefined ? "closed" : "error";
    finish({ status, ms: clock.now() - start, cause: lastCause });
  }
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
 * dropped (RFC 8305, at our pace: the next address starts one interval later, or as soon as the one before
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
    const at = options.clock.now() + index * SYN_INTERVAL_MS;
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

function dropOldest(flights: Set<AbortController>): void {
  const [oldest] = flights;
  if (oldest === undefined) return;
  flights.delete(oldest);
  oldest.abort();
}
