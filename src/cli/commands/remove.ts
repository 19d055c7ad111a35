/** `remove`: remove targets, all of those named or none. */
import { removeTarget, updateConfig } from "../../config/changes.ts";
import { CancelledError } from "../../core/errors.ts";
import {
  type Context,
  findTarget,
  loadTargets,
  needPrompter,
  refuseLegacy,
  targetsPath,
  wantWords,
} from "../context.ts";
import { EXIT } from "../failure.ts";

/** Runs `remove`. */
export async function run(context: Context): Promise<number> {
  const { args, ports } = context;
  const words = wantWords(context, { min: 1, max: Infinity, usage: "spknock remove TARGET..." });
  const names = [...new Set(words)];
  const config = await loadTargets(context);
  refuseLegacy(config);
  for (const name of names) findTarget(config, name);
  if (!args.has("yes") && ports.stdin.isTerminal()) {
    const prompter = await needPrompter(context, "--yes");
    const message = `Remove ${names.join(", ")}?`;
    if (!await prompter.confirm({ message, default: false })) throw new CancelledError();
  }
  await removeTargets(names, context);
  return EXIT.done;
}

/** Removes targets in one write; the menu does the same. */
export async function removeTargets(names: readonly string[], context: Context): Promise<void> {
  const file = await targetsPath(context);
  await updateConfig(
    file,
    (text) => names.reduce((rest, name) => removeTarget(rest, name, { file }), text),
    context.ports.fs,
  );
  context.out.say(`removed ${names.join(", ")}\n`);
  context.out.value({ removed: names, file });
}
