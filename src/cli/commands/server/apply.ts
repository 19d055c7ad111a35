/** `apply`: loads the rules of targets on a server over ssh, with a timed way back, and proves them from here. */
import { UsageError } from "../../../core/errors.ts";
import { parseLogin, requireFixedKnocks } from "../../../core/target.ts";
import { refuseFwknop } from "../../../use_cases/fwknop/refuse.ts";
import { applyRules } from "../../../use_cases/apply/apply_rules.ts";
import type { FleetPlace } from "../../../use_cases/apply/group_targets.ts";
import type { ApplyHooks, ApplyJob } from "../../../use_cases/apply/job.ts";
import { readStatus } from "../../../use_cases/apply/read_status.ts";
import { removeRules } from "../../../use_cases/apply/remove_rules.ts";
import { readNow } from "../../arguments/code_args.ts";
import { parseMoment } from "../../arguments/moment.ts";
import {
  parseRuleSetName,
  PLAN_OPTIONS,
  readDoors,
  readPlanOptions,
} from "../../arguments/plan_args.ts";
import { readServerArgs, SERVER_OPTIONS } from "../../arguments/server_args.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { readSecretChoice, requirePrompter } from "../../context.ts";
import { SECRET_OPTIONS, SELECTION_OPTIONS } from "../../option_specs.ts";
import { asUsageError, type OptionNames, type OptionSpec } from "../../options.ts";
import { askTwice } from "../../questions/secret_questions.ts";
import { toApplyRow, toStatusRow } from "../../reports/server/fleet.ts";
import {
  FLEET_OPTIONS,
  readFleet,
  refuseSecretsFrom,
  runApplyFleet,
  runOnFleet,
} from "./run_fleet.ts";
import {
  makeApplyHooks,
  reportOutcome,
  reportStatus,
} from "../../reports/server/apply_progress.ts";
import { saveAppliedHorizon } from "../../reports/saved_horizon.ts";

const USAGE = "spknock apply TARGET... USER@HOST";

const OPTIONS = [
  ...SELECTION_OPTIONS,
  ...FLEET_OPTIONS,
  { name: "name", value: "NAME", help: "name of the rule set (default: the first target's)" },
  ...SERVER_OPTIONS,
  { name: "dry-run", short: "n", help: "look and show, and change nothing" },
  { name: "status", help: "only say whether the server runs these rules; exit 1 if not" },
  { name: "remove", help: "take the rules out, and what makes them stay" },
  ...PLAN_OPTIONS,
  {
    name: "until",
    value: "TIME",
    help: "last one-time codes: 1y, 2027-11-25 (default: until, or 1y)",
  },
  ...SECRET_OPTIONS,
] as const satisfies readonly OptionSpec[];

type ApplyContext = Context<OptionNames<typeof OPTIONS>>;

/** The command `apply`. */
export const command = defineCommand({
  usage: ["apply TARGET... USER@HOST", "apply TARGET... | --tag TAG | --all"],
  details: "Looks at the server, shows what will be closed and what opens it, loads the rules,\n" +
    "and proves them with new connections: shut without a knock, open with it. The\n" +
    "server restores its former rules by itself unless a new login says to keep them.",
  options: OPTIONS,
  examples: [
    "apply home root@fw.example.com",
    "apply home root@fw.example.com --status",
  ],
  async run(context) {
    const { args } = context;
    if (args.has("status") && args.has("remove")) {
      throw new UsageError("choose one: --status or --remove");
    }
    refuseIdle(args);
    const groups = await readPlaces(context);
    const [only, ...others] = groups;
    if (only !== undefined && others.length === 0) return await runOnOne(only, context);
    return await runOnMany(groups, context);
  },
});

/** What has no effect without a load is not accepted as if it had one. */
function refuseIdle(args: ApplyContext["args"]): void {
  const idle = {
    status: ["dry-run", "rollback", "no-persist"],
    remove: ["rollback", "no-persist"],
  } as const;
  for (const verb of ["status", "remove"] as const) {
    const found = args.has(verb) ? idle[verb].find((name) => args.has(name)) : undefined;
    if (found === undefined) continue;
    throw new UsageError(`--${found} has no effect with --${verb}`, { hint: "leave it out" });
  }
}

async function runOnOne(group: FleetPlace, context: ApplyContext): Promise<number> {
  const { args, ports } = context;
  const job = readJob(context, group);
  const secrets = readSecretChoice(args);
  // Before ssh is started, or a passphrase is typed for nothing.
  if (!args.has("yes") && !args.has("status") && !job.isDry) {
    await requirePrompter(context, "without a question: --yes");
  }
  const hooks = makeApplyHooks(context, { secrets, isSure: args.has("yes") });
  if (args.has("status")) return reportStatus(await readStatus(job, ports, hooks), context);
  if (args.has("remove")) {
    return reportOutcome(await removeRules(job, ports, hooks), context, job);
  }
  const outcome = await applyRules(job, ports, hooks);
  await saveAppliedHorizon(outcome, context);
  return reportOutcome(outcome, context, job);
}

async function runOnMany(groups: readonly FleetPlace[], context: ApplyContext): Promise<number> {
  const { args, ports } = context;
  const secrets = readSecretChoice(args);
  refuseSecretsFrom(secrets);
  const makeJob = (group: FleetPlace) => readJob(context, group);
  const isSure = args.has("yes");
  if (!args.has("status") && !args.has("remove")) {
    const work = { makeJob, apply: applyRules, secrets, askSecret: askTwice, isSure };
    return await runApplyFleet(groups, context, work);
  }
  if (args.has("remove") && !isSure && !args.has("dry-run")) {
    throw new UsageError("--remove on several machines needs --yes");
  }
  const makeHooks = (ask: ApplyHooks["ask"]) => ({
    ...secrets,
    ask,
    askPassword: ask,
    confirm: () => Promise.resolve(true),
    confirmRemoval: () => Promise.resolve(true),
    onStep: () => {},
  });
  return args.has("status")
    ? await runOnFleet(groups, context, {
      work: (group, { ask }) => readStatus(makeJob(group), ports, makeHooks(ask)),
      describe: toStatusRow,
    })
    : await runOnFleet(groups, context, {
      work: (group, { ask }) => removeRules(makeJob(group), ports, makeHooks(ask)),
      describe: toApplyRow,
    });
}

/** The machines: a last word with an `@` is where to log in; else each target says it, or `--hosts`. */
async function readPlaces(context: ApplyContext): Promise<readonly FleetPlace[]> {
  const { args } = context;
  const last = args.positionals.at(-1);
  const place = last?.includes("@") ? asUsageError(() => parseLogin(last)) : undefined;
  const names = place === undefined ? args.positionals : args.positionals.slice(0, -1);
  if (names.length === 0 && !args.has("tag") && !args.has("all")) {
    throw new UsageError("missing argument TARGET", { hint: `usage: ${USAGE}` });
  }
  const all = args.has("all");
  const named = { ...context, args: { ...args, positionals: names } };
  const targets = (await selectTargets(named, { all })).map((target) =>
    requireFixedKnocks(target, "apply")
  );
  refuseFwknop(targets);
  if (place === undefined) return await readFleet(targets, context);
  if (args.has("hosts")) throw new UsageError("choose one: USER@HOST or --hosts FILE");
  if (args.has("jobs")) {
    throw new UsageError("--jobs has no effect with USER@HOST: it is one machine");
  }
  return [{ place, targets }];
}

/** `--until`, or a year where a target with one-time codes does not say it, or its end is over. */
function readUntil(
  args: ApplyContext["args"],
  targets: FleetPlace["targets"],
): number | undefined {
  const now = readNow();
  const ends = targets.flatMap(({ rolling }) => rolling === undefined ? [] : [rolling.until ?? 0]);
  if (ends.length === 0 && args.has("until")) {
    throw new UsageError("--until has no effect: no target has one-time codes (rolling)");
  }
  const given = args.read("until", (text) => parseMoment(text, now));
  return given ?? (ends.some((end) => end <= now) ? parseMoment("1y", now) : undefined);
}

function readJob(
  { args }: ApplyContext,
  { place, targets }: FleetPlace,
): ApplyJob {
  const until = readUntil(args, targets);
  const horizon = until === undefined ? {} : { horizon: { until } };
  return {
    place,
    ...readServerArgs(args),
    doors: readDoors(args, targets),
    planOptions: {
      ...readPlanOptions(args),
      name: args.read("name", parseRuleSetName),
      ...horizon,
    },
    isDry: args.has("dry-run"),
  };
}
