/**
 * The horizon: until when the firewall has codes of a target. Its last tenth is worth a warning at each knock;
 * after it no code is taken any more, and nothing is sent.
 */
import { UsageError } from "../../core/errors.ts";
import { judgeHorizon, type Rolling } from "../../core/rolling.ts";
import type { Target } from "../../core/target.ts";
import { plural } from "../../core/text.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A clock before this was never set: no codes are older. */
const FIRST_MOMENT = Date.UTC(2024);

/** How a horizon is watched. */
interface HorizonOptions {
  /** Options that find the file of targets again, such as `-c FILE`, for the command in the hint. */
  globals: readonly string[];
  /** Called with a warning, once: the horizon nears its end, or the clock of this machine is not set. */
  onWarning(warning: string): void;
  /** Unix milliseconds. */
  wallNow?: (() => number) | undefined;
}

type Rolled = Pick<Target, "name" | "rolling">;

/**
 * Returns what is called before each knock of a target: it warns once in the last tenth of the horizon.
 *
 * It throws a {@linkcode UsageError} of the code `horizon_over` after the horizon.
 */
export function watchHorizon(
  { name, rolling }: Rolled,
  { globals, onWarning, wallNow = Date.now }: HorizonOptions,
): () => void {
  let isWarned = false;
  const warn = (warning: string) => {
    if (!isWarned) onWarning(warning);
    isWarned = true;
  };
  return () => {
    if (rolling === undefined) return;
    const now = wallNow();
    if (now < FIRST_MOMENT) return warn(describeUnsetClock(name, now));
    const { until } = rolling;
    if (until === undefined) return;
    const state = judgeHorizon(rolling, now);
    if (state === "over") {
      const message = `"${name}": ${describeEnd(until, now)}, so nothing is sent`;
      throw new UsageError(message, { code: "horizon_over", hint: renderRenewal(name, globals) });
    }
    if (state === "last") {
      warn(`"${name}": ${describeEnd(until, now)}: ${renderRenewal(name, globals)}`);
    }
  };
}

/** Returns until when the firewall has codes: `until 2027-11-25 (in 30 days)`. */
export function describeHorizon({ from, until }: Rolling, now: number): string {
  if (until === undefined) return "not known: spknock rules --save keeps it";
  const end = `until ${renderEnd(until, now)}`;
  return from === undefined ? end : `from ${renderDay(from)} ${end}`;
}

/** Returns how the horizon ends or ended: `the firewall's codes end on 2027-11-25 (in 30 days)`. */
export function describeEnd(until: number, now: number): string {
  return `the firewall's codes ${now >= until ? "ended" : "end"} on ${renderEnd(until, now)}`;
}

function renderEnd(until: number, now: number): string {
  const distance = renderDistance(Math.abs(until - now));
  return `${renderDay(until)} (${now >= until ? `${distance} ago` : `in ${distance}`})`;
}

function describeUnsetClock(name: string, now: number): string {
  return `"${name}": the clock of this machine says ${
    renderDay(now)
  }, and one-time codes need the right ` +
    "time: see what spknock doctor says of it";
}

/** Returns a moment as `2027-11-25`; with the time of the day where it has one. */
function renderDay(at: number): string {
  const [day = "", time = ""] = new Date(at).toISOString().split("T");
  return at % DAY_MS === 0 ? day : `${day} ${time.slice(0, 5)} UTC`;
}

function renderDistance(ms: number): string {
  if (ms >= 2 * DAY_MS) return plural(Math.round(ms / DAY_MS), "day");
  if (ms >= HOUR_MS) return plural(Math.round(ms / HOUR_MS), "hour");
  return plural(Math.ceil(ms / 60_000), "minute");
}

/** Returns how the firewall gets codes again. */
function renderRenewal(name: string, globals: readonly string[]): string {
  const command = ["spknock rules", name, "--for ... --until 1y --save", ...globals].join(" ");
  return `write the rules again: ${command}`;
}
