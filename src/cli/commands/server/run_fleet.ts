/** What `apply` does on many machines: which they are, the questions before, some at a time, one report. */
import { UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { applyFleet, forEachPlace, makeTurns } from "../../../use_cases/apply/apply_fleet.ts";
import { type FleetPlace, groupByPlace } from "../../../use_cases/apply/group_targets.ts";
import type {
  ApplyHooks,
  ApplyJob,
  ApplyOutcome,
  ApplyStep,
} from "../../../use_cases/apply/job.ts";
import type { CollectSecretsOptions } from "../../../use_cases/collect_secrets.ts";
import type { Ports } from "../../../use_cases/ports.ts";
import { parseCount } from "../../arguments/target_args.ts";
import type { Context } from "../../command.ts";
import {
  makeSecretOptions,
  readTargets,
  requirePrompter,
  type SecretChoice,
} from "../../context.ts";
import { saveAppliedHorizon } from "../../reports/saved_horizon.ts";
import {
  type FleetRow,
  printFleetPlan,
  reportFleet,
  toApplyRow,
} from "../../reports/server/fleet.ts";
import type { OptionNames, OptionSpec, ParsedArgs } from "../../options.ts";

/** Machines at a time, unless `--jobs` is given: each has a login, and a way back that is armed. */
const JOBS = 4;
const MAX_JOBS = 64;

/** Options of what is done on many machines. */
export const FLEET_OPTIONS = [
  { name: "hosts", value: "FILE", help: "lines of TARGET [USER@]HOST (default: each admin)" },
  { name: "jobs", value: "N", help: `machines at a time (default: ${JOBS})` },
] as const satisfies readonly OptionSpec[];

type FleetName = OptionNames<typeof FLEET_OPTIONS>;

/**
 * Returns the machines of targets, by `--hosts` and their `admin`.
 *
 * @throws {UsageError} where one has none; {ConfigError} for mistakes in the file of `--hosts`.
 */
export async function readFleet(
  targets: readonly Target[],
  context: Context<FleetName>,
): Promise<FleetPlace[]> {
  const file = context.args.value("hosts");
  if (file === undefined) return groupByPlace(targets);
  const { readHosts } = await import("../../../config/hosts_file.ts");
  const saved = (await readTargets(context)).targets;
  return groupByPlace(targets, await readHosts(context.ports.fs, { file, targets: saved }));
}

function readJobs(args: ParsedArgs<FleetName>): number {
  return args.read("jobs", (text) => parseCount(text, { max: MAX_JOBS })) ?? JOBS;
}

/** What is done to apply to many machines. */
interface FleetApply {
  makeJob(group: FleetPlace): ApplyJob;
  apply(job: ApplyJob, ports: Ports, hooks: ApplyHooks): Promise<ApplyOutcome>;
  secrets: SecretChoice;
  /** How passphrases are asked for; once where undefined. */
  askSecret?: Parameters<typeof makeSecretOptions>[2];
  /** `--yes`: nothing is confirmed, and nothing can be asked but passphrases. */
  isSure: boolean;
}

/**
 * Refuses `--secrets-from`, whose lines are those of one machine.
 *
 * @throws {UsageError}
 */
export function refuseSecretsFrom({ secretsFrom }: SecretChoice): void {
  if (secretsFrom === undefined) return;
  throw new UsageError("--secrets-from is for one machine", {
    hint: "for many, name the source of each secret in the configuration",
  });
}

/** Applies to every machine, and reports; returns the exit code. */
export async function runApplyFleet(
  groups: readonly FleetPlace[],
  context: Context<FleetName>,
  { makeJob, apply, secrets, askSecret, isSure }: FleetApply,
): Promise<number> {
  const { args, out, ports } = context;
  refuseSecretsFrom(secrets);
  const jobs = readJobs(args);
  const fleet = groups.map((group) => ({ ...group, job: makeJob(group) }));
  // Before the first question: nothing that is typed is lost.
  const needsAnswer = !isSure && !fleet.some(({ job }) => job.isDry);
  const prompter = needsAnswer
    ? await requirePrompter(context, "apply without a question: --yes")
    : undefined;
  // While machines are looked at, a password can be asked for.
  let progress: { done: number; total: number } | undefined;
  const what = () =>
    progress === undefined ? "" : `applying: ${progress.done} of ${progress.total} machines done`;
  const work = () =>
    applyFleet(fleet, ports, {
      jobs,
      apply,
      hooks: {
        ask: makeSecretOptions(context, secrets, askSecret).ask,
        allowEmpty: secrets.allowEmpty,
        onStep: (group, step) => showStep(group, step, context),
        onRound(total, round) {
          progress = round === "apply" ? { done: 0, total } : undefined;
        },
        onDone() {
          if (progress !== undefined) progress.done++;
        },
        confirm: prompter && (async (looks) => {
          printFleetPlan(looks, out);
          const count = looks.filter(({ outcome }) => outcome?.status === "dry-run").length;
          const message = `Apply the rules to ${plural(count, "machine")}?`;
          return await prompter.confirm({ message, default: false });
        }),
      },
    });
  const reports = await out.status.during(what, work);
  for (const { outcome } of reports) await saveAppliedHorizon(outcome, context);
  return reportFleet(reports, out, { describe: toApplyRow });
}

function showStep({ place }: FleetPlace, step: ApplyStep, { out }: Context): void {
  const { name, status, detail } = step;
  if (out.verbose) out.note(sanitize(`${place}: ${name} ${status}${detail && `: ${detail}`}`));
}

/** What is done on a machine, and what is shown of it. */
interface FleetAction<T> {
  /** `ask` is for passwords of sudo, one question at a time. */
  work(group: FleetPlace, options: Pick<CollectSecretsOptions, "ask">): Promise<T>;
  describe(outcome: T): FleetRow;
}

/** Does something else on every machine, such as `--status` or `--remove`; returns the exit code. */
export async function runOnFleet<T>(
  groups: readonly FleetPlace[],
  context: Context<FleetName>,
  { work, describe }: FleetAction<T>,
): Promise<number> {
  const { args, out, ports } = context;
  const inTurn = makeTurns();
  const { ask } = makeSecretOptions(context);
  const reports = await forEachPlace(groups, ports, {
    jobs: readJobs(args),
    work: (group) => work(group, { ask: (message) => inTurn(() => ask(message)) }),
  });
  return reportFleet(reports, out, { describe });
}
