/** `rules`: a complete firewall rule set for targets, by questions or by options; and its proof. */
import { UsageError, ValueError } from "../../../core/errors.ts";
import { countCodes, type Plan } from "../../../plan/plan.ts";
import { nameHosts, type Target } from "../../../core/target.ts";
import { listOpenServices } from "../../../probe/mod.ts";
import { BACKEND_NAMES } from "../../../rules/backends.ts";
import {
  checkRules,
  findBackend,
  needsHorizon,
  type PlanOptions,
  renderRules,
} from "../../../rules/mod.ts";
import { buildCodesPlan, buildPlan, type DoorRequest } from "../../../use_cases/build_plan.ts";
import { checkNew } from "../../../use_cases/save_file.ts";
import {
  CODE_OPTIONS,
  makeGraceDoor,
  readHorizon,
  readNow,
  splitPositionals,
  withKeyFiles,
} from "../../arguments/code_args.ts";
import {
  parseRuleSetName,
  PLAN_OPTIONS,
  readDoors,
  readPlanOptions,
} from "../../arguments/plan_args.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import {
  findTarget,
  makeSecretOptions,
  readSecretChoice,
  readTargets as readConfig,
  refuseLegacy,
  requirePrompter,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { saveHorizon } from "../../reports/saved_horizon.ts";
import { SECRET_OPTIONS, SELECTION_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import {
  noteHosts,
  printWeaknesses,
  type RuleSet,
  writeCodes,
  writeRuleSet,
} from "../../reports/documents/rule_set.ts";
import { askTwice } from "../../questions/secret_questions.ts";

const USAGE = "spknock rules TARGET... --for BACKEND";
const HINT = `usage: ${USAGE}, one of ${BACKEND_NAMES.join(", ")}`;

const RULES_OPTIONS = [
  { name: "for", value: "BACKEND", help: "the firewall to write for" },
  { name: "variant", value: "ipset|recent", help: "of iptables (default: ipset)" },
  ...SELECTION_OPTIONS,
  { name: "name", value: "NAME", help: "of the rule set (default: the first target's)" },
  ...PLAN_OPTIONS,
  ...CODE_OPTIONS,
  {
    name: "output",
    short: "o",
    value: "FILE",
    help: "save here, mode 0600 (default: standard output)",
  },
  { name: "output-dir", value: "DIR", help: "save a file for each machine here: NAME.nft" },
  { name: "force", short: "f", help: "overwrite the file" },
  { name: "diff", value: "FILE", help: "compare the rules with a file; exit 1 if they differ" },
  { name: "prove", help: "attack the model of the rules, and print what opens" },
  { name: "seed", value: "N", help: "of the random attacks (default: 1)" },
  ...SECRET_OPTIONS,
] as const satisfies readonly OptionSpec[];

/** From here on codes take minutes to load. */
const MANY_CODES = 1_000_000;
/** Of a code in the rules (docs/measurements.md). */
const CODE_TEXT = 143;

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
    const folder = args.value("output-dir");
    if (folder !== undefined) refuseWithFolder(args);
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
    if (force && folder === undefined && (output === undefined || output === "-")) {
      throw new UsageError("--force has no effect without --output FILE");
    }
    if (args.has("seed")) throw new UsageError("--seed has no effect without --prove");
    if (args.has("save")) refuseLegacy(await readConfig(context));
    const choice = { backend: await findBackend(backendName), variant: args.value("variant") };
    if (folder !== undefined) {
      const { writeRuleFolder } = await import("./rule_folder.ts");
      return await writeRuleFolder(targets, context, {
        ...choice,
        folder,
        force,
        saves: args.has("save"),
        doors: await readAllDoors(targets, context),
        planOptions: readOptions(context, targets, choice),
        secrets: makeSecretOptions(context, secrets, askTwice),
        makeCheck: (rules) => makeCheck(rules, context),
      });
    }
    const host = nameHosts(targets);
    noteHosts(targets, context);
    const rules = { host, ...choice };
    const options = readOptions(context, targets, choice);
    const doors = await readAllDoors(targets, context);
    const building = {
      ports,
      ...makeSecretOptions(context, secrets, askTwice),
      check: makeCheck(rules, context),
    };
    const { during } = context.out.status;
    if (args.has("codes-only")) {
      const plan = await during("making the codes", () => buildCodesPlan(doors, options, building));
      const code = await writeCodes({ ...rules, plan }, context, { output, force });
      if (args.has("save")) await saveHorizon(plan, context, { isAdded: true });
      return code;
    }
    const { plan, weak } = await during(
      "making the rules",
      () => buildPlan(doors, options, building),
    );
    const old = args.value("diff");
    if (old !== undefined) return await compare(plan, context, { file: old, rules });
    printWeaknesses(weak, context);
    const code = await writeRuleSet({ ...rules, plan, weak }, context, { output, force });
    if (args.has("save")) await saveHorizon(plan, context);
    return code;
  },
});

async function compare(
  plan: Plan,
  context: RulesContext,
  { file, rules: { backend, ...rules } }: { file: string; rules: Omit<RuleSet, "plan" | "weak"> },
): Promise<number> {
  const { reportDifference } = await import("../../reports/documents/rules_diff.ts");
  const value = { target: plan.name, backend: backend.name };
  return await reportDifference(renderRules(backend, plan, rules), context, { file, value });
}

/** Returns the targets of the arguments or of `--tag`; none where the wizard asks for one. */
async function readTargets(context: RulesContext): Promise<Target[]> {
  const { args } = context;
  const { names } = splitPositionals(args);
  const all = args.has("all");
  if (names.length === 0 && !args.has("tag") && !all) return [];
  return await selectTargets({ ...context, args: { ...args, positionals: names } }, { all });
}

/** The doors of the targets, with the keys of others, and with a second way in. */
async function readAllDoors(
  targets: readonly Target[],
  context: RulesContext,
): Promise<DoorRequest[]> {
  const { args } = context;
  const opened = args.has("codes-only") ? targets.map(openAny) : readDoors(args, targets);
  const doors = withKeyFiles(opened, splitPositionals(args).files);
  const name = args.value("grace-static");
  if (name === undefined) return doors;
  return [...doors, makeGraceDoor(findTarget(await readConfig(context), name), doors)];
}

/** What opens is in the running rules already. */
function openAny(target: Target): DoorRequest {
  const opens = listOpenServices(target);
  return { target, opens: opens.length > 0 ? opens : [{ port: 22, protocol: "tcp" }] };
}

function readOptions(
  { args }: RulesContext,
  targets: readonly Target[],
  choice?: Pick<RuleSet, "backend" | "variant">,
): PlanOptions {
  refuseUseless(args);
  return {
    ...readPlanOptions(args, choice),
    name: args.read("name", parseRuleSetName),
    horizon: readHorizon(args, targets, { backend: choice?.backend, now: readNow() }),
  };
}

/** What is of one machine. */
function refuseWithFolder(args: RulesContext["args"]): void {
  const single = ["output", "name", "diff", "codes-only", "grace-static"] as const;
  const useless = single.find((name) => args.has(name));
  if (useless === undefined) return;
  throw new UsageError(`--${useless} is for one rule set, --output-dir for one of each machine`, {
    hint: `leave out --${useless}`,
  });
}

/** What only one of two outputs has. */
function refuseUseless(args: RulesContext["args"]): void {
  if (args.has("codes-only")) {
    const shaping = [...PLAN_OPTIONS.map(({ name }) => name), "grace-static", "diff"] as const;
    const useless = shaping.find((name) => args.has(name));
    if (useless === undefined) return;
    throw new UsageError(`--${useless} has no effect with --codes-only`, {
      hint: "the running rules stay as they are, and get more one-time codes",
    });
  }
  if (args.has("diff") && args.has("save")) {
    throw new UsageError("--save has no effect with --diff: it writes no rules");
  }
}

/** What the questions ask about, and what belongs to another option. */
function refuseIdle({ has }: RulesContext["args"]): void {
  const shaping = [...PLAN_OPTIONS, ...CODE_OPTIONS].map(({ name }) => name);
  const names = [...shaping, "name", "variant", "seed", "output-dir"] as const;
  const idle = names.find((name) => has(name));
  if (idle === undefined) return;
  throw new UsageError(`--${idle} has no effect without ${idle === "seed" ? "--prove" : "--for"}`, {
    hint: HINT,
  });
}

async function prove(targets: readonly Target[], context: RulesContext): Promise<number> {
  const { args, ports } = context;
  const writing = [
    ...(["for", "variant", "output", "output-dir", "force", "diff", "save", "codes-only"] as const),
  ];
  const useless = writing.find((name) => args.has(name));
  if (useless !== undefined) {
    throw new UsageError(`--${useless} has no effect with --prove`, {
      hint: "the proof is of the plan, for every firewall",
    });
  }
  const seed = args.read("seed", parseSeed) ?? 1;
  const options = readOptions(context, targets);
  const doors = await readAllDoors(targets, context);
  const building = {
    ports,
    ...makeSecretOptions(context, readSecretChoice(args), askTwice),
  };
  const { plan, weak } = await context.out.status.during(
    "making the plan",
    () => buildPlan(doors, options, building),
  );
  const { reportProof } = await import("../../reports/proof.ts");
  printWeaknesses(weak, context);
  return await reportProof(plan, context, { seed });
}

function parseSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new ValueError(text, "is not a whole number below 2^32");
}

/** What a back end cannot express is refused before a passphrase is typed. */
function makeCheck(
  { host, backend, variant }: Omit<RuleSet, "plan" | "weak">,
  { args, out }: RulesContext,
): (plan: Plan) => void {
  return (plan) => {
    checkRules(backend, plan, { host, variant });
    const count = needsHorizon(backend) ? countCodes(plan) : 0;
    if (count > 0 && args.has("diff")) {
      throw new UsageError(
        "--diff cannot compare rules with one-time codes: they differ each time",
        {
          hint: "write them anew with --output FILE --force",
        },
      );
    }
    if (count < MANY_CODES) return;
    const hint = "use a longer window, fewer slots, or an earlier --until";
    const isPrinted = !args.has("output-dir") && [undefined, "-"].includes(args.value("output"));
    if (out.json && isPrinted) {
      throw new UsageError(`--json cannot hold ${count} one-time codes: save them with --output`, {
        hint,
      });
    }
    const size = Math.round(count * CODE_TEXT / 1e6);
    out.note(`warning: ${count} one-time codes are about ${size} MB of rules: ${hint}`);
  };
}

function requireTargets(targets: readonly Target[]): readonly Target[] {
  if (targets.length > 0) return targets;
  throw new UsageError("missing argument TARGET", { hint: `usage: ${USAGE}` });
}
