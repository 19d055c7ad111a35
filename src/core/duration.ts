/**
 * Durations as people write them: `250ms`, `2s`, `5m`, `1h`; a bare number is milliseconds (as in
 * `knock -d 200`). At most 24 days, the longest that a timer can wait for (2^31 - 1 ms).
 */

import { ValueError } from "./errors.ts";

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const MAX_MS = 2 ** 31 - 1;

/**
 * Milliseconds of a duration.
 *
 * @throws {RangeError} with what is allowed, if `text` is not a duration.
 */
export function parseDuration(text: string | number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(text).trim());
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? "ms"] ?? NaN) : NaN;
  if (Number.isNaN(ms)) {
    throw new ValueError(
      String(text),
      "is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h",
    );
  }
  if (ms > MAX_MS) throw new ValueError(String(text), "is too long: use at most 596h (24 days)");
  return ms;
}

/** The shortest exact way to write `ms` milliseconds: 300000 -> `5m`, 1500 -> `1500ms`. */
export function renderDuration(ms: number): string {
  for (const unit of ["h", "m", "s"]) {
    const size = UNITS[unit] as number;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** Milliseconds for people, rounded to what matters: `0.4 ms`, `12 ms`, `1.2 s`, `3 min`. */
export function renderElapsed(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** A moment in Unix milliseconds, in UTC and whole seconds: `2027-11-25T08:00:00Z`. */
export function renderMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Returns a moment in whole seconds, as dates are saved; both in Unix milliseconds. */
export function cutToSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
