/** `apply`: loads the rules of targets on a server over ssh, with a timed way back, and proves them from here. */
import { UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import { applyRules } from "../../../use_cases/apply/apply_rules.ts";
import type { ApplyJob } from "../../../use_cases/apply/job.ts";
import { readStatus, removeRules } from "../../../use_cases/apply/remove_rules.ts";
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
import { readSecretChoice } from "../../context.ts";
import { SECRET_OPTIONS, TAG_OPTION } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { makeApplyHooks, reportOutcome, reportStatus } from "../../reports/apply_progress.ts";
import { saveHorizon } from "../../reports/saved_horizon.ts";

const USAGE = "spknock apply TARGET... USER@HOST";

const OPTIONS = [
  TAG_OPTION,
  { name: "name", value: "NAME", help: "of the rule set (default: the first target's)" },
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
  usage: ["apply TARGET... USER@HOST"],
  details: "Looks at the server, shows what will be closed and what opens it, loads the rules,\n" +
    "and proves them with new connections: shut without a knock, open with it. The\n" +
    "server restores its former rules by itself unless a new login says to keep them.",
  options: OPTIONS,
  examples: [
    "apply home root@fw.example.com",
    "apply home root@fw.example.com --status",
  ],
  async run(context) {
    const { args, ports } = context;
    if (args.has("status") && args.has("remove")) {
      throw new UsageError("choose one: --status or --remove");
    }
    const { place, targets } = await readPlace(context);
    const job = readJob(context, { place, targets });
    const hooks = makeApplyHooks(context, {
      secrets: readSecretChoice(args),
      isSure: args.has("yes"),
    });
    if (args.has("status")) return reportStatus(await readStatus(job, ports, hooks), context);
    if (args.has("remove")) {
      return reportOutcome(await removeRules(job, ports, hooks), context, job);
    }
    const outcome = await applyRules(job, ports, hooks);
    const plan = outcome.summary?.plan;
    if (outcome.status === "applied" && plan !== undefined) await saveHorizon(plan, context);
    return reportOutcome(outcome, context, job);
  },
});

/** The last word with an `@` is where to log in; the others are targets. */
async function readPlace(
  context: ApplyContext,
): Promise<{ place: string; targets: readonly Target[] }> {
  const { args } = context;
  const last = args.positionals.at(-1);
  if (last === undefined || !last.includes("@")) {
    throw new UsageError("missing argument USER@HOST: where to log in", {
      hint: `usage: ${USAGE}`,
    });
  }
  const names = args.positionals.slice(0, -1);
  if (names.length === 0 && !args.has("tag")) {
    throw new UsageError("missing argument TARGET", { hint: `usage: ${USAGE}` });
  }
  const targets = await selectTargets({ ...context, args: { ...args, positionals: names } });
  return { place: last, targets };
}

function readJob(
  { args }: ApplyContext,
  { place, targets }: { place: string; targets: readonly Target[] },
): ApplyJob {
  const until = args.read("until", (text) => parseMoment(text, Date.now()));
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
