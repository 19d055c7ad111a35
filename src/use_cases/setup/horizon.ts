/** For which time a server gets one-time codes. */
import { cutToSeconds } from "../../core/duration.ts";
import { judgeHorizon, type Rolling } from "../../core/rolling.ts";

/** The first and the last moment, in Unix milliseconds; no end where the server makes the codes itself. */
export interface Horizon {
  from: number;
  until: number;
}

const YEAR_MS = 365 * 86_400_000;

/** Returns a year from now. */
export function makeHorizon(now: number): Horizon {
  const from = cutToSeconds(now);
  return { from, until: from + YEAR_MS };
}

/**
 * Returns what is saved where it is not near its end, so that the same rules are written again; else a new one.
 */
export function keepHorizon({ from, until }: Rolling, now: number): Horizon {
  const isGood = until !== undefined &&
    judgeHorizon({ windowMs: 0, slots: 0, from, until }, now) === "good";
  const fresh = makeHorizon(now);
  return isGood ? { from: from ?? fresh.from, until } : fresh;
}
