/** `knock`: resolve, collect every secret, knock, probe, report. */
import { UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import { loadProbes, startsProgram } from "../../../probe/mod.ts";
import type { Jobs } from "../../../use_cases/batch.ts";
import { knockTarget, listFacts } from "../../../use_cases/knock_target.ts";
import { dropUnusedPermissions, dropUnusedWrite } from "../../../use_cases/permissions.ts";
import type { TargetReport } from "../../../use_cases/target_report.ts";
import {
  isAdHoc,
  readAdHocTarget,
  readJobs,
  readKnockChanges,
  selectTargets,
} from "../../arguments/target_args.ts";
import { KNOCK_EFFECTS, refuseIdleOptions } from "../../arguments/idle_options.ts";
import { type Context, defineCommand } from "../../command.ts";
import {
  hideSecretVariables,
  readSecretChoice,
  readTargetsQuietly,
  type SecretChoice,
} from "../../context.ts";
import {
  DRY_RUN_OPTION,
  JOBS_OPTION,
  KNOCK_OPTIONS,
  LIST_DETAILS,
  SELECTION_OPTIONS,
  UDP_OPTION,
} from "../../option_specs.ts";
import { renderDoctorCommand } from "../../doctor_hint.ts";
import { makeHorizonCheck } from "../../reports/horizon_check.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { reportTargets } from "../../reports/target_report.ts";
import { collectOnTargets, resolveOnTargets, runOnTargets } from "../../target_batch.ts";

/** How targets are knocked on. */
interface KnockOptions {
  secrets?: SecretChoice | undefined;
  jobs?: Jobs;
  /** What runs afterwards. */
  command?: readonly string[] | undefined;
}

const OPTIONS = [
  UDP_OPTION,
  ...KNOCK_OPTIONS,
  DRY_RUN_OPTION,
  ...SELECTION_OPTIONS,
  JOBS_OPTION,
] as const satisfies readonly OptionSpec[];

type KnockContext = Context<OptionNames<typeof OPTIONS>>;

/** The command `knock`. */
export const command = defineCommand({
  usage: [
    "knock TARGET...",
    "knock HOST PORT[/PROTO]...",
    "knock TARGET [OPTIONS] -- COMMAND [ARG...]",
  ],
  details: `${LIST_DETAILS} Saved udp knocks carry\n` +
    "a secret unless they say otherwise; ad hoc ones carry nothing, or the lines of\n" +
    "--secrets-from.\n" +
    "With -- COMMAND the command runs when the door is open, with the terminal and\n" +
    "with SPKNOCK_ADDRESS and similar variables in its environment; spknock ends with\n" +
    "the exit code of the command.",
  options: OPTIONS,
  takesCommand: true,
  examples: [
    "knock home",
    "knock fw.example.com 7000/tcp 8000/udp --probe 22/tcp",
  ],
  async run(context) {
    const { args, ports } = context;
    const isNew = isAdHoc(args.positionals) && !args.has("all") && !args.has("tag");
    const chosen = isNew
      ? [await readAdHoc(context)]
      : await selectTargets(context, { all: context.args.has("all") });
    const changes = await readKnockChanges(args);
    const targets = chosen.map((target) => ({ ...target, ...changes }));
    dropUnusedWrite(targets, ports);
    if (args.has("udp") && !isNew) {
      throw new UsageError(
        "--udp has no effect on saved targets: their knocks name their protocols",
      );
    }
    refuseIdleOptions(args, targets, KNOCK_EFFECTS);
    const startsAny = args.passthrough !== undefined || changes.probes?.some(startsProgram);
    if (isNew && startsAny) await hideSecretVariables(context);
    if (args.has("dry-run")) {
      const { showDryRun } = await import("../../reports/dry_run.ts");
      return await showDryRun(targets, context);
    }
    const secrets = readSecretChoice(args);
    const options = { secrets, jobs: readJobs(args) };
    // The doctor knows saved targets only.
    const examine = isNew
      ? undefined
      : (target: Target) => renderDoctorCommand(target, context, secrets);
    return args.passthrough === undefined
      ? reportTargets(await knockTargets(targets, context, options), context.out, { examine })
      : await knockAndRun(targets, context, { ...options, command: args.passthrough, examine });
  },
});

/** Reads an ad hoc sequence; saved targets are read only where a hint can name them. */
async function readAdHoc(context: KnockContext): Promise<Target> {
  await refuseSavedName(context);
  const isLone = context.args.positionals.length === 1;
  return readAdHocTarget(context.args, isLone ? await readTargetsQuietly(context) : new Map());
}

/** A saved target knocks as it is saved; a host that is a target's name is seldom meant. */
async function refuseSavedName(context: Context): Promise<void> {
  const [name = "", ...ports] = context.args.positionals;
  if (/[.:]/.test(name)) return;
  const target = (await readTargetsQuietly(context)).get(name);
  if (target === undefined) return;
  throw new UsageError(`"${name}" is a saved target with knocks of its own`, {
    hint: `spknock knock ${name}, or with these ports: spknock knock ${target.host} ${
      ports.join(" ")
    }`,
  });
}

/** Knocks on a target, and runs the command if the door is open; the exit code is the command's. */
async function knockAndRun(
  targets: readonly Target[],
  given: Context,
  { command, examine, ...options }: KnockOptions & {
    command: readonly string[];
    examine: ((target: Target) => string) | undefined;
  },
): Promise<number> {
  const { runChildCommand, withStderrOutput } = await import("../../child_command.ts");
  if (targets.length > 1) {
    throw new UsageError(`${targets.length} targets, but one command`, {
      hint: "name one target before the --",
    });
  }
  const context = withStderrOutput(given);
  const reports = await knockTargets(targets, context, { ...options, command });
  const code = reportTargets(reports, context.out, { examine });
  const [report] = reports;
  if (report?.resolved === undefined || !report.knocks?.isOpen) return code;
  const { target, resolved, knocks } = report;
  const facts = listFacts({ target, resolved }, { attempt: knocks.tries });
  return await runChildCommand(command, facts, context);
}

/** Knocks on targets; the menu does the same. */
export async function knockTargets(
  targets: readonly Target[],
  context: Context,
  { secrets, jobs = "auto", command }: KnockOptions = {},
): Promise<TargetReport[]> {
  const { ports } = context;
  // Names before secrets: no passphrase is asked for a host that does not exist.
  const check = (target: Target) => makeHorizonCheck(target, context)();
  const resolutions = await resolveOnTargets(targets, context, { jobs, check });
  const ready = await collectOnTargets(resolutions, context, { jobs, secrets });
  await loadProbes(targets.flatMap(({ probes }) => probes));
  dropUnusedPermissions(targets, ports, { command });
  return await runOnTargets(ready.resolutions, context, {
    jobs,
    work: (resolved, index, events) =>
      knockTarget({ ...resolved, payloads: ready.payloads[index] ?? [] }, ports, events),
  });
}
