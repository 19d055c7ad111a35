/** `rules`: a complete firewall rule set for a target, by questions or by options; and its proof. */
import { ConfigError, UsageError, ValueError } from "../../../core/errors.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import type { Door, Plan, Stage } from "../../../core/plan.ts";
import { renderForward, renderService } from "../../../core/service.ts";
import type { Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { Prompter } from "../../../prompt/mod.ts";
import { BACKEND_NAMES } from "../../../rules/backends.ts";
import {
  type Backend,
  findBackend,
  type PlanOptions,
  renderRules,
  type Weakness,
} from "../../../rules/mod.ts";
import { buildPlan } from "../../../use_cases/build_plan.ts";
import { checkNew, isExistingFile, saveNew } from "../../../use_cases/save_file.ts";
import { PLAN_OPTIONS, readDoors, readPlanOptions } from "../../arguments/plan_args.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import {
  loadTargets,
  makeSecretOptions,
  readSecretChoice,
  requirePrompter,
  type SecretChoice,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SECRET_OPTIONS, TAG_OPTION } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { reportError } from "../../report_error.ts";
import { expandHome } from "../../questions/home_folder.ts";
import { askTwice } from "../../questions/secret_questions.ts";

const USAGE = "spknock rules TARGET... --for BACKEND";

const RULES_OPTIONS = [
  { name: "for", value: "BACKEND", help: "the firewall to write for" },
  { name: "variant", value: "NAME", help: "iptables: ipset (default) or recent" },
  TAG_OPTION,
  { name: "name", value: "NAME", help: "of the rule set (default: the first target's)" },
  ...PLAN_OPTIONS,
  {
    name: "output",
    short: "o",
    value: "FILE",
    help: "save here, mode 0600 (default: standard output)",
  },
  { name: "force", short: "f", help: "overwrite the file" },
  { name: "diff", value: "FILE", help: "compare the rules with a file; exit 1 if they differ" },
  { name: "prove", help: "attack the model of the rules, and print what opens" },
  { name: "seed", value: "N", help: "of the random attacks (default: 1)" },
  ...SECRET_OPTIONS,
] as const satisfies readonly OptionSpec[];

type RulesContext = Context<OptionNames<typeof RULES_OPTIONS>>;

/** The command `rules`. */
export const command = defineCommand({
  usage: ["rules", "rules TARGET... --for BACKEND [OPTIONS]", "rules TARGET... --prove"],
  details: "Without --for it asks, step by step. Several targets are doors of one machine, in\n" +
    "one rule set: --open home=22/tcp --open web=443/tcp. Typed passphrases are asked\n" +
    `twice; the rules contain only hashes. BACKEND is one of\n${BACKEND_NAMES.join(", ")}.`,
  options: RULES_OPTIONS,
  examples: [
    "rules home --for nftables --output home.nft",
    "rules home --for iptables --open 22/tcp,443/tcp",
  ],
  async run(context) {
    const { args, ports } = context;
    const given = await readTargets(context);
    if (args.has("prove")) return await prove(requireTargets(given), context);
    const backendName = args.value("for");
    const secrets = readSecretChoice(args);
    const [output, force] = [args.value("output"), args.has("force")];
    if (args.has("diff") && (backendName === undefined || output !== undefined || force)) {
      throw new UsageError("--diff compares: it needs --for BACKEND, and writes no file", {
        hint: "leave out --output and --force",
      });
    }
    // Before the first question: nothing that is typed is lost.
    if (output !== undefined && output !== "-") await checkNew(output, { fs: ports.fs, force });
    if (backendName === undefined) {
      return await askAndWrite(requireOne(given), context, { secrets, output, force });
    }
    const targets = requireTargets(given);
    const choice = { backend: await findBackend(backendName), variant: args.value("variant") };
    const host = nameHosts(targets);
    const { plan, weak } = await buildPlan(readDoors(args, targets), readOptions(args, choice), {
      ports,
      ...makeSecretOptions(context, secrets, askTwice),
      check: makeCheck(host, choice),
    });
    const old = args.value("diff");
    if (old !== undefined) {
      const { reportDifference } = await import("../../reports/rules_diff.ts");
      const rules = renderRules(choice.backend, plan, {
        host,
        variant: choice.variant,
      });
      const value = { target: plan.name, backend: choice.backend.name };
      return await reportDifference(rules, context, { file: old, value });
    }
    printWeaknesses(weak, context);
    return await write({ host, plan, weak, ...choice }, context, { output, force });
  },
});

/** Returns the targets of the arguments or of `--tag`; none where the wizard asks for one. */
async function readTargets(context: RulesContext): Promise<Target[]> {
  const { args } = context;
  if (args.positionals.length === 0 && !args.has("tag")) return [];
  return await selectTargets(context);
}

function readOptions(
  args: RulesContext["args"],
  choice?: Pick<RuleSet, "backend" | "variant">,
): PlanOptions {
  return { ...readPlanOptions(args, choice), name: args.value("name") };
}

/** Doors of one machine can be reached by several names. */
function nameHosts(targets: readonly Target[]): string {
  return [...new Set(targets.map(({ host }) => host))].join(", ");
}

async function prove(targets: readonly Target[], context: RulesContext): Promise<number> {
  const { args, ports } = context;
  const useless = (["for", "variant", "output", "force", "diff"] as const).find((name) =>
    args.has(name)
  );
  if (useless !== undefined) {
    throw new UsageError(`--${useless} has no effect with --prove`, {
      hint: "the proof is of the plan, for every firewall",
    });
  }
  const seed = args.read("seed", parseSeed) ?? 1;
  const { plan, weak } = await buildPlan(readDoors(args, targets), readOptions(args), {
    ports,
    ...makeSecretOptions(context, readSecretChoice(args), askTwice),
  });
  const { reportProof } = await import("../../reports/proof.ts");
  printWeaknesses(weak, context);
  return reportProof(plan, context, { seed });
}

function parseSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new ValueError(text, "is not a whole number below 2^32");
}

/** What a back end cannot express is refused before a passphrase is typed. */
function makeCheck(
  host: string,
  { backend, variant }: Pick<RuleSet, "backend" | "variant">,
): (plan: Plan) => void {
  return (plan) => void renderRules(backend, plan, { host, variant });
}

function requireTargets(targets: readonly Target[]): readonly Target[] {
  if (targets.length > 0) return targets;
  throw new UsageError("missing argument TARGET", { hint: `usage: ${USAGE}` });
}

function requireOne(targets: readonly Target[]): Target | undefined {
  if (targets.length <= 1) return targets[0];
  throw new UsageError("the questions are for one target: with several, use --for", {
    hint: `usage: ${USAGE}, one of ${BACKEND_NAMES.join(", ")}`,
  });
}

/** Where the wizard gets secrets from and saves the rules, if an option says so. */
interface WizardOptions {
  secrets?: SecretChoice | undefined;
  output?: string | undefined;
  /** Whether `output` may be overwritten without a question. */
  force?: boolean;
}

async function askAndWrite(
  given: Target | undefined,
  context: Context,
  options: WizardOptions,
): Promise<number> {
  const hint = `usage: ${USAGE}, one of ${BACKEND_NAMES.join(", ")}`;
  const prompter = await requirePrompter(context, hint);
  const target = given ?? await askForTarget(context, prompter);
  await writeByAsking(target, context, { prompter, ...options });
  return EXIT.done;
}

async function askForTarget(context: Context, prompter: Prompter): Promise<Target> {
  const targets = [...(await loadTargets(context)).targets.values()];
  if (targets.length === 0) {
    throw new UsageError("there are no targets yet", { hint: "spknock add" });
  }
  return await prompter.select({
    message: "Rules for which target",
    what: "target",
    options: targets.map((target) => ({
      label: target.name,
      hint: sanitize(target.host),
      value: target,
    })),
  });
}

/** The wizard; the menu does the same. */
export async function writeByAsking(
  target: Target,
  context: Context,
  { prompter, secrets, ...options }: { prompter: Prompter } & WizardOptions,
): Promise<void> {
  const { askForBackend, askForPlan, drawPlan } = await import("../../questions/rules_wizard.ts");
  const { backend, variant } = await askForBackend(prompter);
  const { door, options: planOptions } = await askForPlan(prompter, target, { backend });
  const { host } = target;
  const { plan, weak } = await buildPlan([door], planOptions, {
    ports: context.ports,
    ...makeSecretOptions(context, secrets, askTwice),
    check: makeCheck(host, { backend, variant }),
  });
  context.out.note(`\n${drawPlan(plan)}`);
  printWeaknesses(weak, context);
  await saveByAsking({ host, plan, weak, backend, variant }, context, { prompter, ...options });
}

/** Asks where the rules go until they are there: nothing of what was typed before is lost. */
async function saveByAsking(
  rules: RuleSet,
  context: Context,
  { prompter, output, force = false }: { prompter: Prompter } & WizardOptions,
): Promise<void> {
  const { ports: { env, fs }, out } = context;
  for (;;) {
    const answer = await prompter.input({
      message: "Save to which file (- prints the rules)",
      default: output ?? `${rules.plan.name}.${rules.backend.extension}`,
    });
    const file = expandHome(answer, env("HOME"));
    try {
      const isThere = file !== "-" && await isExistingFile(file, fs);
      const message = `Overwrite ${sanitize(file)}?`;
      const mayWrite = !isThere || (force && answer === output) ||
        await prompter.confirm({ message, default: false });
      if (mayWrite) return void await write(rules, context, { output: file, force: isThere });
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
      reportError(error, out);
    }
  }
}

interface RuleSet {
  host: string;
  plan: Plan;
  weak: readonly Weakness[];
  backend: Backend;
  variant: string | undefined;
}

async function write(
  { host, plan, weak, backend, variant }: RuleSet,
  { out, ports }: Context,
  { output, force }: { output: string | undefined; force: boolean },
): Promise<number> {
  const file = output === "-" ? undefined : output;
  const rules = renderRules(backend, plan, { host, variant, file });
  if (file === undefined) {
    out.print(rules);
  } else {
    const warning = await saveNew(file, rules, { fs: ports.fs, force });
    if (warning !== undefined) out.note(`warning: ${sanitize(file)}: ${warning}`);
    const saved = `saved the rules for ${plan.name} in ${sanitize(file)}`;
    out.say(out.wrap(`${saved}; the file's header says how to apply them`) + "\n");
  }
  out.value({
    target: plan.name,
    backend: backend.name,
    variant: variant ?? backend.variants[0] ?? null,
    file: file ?? null,
    plan: toPlanValue(plan),
    weaknesses: weak,
    rules: file === undefined ? rules : null,
  });
  return EXIT.done;
}

/** Returns a plan as the JSON contract has it. */
function toPlanValue(plan: Plan): unknown {
  return {
    name: plan.name,
    doors: plan.doors.map(toDoorValue),
    ban: plan.ban,
    ban_prefix6: plan.ban ? plan.banPrefix6 : null,
    prefix4: plan.prefixes.ipv4,
    prefix6: plan.prefixes.ipv6,
    families: plan.families,
    // The notation of the option.
    interface: plan.interfaces.length === 0 ? null : plan.interfaces.join(","),
    trusted: plan.trusted,
    public: plan.publicServices.map(renderService),
  };
}

function toDoorValue(door: Door): unknown {
  return {
    target: door.name,
    stages: door.stages.map(toStageValue),
    closing: door.closing.map(toStageValue),
    open: door.opens.map(renderService),
    forward: door.forwards.map(renderForward),
    open_for_ms: door.openForMs,
    stage_timeout_ms: door.stageTimeoutMs,
    guard: door.guard,
  };
}

function toStageValue(stage: Stage): unknown {
  return { knock: renderPortSpec(stage), secret: stage.payload !== undefined };
}

/** Prints what is weak on stderr, so that the rules can be piped. */
function printWeaknesses(weak: readonly Weakness[], { out }: Context): void {
  const { bad, warn, faint } = out.noteStyle;
  const paint = { danger: bad, warning: warn, info: faint };
  for (const { severity, reason, remedy } of weak) {
    out.note(`${paint[severity](`${severity}:`)} ${reason}`);
    out.note(`  ${faint("remedy:")} ${remedy}`);
  }
}
