/** Time as the program needs it; the real one is made in `main.ts`, tests bring a fake. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /**
   * Waits until `now() >= at` milliseconds. Rejects with the signal's reason when aborted.
   * A moment in the past resolves without delay.
   */
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>;
}
