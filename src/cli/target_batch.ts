/** Runs a use case on many targets, with live output. */
import type { OpenEvents } from "../knock/until_open.ts";
import { forEachTarget, type Jobs, type Resolution } from "../use_cases/batch.ts";
import { collectForTargets } from "../use_cases/collect_secrets.ts";
import type { ResolvedTarget } from "../use_cases/resolve_targets.ts";
import type { TargetReport } from "../use_cases/target_report.ts";
import type { Context } from "./command.ts";
import { makeSecretOptions, type SecretChoice } from "./context.ts";
import { countDone, createProgress } from "./reports/progress.ts";

/** What is done to each target. */
interface TargetWork {
  jobs: Jobs;
  /** Whether knocks are sent; default true. */
  knocks?: boolean;
  /** The use case; `index` is the target's place, `events` shows what happens. */
  work(
    target: ResolvedTarget,
    index: number,
    options: { events: OpenEvents },
  ): Promise<TargetReport>;
}

/** Runs a use case on every target that resolved; reports in the order of the targets. */
export async function runOnTargets(
  resolutions: readonly Resolution[],
  { ports, out }: Context,
  { jobs, knocks, work }: TargetWork,
): Promise<TargetReport[]> {
  const isOnly = resolutions.length === 1;
  const counter = countDone(resolutions.length, out);
  const reports = await forEachTarget(resolutions, ports, {
    jobs,
    work(target, index) {
      const events = createProgress(target, out, { ...ports, isOnly, knocks });
      return work(target, index, { events });
    },
    onDone: counter.done,
  });
  counter.clear();
  return reports;
}

/** Collects the secrets of many targets, with a count on a terminal while they are fetched. */
export async function collectOnTargets(
  resolutions: readonly Resolution[],
  context: Context,
  { jobs, secrets }: { jobs: Jobs; secrets?: SecretChoice | undefined },
): ReturnType<typeof collectForTargets> {
  let counter: ReturnType<typeof countDone> | undefined;
  return await collectForTargets(resolutions, context.ports, {
    ...makeSecretOptions(context, secrets),
    jobs: jobs === "auto" ? undefined : jobs,
    onFetched(done, total) {
      counter ??= countDone(total, context.out, "secrets");
      counter.done();
      if (done === total) counter.clear();
    },
  });
}
