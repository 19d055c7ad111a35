/** `remove`: remove targets, all of those named or none. */
import { removeTarget } from "../../../config/changes.ts";
import { CancelledError } from "../../../core/errors.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import {
  findTarget,
  loadTargets,
  refuseLegacy,
  requirePrompter,
  targetsPath,
  updateTargets,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";

/** The command `remove`. */
export const command = defineCommand({
  usage: ["remove TARGET..."],
  options: [{ name: "yes", short: "y", help: "do not ask" }],
  examples: [
    "remove home",
    "remove home office --yes",
  ],
  async run(context) {
    const { args } = context;
    const usage = "spknock remove TARGET...";
    const names = [...new Set(requirePositionals(context, { min: 1, max: Infinity, usage }))];
    const config = await loadTargets(context);
    refuseLegacy(config);
    for (const name of names) findTarget(config, name);
    if (!args.has("yes")) {
      const hint = `remove without a question: spknock remove ${names.join(" ")} --yes`;
      const prompter = await requirePrompter(context, hint);
      const message = `Remove ${names.join(", ")}?`;
      if (!await prompter.confirm({ message, default: false })) throw new CancelledError();
    }
    await removeTargets(names, context);
    return EXIT.done;
  },
});

/** Removes targets in one write; the menu does the same. */
export async function removeTargets(names: readonly string[], context: Context): Promise<void> {
  const file = await targetsPath(context);
  await updateTargets(
    file,
    (text) => names.reduce((rest, name) => removeTarget(rest, name, { file }), text),
    context,
  );
  context.out.say(`removed ${names.join(", ")}\n`);
  context.out.value({ removed: names, file });
}
