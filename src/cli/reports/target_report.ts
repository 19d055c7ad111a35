/** What happened to targets: for people line by line, for scripts as one value, and as an exit code. */
import { renderFamily } from "../../core/address/syntax.ts";
import { renderElapsed } from "../../core/duration.ts";
import { SpknockError } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { plural } from "../../core/text.ts";
import type { ProbeOutcome } from "../../knock/until_open.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Style } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { renderGivenUp } from "../../knock/given_up.ts";
import type { Target } from "../../core/target.ts";
import type { TargetReport } from "../../use_cases/target_report.ts";
import { EXIT, findExitCode, mergeExitCodes } from "../exit_codes.ts";
import { reportOneTime } from "./one_time/left.ts";
import { reportError, toErrorValue } from "../report_error.ts";

/** One way to print reports: a new format is one row of {@linkcode RENDERERS}. */
interface ReportRenderer {
  fits(reports: readonly TargetReport[], out: Output): boolean;
  render(reports: readonly TargetReport[], out: Output): void;
}

/** The first one that fits is used. */
const RENDERERS: readonly ReportRenderer[] = [
  {
    fits: (_reports, out) => out.json,
    render: (reports, out) => out.value({ targets: reports.map(toReportValue) }),
  },
  {
    fits: (reports) => reports.length === 1,
    render: (reports, out) => reports.forEach((report) => printEnd(report, out)),
  },
  {
    fits: () => true,
    render: (reports, out) =>
      out.say(renderTable(reports.map((report) => renderRow(report, out.style)), {
        width: out.tableWidth,
      })),
  },
];

/**
 * Prints the reports for people or scripts; returns the most serious exit code.
 *
 * @param options.examine returns the command that finds out more about a door that did not open;
 * undefined where none does.
 */
export function reportTargets(
  reports: readonly TargetReport[],
  out: Output,
  { examine }: { examine?: ((target: Target) => string) | undefined } = {},
): number {
  RENDERERS.find(({ fits }) => fits(reports, out))?.render(reports, out);
  if (out.quiet && !out.json) printMissed(reports, out);
  reportFailures(reports, out);
  for (const report of reports) reportOneTime(report, out);
  const closed = reports.find(({ status }) => status === "closed");
  if (examine !== undefined && closed !== undefined) {
    out.note(`hint: find out why: ${examine(closed.target)}`);
  }
  return mergeExitCodes(reports.map(findTargetExitCode));
}

function findTargetExitCode({ status, error, after }: TargetReport): number {
  if (error !== undefined) return findExitCode(error);
  const isMissed = status === "closed" || status === "still_open";
  return isMissed || after.some(({ ok }) => !ok) ? EXIT.closed : EXIT.done;
}

/** Each failure once on stderr; with `--json` only the first one, since stderr has one value. */
function reportFailures(reports: readonly TargetReport[], out: Output): void {
  const failed = reports.filter((report) => report.error !== undefined);
  const printed = new Set<string>();
  for (const { target, error } of out.json ? failed.slice(0, 1) : failed) {
    const { code, message, hint } = toErrorValue(error);
    const text = reports.length === 1 || out.json ? message : `${target.name}: ${message}`;
    const isNew = hint !== null && !printed.has(hint);
    printed.add(hint ?? "");
    const options = { hint: isNew ? hint : undefined, cause: error?.cause };
    reportError(new SpknockError(code, text, options), out);
  }
}

/** With `--quiet` a line for each target that is not as it should be: the exit code alone names none. */
function printMissed(reports: readonly TargetReport[], out: Output): void {
  for (const { target: { name }, status, knocks, after } of reports) {
    const failed = after.find(({ ok }) => !ok);
    if (status === "closed" || status === "still_open") {
      out.error(`error: ${name}: ${ENDINGS[status]}${renderTries(knocks)}`);
    } else if (failed !== undefined) {
      out.error(`error: ${name}: after ${sanitize(failed.command)} failed`);
    }
  }
}

const ENDINGS = {
  open: "the door is open",
  sent: "sent; no probe tells whether the door is open",
  closed: "the door is not open",
  shut: "the door is closed",
  still_open: "the door is still open",
};

/** Says how many tries there were, where that was more than one. */
function renderTries(knocks: TargetReport["knocks"]): string {
  return knocks !== undefined && knocks.tries > 1
    ? ` after ${plural(knocks.tries, "try", "tries")}`
    : "";
}

function printEnd({ status, target, after, knocks, givenUp }: TargetReport, out: Output): void {
  for (const { command, ok, detail } of after) {
    const end = ok ? out.style.good("ok") : out.style.bad("failed");
    out.say(`  after  ${sanitize(command)} ${end}${detail ? `  ${sanitize(detail)}` : ""}\n`);
  }
  if (status === "error") return;
  if (knocks?.unreachable !== undefined && givenUp !== undefined && !knocks.isOpen) {
    out.say(`  no packet gets there: ${sanitize(renderGivenUp(givenUp))}\n`);
  }
  const isMissed = status === "closed" || status === "still_open";
  const paint = isMissed ? out.style.warn : out.style.good;
  out.say(`${target.name}: ${paint(ENDINGS[status])}${renderTries(knocks)}\n`);
}

/** Returns a report as the JSON contract has it. */
export function toReportValue(
  { target, resolved, status, knocks, givenUp, after, oneTime, error }: TargetReport,
): unknown {
  return {
    target: target.name,
    host: target.host,
    address: resolved?.address ?? null,
    addresses: resolved?.all.map(({ address }) => address) ?? [],
    status,
    tries: knocks?.tries ?? 0,
    packets: knocks?.packets ?? 0,
    sequence: target.knocks.map(renderPortSpec),
    sent_ms: knocks === undefined ? null : round(knocks.sentMs),
    probes: (knocks?.probes ?? []).map(toProbeValue),
    after,
    ...(oneTime === undefined ? {} : { one_time: oneTime }),
    ...(givenUp === undefined ? {} : { given_up: givenUp }),
    ...(error === undefined ? {} : { error: toErrorValue(error) }),
  };
}

/** Returns a probe's outcome as the JSON contract has it. */
function toProbeValue({ label, status, ms, detail }: ProbeOutcome): unknown {
  return { probe: label, status, ms: round(ms), detail };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** A status in its colour. */
function paintStatus(status: string, style: Style): string {
  if (status === "open" || status === "sent" || status === "shut") return style.good(status);
  return status === "closed" ? style.warn(status) : style.bad(status);
}

/** Renders a probe's outcome: `tcp 22 open 12 ms  detail`. */
export function renderProbe(
  { label, over, status, ms, detail }: ProbeOutcome,
  style: Style,
): string {
  const about = detail === "" ? "" : `  ${style.faint(sanitize(detail))}`;
  const way = over === undefined ? "" : ` over ${renderFamily(over)}`;
  return `${sanitize(label)}${way} ${paintStatus(status, style)} ${renderElapsed(ms)}${about}`;
}

/** The columns of one line a target; its error is on stderr. */
function renderRow(report: TargetReport, style: Style): string[] {
  const { target, resolved, status, knocks, after } = report;
  const failed = after.find(({ ok }) => !ok);
  const details = [
    ...(knocks?.probes ?? []).map((probe) => renderProbe(probe, style)),
    ...(knocks !== undefined && knocks.tries > 1 ? [`${knocks.tries} tries`] : []),
    ...(failed === undefined ? [] : [style.bad(`after: ${sanitize(failed.detail)}`)]),
  ];
  return [
    target.name,
    paintStatus(status, style),
    resolved?.address ?? sanitize(target.host),
    details.join(", "),
  ];
}
