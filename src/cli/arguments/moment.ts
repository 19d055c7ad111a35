/**
 * Moments as options take them: `2027-11-25`, `2027-11-25T08:00Z`, or a span from now such as `30d`.
 *
 * Rules:
 * - a date is its first moment, and a time without an offset is UTC: the firewall's clock is;
 * - a span is whole minutes, hours, days, weeks or years, from now; a year is 365 days.
 */
import { ValueError } from "../../core/errors.ts";

/** Milliseconds of what a span can count. */
const SPANS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
/** A date, and perhaps a time with its offset. */
const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/i;
/** What TOML and every back end can write: the end of the year 9999. */
export const LAST_MOMENT = Date.UTC(9999, 11, 31);

/**
 * Returns a moment in Unix milliseconds.
 *
 * @param now the moment that spans count from, in Unix milliseconds.
 * @throws {RangeError} with what is allowed.
 */
export function parseMoment(text: string, now: number): number {
  const trimmed = text.trim();
  const at = trimmed === "now" ? now : readSpan(trimmed, now) ?? readDate(trimmed);
  if (at === undefined) {
    throw new ValueError(
      text,
      "is not a time: use a date such as 2027-11-25 or 2027-11-25T08:00Z (UTC), or a span from now " +
        "such as 12h, 30d, 1y",
    );
  }
  if (at > LAST_MOMENT) throw new ValueError(text, "is too late: use a time before the year 9999");
  return at;
}

function readSpan(text: string, now: number): number | undefined {
  const [, count, unit = ""] = /^(\d{1,12})([smhdwy])$/.exec(text) ?? [];
  const size = SPANS[unit];
  return count === undefined || size === undefined ? undefined : now + Number(count) * size;
}

function readDate(text: string): number | undefined {
  const [, date, time = "00:00", offset = "Z"] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const day = new Date(`${date}T00:00Z`);
  // Date takes the 31st of a short month for a day of the next one.
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
  const at = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  return isDay && !Number.isNaN(at) ? at : undefined;
}
