/** `add`: save a target, from the command line or from answers. */
import { addTargets, type TargetDraft } from "../../../config/changes.ts";
import { dirname } from "../../../config/paths.ts";
import { relatePath, resolvePath } from "../../../config/value_specs.ts";
import { ConfigError, UsageError } from "../../../core/errors.ts";
import { renderKnocks } from "../../../core/knock.ts";
import { parseHost, parseTargetName } from "../../../core/target.ts";
import type { Prompter } from "../../../prompt/mod.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { requireSequence } from "../../../use_cases/one_time/take_sequence.ts";
import { readDraft, readKnocks } from "../../arguments/draft_args.ts";
import { refuseIdleOptions, SAVE_EFFECTS } from "../../arguments/idle_options.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import {
  loadForAdding,
  refuseLegacy,
  requirePrompter,
  targetsPath,
  updateTargets,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { LIST_DETAILS, SAVE_OPTIONS } from "../../option_specs.ts";
import { asUsageError, type OptionNames } from "../../options.ts";
import { askForName, askForTarget } from "../../questions/target_questions.ts";

const USAGE = "spknock add NAME HOST PORT[/PROTO]...";
const ONE_TIME_USAGE = "spknock add NAME HOST --one-time FILE";

/** What is saved where an option is left out: `edit` has the same options without it. */
const DEFAULTS: Readonly<Record<string, string>> = { delay: "auto", tries: "3" };

const SAVED = SAVE_OPTIONS.map((option) => {
  const value = DEFAULTS[option.name];
  return value === undefined ? option : { ...option, help: `${option.help} (default: ${value})` };
});

const ADD_OPTIONS = [
  ...SAVED,
  { name: "one-time", value: "FILE", help: "one-time sequences of a knockd, instead of ports" },
] as const;

type AddContext = Context<OptionNames<typeof ADD_OPTIONS>>;

/** The command `add`. */
export const command = defineCommand({
  usage: ["add", "add NAME HOST PORT[/PROTO]...", "add NAME HOST --one-time FILE"],
  details: LIST_DETAILS,
  options: ADD_OPTIONS,
  examples: [
    "add home fw.example.com 1234/udp 9876/udp 5555/udp --opens 22/tcp",
    "add office 192.0.2.7 7000,8000,9000 --copies 1",
  ],
  async run(context) {
    const { args } = context;
    if (args.positionals.length === 0) {
      const given = ADD_OPTIONS.find(({ name }) => args.has(name));
      if (given !== undefined) {
        throw new UsageError(`--${given.name} has no effect without NAME HOST PORT[/PROTO]...`, {
          hint: `usage: ${USAGE}, or leave the options out to be asked`,
        });
      }
      await addByAsking(context, await requirePrompter(context, USAGE));
      return EXIT.done;
    }
    const isOneTime = args.has("one-time");
    const [name = "", host = "", ...ports] = requirePositionals(
      context,
      isOneTime ? { min: 2, usage: ONE_TIME_USAGE } : { min: 3, max: Infinity, usage: USAGE },
    );
    const draft: TargetDraft = {
      ...await readDraft(args),
      name: asUsageError(() => parseTargetName(name)),
      host: asUsageError(() => parseHost(host)),
      knocks: readKnocks(ports, args),
      ...(isOneTime ? { oneTime: await readOneTime(name, context) } : {}),
    };
    refuseIdleOptions(args, [draft], SAVE_EFFECTS);
    await save(draft, context);
    return EXIT.done;
  },
});

/** Reads `--one-time`: a file that can be used, as the file of targets names it. */
async function readOneTime(name: string, context: AddContext): Promise<string> {
  const cwd = context.ports.cwd();
  const path = resolvePath(context.args.value("one-time") ?? "", cwd);
  await requireSequence({ name, oneTime: path }, context.ports);
  return relatePath(path, dirname(resolvePath(await targetsPath(context), cwd)));
}

/** Asks for a target and saves it; the menu does the same. */
export async function addByAsking(context: Context, prompter: Prompter): Promise<void> {
  const config = await loadForAdding(context);
  refuseLegacy(config);
  let draft = await askForTarget(prompter, { taken: new Set(config.targets.keys()) });
  for (;;) {
    try {
      await save(draft, context);
      return showCodes(draft, context);
    } catch (error) {
      const { targets } = await loadForAdding(context);
      if (!(error instanceof ConfigError) || !targets.has(draft.name)) throw error;
      context.out.note(`"${draft.name}" was saved meanwhile by another spknock`);
      const name = await askForName(prompter, { ...draft, taken: new Set(targets.keys()) });
      draft = { ...draft, name };
    }
  }
}

/** Names one-time codes to a user who is asked questions, and may not know of them. */
function showCodes({ name, knocks }: TargetDraft, { out }: Context): void {
  if (!knocks.some(({ payload }) => payload.kind === "secret")) return;
  out.note(
    `hint: a copy of a passphrase's packet opens the door again, a one-time code does not: ` +
      `spknock rolling new ${name}`,
  );
}

async function save(draft: TargetDraft, context: Context): Promise<void> {
  refuseLegacy(await loadForAdding(context));
  const file = await targetsPath(context);
  await updateTargets(file, (text) => addTargets(text, [draft], { file }), context);
  const knocks = sanitize(renderKnocks(draft));
  context.out.say(`saved ${draft.name} in ${sanitize(file)}: ${knocks}\n`);
  context.out.value({ added: draft.name, file });
}
