/**
 * Carries bytes between our own standard streams (the near end) and a connection (the far end), both
 * ways at the same time, as a ProxyCommand has to.
 *
 * Rules:
 * - no byte is changed, and no more than one buffer is read ahead of what is written (back-pressure);
 * - the end of what the near end says is passed on, and what the far end says goes on (half-close);
 * - when the far end has said its last word, the near end may go on for as long as it has something
 *   to say: after {@linkcode LINGER_MS} of silence the relay is over. A far end that is gone looks
 *   just like one that only listens, and Deno cannot close standard output: only the end of the
 *   program tells its reader (socat waits 0.5 s);
 * - a reader of ours that has gone away (EPIPE) ends the relay quietly.
 */
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import { errnoOf } from "./failure.ts";

/** Our own side. */
export interface NearEnd {
  /** Fills the buffer; how many bytes, or null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Takes some of the bytes; how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** The connection. */
export interface FarEnd extends NearEnd {
  /** Says that nothing more will be written. */
  closeWrite(): Promise<void>;
}

/** Bytes that were carried. */
export interface RelayReport {
  /** To the far end. */
  sent: number;
  /** From the far end. */
  received: number;
}

/** Milliseconds that the near end may be silent after the far end's last word. */
export const LINGER_MS = 1_000;

/** Large enough that the calls cost less than the copying; see docs/measurements.md. */
const BUFFER_BYTES = 262_144;

/**
 * Relays until both have ended; see the rules above. The connection is left to the caller to close.
 *
 * @throws {NetworkError} if the connection breaks; what our own streams throw, except EPIPE; the
 * signal's reason when it aborts.
 */
export async function relay(
  near: NearEnd,
  far: FarEnd,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RelayReport> {
  const over = new AbortController();
  const aborted = rejectOnAbort(signal, over.signal);
  const [up, down] = [new Flow(clock), new Flow(clock)];
  const upload = pump(
    (buffer) => near.read(buffer),
    guard((bytes) => far.write(bytes)),
    up,
  );
  const download = pump(
    guard((buffer) => far.read(buffer)),
    (bytes) => near.write(bytes),
    down,
  );
  let broken: unknown;
  // What the far end does not take any more does not stop what it has yet to say.
  const uploaded = upload.catch((cause) => broken = cause)
    .then(guard(() => far.closeWrite())).catch((cause) => broken ??= cause);
  try {
    await Promise.race([download, aborted]);
    if (broken !== undefined) throw broken;
    up.touch();
    await Promise.race([uploaded, up.untilSilent(over.signal), aborted]);
  } catch (cause) {
    if (!isGone(cause)) throw cause;
  } finally {
    over.abort();
    // It may still fail, with nobody left to tell.
    download.catch(() => {});
  }
  return { sent: up.bytes, received: down.bytes };
}

/** One direction: how much went through it, and since when it is silent. */
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

  /** Something went through just now. */
  touch(): void {
    this.#since = this.#clock.now();
  }

  /** Resolves when nothing has come, and nothing was on its way, for {@linkcode LINGER_MS}. */
  async untilSilent(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      const end = this.#since + LINGER_MS;
      if (!this.isBusy && now >= end) return;
      await this.#clock.sleepUntil(Math.max(end, now + LINGER_MS / 10), signal);
    }
  }
}

/** Reads and writes until the end; while one buffer is written the next one is read. */
async function pump(read: NearEnd["read"], write: NearEnd["write"], flow: Flow): Promise<void> {
  const [first, second] = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  let [current, next] = [first, second];
  let reading = read(current);
  for (let length = await reading; length !== null; length = await reading) {
    flow.isBusy = true;
    reading = read(next);
    // Where the write fails, nobody waits for it any more.
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

/** What the system says about the connection, as an error for the user. */
function guard<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await call(...args);
    } catch (cause) {
      if (isGone(cause)) throw cause;
      throw new NetworkError(`the connection broke: ${wordsOf(cause)}`, {
        code: "connection_lost",
        hint: errnoOf(cause) === "ETIMEDOUT"
          ? "the door may have shut: spknock keep holds it open while you work"
          : undefined,
        cause,
      });
    }
  };
}

const WORDS: Record<string, string> = {
  ECONNRESET: "the other side reset it",
  ETIMEDOUT: "the other side does not answer any more",
  EHOSTUNREACH: "the host became unreachable",
  ENETUNREACH: "the network became unreachable",
};

function wordsOf(cause: unknown): string {
  return WORDS[errnoOf(cause) ?? ""] ?? (cause instanceof Error ? cause.message : String(cause));
}

/** Whether a reader has gone away, ours or the far one. */
function isGone(cause: unknown): boolean {
  return errnoOf(cause) === "EPIPE" || cause instanceof Deno.errors.BrokenPipe;
}

/** Rejects with the signal's reason; stops to listen when `over` aborts. */
function rejectOnAbort(signal: AbortSignal, over: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true, signal: over });
  promise.catch(() => {});
  return promise;
}
