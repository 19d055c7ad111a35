/** Runs a use case on many targets, with live output. */
import type { Target } from "../core/target.ts";
import { plural } from "../core/text.ts";
import { sanitize } from "../output/sanitize.ts";
import type { OpenEvents } from "../knock/until_open.ts";
import { forEachTarget, type Jobs, type Resolution, resolveTargets } from "../use_cases/batch.ts";
import { collectForTargets } from "../use_cases/collect_secrets.ts";
import type { ResolvedTarget } from "../use_cases/resolve_targets.ts";
import type { TargetReport } from "../use_cases/target_report.ts";
import type { Context } from "./command.ts";
import { makeSecretOptions, type SecretChoice } from "./context.ts";
import { createProgress } from "./reports/progress.ts";

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

/** Resolves every target, as {@linkcode resolveTargets} does. */
export async function resolveOnTargets(
  targets: readonly Target[],
  { ports, out }: Context,
  options: Parameters<typeof resolveTargets>[2],
): Promise<Resolution[]> {
  const [first, ...others] = targets;
  const what = others.length > 0 || first === undefined
    ? `looking up ${plural(targets.length, "host")}`
    : `looking up ${sanitize(first.host)}`;
  return await out.status.during(what, () => resolveTargets(targets, ports, options));
}

/** Runs a use case on every target that resolved; reports in the order of the targets. */
export async function runOnTargets(
  resolutions: readonly Resolution[],
  { ports, out }: Context,
  { jobs, knocks = true, work }: TargetWork,
): Promise<TargetReport[]> {
  const { length } = resolutions;
  const isOnly = length === 1;
  const verb = knocks ? "knocking" : "probing";
  let done = 0;
  const what = (s: number) =>
    isOnly ? `${verb}, ${s} s` : `${verb}: ${done} of ${length} targets done`;
  return await out.status.during(what, () =>
    forEachTarget(resolutions, ports, {
      jobs,
      work(target, index) {
        const events = createProgress(target, out, { ...ports, isOnly, knocks });
        return work(target, index, { events });
      },
      onDone: () => done++,
    }));
}

/** Collects the secrets of many targets. */
export async function collectOnTargets(
  resolutions: readonly Resolution[],
  context: Context,
  { jobs, secrets }: { jobs: Jobs; secrets?: SecretChoice | undefined },
): ReturnType<typeof collectForTargets> {
  let count = "";
  return await context.out.status.during(
    (seconds) => `collecting secrets${count}, ${seconds} s`,
    () =>
      collectForTargets(resolutions, context.ports, {
        ...makeSecretOptions(context, secrets),
        jobs: jobs === "auto" ? undefined : jobs,
        onFetched(done, total) {
          count = `: ${done} of ${total}`;
        },
      }),
  );
}
