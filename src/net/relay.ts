/**
 * Carries bytes between standard input and output (local) and a connection (remote), in both
 * directions at the same time, as a ProxyCommand has to.
 *
 * Rules:
 * - no byte is changed, and at most one buffer is read ahead of what is written (back-pressure);
 * - the end of the local input is passed on, and remote data still arrives (half-close);
 * - after the remote side closes, local data is still sent until the local input was idle for
 *   {@linkcode LINGER_MS}; then the relay ends. A remote side that is gone looks like one that only
 *   reads, and Deno cannot close standard output: only the end of the program tells its reader
 *   (socat waits 0.5 s);
 * - a local program that closes its end (EPIPE, and ECONNRESET where our streams are sockets, as with
 *   ssh's ProxyUseFdpass) ends the relay without an error.
 */
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import { errorMessage } from "../core/text.ts";
import { findErrno } from "../core/system_errors.ts";

/** Standard input and output as bytes. */
export interface LocalStream {
  /** Fills the buffer; returns how many bytes, or null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A connection as bytes. */
interface RemoteStream extends LocalStream {
  /** Sends the end of the data: nothing more will be written. */
  closeWrite(): Promise<void>;
}

/** Bytes that were carried. */
interface RelayReport {
  /** To the far end. */
  sent: number;
  /** From the far end. */
  received: number;
}

/** Milliseconds that the local input may be idle after the remote side closed. */
const LINGER_MS = 1_000;

/** Large enough that the calls cost less than the copying; see docs/measurements.md. */
const BUFFER_BYTES = 1_048_576;

/**
 * Relays until both have ended; see the rules above. The connection is left to the caller to close.
 *
 * @throws {NetworkError} if the connection breaks; what our own streams throw, unless their other end
 * was closed; the signal's reason when it aborts.
 */
export async function relay(
  local: LocalStream,
  remote: RemoteStream,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RelayReport> {
  const over = new AbortController();
  const aborted = rejectOnAbort(signal, over.signal);
  const [up, down] = [new Flow(clock), new Flow(clock)];
  const upload = pump(
    guard((buffer) => local.read(buffer), toLocalError),
    guard((bytes) => remote.write(bytes), toRemoteError),
    up,
  );
  const download = pump(
    guard((buffer) => remote.read(buffer), toRemoteError),
    guard((bytes) => local.write(bytes), toLocalError),
    down,
  );
  let broken: unknown;
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  // A remote side that no longer reads can still send.
  const uploaded = upload.catch((cause) => {
    broken = cause;
    if (cause instanceof LocalEndError) left.reject(cause);
  })
    .then(guard(() => remote.closeWrite(), toRemoteError)).catch((cause) => broken ??= cause);
  try {
    await Promise.race([download, aborted, left.promise]);
    if (broken !== undefined) throw broken;
    up.touch();
    await Promise.race([uploaded, up.untilIdle(over.signal), aborted]);
  } catch (cause) {
    if (!isGone(cause)) throw cause;
  } finally {
    over.abort();
    // A late failure has no one to be reported to.
    download.catch(() => {});
  }
  return { sent: up.bytes, received: down.bytes };
}

/** One direction: the bytes that were carried, and since when it is idle. */
class Flow {
  /** Bytes that were written. */
  bytes = 0;
  /** Whether something that was read is not written yet. */
  isBusy = false;
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Marks the flow as active now. */
  touch(): void {
    this.#since = this.#clock.now();
  }

  /** Resolves when no data has arrived or was pending for {@linkcode LINGER_MS}. */
  async untilIdle(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      const end = this.#since + LINGER_MS;
      if (!this.isBusy && now >= end) return;
      await this.#clock.sleepUntil(Math.max(end, now + LINGER_MS / 10), signal);
    }
  }
}

/** Reads and writes until the end; while one buffer is written the next one is read. */
async function pump(
  read: LocalStream["read"],
  write: LocalStream["write"],
  flow: Flow,
): Promise<void> {
  const [first, second] = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  let [current, next] = [first, second];
  let reading = read(current);
  for (let length = await reading; length !== null; length = await reading) {
    flow.isBusy = true;
    reading = read(next);
    // If the write fails, this read is no longer awaited.
    reading.catch(() => {});
    for (let rest = current.subarray(0, length); rest.length > 0;) {
      const written = await write(rest);
      flow.bytes += written;
      rest = rest.subarray(written);
    }
    flow.isBusy = false;
    flow.touch();
    [current, next] = [next, current];
  }
}

/** The program at the other end of our own streams has closed them. */
class LocalEndError extends Error {}

/** Returns `call` with the errors that `translate` makes of those that it rejects with. */
function guard<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
  translate: (cause: unknown) => unknown,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await call(...args);
    } catch (cause) {
      throw translate(cause);
    }
  };
}

function toLocalError(cause: unknown): unknown {
  const isOver = /^(?:EPIPE|ECONNRESET|ENOTCONN)$/.test(findErrno(cause) ?? "");
  return isOver ? new LocalEndError("closed", { cause }) : cause;
}

/** Turns a system error of the connection into an error for the user. */
function toRemoteError(cause: unknown): unknown {
  if (isGone(cause)) return cause;
  return new NetworkError(`the connection broke: ${describeReason(cause)}`, {
    code: "connection_lost",
    hint: findErrno(cause) === "ETIMEDOUT"
      ? "the door may have closed: spknock keep holds it open while you work"
      : undefined,
    cause,
  });
}

const REASONS: Record<string, string> = {
  ECONNRESET: "the other side reset it",
  ETIMEDOUT: "the other side no longer answers",
  EHOSTUNREACH: "the host became unreachable",
  ENETUNREACH: "the network became unreachable",
};

function describeReason(cause: unknown): string {
  return REASONS[findErrno(cause) ?? ""] ?? errorMessage(cause);
}

/** Whether a reader has closed its end, the local or the remote one. */
function isGone(cause: unknown): boolean {
  return cause instanceof LocalEndError || findErrno(cause) === "EPIPE" ||
    cause instanceof Deno.errors.BrokenPipe;
}

/** Rejects with the signal's reason; stops listening when `over` aborts. */
function rejectOnAbort(signal: AbortSignal, over: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true, signal: over });
  promise.catch(() => {});
  return promise;
}
