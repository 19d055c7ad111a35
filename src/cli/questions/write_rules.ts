/** The wizard of `rules`, which the menu runs too: questions, the picture of the plan, the file. */
import { ConfigError, UsageError } from "../../core/errors.ts";
import { listCodedDoors, type Plan } from "../../plan/plan.ts";
import { expandHome, findHome } from "../../core/system/home.ts";
import { isSameHost, nameHosts, type Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { type Backend, checkRules, needsHorizon } from "../../rules/mod.ts";
import { buildPlan, draftPlan } from "../../use_cases/build_plan.ts";
import { isExistingFile } from "../../use_cases/save_file.ts";
import type { Context } from "../command.ts";
import { loadTargets, makeSecretOptions, readTargets, type SecretChoice } from "../context.ts";
import { saveHorizon } from "../reports/saved_horizon.ts";
import { reportError } from "../report_error.ts";
import { drawPlan } from "../reports/documents/plan_picture.ts";
import {
  noteHosts,
  printWeaknesses,
  type RuleSet,
  writeRuleSet,
} from "../reports/documents/rule_set.ts";
import type { Check } from "./draft_questions.ts";
import { askForBackend, askForPlan, findNeighbours } from "./rules_wizard.ts";
import { askTwice } from "./secret_questions.ts";

/** Where the wizard gets secrets from and saves the rules, if an option says so. */
interface WizardOptions {
  secrets?: SecretChoice | undefined;
  output?: string | undefined;
  /** Whether `output` may be overwritten without a question. */
  force?: boolean;
}

/**
 * Asks for all that the rules need, and writes them.
 *
 * @param given the targets that are known already; one is asked for where there is none.
 */
export async function writeByAsking(
  given: readonly Target[],
  context: Context,
  { prompter, secrets, ...options }: { prompter: Prompter } & WizardOptions,
): Promise<void> {
  const { out, ports } = context;
  const chosen = given.length > 0 ? given : [await askForTarget(context, prompter)];
  noteHosts(chosen, context);
  const { backend, variant } = await askForBackend(prompter);
  const refuseUnsupported = (plan: Plan) =>
    checkRules(backend, plan, { host: nameHosts(chosen), variant });
  const check: Check = ({ doors, options }) => refuseUnsupported(draftPlan(doors, options));
  const targets = await addNeighbours(chosen, context, { prompter, backend, check });
  const { doors, options: planOptions } = await askForPlan(prompter, targets, { backend, check });
  out.note(`\n${drawPlan(draftPlan(doors, planOptions))}`);
  const { plan, weak } = await buildPlan(doors, planOptions, {
    ports,
    ...makeSecretOptions(context, secrets, askTwice),
    check: refuseUnsupported,
  });
  printWeaknesses(weak, context);
  const host = nameHosts(targets);
  await saveByAsking({ host, plan, weak, backend, variant }, context, { prompter, ...options });
  if (needsHorizon(backend)) await offerHorizon(plan, context, prompter);
}

/** With the end in the target, a knock warns before there are no codes any more. */
async function offerHorizon(plan: Plan, context: Context, prompter: Prompter): Promise<void> {
  const coded = listCodedDoors(plan);
  if (coded.length === 0 || (await readTargets(context)).kind === "legacy") return;
  const names = coded.map(({ door }) => door.name).join(", ");
  const message = `Save in ${names} until when there are codes, so that each knock can warn?`;
  if (await prompter.confirm({ message, default: true })) await saveHorizon(plan, context);
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

/** Offers the other targets of the same machine: their doors belong to one rule set. */
async function addNeighbours(
  chosen: readonly Target[],
  context: Context,
  { prompter, ...rules }: { prompter: Prompter; backend: Backend; check: Check },
): Promise<readonly Target[]> {
  const [only] = chosen;
  if (only === undefined || chosen.length > 1) return chosen;
  const saved = [...(await readTargets(context)).targets.values()];
  const atHost = saved.filter((target) => isSameHost(target.host, only.host));
  const others = findNeighbours(only, atHost, rules);
  if (others.length === 0) return chosen;
  const names = others.map(({ name }) => name).join(", ");
  const isWanted = await prompter.confirm({
    message: `Same host: ${names}. One rule set for all of them?`,
    default: true,
  });
  return isWanted ? [only, ...others] : chosen;
}

/** Asks where the rules go until they are there: nothing of what was typed before is lost. */
async function saveByAsking(
  rules: RuleSet,
  context: Context,
  { prompter, output, force = false }: { prompter: Prompter } & WizardOptions,
): Promise<void> {
  const { ports: { env, os, fs }, out } = context;
  for (;;) {
    const answer = await prompter.input({
      message: "Save to which file (- prints the rules)",
      default: output ?? `${rules.plan.name}.${rules.backend.extension}`,
    });
    const file = expandHome(answer, findHome({ env, os }));
    try {
      const isThere = file !== "-" && await isExistingFile(file, fs);
      const message = `Overwrite ${sanitize(file)}?`;
      const mayWrite = !isThere || (force && answer === output) ||
        await prompter.confirm({ message, default: false });
      if (mayWrite) {
        return void await writeRuleSet(rules, context, { output: file, force: isThere });
      }
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
      reportError(error, out);
    }
  }
}
