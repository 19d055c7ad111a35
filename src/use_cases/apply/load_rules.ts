/**
 * Loads rules on a server with a timed way back, proves them, and lets the server keep them or restore its former
 * ones. What counts is what the server says of its end: an answer can be lost on its way.
 */
import { SpknockError } from "../../core/errors.ts";
import type { Ports } from "../ports.ts";
import type { ApplyOutcome } from "./job.ts";
import { lookAtPorts, type LookedPort } from "./look_at_ports.ts";
import { type Proof, type ProofFailure, proveDoors } from "./prove_doors.ts";
import type { RunnerReport } from "../../apply/runner.ts";
import type { RulesToLoad, ServerRunner } from "./server_runner.ts";
import type { Steps } from "./steps.ts";

/** What is loaded, and how it is proven. */
interface Loading {
  runner: Pick<ServerRunner, "start" | "keep" | "undo" | "state" | "place">;
  load: RulesToLoad;
  proof: Omit<Proof, "onStep">;
  steps: Steps;
}

/** How it ended. */
type LoadOutcome = Pick<ApplyOutcome, "status" | "files" | "problem">;

/** Milliseconds after the deadline in which the server restores its rules. */
const RESTORE_MS = 5_000;
/** Milliseconds of the time that are kept for the login that keeps the rules. */
const RESERVE_MS = 2_000;

/** See the header. Once the rules are loaded, it ends when the server has decided. */
export async function loadRules(loading: Loading, ports: Ports): Promise<LoadOutcome> {
  const { steps, runner, load } = loading;
  steps.show({ name: "load", status: "running", detail: "sends and loads the rules" });
  const started = await runner.start(load);
  const refusal = explainRefusal(started, runner.place);
  if (refusal !== undefined) {
    steps.show({ name: "load", status: "failed", detail: refusal.text });
    return { status: "refused", files: [], problem: refusal };
  }
  const isLoaded = started.state === "loaded";
  const deadline = ports.clock.now() + (started.leftMs ?? load.rollbackMs);
  steps.setDeadline(deadline);
  if (!isLoaded) {
    const text = "the server stopped answering while the rules were loaded";
    steps.show({ name: "load", status: "failed", detail: text });
    return await takeBack({ text, hint: started.detail }, loading, {
      ports,
      deadline,
      isKeepSent: false,
    });
  }
  const detail =
    "in force; the server restores its former rules unless a new login says to keep them";
  steps.show({ name: "load", status: "ok", detail });
  const end = await proveAndKeep(loading, ports, deadline);
  if ("failure" in end) {
    return await takeBack(end.failure, loading, { ports, deadline, isKeepSent: end.isKeepSent });
  }
  steps.setDeadline(undefined);
  return showKept(end.kept, steps);
}

/** Why a load has changed nothing; undefined where it has, or where that is not known. */
function explainRefusal(
  { state, detail = "" }: RunnerReport,
  place: string,
): { text: string; hint: string } | undefined {
  const said = detail === "" ? "" : `: ${detail}`;
  const nothing = "nothing was changed there";
  if (state === "bad") return { text: `the server refused the rules${said}`, hint: nothing };
  if (state === "failed") return { text: `the rules could not be loaded${said}`, hint: nothing };
  if (state !== "busy") return undefined;
  const text = `another apply of these rules is under way on ${place}`;
  return { text, hint: "it ends by itself; try again then" };
}

async function proveAndKeep(
  loading: Loading,
  ports: Ports,
  deadline: number,
): Promise<{ kept: RunnerReport } | { failure: ProofFailure; isKeepSent: boolean }> {
  try {
    const failure = await proveInTime(loading, ports, deadline);
    if (failure !== undefined) return { failure, isKeepSent: false };
    const end = await keep(loading);
    return "kept" in end ? end : { ...end, isKeepSent: true };
  } catch (error) {
    // Ctrl-C, or a fault of ours: the server need not wait for the end of its time.
    const { state } = await loading.runner.undo();
    const detail = state === "kept"
      ? "the rules stay: the server had been told to keep them already"
      : state === undefined
      ? "the server restores its former rules by itself"
      : "the server has its former rules again";
    loading.steps.show({ name: "undo", status: "ok", detail });
    throw error;
  }
}

/** The proof, which ends before the way back fires. */
async function proveInTime(
  { proof, steps }: Loading,
  ports: Ports,
  deadline: number,
): Promise<ProofFailure | undefined> {
  const late = new AbortController();
  const done = new AbortController();
  ports.clock.sleepUntil(deadline - RESERVE_MS, done.signal).then(() => late.abort(), () => {});
  const signal = AbortSignal.any([ports.signal, late.signal]);
  try {
    return await proveDoors({ ...proof, onStep: steps.show }, { ...ports, signal });
  } catch (error) {
    ports.signal.throwIfAborted();
    if (late.signal.aborted) {
      return { text: "the proof did not end in time", hint: "--rollback 3m gives it more" };
    }
    if (error instanceof SpknockError) return { text: error.message, hint: error.hint };
    throw error;
  } finally {
    done.abort();
  }
}

/** Tells the server over a new connection that it keeps the rules. */
async function keep(
  { runner, steps }: Loading,
): Promise<{ kept: RunnerReport } | { failure: ProofFailure }> {
  steps.show({ name: "keep", status: "running", detail: `a new login at ${runner.place}` });
  const end = await runner.keep();
  if (end.state === "kept") return { kept: end };
  const text = end.state === "late"
    ? "too late: the server had restored its former rules already"
    : `a new login at ${runner.place} did not work`;
  steps.show({ name: "keep", status: "failed", detail: text });
  const hint = end.state === "late" ? "--rollback 3m gives more time" : end.detail;
  return { failure: { text, hint } };
}

function showKept(end: RunnerReport, steps: Steps): LoadOutcome {
  steps.show({ name: "keep", status: "ok", detail: "a new login works; the rules stay" });
  const { files, persist, detail: said } = end;
  const problems = said === undefined ? [] : [said];
  if (persist?.status === "done") {
    steps.show({ name: "persist", status: "ok", detail: files.join(", ") });
  } else if (persist?.status === "failed") {
    const detail = "the rules are in force until the next reboot only";
    steps.show({ name: "persist", status: "failed", detail });
    problems.push(`the rules do not stay after a reboot: ${persist.reason}`);
  } else {
    const detail = "the rules are in force until the next reboot";
    steps.show({ name: "persist", status: "skipped", detail });
  }
  const problem = problems.length === 0 ? undefined : { text: problems.join("; ") };
  return { status: "applied", files, problem };
}

/** Waits until the server has its former rules again. */
async function takeBack(
  problem: ProofFailure,
  { runner, proof, steps }: Loading,
  { ports, deadline, isKeepSent }: { ports: Ports; deadline: number; isKeepSent: boolean },
): Promise<LoadOutcome> {
  steps.show({ name: "undo", status: "running", detail: "the server restores its former rules" });
  let end = await runner.undo();
  if (end.state === undefined || end.state === "loaded") {
    await ports.clock.sleepUntil(deadline + RESTORE_MS, ports.signal);
    end = await runner.state();
  }
  steps.setDeadline(undefined);
  // The answer to "keep" was lost: it had arrived.
  if (end.state === "kept") return showKept(end, steps);
  const show = (status: "ok" | "failed", detail: string) =>
    steps.show({ name: "undo", status, detail });
  if (end.state === "loaded") {
    show("failed", `${runner.place} has not restored its former rules: its process was ended`);
    return { status: "unknown", files: [], problem };
  }
  const isUndone = end.state === "undone" || end.state === "late";
  const missing = await findMissing(proof.before, ports);
  const isSeen = missing === undefined && proof.before.some(({ answer }) => answer === "open");
  // A server that was told to keep the rules may have done it; the doors can be open for us by the proof's knocks.
  if (!isUndone && (isKeepSent || !isSeen)) {
    show("failed", `${runner.place} does not say which rules it has; see with --status`);
    return { status: "unknown", files: [], problem };
  }
  const seen = isSeen ? "; what was open before answers" : "";
  if (missing === undefined) show("ok", `the server has its former rules again${seen}`);
  else show("failed", `the server has its former rules again, but ${missing} does not answer`);
  return { status: "undone", files: [], problem };
}

/** A port that was open before, and is not any more; undefined where all are as before. */
async function findMissing(
  before: readonly LookedPort[],
  ports: Ports,
): Promise<string | undefined> {
  const open = before.filter(({ answer }) => answer === "open");
  const after = await lookAtPorts(open, ports);
  const missing = after.find(({ answer }) => answer !== "open");
  return missing && `port ${missing.port} of ${missing.address}`;
}
