/**
 * What the last try waits for, and how long: a line that counts down on a terminal, elsewhere one line.
 * It appears after a second: what answers sooner needs none.
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
  /** Clears the line: a probe's own line follows. */
  onProbe(outcome: ProbeOutcome): void;
}

const TICK_MS = 1_000;

/** Makes the report of what the last try of a target waits for. */
export function createWaiting(
  { probes, timeoutMs }: Target,
  out: Output,
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Waiting {
  const open = new Set<string>();
  const pending = new Set<string>();
  const end = new AbortController();
  let isShown = false;
  let deadline = 0;

  const show = () => {
    const what = `waiting for ${sanitize([...pending].join(", "))}`;
    const seconds = Math.ceil((deadline - clock.now()) / 1_000);
    out.say(
      out.isLive ? `\r\x1b[2K  ${what}, ${seconds} s left` : `  ${what}, ${seconds} s left\n`,
    );
    isShown = true;
  };
  const tick = async () => {
    const stop = signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]);
    try {
      for (let next = clock.now() + TICK_MS; next < deadline; next += TICK_MS) {
        await clock.sleepUntil(next, stop);
        if (out.isLive || !isShown) show();
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  };
  return {
    start() {
      for (const label of probes.map(describeProbe)) if (!open.has(label)) pending.add(label);
      deadline = clock.now() + timeoutMs;
      // After the probes have started: nothing comes between the last knock and the first question.
      if (pending.size > 0 && !out.json && !out.quiet) queueMicrotask(() => void tick());
    },
    onProbe({ label, status }) {
      if (status === "open") open.add(label);
      pending.delete(label);
      if (pending.size === 0) end.abort();
      if (isShown && out.isLive) out.say("\r\x1b[2K");
    },
  };
}
