/**
 * Loads rules on a server with a timed way back, proves them, and lets the server keep them or restore its former
 * ones. What counts is what the server says of its end: an answer can be lost on its way.
 */
import { SpknockError } from "../../core/errors.ts";
import type { Ports } from "../ports.ts";
import type { ApplyOutcome } from "./job.ts";
import { lookAtPorts } from "./look_at_ports.ts";
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
  if (started.state !== "loaded") return explainStart(started, loading);
  const leftMs = started.leftMs ?? 0;
  const deadline = ports.clock.now() + leftMs;
  steps.setDeadline(deadline);
  const detail =
    "in force; the server restores its former rules unless a new login says to keep them";
  steps.show({ name: "load", status: "ok", detail });
  const failure = await proveInTime(loading, ports, deadline);
  const end = failure === undefined ? await keep(loading) : { failure };
  if ("failure" in end) return await takeBack(end.failure, loading, { ports, deadline });
  steps.setDeadline(undefined);
  return showKept(end.kept, steps);
}

/** The end of a load that did not come to its proof. */
function explainStart(
  { state, detail = "" }: RunnerReport,
  { steps, runner: { place } }: Loading,
): LoadOutcome {
  const said = detail === "" ? "" : `: ${detail}`;
  const texts: Readonly<Record<string, { text: string; hint: string }>> = {
    busy: {
      text: `another apply of these rules is under way on ${place}`,
      hint: "it ends by itself; try again then",
    },
    bad: { text: `the server refused the rules${said}`, hint: "nothing was changed there" },
    failed: { text: `the rules could not be loaded${said}`, hint: "nothing was changed there" },
  };
  const known = texts[state ?? ""];
  const problem = known ?? {
    text: `the server did not say how the load ended${said}`,
    hint: "if the rules were loaded, it restores its former ones by itself",
  };
  steps.show({ name: "load", status: "failed", detail: problem.text });
  return { status: known === undefined ? "unknown" : "refused", files: [], problem };
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
  const { files, persist } = end;
  if (persist?.status === "done") {
    steps.show({ name: "persist", status: "ok", detail: files.join(", ") });
  } else if (persist?.status === "failed") {
    const detail = "the rules are in force until the next reboot only";
    steps.show({ name: "persist", status: "failed", detail });
    const text = `the rules do not stay after a reboot: ${persist.reason}`;
    return { status: "applied", files, problem: { text } };
  } else {
    const detail = "the rules are in force until the next reboot";
    steps.show({ name: "persist", status: "skipped", detail });
  }
  return { status: "applied", files, problem: undefined };
}

/** Waits until the server has its former rules again. */
async function takeBack(
  problem: ProofFailure,
  { runner, proof, steps }: Loading,
  { ports, deadline }: { ports: Ports; deadline: number },
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
  if (end.state === "undone" || end.state === "late") {
    steps.show({ name: "undo", status: "ok", detail: "the server has its former rules again" });
    return { status: "undone", files: [], problem };
  }
  // The doors can be open for us by the knocks of the proof: an answer would be no sign.
  if (end.state === "loaded") {
    const detail = `${runner.place} has not restored its former rules: something ended the process`;
    steps.show({ name: "undo", status: "failed", detail });
    return { status: "unknown", files: [], problem };
  }
  const after = await lookAtPorts(proof.before, ports);
  const lost = after.find((each, index) =>
    proof.before[index]?.answer === "open" && each.answer !== "open"
  );
  if (lost === undefined && proof.before.some(({ answer }) => answer === "open")) {
    const detail = `${runner.place} does not say so, but its ports answer as before`;
    steps.show({ name: "undo", status: "ok", detail });
    return { status: "undone", files: [], problem };
  }
  const detail = `${runner.place} does not answer any more`;
  steps.show({ name: "undo", status: "failed", detail });
  return { status: "unknown", files: [], problem };
}
