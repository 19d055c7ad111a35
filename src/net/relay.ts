/**
 * Carries bytes between two ends, both ways at the same time, as a ProxyCommand has to.
 *
 * Rules:
 * - no byte is changed, and none is read before the one before it is written (back-pressure);
 * - the end of one direction is passed on, and the other one goes on (half-close);
 * - once the far end has said its last word, the near one may go on as long as it has something to
 *   say: after {@linkcode LINGER_MS} of silence the relay ends. A far end that is gone for good looks
 *   just like one that only listens, and no program should hang on it (socat: 0.5 s, ssh hangs up by
 *   itself at once);
 * - a reader that has gone away (EPIPE) ends the relay quietly.
 */
import type { Clock } from "../core/clock.ts";
import { errnoOf } from "./failure.ts";

/** One of the two. */
export interface RelayEnd {
  /** Fills the buffer; how many bytes, or null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Takes a part of the bytes at least; how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Says that nothing more will be written. */
  closeWrite(): Promise<void> | void;
}

/** How a relay ended: with the far end's last word, or because nobody listened any more. */
export interface RelayReport {
  /** Bytes from the near end to the far one. */
  sent: number;
  /** Bytes from the far end to the near one. */
  received: number;
}

/** What a relay needs. */
export interface RelayOptions {
  clock: Clock;
  signal: AbortSignal;
}

/** Milliseconds that the near end may be silent after the far end's last word. */
export const LINGER_MS = 1_000;

/** Large enough that the calls cost less than the copying. */
const BUFFER_BYTES = 262_144;

/**
 * Relays until both directions have ended; see the rules above. Closes neither end.
 *
 * @throws what the far end's connection died of; the signal's reason when it aborts.
 */
export async function relay(
  near: RelayEnd,
  far: RelayEnd,
  { clock, signal }: RelayOptions,
): Promise<RelayReport> {
  signal.throwIfAborted();
  const report: RelayReport = { sent: 0, received: 0 };
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const stop = new AbortController();
  let lastHeard: number | undefined;
  const upload = async () => {
    try {
      await pump(near, far, (count) => {
        report.sent += count;
        lastHeard = clock.now();
      });
      await far.closeWrite();
    } catch (cause) {
      // What the far end does not want any more is no failure; what it still says is carried on.
      if (!isGone(cause)) throw cause;
    }
  };
  const download = async () => {
    await pump(far, near, (count) => report.received += count);
    lastHeard = clock.now();
    await near.closeWrite();
  };
  /** Resolves when the near end has been silent for long enough after the far end's last word. */
  const linger = async () => {
    for (;;) {
      const from = lastHeard ?? clock.now();
      await clock.sleepUntil(from + LINGER_MS, stop.signal);
      if (lastHeard === from) return;
    }
  };
  try {
    const uploading = upload();
    const failed = uploading.then(() => new Promise<never>(() => {}));
    const downloaded = await Promise.race([download().catch(quietWhenGone), failed, aborted.promise]);
    if (downloaded !== "gone") {
      await Promise.race([uploading, linger().catch(ignoreStop), aborted.promise]);
    }
    return report;
  } finally {
    stop.abort();
    signal.removeEventListener("abort", onAbort);
  }
}
