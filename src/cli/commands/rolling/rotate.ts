/** `rolling rotate`: a new key, and with `--finish` the end of the former one. */
import { quoteShell } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { FormerFile } from "../../../use_cases/rolling/key_files.ts";
import { finishRotation, renderFinish, rotateKey } from "../../../use_cases/rolling/rotate_key.ts";
import { findTarget, loadTargets, noteWarnings, refuseLegacy, targetsPath } from "../../context.ts";
import { listFileOptions } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import type { RollingContext } from "./rolling_options.ts";

/** Begins the rotation of a target's key, or ends it. */
export async function rotate(name: string, context: RollingContext): Promise<number> {
  const { args, out, ports } = context;
  const config = await loadTargets(context);
  refuseLegacy(config);
  findTarget(config, name);
  const place = { file: await targetsPath(context), fs: ports.fs };
  if (args.has("finish")) return await finish(name, context, place);
  const { path, formerPath, warnings } = await rotateKey(name, place);
  noteWarnings(warnings, context);
  const options = listFileOptions(context);
  const next = [
    ["spknock rules", name, "--for BACKEND --until 1y --save", ...options].join(" "),
    [renderFinish(name), ...options].join(" "),
  ];
  out.say(
    `made the key ${sanitize(path)}; every knock sends a code of the former one too\n` +
      `next, write the rules again, and load them: ${next[0]}\n` +
      `then forget the former key: ${next[1]}\n`,
  );
  out.value({ target: name, file: place.file, key_file: path, former_key_file: formerPath, next });
  return EXIT.done;
}

async function finish(
  name: string,
  context: RollingContext,
  place: Parameters<typeof finishRotation>[1],
): Promise<number> {
  const { out } = context;
  const { former, warnings } = await finishRotation(name, place);
  noteWarnings(warnings, context);
  out.say(`${name} has one key now\n`);
  out.say(`${describeFormer(former)}\n`);
  out.value({
    target: name,
    file: place.file,
    former_key_file: former.path,
    is_removed: former.status === "removed",
  });
  return EXIT.done;
}

/** Returns what became of the file of the former key. */
function describeFormer({ path, status }: FormerFile): string {
  const file = sanitize(path);
  const byHand = `remove it by hand when nothing needs it: rm ${sanitize(quoteShell(path))}`;
  const texts: Record<FormerFile["status"], string> = {
    removed: `removed the former key ${file}`,
    missing: `the file of the former key, ${file}, was removed already`,
    foreign: `the former key ${file} is not in our folder of keys: ${byHand}`,
    used: `the former key ${file} is the secret of another knock, and stays`,
    kept: `the former key ${file} is still there: ${byHand}`,
  };
  return texts[status];
}
