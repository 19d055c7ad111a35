/** `rename`: give a target another name. */
import { renameTarget, updateConfig } from "../../config/changes.ts";
import { parseTargetName } from "../../core/target.ts";
import {
  type Context,
  findTarget,
  loadTargets,
  refuseLegacy,
  targetsPath,
  wantWords,
} from "../context.ts";
import { EXIT } from "../failure.ts";
import { asUsage } from "../options.ts";

/** Runs `rename`. */
export async function run(context: Context): Promise<number> {
  const [from = "", to = ""] = wantWords(context, {
    min: 2,
    usage: "spknock rename TARGET NEW-NAME",
  });
  const config = await loadTargets(context);
  refuseLegacy(config);
  findTarget(config, from);
  try {
    parseTargetName(to);
  } catch (cause) {
    throw asUsage(cause);
  }
  const file = await targetsPath(context);
  await updateConfig(file, (text) => renameTarget(text, { from, to }, { file }), context.ports.fs);
  context.out.say(`${from} is now ${to}\n`);
  context.out.value({ renamed: from, to, file });
  return EXIT.done;
}
