/** Many targets: resolve them all, work on a bounded number at a time, report them all. */
import { SpknockError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { type Resolved, resolveHost } from "../net/resolve.ts";
import type { Output } from "../output/output.ts";
import { sanitize } from "../output/sanitize.ts";
import { renderTable } from "../output/table.ts";
import type { Context } from "./context.ts";
import type { DoorReport } from "./door.ts";
import { errorValue, reportFailure } from "./failure.ts";
import { countDone } from "./live.ts";
import { mapPool } from "./pool.ts";
import { renderRow, reportValue, worstExitCode } from "./report.ts";
import { parseCount } from "./select.ts";

/** Targets at a time, unless `--jobs` says otherwise. */
const DEFAULT_JOBS = 32;

/** A target with its pinned address. */
export interface Place {
  target: Target;
  resolved: Resolved;
}

/** What is done to the targets. */
export interface DoorWork {
  /** Before the first packet, if any host resolved. */
  prepare?(): Promise<void>;
  /** On one target; `index` is its place among the targets. */
  visit(place: Place, index: number): Promise<DoorReport>;
  /** After the last one, in the order of the targets. */
  onReports?(reports: readonly DoorReport[]): void;
}

/**
 * Works on every target, reports to people and scripts, and returns the worst exit code. A target
 * that fails does not stop the others.
 */
export async function workOnDoors(
  targets: readonly Target[],
  context: Context,
  { prepare, visit, onReports }: DoorWork,
): Promise<number> {
  const { args, out } = context;
  const jobs = args.read("jobs", (text) => parseCount(text, { max: 10_000 })) ?? DEFAULT_JOBS;
  // Names before secrets: nobody should type passphrases for a host that does not exist.
  const places = await mapPool(targets, jobs, { work: (target) => resolveTarget(target, context) });
  if (places.some((place) => "resolved" in place)) await prepare?.();
  const counter = targets.length === 1 ? undefined : countDone(targets.length, out);
  const reports = await mapPool(places, jobs, {
    work: async (place, index) => {
      const report = isPlace(place) ? await visitSafely(place, index) : place;
      counter?.done();
      return report;
    },
  });
  counter?.clear();
  onReports?.(reports);
  return report(reports, out);

  async function visitSafely(place: Place, index: number): Promise<DoorReport> {
    try {
      return await visit(place, index);
    } catch (error) {
      context.ports.signal.throwIfAborted();
      return { ...failed(place.target, error), resolved: place.resolved };
    }
  }
}

function isPlace(place: Place | DoorReport): place is Place {
  return !("status" in place);
}

async function resolveTarget(target: Target, { ports }: Context): Promise<Place | DoorReport> {
  const { lookup } = ports.net;
  try {
    const options = { family: target.family, ...(lookup ? { lookup } : {}) };
    return { target, resolved: await resolveHost(target.host, options) };
  } catch (error) {
    return failed(target, error);
  }
}

/** An expected failure as a report; anything else is a bug, and thrown. */
function failed(target: Target, error: unknown): DoorReport {
  if (!(error instanceof SpknockError)) throw error;
  return { target, status: "error", error, after: [] };
}

function report(reports: readonly DoorReport[], out: Output): number {
  out.value({ targets: reports.map(reportValue) });
  const [first] = reports;
  if (reports.length === 1 && first !== undefined) sayEnd(first, out);
  else out.say(renderTable(reports.map((each) => renderRow(each, out.style))));
  reportFailures(reports, out);
  return worstExitCode(reports);
}

/** Each failure once on stderr, the first one only as JSON, which is one value. */
function reportFailures(reports: readonly DoorReport[], out: Output): void {
  const failed = reports.filter((each) => each.error !== undefined);
  const told = new Set<string>();
  for (const { target, error } of out.json ? failed.slice(0, 1) : failed) {
    const { code, message, hint } = errorValue(error);
    const text = reports.length === 1 || out.json ? message : `${target.name}: ${message}`;
    const isNew = hint !== null && !told.has(hint);
    told.add(hint ?? "");
    const options = { hint: isNew ? hint : undefined, cause: error?.cause };
    reportFailure(new SpknockError(code, text, options), out);
  }
}

const ENDINGS = {
  open: "the door is open",
  sent: "sent; no probe tells whether the door is open",
  closed: "the door is not open",
  shut: "the door is shut",
  still_open: "the door is still open",
};

function sayEnd({ status, target, after, knocks }: DoorReport, out: Output): void {
  for (const { command, ok, detail } of after) {
    const end = ok ? out.style.good("ok") : out.style.bad("failed");
    out.say(`  after  ${sanitize(command)} ${end}${detail ? `  ${sanitize(detail)}` : ""}\n`);
  }
  if (status === "error") return;
  const tries = knocks !== undefined && knocks.tries > 1 ? ` after ${knocks.tries} tries` : "";
  const isMissed = status === "closed" || status === "still_open";
  const paint = isMissed ? out.style.warn : out.style.good;
  out.say(`${target.name}: ${paint(ENDINGS[status])}${tries}\n`);
}
