/** `add`: save a target, from the command line or from answers. */
import { addTarget, type TargetDraft, updateConfig } from "../../config/changes.ts";
import { parseHost, parseTargetName } from "../../core/target.ts";
import type { Prompter } from "../../prompt/mod.ts";
import {
  type Context,
  loadForAdding,
  needPrompter,
  refuseLegacy,
  targetsPath,
  wantWords,
} from "../context.ts";
import { askForTarget, draftFromOptions, readKnocks } from "../draft.ts";
import { EXIT } from "../failure.ts";
import { asUsage } from "../options.ts";
import { sanitize } from "../../output/sanitize.ts";

/** Runs `add`. */
export async function run(context: Context): Promise<number> {
  const { args } = context;
  if (args.words.length === 0) {
    const hint = "spknock add NAME HOST PORT[/PROTO]...";
    await addByAsking(context, await needPrompter(context, hint));
    return EXIT.done;
  }
  const [name = "", host = "", ...ports] = wantWords(context, {
    min: 3,
    max: Infinity,
    usage: "spknock add NAME HOST PORT[/PROTO]...",
  });
  try {
    const draft = {
      ...draftFromOptions(args),
      name: parseTargetName(name),
      host: parseHost(host),
      knocks: readKnocks(ports, args),
    };
    await save(draft, context);
  } catch (cause) {
    throw asUsage(cause);
  }
  return EXIT.done;
}

/** Asks for a target and saves it; the menu does the same. */
export async function addByAsking(context: Context, prompter: Prompter): Promise<void> {
  const config = await loadForAdding(context);
  refuseLegacy(config);
  await save(await askForTarget(prompter, { taken: new Set(config.targets.keys()) }), context);
}

async function save(draft: TargetDraft, context: Context): Promise<void> {
  refuseLegacy(await loadForAdding(context));
  const file = await targetsPath(context);
  await updateConfig(file, (text) => addTarget(text, draft, { file }), context.ports.fs);
  context.out.say(`saved ${draft.name} in ${sanitize(file)}\n`);
  context.out.value({ added: draft.name, file });
}
