/**
 * Loads the rules of doors over ssh without a way to lock oneself out: look, confirm, load with a timed way back,
 * prove from here with new connections, keep over one of them; or take back, by the server itself if need be.
 */
import { assessServer } from "../../apply/assess.ts";
import type { Look } from "../../apply/look.ts";
import type { RunnerStatus } from "../../apply/runner.ts";
import type { Plan } from "../../plan/plan.ts";
import { digestRules, streamRules } from "../../rules/mod.ts";
import type { Ports } from "../ports.ts";
import { describeClient, listClients, listOwnAddresses } from "./client_side.ts";
import {
  type ApplyHooks,
  type ApplyJob,
  type ApplyOutcome,
  type ApplySummary,
  NOTHING,
} from "./job.ts";
import { loadRules } from "./load_rules.ts";
import type { Login } from "./log_in.ts";
import { listGuardedPorts, lookAtPorts } from "./look_at_ports.ts";
import { type ChosenRules, type Collected, fitToBackend } from "./prepare.ts";
import type { ServerRunner } from "./server_runner.ts";
import type { Steps } from "./steps.ts";
import { nameRules, visitServer } from "./visit_server.ts";

/**
 * See the header. What is wrong on the server ends in an outcome; what is wrong here is thrown.
 *
 * @throws {UsageError} for what no back end can do; {NetworkError} where ssh does not log in; {SecretError};
 * the signal's reason when it aborts.
 */
export async function applyRules(
  job: ApplyJob,
  ports: Ports,
  hooks: ApplyHooks,
): Promise<ApplyOutcome> {
  await using visit = await visitServer(job, ports, hooks);
  const { login, look, runner, choice, steps, collect } = visit;
  if ("refusal" in choice) {
    steps.show({ name: "look", status: "failed", detail: look.system });
    return { ...NOTHING, status: "refused", steps: steps.ended, problem: choice.refusal };
  }
  const { backend, draft } = choice;
  const client = await describeClient(login.destination, job, ports);
  const assessment = { plan: draft, backend: backend.name, client, persists: job.persists };
  const concerns = assessServer(look, assessment);
  const common = { place: job.place, look, backend, concerns };
  const problem = concerns.find(({ severity }) => severity === "stop");
  if (problem !== undefined) {
    const summary = { ...common, plan: draft, weak: [], isReplacing: false };
    hooks.onSummary?.(summary);
    return { ...NOTHING, status: "refused", summary, steps: steps.ended, problem };
  }
  const collected = await collect();
  const plan = fitToBackend(collected.plan, backend);
  const loading = describeLoad(job, { chosen: choice, plan, look }, ports);
  const running = await runner.status(loading);
  const isReplacing = running?.isLoaded ?? false;
  const summary = { ...common, plan, weak: collected.weak, isReplacing };
  const ended = await decide({ job, hooks, summary, running, digest: loading.digest });
  const result = ended ?? await prove(loading, { login, runner, collected, summary, steps }, ports);
  return { ...NOTHING, ...result, summary, steps: steps.ended };
}

/** What ends it before the load: undefined where it goes on. */
async function decide(
  { job, hooks, summary, running, digest }: {
    job: ApplyJob;
    hooks: ApplyHooks;
    summary: ApplySummary;
    running: RunnerStatus | undefined;
    digest: string;
  },
): Promise<Pick<ApplyOutcome, "status"> & Partial<ApplyOutcome> | undefined> {
  if (running !== undefined && isUnchanged(running, digest, job)) {
    return { status: "unchanged", files: running.files };
  }
  hooks.onSummary?.(summary);
  if (job.isDry) return { status: "dry-run" };
  return await hooks.confirm(summary) ? undefined : { status: "declined" };
}

/** Whether the server runs these rules, and will after a reboot where `persists` says so and that can be. */
function isUnchanged(
  { isLoaded, digest, isChanged, persistedDigest, persist }: RunnerStatus,
  wanted: string,
  { persists }: Pick<ApplyJob, "persists">,
): boolean {
  if (!isLoaded || digest !== wanted || isChanged === true) return false;
  if (!persists) return true;
  // Where nothing loads rules at boot, there can be a file that an administrator loads in another way.
  return persist === "unable"
    ? persistedDigest === undefined || persistedDigest === wanted
    : persist === "done" && persistedDigest === wanted;
}

function describeLoad(
  { variant, rollbackMs, persists }: ApplyJob,
  { chosen, plan, look }: { chosen: ChosenRules; plan: Plan; look: Look },
  ports: Ports,
) {
  const { backend, server, host } = chosen;
  const context = { host, variant: variant ?? chosen.variant };
  const request = { plan, variant: context.variant ?? backend.variants[0], file: "" };
  return {
    ...nameRules(chosen, plan),
    rules: () => streamRules(backend, plan, context),
    shut: server.renderShut(request, listOwnAddresses(look, ports)),
    digest: digestRules(backend, plan, context),
    rollbackMs,
    persists,
  };
}

async function prove(
  load: ReturnType<typeof describeLoad>,
  { login, runner, collected, summary, steps }: {
    login: Login;
    runner: ServerRunner;
    collected: Collected;
    summary: ApplySummary;
    steps: Steps;
  },
  ports: Ports,
): Promise<Pick<ApplyOutcome, "status" | "files" | "problem">> {
  const { plan, look } = summary;
  const { doors, payloads } = collected;
  const { port: sshPort } = login.destination;
  const guarded = await listGuardedPorts(doors, { ...plan, sshPort }, ports);
  const before = await lookAtPorts(guarded, ports);
  const proof = {
    plan,
    before,
    clients: listClients(look, login.destination, ports),
    sshPort,
    payloads,
  };
  return await loadRules({ runner, load, proof, steps }, ports);
}
