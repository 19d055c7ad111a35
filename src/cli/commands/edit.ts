/** `edit`: change a target, from options or from answers. */
import { replaceTarget, type TargetDraft, updateConfig } from "../../config/changes.ts";
import type { Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { Prompter } from "../../prompt/mod.ts";
import { UsageError } from "../../core/errors.ts";
import {
  type Context,
  findTarget,
  loadTargets,
  needPrompter,
  refuseLegacy,
  targetsPath,
  wantWords,
} from "../context.ts";
import { askForChanges, draftFromOptions, readKnocks } from "../draft.ts";
import { parseSecretOption } from "../../secret/kinds.ts";
import { EXIT } from "../failure.ts";

/** Runs `edit`. */
export async function run(context: Context): Promise<number> {
  const { args } = context;
  const [name = ""] = wantWords(context, { min: 1, usage: "spknock edit TARGET [OPTIONS]" });
  const config = await loadTargets(context);
  refuseLegacy(config);
  const target = findTarget(config, name);
  const changes = { ...draftFromOptions(args), ...knocksFromOptions(target, context) };
  if (Object.keys(changes).length === 0) {
    if (args.has("udp")) throw new UsageError("--udp says nothing without --knock");
    const hint = `say what to change, such as: spknock edit ${name} --delay 100ms`;
    await editByAsking(target, context, { prompter: await needPrompter(context, hint) });
    return EXIT.done;
  }
  const { host, knocks } = target;
  await save({ host, knocks, ...changes, name }, context);
  return EXIT.done;
}

/** Asks what to change and saves it; the menu does the same. */
export async function editByAsking(
  target: Target,
  context: Context,
  { prompter }: { prompter: Prompter },
): Promise<void> {
  await save(await askForChanges(prompter, target), context);
}

/** A new sequence, or the old one with another secret. */
function knocksFromOptions(target: Target, { args }: Context): Pick<Partial<Target>, "knocks"> {
  if (args.has("knock")) {
    const before = target.knocks.find(({ protocol }) => protocol === "udp")?.payload;
    const payload = before?.kind === "bytes" ? undefined : before;
    return { knocks: readKnocks(args.texts("knock"), args, payload ? { payload } : {}) };
  }
  const payload = args.read("secret", parseSecretOption);
  if (payload === undefined) return {};
  return {
    knocks: target.knocks.map((knock) => knock.protocol === "udp" ? { ...knock, payload } : knock),
  };
}

async function save(draft: TargetDraft, context: Context): Promise<void> {
  const file = await targetsPath(context);
  await updateConfig(file, (text) => replaceTarget(text, draft, { file }), context.ports.fs);
  context.out.say(`changed ${draft.name} in ${sanitize(file)}\n`);
  context.out.value({ changed: draft.name, file });
}
