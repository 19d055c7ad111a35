/** `rules`: a complete firewall rule set for targets, by questions or by options; and its proof. */
import { UsageError, ValueError } from "../../../core/errors.ts";
import type { Plan } from "../../../plan/plan.ts";
import { parseTargetName, type Target } from "../../../core/target.ts";
import { BACKEND_NAMES } from "../../../rules/backends.ts";
import { findBackend, type PlanOptions, renderRules } from "../../../rules/mod.ts";
import { buildPlan } from "../../../use_cases/build_plan.ts";
import { checkNew } from "../../../use_cases/save_file.ts";
import { PLAN_OPTIONS, readDoors, readPlanOptions } from "../../arguments/plan_args.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { makeSecretOptions, readSecretChoice, requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SECRET_OPTIONS, TAG_OPTION } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import {
  nameHosts,
  noteHosts,
  printWeaknesses,
  type RuleSet,
  writeRuleSet,
} from "../../reports/rule_set.ts";
import { askTwice } from "../../questions/secret_questions.ts";

const USAGE = "spknock rules TARGET... --for BACKEND";
const HINT = `usage: ${USAGE}, one of ${BACKEND_NAMES.join(", ")}`;

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
      refuseIdle(args);
      const prompter = await requirePrompter(context, HINT);
      const { writeByAsking } = await import("../../questions/write_rules.ts");
      await writeByAsking(given, context, { prompter, secrets, output, force });
      return EXIT.done;
    }
    const targets = requireTargets(given);
    if (force && (output === undefined || output === "-")) {
      throw new UsageError("--force has no effect without --output FILE");
    }
    if (args.has("seed")) throw new UsageError("--seed has no effect without --prove");
    const choice = { backend: await findBackend(backendName), variant: args.value("variant") };
    const host = nameHosts(targets);
    noteHosts(targets, context);
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
    return await writeRuleSet({ host, plan, weak, ...choice }, context, { output, force });
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
  return { ...readPlanOptions(args, choice), name: args.read("name", parseRuleSetName) };
}

/** The rules that target names have: it becomes part of the names of tables and files. */
function parseRuleSetName(text: string): string {
  try {
    return parseTargetName(text);
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause;
    throw new ValueError(text, cause.problem.replace("name a target", "name a rule set"));
  }
}

/** What the questions ask about, and what belongs to another option. */
function refuseIdle({ has }: RulesContext["args"]): void {
  const names = [...PLAN_OPTIONS.map(({ name }) => name), "name", "variant", "seed"] as const;
  const idle = names.find((name) => has(name));
  if (idle === undefined) return;
  throw new UsageError(`--${idle} has no effect without ${idle === "seed" ? "--prove" : "--for"}`, {
    hint: HINT,
  });
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
