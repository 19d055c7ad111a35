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

/**
 * The first `setTimeout` of a Deno program takes 9 ms, for it loads node's timers (measured, 2.9.6):
 * that would come between the last knock and "open". An `AbortSignal.timeout` takes 0.6 ms; without
 * a listener it holds nothing up.
 */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = AbortSignal.timeout(ms);
  const end = () => {
    signal?.removeEventListener("abort", stop);
    resolve();
  };
  const stop = () => {
    timer.removeEventListener("abort", end);
    reject(signal?.reason);
  };
  timer.addEventListener("abort", end, { once: true });
  signal?.addEventListener("abort", stop, { once: true });
  return promise;
}
