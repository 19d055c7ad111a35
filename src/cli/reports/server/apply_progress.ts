/**
 * What people see of an apply: a line a step, live with the time until the way back fires; before it what will be
 * closed, opened and left alone, with what was noticed about the server; and how it ended.
 */
import { CancelledError, SpknockError } from "../../../core/errors.ts";
import type { Output } from "../../../output/output.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { wrapWords } from "../../../output/wrap.ts";
import type {
  ApplyHooks,
  ApplyOutcome,
  ApplyStep,
  ApplySummary,
} from "../../../use_cases/apply/job.ts";
import type { Concern } from "../../../apply/concern.ts";
import type { ServerStatus } from "../../../use_cases/apply/read_status.ts";
import type { Context } from "../../command.ts";
import { makeSecretOptions, requirePrompter, type SecretChoice } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { askTwice } from "../../questions/secret_questions.ts";
import { reportError } from "../../report_error.ts";
import { drawPlan } from "../documents/plan_picture.ts";
import { printWeaknesses, toPlanValue } from "../documents/rule_set.ts";

/** Columns of the name of a step. */
const LABEL_WIDTH = 10;
const INDENT = "  ";
/** Erases the line of the step that is under way. */
const CLEAR_LINE = "\r\x1b[2K";

/** How an apply asks. */
interface HookOptions {
  secrets: SecretChoice;
  /** `--yes`: without a question. */
  isSure: boolean;
}

/** Makes what an apply of one place shows and asks. */
export function makeApplyHooks(
  context: Context,
  { secrets, isSure }: HookOptions,
): ApplyHooks & { confirmRemoval(place: string): Promise<boolean> } {
  const line = createLiveLine(context);
  const passphrases = makeSecretOptions(context, secrets, askTwice);
  const passwords = makeSecretOptions(context);
  const ask = async (message: string) => {
    if (isSure) return true;
    line.clear();
    const prompter = await requirePrompter(context, "without a question: --yes");
    return await prompter.confirm({ message, default: true });
  };
  return {
    ...passphrases,
    ask: (message) => (line.clear(), passphrases.ask(message)),
    askPassword: (message) => (line.clear(), passwords.ask(message)),
    onStep: (step) => line.show(step),
    onSummary: (summary) => showSummary(summary, context),
    confirm: ({ place }) => ask(`Load these rules on ${sanitize(place)}?`),
    confirmRemoval: (place) => ask(`Remove the rules from ${sanitize(place)}?`),
  };
}

/** The step that is under way on a terminal, with the seconds that are left; what has ended is above it. */
function createLiveLine({ out, ports: { clock, signal } }: Context) {
  let ticking = new AbortController();
  const clear = () => {
    ticking.abort();
    if (out.isLive) out.say(CLEAR_LINE);
  };
  const tick = async (step: ApplyStep, end: number) => {
    ticking = new AbortController();
    const stop = AbortSignal.any([signal, ticking.signal]);
    try {
      for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
        out.say(`${CLEAR_LINE}${renderRunning({ ...step, leftMs: left }, out)}`);
        await clock.sleepUntil(clock.now() + Math.min(left, TICK_MS), stop);
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  };
  return {
    clear,
    show(step: ApplyStep): void {
      clear();
      if (step.status !== "running") return out.say(renderStep(step, out));
      if (!out.isLive) return;
      if (step.leftMs === undefined) return out.say(renderRunning(step, out));
      void tick(step, clock.now() + step.leftMs);
    },
  };
}

const TICK_MS = 1_000;

function renderLeft({ leftMs }: ApplyStep): string {
  return leftMs === undefined ? "" : ` (${Math.round(leftMs / 1_000)} s left)`;
}

/** In one line: it is erased. */
function renderRunning(step: ApplyStep, { style: { faint }, width }: Output): string {
  const left = renderLeft(step);
  const room = width - INDENT.length - LABEL_WIDTH - left.length;
  const [first = ""] = wrapWords(sanitize(step.detail), { width: room });
  return `${INDENT}${faint(step.name.padEnd(LABEL_WIDTH))}${first}${left}`;
}

function renderStep(step: ApplyStep, { style, width, isLive }: Output): string {
  const { name, status, detail } = step;
  const words = { running: "", ok: "", failed: "failed: ", skipped: "not checked: " };
  const paint = { running: style.faint, ok: style.good, failed: style.bad, skipped: style.warn };
  const text = `${words[status]}${sanitize(detail)}${renderLeft(step)}`;
  const room = isLive ? width - INDENT.length - LABEL_WIDTH : Infinity;
  const lines = wrapWords(text, { width: room });
  const label = `${INDENT}${paint[status](name.padEnd(LABEL_WIDTH))}`;
  return `${label}${lines.join(`\n${" ".repeat(INDENT.length + LABEL_WIDTH)}`)}\n`;
}

/** Prints what will happen on a server, and what was noticed about it. */
function showSummary(summary: ApplySummary, context: Context): void {
  const { out } = context;
  const { plan, weak, concerns, isReplacing } = summary;
  out.say(`\n${drawPlan(plan)}\n`);
  printWeaknesses(weak, context);
  // The first stop is how it ends: said there.
  const ending = concerns.find(({ severity }) => severity === "stop");
  for (const concern of concerns) if (concern !== ending) noteConcern(concern, context);
  if (isReplacing) out.note("note: these rules replace those of the same name that run there");
}

function noteConcern({ severity, text, hint }: Concern, { out }: Context): void {
  const { bad, warn, faint } = out.noteStyle;
  const paints = { stop: bad, warning: warn, note: faint };
  const word = severity === "stop" ? "error" : severity;
  const paint = paints[severity];
  out.note(`${paint(`${word}:`)} ${sanitize(text)}`);
  if (hint !== undefined) out.note(`  ${faint("hint:")} ${sanitize(hint)}`);
}

/** Prints how it ended; returns the exit code. */
export function reportOutcome(
  outcome: ApplyOutcome,
  context: Context,
  { place: given }: { place: string },
): number {
  const { out } = context;
  const { status, problem } = outcome;
  out.value(toOutcomeValue(outcome, given));
  if (status === "declined") throw new CancelledError();
  const place = sanitize(given);
  const texts: Record<typeof status, string> = {
    applied: `${place} guards these ports now`,
    removed: `${place} does not guard these ports any more`,
    unchanged: `nothing to change on ${place}`,
    "dry-run": `nothing was changed on ${place}`,
    refused: `nothing was changed on ${place}`,
    undone: `${place} has its former rules again`,
    unknown: `it is not known what ${place} runs`,
  };
  const isGood = APPLY_EXITS[status] === EXIT.done;
  const paint = isGood ? out.style.good : out.style.bad;
  reportProblem(isGood ? problem : problem ?? { text: texts[status] }, out, { status, isGood });
  out.say(`${paint(texts[status])}\n`);
  return APPLY_EXITS[status];
}

/** A warning where the rest is good; else the error, which is one value with `--json`. */
export function reportProblem(
  problem: ApplyOutcome["problem"],
  out: Output,
  { status, isGood }: { status: string; isGood: boolean },
): void {
  if (problem === undefined) return;
  const { text, hint } = problem;
  if (!isGood) return void reportError(new SpknockError(status, text, { hint }), out);
  if (out.json) return;
  const { warn, faint } = out.noteStyle;
  out.error(`${warn("warning:")} ${sanitize(text)}`);
  if (hint !== undefined) out.error(`${faint("hint:")} ${sanitize(hint)}`);
}

/** The exit code of each end. */
export const APPLY_EXITS: Readonly<Record<ApplyOutcome["status"], number>> = {
  applied: EXIT.done,
  removed: EXIT.done,
  unchanged: EXIT.done,
  "dry-run": EXIT.done,
  declined: EXIT.cancelled,
  refused: EXIT.closed,
  undone: EXIT.closed,
  unknown: EXIT.network,
};

/** Returns an outcome as the JSON contract has it. */
function toOutcomeValue(
  { status, summary, steps, files, problem }: ApplyOutcome,
  place: string,
): unknown {
  return {
    status,
    place,
    backend: summary?.backend.name ?? null,
    system: summary?.look.system ?? null,
    plan: summary === undefined ? null : toPlanValue(summary.plan),
    concerns: summary?.concerns ?? [],
    steps: steps.map(({ name, status, detail, leftMs }) => ({
      name,
      status,
      detail,
      left_ms: leftMs === undefined ? null : Math.round(leftMs),
    })),
    files,
    problem: problem ?? null,
  };
}

/** Prints which rules a server runs; returns the exit code. */
export function reportStatus(
  { place, status, running, backend, digest }: ServerStatus,
  { out }: Context,
): number {
  const { appliedAt, files, persistedDigest, persist, isBusy } = running;
  const since = appliedAt === undefined ? undefined : new Date(appliedAt).toISOString();
  const stays = persist === "done" && persistedDigest !== undefined &&
    persistedDigest === running.digest;
  out.value({
    place,
    status,
    backend,
    digest: running.digest ?? null,
    wanted_digest: digest,
    since: since ?? null,
    persistent: stays,
    files,
    busy: isBusy,
  });
  const isGood = status === "same";
  const paint = isGood ? out.style.good : out.style.bad;
  out.print(`${sanitize(place)}: ${paint(describeStatus({ status, running }))}\n`);
  if (status === "none") return EXIT.closed;
  out.say(`${stays ? "they stay" : "they do not stay"} after a reboot\n`);
  for (const file of files) out.say(`  ${sanitize(file)}\n`);
  return isGood ? EXIT.done : EXIT.closed;
}

const STATUS_TEXTS: Readonly<Record<ServerStatus["status"], string>> = {
  none: "no rules of this name are loaded",
  other: "it runs other rules than those that would be written now",
  same: "it runs these rules",
  changed: "it runs these rules, but they were changed by hand since",
};

/** Returns which rules a server runs, and since when, in words. */
export function describeStatus(
  { status, running: { appliedAt } }: Pick<ServerStatus, "status" | "running">,
): string {
  if (appliedAt === undefined || status === "none") return STATUS_TEXTS[status];
  const since = new Date(appliedAt).toISOString().slice(0, 16).replace("T", " ");
  return `${STATUS_TEXTS[status]}, since ${since} UTC`;
}
