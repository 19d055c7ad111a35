/** What people see of a setup besides the apply: each stage, how it ended, and what to keep on paper. */
import { renderKnocks } from "../../../core/knock.ts";
import { renderServices } from "../../../core/service.ts";
import { CancelledError } from "../../../core/errors.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { listPaperCodes } from "../../../use_cases/setup/list_paper_codes.ts";
import type {
  SavedDoor,
  SetupReport,
  SetupRequest,
  SetupStage,
} from "../../../use_cases/setup/request.ts";
import { listWayBack } from "../../../use_cases/setup/way_back.ts";
import type { Context } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";
import { reportError } from "../../report_error.ts";
import { APPLY_EXITS, reportProblem } from "./apply_progress.ts";
import { renderCodeList, toCodesValue } from "../code_list.ts";

const KINDS: Readonly<Record<SavedDoor["kind"], string>> = {
  codes: "one-time codes",
  passphrases: "secret knocks",
  other: "regular knocks",
};

/** Prints what was saved; the other stages speak for themselves. */
export function showSaved(
  { target, isNew, kind, reason, secretFiles }: SavedDoor,
  { out, file, trusted }: Pick<Context, "out"> & {
    file: string;
    trusted: SetupRequest["trusted"];
  },
): void {
  const { name, opens } = target;
  const what = `${KINDS[kind]} to ${renderKnocks(target)} open ${renderServices(opens)}`;
  const say = (line: string) => out.say(`${out.wrap(line)}\n`);
  say(`${isNew ? "saved" : "found"} ${name} in ${sanitize(file)}: ${what}`);
  if (!isNew && trusted.length === 0) {
    out.note("note: no network is trusted; those of an earlier run are named each time: --trust");
  }
  if (reason !== undefined) out.note(`note: passphrases, not one-time codes: ${sanitize(reason)}`);
  const [first] = secretFiles;
  if (!isNew || first === undefined) return;
  const noun = plural(secretFiles.length, "secret");
  say(`made ${noun} that only you can read, in ${sanitize(first.replace(/[^/\\]*$/, ""))}`);
}

/** What is done, for the line of a setup that did not come to its end. */
const DONE: Readonly<Record<SetupStage, string>> = {
  saved: "the target is saved",
  applied: "the rules are proven and in force",
  installed: "ssh knows the target",
  checked: "a login came through the door",
};

/** Returns what is done already and how to go on; undefined where nothing is. */
export function describeDone(stages: readonly SetupStage[], again: string): string | undefined {
  if (stages.length === 0) return undefined;
  return `done: ${stages.map((stage) => DONE[stage]).join(", ")}; go on with: ${again}`;
}

/** What goes to the paper. */
type PaperCodes = Awaited<ReturnType<typeof listPaperCodes>>;

/** What a report is printed with. */
interface ReportOptions {
  request: SetupRequest;
  /** The file of targets. */
  file: string;
  /** The command that goes on. */
  again: string;
  codes: PaperCodes;
}

/** Prints how it ended; returns the exit code. */
export function reportSetup(
  report: SetupReport,
  { out }: Pick<Context, "out">,
  options: ReportOptions,
): number {
  const { status, stages, door, outcome, login, isShut, problem } = report;
  out.value(toValue(report, options));
  if (stages.includes("applied") && door !== undefined && outcome !== undefined) {
    out.say(`\n${renderPaper({ ...report, door, outcome }, options, out)}\n`);
  }
  const { good } = out.style;
  reportProblem(problem, out, { status, isGood: status === "done" });
  if (status === "done") {
    const text = login === undefined
      ? "Done: the rules are proven and in force. ssh needs no knock: its port is not among them."
      : `Done: a login came through the ${isShut ? "closed " : ""}door:`;
    out.say(`${good(text)} ${login?.command ?? ""}`.trimEnd() + "\n");
    return EXIT.done;
  }
  const done = describeDone(stages, options.again);
  if (done !== undefined && !out.json) out.error(done);
  if (status === "declined") return reportError(new CancelledError(), out);
  return status === "no-login" || outcome === undefined ? EXIT.closed : APPLY_EXITS[outcome.status];
}

type Applied = SetupReport & Required<{ door: SavedDoor }> & {
  outcome: NonNullable<SetupReport["outcome"]>;
};

function renderPaper(
  { door, outcome }: Applied,
  { request: { name, place }, codes }: ReportOptions,
  { width }: { width: number },
): string {
  const back = listWayBack(outcome).map((line) => `    ${sanitize(line)}`);
  const files = door.secretFiles.map((path) => `    ${sanitize(path)}`);
  return [
    "Keep on paper:",
    `  If no knock opens the door, as root on the console of ${sanitize(door.target.host)}:`,
    ...back,
    `  While ssh still logs in: spknock apply ${name} ${sanitize(place)} --remove`,
    ...(files.length === 0
      ? []
      : ["", "Back up, and keep secret: what opens the door, and closes it:", ...files]),
    ...(codes === undefined ? [] : ["", renderCodeList(codes.target, codes, { width }).trimEnd()]),
    "",
  ].join("\n");
}

function toValue(
  { status, stages, door, outcome, written, login, isShut, problem }: SetupReport,
  { request, file, again, codes }: ReportOptions,
): unknown {
  return {
    target: request.name,
    place: request.place,
    host: door?.target.host ?? null,
    status,
    done: stages,
    is_new: door?.isNew ?? null,
    kind: door?.kind ?? null,
    reason: door?.reason ?? null,
    file,
    secret_files: door?.secretFiles ?? [],
    apply: outcome?.status ?? null,
    backend: outcome?.summary?.backend.name ?? null,
    rules_files: outcome?.files ?? [],
    way_back: outcome === undefined ? [] : listWayBack(outcome),
    ssh_files: written ?? null,
    login: login === undefined
      ? null
      : { command: login.command, is_in: login.isIn, was_shut: isShut, detail: login.detail },
    codes: codes === undefined ? null : toCodesValue(codes.target, codes),
    problem: problem === undefined ? null : { message: problem.text, hint: problem.hint ?? null },
    next: status === "done" ? null : again,
  };
}
