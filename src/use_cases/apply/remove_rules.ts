/** Takes rules out of a server, with what makes them stay; and says which rules it runs. */
import type { Look } from "../../apply/look.ts";
import type { RunnerReport, RunnerStatus } from "../../apply/runner.ts";
import { UsageError } from "../../core/errors.ts";
import { digestRules } from "../../rules/mod.ts";
import type { Ports } from "../ports.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome } from "./job.ts";
import { type Login, logIn } from "./log_in.ts";
import {
  chooseRules,
  type ChosenRules,
  type CollectOnce,
  createCollectOnce,
  fitToBackend,
} from "./prepare.ts";
import { openRunner, type ServerRunner } from "./server_runner.ts";
import { createSteps, type Steps } from "./steps.ts";

/** A server that was looked at. */
interface Visit {
  login: Login;
  look: Look;
  runner: ServerRunner;
  chosen: ChosenRules;
  steps: Steps;
  collect: CollectOnce;
}

/**
 * Removes the rules of a job, where `confirm` agrees.
 *
 * @throws as `applyRules`.
 */
export async function removeRules(
  job: ApplyJob,
  ports: Ports,
  { confirmRemoval, ...hooks }: ApplyHooks & { confirmRemoval(place: string): Promise<boolean> },
): Promise<ApplyOutcome> {
  const visit = await visitServer(job, ports, hooks);
  await using _ = visit.login.server;
  const { runner, chosen, steps } = visit;
  refuseOthers(visit, job.place);
  const target = nameRules(chosen);
  const status = await runner.status(target);
  const nothing = { summary: undefined, files: [], problem: undefined };
  const isThere = status === undefined || status.isLoaded || status.files.length > 0;
  if (!isThere) return { ...nothing, status: "unchanged", steps: steps.ended };
  if (job.isDry) return { ...nothing, status: "dry-run", steps: steps.ended };
  if (!await confirmRemoval(job.place)) {
    return { ...nothing, status: "declined", steps: steps.ended };
  }
  steps.show({ name: "remove", status: "running", detail: "" });
  const report = await runner.remove(target);
  const isRemoved = report.state === "removed";
  const detail = isRemoved ? describeRemoved(status) : report.detail ?? "it did not say why";
  const problem = explainRemoval(report, job.place);
  const isGood = problem === undefined;
  steps.show({ name: "remove", status: isGood ? "ok" : "failed", detail });
  const end = isRemoved ? "removed" : report.state === undefined ? "unknown" : "refused";
  return { ...nothing, status: end, steps: steps.ended, problem };
}

/**
 * Rules of the same name that another firewall has: their files would go, and they would stay in force.
 *
 * @throws {UsageError}
 */
function refuseOthers({ look, chosen }: Visit, place: string): void {
  const { backend, draft } = chosen;
  const own = look.guarded?.filter(({ name }) => name === draft.name) ?? [];
  const [other] = own;
  if (other === undefined || own.some((each) => each.backend === backend.name)) return;
  throw new UsageError(
    `the rules "${draft.name}" on ${place} are those of ${other.backend}, not of ${backend.name}`,
    { hint: `take these out: --for ${other.backend}` },
  );
}

function describeRemoved(status: RunnerStatus | undefined): string {
  const files = status?.files ?? [];
  return files.length === 0 ? "the rules are out" : `the rules are out, and ${files.join(", ")}`;
}

function explainRemoval(
  { state, detail = "it did not say why", persist }: RunnerReport,
  place: string,
): ApplyOutcome["problem"] {
  if (state === "busy") return { text: `an apply of these rules is under way on ${place}` };
  if (state !== "removed") return { text: `the rules could not be removed: ${detail}` };
  return persist?.status === "failed" ? { text: persist.reason } : undefined;
}

/** Which rules a server runs, compared with those that would be written now. */
export interface ServerStatus {
  place: string;
  /** `none`: no rules of this name; `other`: not those; `same` and `changed`: these, the latter changed by hand. */
  status: "none" | "other" | "same" | "changed";
  running: RunnerStatus;
  backend: string;
  /** Of the rules that would be written now. */
  digest: string;
}

/**
 * Returns which rules a server runs.
 *
 * @throws as `applyRules`; {UsageError} where the server cannot run such rules at all.
 */
export async function readStatus(
  job: ApplyJob,
  ports: Ports,
  hooks: ApplyHooks,
): Promise<ServerStatus> {
  const { login, runner, chosen, collect } = await visitServer(job, ports, hooks);
  await using _ = login.server;
  const { backend, host, variant } = chosen;
  const { plan } = await collect();
  const digest = digestRules(backend, fitToBackend(plan, backend), { host, variant });
  const running = await runner.status(nameRules(chosen));
  if (running === undefined) {
    throw new UsageError(`"${job.place}" did not say which rules it runs: root is needed there`);
  }
  const status = !running.isLoaded
    ? "none"
    : running.digest !== digest
    ? "other"
    : running.isChanged
    ? "changed"
    : "same";
  return { place: job.place, status, running, backend: backend.name, digest };
}

async function visitServer(job: ApplyJob, ports: Ports, hooks: ApplyHooks): Promise<Visit> {
  const steps = createSteps(hooks, ports);
  const collect = createCollectOnce(job, ports, hooks);
  const login = await logIn(job, ports, { hooks, steps, collect });
  try {
    const runner = await openRunner(login.server);
    steps.show({ name: "look", status: "running", detail: "" });
    const look = await runner.look(job.planOptions.name ?? job.doors[0]?.target.name ?? "");
    const chosen = await chooseRules(job, look);
    if ("refusal" in chosen) {
      const { text, hint } = chosen.refusal;
      throw new UsageError(text, { hint });
    }
    steps.show({ name: "look", status: "ok", detail: `${look.system}; ${chosen.reason}` });
    return { login, look, runner, chosen, steps, collect };
  } catch (error) {
    await login.server[Symbol.asyncDispose]();
    throw error;
  }
}

function nameRules({ server, draft }: ChosenRules) {
  return { kind: server.kind, name: draft.name, table: server.nameTable(draft) };
}
