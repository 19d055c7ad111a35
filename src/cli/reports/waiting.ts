/**
 * What the last try waits for, and how long: the status line counts down, and where there is none one line
 * says it once. It appears after a second: what answers sooner needs none.
 */
import type { Clock } from "../../core/clock.ts";
import type { Target } from "../../core/target.ts";
import type { ProbeOutcome } from "../../knock/until_open.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import { describeProbe } from "../../probe/mod.ts";

/** Shows what a target's probes are waited for. */
interface Waiting {
  /** The knocks of the last try are sent. */
  start(): void;
  /** A probe has answered. */
  onProbe(outcome: ProbeOutcome): void;
}

/** Milliseconds until the line, where there is no status line. */
const SILENCE_MS = 1_000;

/** Makes the report of what the last try of a target waits for. */
export function createWaiting(
  { probes, timeoutMs }: Target,
  out: Output,
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Waiting {
  const open = new Set<string>();
  const pending = new Set<string>();
  const end = Promise.withResolvers<void>();
  const stop = new AbortController();
  let deadline = 0;

  const render = () => {
    const seconds = Math.max(0, Math.ceil((deadline - clock.now()) / 1_000));
    return `waiting for ${sanitize([...pending].join(", "))}, ${seconds} s left`;
  };
  const sayOnce = async () => {
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    try {
      await clock.sleepUntil(clock.now() + SILENCE_MS, either);
      if (clock.now() < deadline) out.say(`  ${render()}\n`);
    } catch (error) {
      if (!either.aborted) throw error;
    }
  };
  const show = async () => {
    if (out.status.isShown) await out.status.during(render, () => end.promise);
    else await sayOnce();
  };
  return {
    start() {
      for (const label of probes.map(describeProbe)) if (!open.has(label)) pending.add(label);
      deadline = clock.now() + timeoutMs;
      // After the probes have started: nothing comes between the last knock and the first question.
      if (pending.size > 0 && !out.json && !out.quiet) queueMicrotask(() => void show());
    },
    onProbe({ label, status }) {
      if (status === "open") open.add(label);
      pending.delete(label);
      if (pending.size > 0) return;
      stop.abort();
      end.resolve();
    },
  };
}
