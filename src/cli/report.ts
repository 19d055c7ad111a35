/** What became of targets: for people line by line, for scripts as one value, and as an exit code. */
import { renderElapsed } from "../core/duration.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { ProbeOutcome } from "../knock/until_open.ts";
import { sanitize } from "../output/sanitize.ts";
import type { Style } from "../output/style.ts";
import type { DoorReport } from "./door.ts";
import { errorValue, EXIT, exitCodeOf } from "./failure.ts";

/** The exit code of one target. */
export function exitCodeOfDoor({ status, error, after }: DoorReport): number {
  if (error !== undefined) return exitCodeOf(error);
  const isMissed = status === "closed" || status === "still_open";
  return isMissed || after.some(({ ok }) => !ok) ? EXIT.closed : EXIT.done;
}

/** The worst of several: network over closed over done. */
export function worstExitCode(reports: readonly DoorReport[]): number {
  return Math.max(EXIT.done, ...reports.map(exitCodeOfDoor));
}

/** A report as the JSON contract has it. */
export function reportValue(
  { target, resolved, status, knocks, after, error }: DoorReport,
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
    probes: (knocks?.probes ?? []).map(probeValue),
    after,
    ...(error === undefined ? {} : { error: errorValue(error) }),
  };
}

/** A probe's outcome as the JSON contract has it. */
export function probeValue({ label, status, ms, detail }: ProbeOutcome): unknown {
  return { probe: label, status, ms: round(ms), detail };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** `open` in green and its kin. */
export function paintStatus(status: string, style: Style): string {
  if (status === "open" || status === "sent" || status === "shut") return style.good(status);
  return status === "closed" ? style.warn(status) : style.bad(status);
}

/** `tcp 22 open 12 ms (detail)`. */
export function renderProbe({ label, status, ms, detail }: ProbeOutcome, style: Style): string {
  const about = detail === "" ? "" : `  ${style.faint(sanitize(detail))}`;
  return `${sanitize(label)} ${paintStatus(status, style)} ${renderElapsed(ms)}${about}`;
}

/** The columns of one line a target; what its error says stands on stderr. */
export function renderRow(report: DoorReport, style: Style): string[] {
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
