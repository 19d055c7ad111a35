/** `close`: the closing sequence, and a check that the door is closed now. */
import { UsageError } from "../../../core/errors.ts";
import { closeTarget, toClosingTarget } from "../../../use_cases/close_target.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import { readJobs, readKnockChanges, selectTargets } from "../../arguments/target_args.ts";
import { defineCommand } from "../../command.ts";
import { readSecretChoice } from "../../context.ts";
import {
  DRY_RUN_OPTION,
  JOBS_OPTION,
  KNOCK_OPTIONS,
  SELECTION_OPTIONS,
} from "../../option_specs.ts";
import { reportTargets } from "../../reports/target_report.ts";
import { collectOnTargets, resolveOnTargets, runOnTargets } from "../../target_batch.ts";

/** The command `close`. */
export const command = defineCommand({
  usage: ["close TARGET..."],
  options: [...KNOCK_OPTIONS, DRY_RUN_OPTION, ...SELECTION_OPTIONS, JOBS_OPTION],
  examples: [
    "close home",
    "close --tag family",
  ],
  async run(context) {
    const { ports, out, args } = context;
    const changes = await readKnockChanges(args);
    const targets = (await selectTargets(context, { all: context.args.has("all") })).map(
      (target) => {
        const closing = toClosingTarget({ ...target, ...changes });
        if (closing !== undefined) return closing;
        if (target.fwknop !== undefined) {
          throw new UsageError(`"${target.name}" is a door of fwknopd, which closes it itself`, {
            hint: `ask for less time: spknock edit ${target.name} --open-for 30s`,
          });
        }
        throw new UsageError(`"${target.name}" has no closing sequence`, {
          hint:
            `add one to the configuration: [targets.${target.name}.close] knocks = ["7000/udp"]`,
        });
      },
    );
    if (args.has("dry-run")) {
      const { showDryRun } = await import("../../reports/dry_run.ts");
      return await showDryRun(targets, context);
    }
    const jobs = readJobs(args);
    const resolutions = await resolveOnTargets(targets, context, { jobs });
    const secrets = readSecretChoice(args);
    const ready = await collectOnTargets(resolutions, context, { jobs, secrets });
    // No `after` program runs here.
    dropUnusedPermissions(targets.map(({ probes, knocks }) => ({ probes, knocks })), ports);
    const reports = await runOnTargets(ready.resolutions, context, {
      jobs,
      work: (resolved, index, events) =>
        closeTarget({ ...resolved, payloads: ready.payloads[index] ?? [] }, ports, events),
    });
    return reportTargets(reports, out);
  },
});
