/** `probe`: check whether the door is open, without a knock. */
import { UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import type { Jobs } from "../../../use_cases/batch.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import { probeTarget } from "../../../use_cases/probe_target.ts";
import { readFamily, readJobs, readProbes, selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import {
  FAMILY_OPTIONS,
  JOBS_OPTION,
  PROBE_OPTIONS,
  SELECTION_OPTIONS,
} from "../../option_specs.ts";
import { reportTargets } from "../../reports/target_report.ts";
import { resolveOnTargets, runOnTargets } from "../../target_batch.ts";

/** Without a knock an open door answers at once: milliseconds to wait, unless `--timeout` is given. */
const TIMEOUT_MS = 3_000;

/** The command `probe`. */
export const command = defineCommand({
  usage: ["probe TARGET..."],
  details: "Waits 3 seconds for an answer, or --timeout.",
  options: [...FAMILY_OPTIONS, ...PROBE_OPTIONS, ...SELECTION_OPTIONS, JOBS_OPTION],
  examples: [
    "probe home",
    "probe --all --timeout 1s",
  ],
  async run(context) {
    const { args, ports } = context;
    const changes = { ...readFamily(args), ...await readProbes(args) };
    const targets = (await selectTargets(context, { all: context.args.has("all") })).map((
      target,
    ) => ({
      ...limitTimeout(target),
      ...changes,
    }));
    const silent = targets.find(({ probes }) => probes.length === 0);
    if (silent !== undefined) {
      throw new UsageError(`"${silent.name}" has no probes`, {
        hint: `name one: spknock probe ${silent.name} --probe 22/tcp`,
      });
    }
    dropUnusedPermissions(targets.map(({ probes }) => ({ probes })), ports);
    return await probeTargets(targets, context, { jobs: readJobs(args) });
  },
});

/** Returns the target with the timeout of a probe without a knock. */
export function limitTimeout(target: Target): Target {
  return { ...target, timeoutMs: Math.min(target.timeoutMs, TIMEOUT_MS) };
}

/** Probes targets and reports; the menu does the same. */
export async function probeTargets(
  targets: readonly Target[],
  context: Context,
  { jobs = "auto" }: { jobs?: Jobs } = {},
): Promise<number> {
  const { ports, out } = context;
  const resolutions = await resolveOnTargets(targets, context, { jobs });
  const reports = await runOnTargets(resolutions, context, {
    jobs,
    knocks: false,
    work: (resolved, _index, events) => probeTarget(resolved, ports, events),
  });
  return reportTargets(reports, out);
}
