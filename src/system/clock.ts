/** The real clock: the system's monotonic one. */
import type { Clock } from "../core/clock.ts";

/** Milliseconds since the program started. */
export const realClock: Clock = {
  now: () => performance.now(),
  async sleepUntil(at, signal) {
    signal?.throwIfAborted();
    // A timer may fire a fraction of a millisecond early.
    for (let left = at - performance.now(); left > 0; left = at - performance.now()) {
      await sleep(Math.ceil(left), signal);
    }
  },
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", stop);
    resolve();
  }, ms);
  signal?.addEventListener("abort", stop, { once: true });
  return promise;
}
