/** `rename`: give a target another name. */
import { renameTarget } from "../../../config/changes.ts";
import { parseTargetName } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import {
  findTarget,
  loadTargets,
  refuseLegacy,
  targetsPath,
  updateTargets,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { asUsageError } from "../../options.ts";

/** The command `rename`. */
export const command = defineCommand({
  usage: ["rename TARGET NEW-NAME"],
  options: [],
  examples: [
    "rename home house",
    "rename office work --json",
  ],
  async run(context) {
    const usage = "spknock rename TARGET NEW-NAME";
    const [from = "", to = ""] = requirePositionals(context, { min: 2, usage });
    const config = await loadTargets(context);
    refuseLegacy(config);
    findTarget(config, from);
    asUsageError(() => parseTargetName(to));
    const file = await targetsPath(context);
    if (from === to) {
      context.out.say(`nothing to change: ${from} in ${sanitize(file)}\n`);
      context.out.value({ renamed: null, to, file });
      return EXIT.done;
    }
    await updateTargets(file, (text) => renameTarget(text, { from, to }, { file }), context);
    context.out.say(`${from} is now ${to}\n`);
    context.out.value({ renamed: from, to, file });
    return EXIT.done;
  },
});
