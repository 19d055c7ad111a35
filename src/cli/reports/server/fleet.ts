/** What happened on many machines: for people a line each, for scripts one array, and as an exit code. */
import { SpknockError } from "../../../core/errors.ts";
import { renderService } from "../../../core/service.ts";
import type { Output } from "../../../output/output.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import type { FleetReport } from "../../../use_cases/apply/apply_fleet.ts";
import type { ApplyOutcome, ApplySummary } from "../../../use_cases/apply/job.ts";
import type { ServerStatus } from "../../../use_cases/apply/read_status.ts";
import { EXIT, findExitCode, mergeExitCodes } from "../../exit_codes.ts";
import { reportError, toErrorValue } from "../../report_error.ts";
import { APPLY_EXITS, describeStatus } from "./apply_progress.ts";

/** What is shown of a machine. */
export interface FleetRow {
  /** One word: `applied`. */
  status: string;
  /** For people: escaped here. */
  detail: string;
  hint?: string | undefined;
  /** Of this machine alone. */
  exitCode: number;
  /** More keys of its JSON value. */
  value?: Readonly<Record<string, unknown>> | undefined;
}

/** Returns what is shown of an apply. */
export function toApplyRow({ status, summary, files, problem, steps }: ApplyOutcome): FleetRow {
  const failed = steps.find((step) => step.name === "persist" && step.status === "failed");
  const kept = files.length === 0 ? "" : `kept in ${files.join(", ")}`;
  const stop = summary?.concerns.find(({ severity }) => severity === "stop");
  const { text: detail, hint } = problem ?? stop ??
    { text: failed === undefined ? kept : `not kept after a reboot: ${failed.detail}` };
  return {
    status,
    detail,
    hint,
    exitCode: APPLY_EXITS[status],
    value: {
      backend: summary?.backend.name ?? null,
      concerns: summary?.concerns ?? [],
      steps: steps.map(({ name, status, detail }) => ({ name, status, detail })),
      files,
    },
  };
}

/**
 * Prints the reports for people or scripts; returns the most serious exit code.
 *
 * @param describe what is shown of a machine that reported no error.
 */
export function reportFleet<T>(
  reports: readonly FleetReport<T>[],
  out: Output,
  { describe }: { describe: (outcome: T) => FleetRow },
): number {
  const rows = reports.map(({ group, outcome, error }) => ({
    group,
    error,
    ...(outcome === undefined ? describeError(error) : describe(outcome)),
  }));
  out.value(rows.map(({ group, status, detail, hint, value }) => ({
    place: group.place,
    targets: group.targets.map(({ name }) => name),
    status,
    detail,
    hint: hint ?? null,
    ...value,
  })));
  out.say(renderTable(rows.map(({ group, status, detail, exitCode }) => [
    sanitize(group.place),
    group.targets.map(({ name }) => name).join(", "),
    exitCode === EXIT.done ? out.style.good(status) : out.style.bad(status),
    sanitize(detail),
  ])));
  const failed = rows.filter(({ exitCode }) => exitCode !== EXIT.done);
  for (const { group, status, detail, hint, error } of out.json ? failed.slice(0, 1) : []) {
    const message = `${group.place}: ${status}${detail === "" ? "" : `: ${detail}`}`;
    reportError(new SpknockError(error?.code ?? status, message, { hint }), out);
  }
  if (out.quiet && !out.json) {
    for (const { group, status, detail } of failed) {
      out.error(sanitize(`error: ${group.place}: ${status}${detail === "" ? "" : `: ${detail}`}`));
    }
  }
  for (const hint of new Set(failed.flatMap(({ hint }) => hint ?? []))) {
    out.note(`hint: ${sanitize(hint)}`);
  }
  return mergeExitCodes(rows.map(({ exitCode }) => exitCode));
}

/** A machine that was not begun has neither an outcome nor an error. */
function describeError(error: SpknockError | undefined): FleetRow {
  if (error === undefined) return { status: "skipped", detail: "", exitCode: EXIT.cancelled };
  const { message, hint } = toErrorValue(error);
  const detail = message.replaceAll("\n", "; ");
  return { status: "error", detail, hint: hint ?? undefined, exitCode: findExitCode(error) };
}

/** Shows on stderr what an apply to many machines will do: a line each, and what there is to say about it. */
export function printFleetPlan(reports: readonly FleetReport<ApplyOutcome>[], out: Output): void {
  const lines = reports.map(({ group, outcome, error }) => [
    sanitize(group.place),
    group.targets.map(({ name }) => name).join(", "),
    ...(outcome?.status === "dry-run" && outcome.summary !== undefined
      ? [outcome.summary.backend.name, describeChange(outcome.summary)]
      : ["-", sanitize(describeIdle(outcome, error))]),
  ]);
  out.note(renderTable(lines).trimEnd());
  for (const { group, outcome } of reports) {
    for (const { severity, text, hint } of outcome?.summary?.concerns ?? []) {
      if (severity === "stop") continue;
      out.note(sanitize(`${severity}: ${group.place}: ${text}`));
      if (hint !== undefined) out.note(`  hint: ${sanitize(hint)}`);
    }
    for (const { severity, reason } of outcome?.summary?.weak ?? []) {
      if (severity !== "info") out.note(sanitize(`${severity}: ${group.place}: ${reason}`));
    }
  }
}

function describeChange({ plan, isReplacing }: ApplySummary): string {
  const opens = plan.doors.flatMap(({ opens, forwards }) => [
    ...opens,
    ...forwards.map(({ service }) => service),
  ]);
  const closes = [...new Set(opens.map(renderService))].join(", ");
  return `closes ${closes} until a knock${isReplacing ? ", replaces its former rules" : ""}`;
}

function describeIdle(outcome: ApplyOutcome | undefined, error: SpknockError | undefined): string {
  const { status, detail } = outcome === undefined ? describeError(error) : toApplyRow(outcome);
  return detail === "" ? status : `${status}: ${detail}`;
}

/** Returns what is shown of the rules that a machine runs. */
export function toStatusRow({ status, running, backend }: ServerStatus): FleetRow {
  return {
    status,
    detail: describeStatus({ status, running }),
    exitCode: status === "same" ? EXIT.done : EXIT.closed,
    value: { backend, digest: running.digest ?? null, files: running.files },
  };
}
