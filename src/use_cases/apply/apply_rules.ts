/**
 * Loads the rules of doors over ssh so that nobody is locked out: look, confirm, load with a timed way back,
 * prove from here with new connections, keep over one of them; or take back, by the server itself if need be.
 */
import { assessServer } from "../../apply/assess.ts";
import { digestRules, streamRules } from "../../rules/mod.ts";
import type { Ports } from "../ports.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome, ApplySummary } from "./job.ts";
import { loadRules } from "./load_rules.ts";
import { logIn } from "./log_in.ts";
import { listGuardedPorts, lookAtPorts } from "./look_at_ports.ts";
import { chooseRules, createCollectOnce, fitToBackend } from "./prepare.ts";
import { openRunner, type RunningRules } from "./server_runner.ts";
import { createSteps } from "./steps.ts";

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
  const steps = createSteps(hooks, ports);
  const collect = createCollectOnce(job, ports, hooks);
  const { server, destination } = await logIn(job, ports, { hooks, steps, collect });
  await using _ = server;
  const runner = await openRunner(server);
  steps.show({ name: "look", status: "running", detail: "" });
  const look = await runner.look(job.planOptions.name ?? job.doors[0]?.target.name ?? "");
  const { backend, reason, host, draft } = await chooseRules(job, look);
  steps.show({ name: "look", status: "ok", detail: `${look.system}: ${reason}` });
  const guarded = await listGuardedPorts(job.doors, draft, ports);
  const before = await lookAtPorts(guarded, ports);
  const concerns = assessServer(look, draft, { backend, destination, guarded: before });
  const stop = concerns.find(({ severity }) => severity === "stop");
  const collected = stop === undefined ? await collect() : undefined;
  const plan = fitToBackend(collected?.plan ?? draft, backend);
  const summary: ApplySummary = {
    place: job.place,
    look,
    plan,
    weak: collected?.weak ?? [],
    backend,
    concerns,
    isReplacing: false,
  };
  const end = (outcome: Pick<ApplyOutcome, "status"> & Partial<ApplyOutcome>): ApplyOutcome => ({
    files: [],
    problem: undefined,
    summary,
    ...outcome,
    steps: steps.ended,
  });
  if (stop !== undefined || collected === undefined) {
    return end({ status: "refused", problem: stop });
  }
  const context = { host, variant: job.variant };
  const digest = digestRules(backend, plan, context);
  const rules = runner.of(backend, plan);
  const running = await rules.status();
  if (isUnchanged(running, digest, job)) return end({ status: "unchanged", files: running.files });
  summary.isReplacing = running.isLoaded;
  const isConfirmed = await hooks.confirm(summary);
  if (job.isDry) return end({ status: "dry-run" });
  if (!isConfirmed) return end({ status: "declined" });
  const load = {
    rules: () => streamRules(backend, plan, context),
    shut: backend.server?.renderShut(
      { plan, variant: job.variant ?? backend.variants[0], file: "" },
      listOwnAddresses(look, ports),
    ) ?? [],
    digest,
    ...job,
  };
  const proof = {
    plan,
    before,
    client: look.connection?.client,
    sshPort: destination.port,
    payloads: collected.payloads,
  };
  return end(await loadRules({ runner: rules.loading(load), proof, steps }, ports));
}

/** Whether the server runs these rules, and will after a reboot where that is wanted. */
function isUnchanged(
  { isLoaded, digest, isChanged, persistedDigest }: RunningRules,
  wanted: string,
  { persists }: Pick<ApplyJob, "persists">,
): boolean {
  return isLoaded && digest === wanted && isChanged !== true &&
    (!persists || persistedDigest === wanted);
}
