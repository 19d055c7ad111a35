/** `rules`: a complete firewall rule set for a target, asked for or by options; and its proof. */
import { UsageError } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Plan } from "../../core/plan.ts";
import type { Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { type Backend, findBackend, renderRules, type Weakness } from "../../rules/mod.ts";
import { BACKEND_NAMES } from "../../rules/backends.ts";
import { type Context, findTarget, loadTargets, needPrompter, wantWords } from "../context.ts";
import { EXIT } from "../failure.ts";
import { judgePlan, planOptions } from "../rules_plan.ts";
import { exists, saveNew } from "../save_file.ts";

const USAGE = "spknock rules TARGET --for BACKEND";

/** Runs `rules`. */
export async function run(context: Context): Promise<number> {
  const { args } = context;
  const [name] = wantWords(context, { min: 0, max: 1, usage: USAGE });
  const given = name === undefined ? undefined : findTarget(await loadTargets(context), name);
  if (args.has("prove")) return await prove(wantTarget(given), context);
  const wanted = args.text("for");
  if (wanted === undefined) return await askAndWrite(given, context);
  const target = wantTarget(given);
  const choice = { backend: await findBackend(wanted), variant: args.text("variant") };
  const { plan, weak } = await judgePlan(target, planOptions(target, args, choice), {
    context,
    check: checkWith(target, choice),
  });
  sayWeaknesses(weak, context);
  return await write({ target, plan, weak, ...choice }, context);
}

async function prove(target: Target, context: Context): Promise<number> {
  const { args } = context;
  const useless = ["for", "variant", "output", "force"].find((name) => args.has(name));
  if (useless !== undefined) {
    throw new UsageError(`--${useless} says nothing with --prove`, {
      hint: "the proof is of the plan, whatever the firewall",
    });
  }
  const { plan, weak } = await judgePlan(target, planOptions(target, args), { context });
  const { provePlan } = await import("../prove.ts");
  sayWeaknesses(weak, context);
  return provePlan(plan, context);
}

/** What a back end cannot express is said before anybody types a passphrase. */
function checkWith(
  { host }: Target,
  { backend, variant }: Pick<RuleSet, "backend" | "variant">,
): (plan: Plan) => void {
  return (plan) => void renderRules(backend, plan, { host, variant });
}

function wantTarget(target: Target | undefined): Target {
  if (target !== undefined) return target;
  throw new UsageError("a target is wanted", { hint: `usage: ${USAGE}` });
}

async function askAndWrite(given: Target | undefined, context: Context): Promise<number> {
  const prompter = await needPrompter(
    context,
    `usage: ${USAGE}, one of ${BACKEND_NAMES.join(", ")}`,
  );
  await writeByAsking(given ?? await askForTarget(context, prompter), context, { prompter });
  return EXIT.done;
}

async function askForTarget(context: Context, prompter: Prompter): Promise<Target> {
  const targets = [...(await loadTargets(context)).targets.values()];
  if (targets.length === 0) {
    throw new UsageError("there are no targets yet", { hint: "spknock add" });
  }
  return await prompter.select({
    message: "Rules for which target",
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
  { prompter }: { prompter: Prompter },
): Promise<void> {
  const { askForBackend, askForPlan, drawPlan } = await import("../rules_wizard.ts");
  const { backend, variant } = await askForBackend(prompter);
  const options = await askForPlan(prompter, target, { backend });
  const check = checkWith(target, { backend, variant });
  const { plan, weak } = await judgePlan(target, options, { context, check });
  context.out.note(`\n${drawPlan(plan)}`);
  sayWeaknesses(weak, context);
  const rules = { target, plan, weak, backend, variant };
  const fallback = `${target.name}.${backend.extension}`;
  const file = await prompter.input({
    message: "Save to which file (- prints the rules)",
    default: context.args.text("output") ?? fallback,
  });
  const isThere = file !== "-" && await exists(file, context.ports.fs);
  if (isThere && !await prompter.confirm({ message: `Write over ${file}?`, default: false })) {
    context.out.note("nothing was saved; here they are:");
    return void await write(rules, context, { file: "-" });
  }
  await write(rules, context, { file, force: isThere });
}

interface RuleSet {
  target: Target;
  plan: Plan;
  weak: readonly Weakness[];
  backend: Backend;
  variant: string | undefined;
}

async function write(
  { target, plan, weak, backend, variant }: RuleSet,
  context: Context,
  { file: named = context.args.text("output"), force = context.args.has("force") }: {
    file?: string | undefined;
    force?: boolean;
  } = {},
): Promise<number> {
  const file = named === "-" ? undefined : named;
  const { out, ports } = context;
  const rules = renderRules(backend, plan, { host: target.host, variant, file });
  if (file === undefined) {
    out.print(rules);
  } else {
    await saveNew(file, rules, { fs: ports.fs, force });
    out.say(
      `saved the rules for ${target.name} in ${sanitize(file)}; how to apply them stands in it\n`,
    );
  }
  out.value({
    target: target.name,
    backend: backend.name,
    variant: variant ?? backend.variants[0] ?? null,
    file: file ?? null,
    plan: planValue(plan),
    weaknesses: weak,
    rules: file === undefined ? rules : null,
  });
  return EXIT.done;
}

function planValue(plan: Plan): unknown {
  return {
    stages: plan.stages.map((stage) => ({
      knock: renderPortSpec(stage),
      secret: stage.payload !== undefined,
    })),
    open: plan.protectedPorts.map(renderPortSpec),
    open_for_ms: plan.openForMs,
    stage_timeout_ms: plan.stageTimeoutMs,
    guard: plan.guard,
    ban: plan.ban,
    families: plan.families,
    interface: plan.interface ?? null,
    trusted: plan.trusted,
    public: plan.publicPorts.map(renderPortSpec),
  };
}

/** What is weak, on stderr, so that the rules can be piped. */
function sayWeaknesses(weak: readonly Weakness[], { out }: Context): void {
  const { bad, warn, faint } = out.noteStyle;
  const paint = { danger: bad, warning: warn, info: faint };
  for (const { severity, reason, remedy } of weak) {
    out.note(`${paint[severity](`${severity}:`)} ${reason}`);
    out.note(`  ${faint("remedy:")} ${remedy}`);
  }
}
