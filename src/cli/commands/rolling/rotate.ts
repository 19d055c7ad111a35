/** `rolling rotate`: a new key, and with `--finish` the end of the former one. */
import { CancelledError } from "../../../core/errors.ts";
import { chooseCommands } from "../../../core/system/commands.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { FormerFile } from "../../../use_cases/rolling/key_files.ts";
import {
  finishRotation,
  renderFinish,
  renderNewRules,
  rotateKey,
} from "../../../use_cases/rolling/rotate_key.ts";
import {
  findTarget,
  loadTargets,
  noteWarnings,
  refuseLegacy,
  requirePrompter,
  targetsPath,
} from "../../context.ts";
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
  const { path, formerPath, keepsFormer, warnings } = await rotateKey(name, place);
  noteWarnings(warnings, context);
  const options = listFileOptions(context);
  const rules = [renderNewRules(name), ...options].join(" ");
  const end = [renderFinish(name), ...options].join(" ");
  const made = `made the key ${sanitize(path)}`;
  out.say(
    keepsFormer
      ? `${made}; every knock sends a code of the former one too\n`
      : `${made}; the former one, ${sanitize(formerPath)}, is missing or no key, and is not used\n`,
  );
  out.say(`next, write the rules again, and load them: ${rules}\n`);
  if (keepsFormer) out.say(`then forget the former key: ${end}\n`);
  out.value({
    target: name,
    file: place.file,
    key_file: path,
    former_key_file: keepsFormer ? formerPath : null,
    next: keepsFormer ? [rules, end] : [rules],
  });
  return EXIT.done;
}

async function finish(
  name: string,
  context: RollingContext,
  place: Parameters<typeof finishRotation>[1],
): Promise<number> {
  const { out, args, ports } = context;
  if (!args.has("yes") && ports.stdin.isTerminal()) await confirmFinish(name, context);
  const { former, warnings } = await finishRotation(name, place);
  noteWarnings(warnings, context);
  out.say(`${name} has one key now\n`);
  out.say(`${describeFormer(former, ports)}\n`);
  out.value({
    target: name,
    file: place.file,
    former_key_file: former.path,
    is_removed: former.status === "removed",
  });
  return EXIT.done;
}

/** With the former key goes the way through a firewall that has the former rules still. */
async function confirmFinish(name: string, context: RollingContext): Promise<void> {
  const prompter = await requirePrompter(context, `${renderFinish(name)} --yes`);
  const message = `Does the firewall of ${name} have the rules with the new key?`;
  if (!await prompter.confirm({ message, default: false })) throw new CancelledError();
}

/** Returns what became of the file of the former key. */
function describeFormer({ path, status }: FormerFile, { os }: RollingContext["ports"]): string {
  const file = sanitize(path);
  const byHand = `remove it by hand when nothing needs it: rm ${
    sanitize(chooseCommands(os).quote(path))
  }`;
  const texts: Record<FormerFile["status"], string> = {
    removed: `removed the former key ${file}`,
    missing: `the file of the former key, ${file}, was removed already`,
    foreign: `the former key ${file} is not in our folder of keys: ${byHand}`,
    used: `the former key ${file} is the secret of another knock, and stays`,
    kept: `the former key ${file} is still there: ${byHand}`,
  };
  return texts[status];
}
