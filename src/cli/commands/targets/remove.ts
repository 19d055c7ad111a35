/** `remove`: remove targets, all of those named or none. */
import { removeTarget } from "../../../config/changes.ts";
import { CancelledError } from "../../../core/errors.ts";
import { listKeys } from "../../../core/fwknop.ts";
import type { Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
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
    const targets = names.map((name) => findTarget(config, name));
    if (!args.has("yes")) {
      const hint = `remove without a question: spknock remove ${names.join(" ")} --yes`;
      const prompter = await requirePrompter(context, hint);
      const message = `Remove ${names.join(", ")}?`;
      if (!await prompter.confirm({ message, default: false })) throw new CancelledError();
    }
    await removeTargets(targets, context);
    return EXIT.done;
  },
});

/** Removes targets in one write; the menu does the same. */
export async function removeTargets(targets: readonly Target[], context: Context): Promise<void> {
  const { out } = context;
  const file = await targetsPath(context);
  const names = targets.map(({ name }) => name);
  await updateTargets(
    file,
    (text) => names.reduce((rest, name) => removeTarget(rest, name, { file }), text),
    context,
  );
  const keyFiles = targets.flatMap(listKeyFiles);
  out.say(`removed ${names.join(", ")}\n`);
  for (const path of keyFiles) out.say(`the key file stays: ${sanitize(path)}\n`);
  const sequences = targets.flatMap(({ oneTime }) => oneTime ?? []);
  for (const path of sequences) {
    out.say(`the file of one-time sequences stays: ${sanitize(path)}\n`);
  }
  out.value({
    removed: names,
    file,
    ...(keyFiles.length === 0 ? {} : { key_files: keyFiles }),
    ...(sequences.length === 0 ? {} : { one_time_files: sequences }),
  });
}

/** The files of a target's keys, of one-time codes or of fwknop: the server still takes what they make. */
function listKeyFiles(target: Target): string[] {
  const { knocks, rolling } = target;
  const keys = rolling === undefined ? listKeys(target) : knocks;
  const files = keys.flatMap(({ payload }) =>
    payload.kind === "secret" && payload.source.kind === "file" ? [payload.source.path] : []
  );
  return [...files, ...(rolling?.formerKey === undefined ? [] : [rolling.formerKey])];
}
