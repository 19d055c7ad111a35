/** `edit`: change a target, from options or from answers. */
import { replaceTarget, type TargetDraft, updateConfig } from "../../../config/changes.ts";
import { UsageError } from "../../../core/errors.ts";
import { parseHost, type Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { Prompter } from "../../../prompt/mod.ts";
import { readDraft, readKnocks, readSecret } from "../../arguments/draft_args.ts";
import { pickDefined } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import {
  findTarget,
  loadTargets,
  refuseLegacy,
  requirePrompter,
  targetsPath,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SAVE_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec, ParsedArgs } from "../../options.ts";
import { askForChanges } from "../../questions/target_questions.ts";

const EDIT_OPTIONS = [
  { name: "host", value: "HOST", help: "a new host" },
  {
    name: "knock",
    value: "PORT[/PROTO]",
    many: true,
    help: "a new sequence: 7000/tcp,8000/udp",
  },
  ...SAVE_OPTIONS,
] as const satisfies readonly OptionSpec[];

/** The command `edit`. */
export const command = defineCommand({
  usage: ["edit TARGET [OPTIONS]"],
  options: EDIT_OPTIONS,
  examples: [
    "edit home --delay 100ms",
    "edit home --knock 7000/udp,8000/udp --secret env:FW_HOME",
  ],
  async run(context) {
    const { args } = context;
    const usage = "spknock edit TARGET [OPTIONS]";
    const [name = ""] = requirePositionals(context, { min: 1, usage });
    const config = await loadTargets(context);
    refuseLegacy(config);
    const target = findTarget(config, name);
    const changes = {
      ...await readDraft(args),
      ...pickDefined({ host: args.read("host", parseHost) }),
      ...readNewKnocks(target, args),
    };
    if (Object.keys(changes).length === 0) {
      if (args.has("udp")) throw new UsageError("--udp has no effect without --knock");
      const hint = `name a change, such as: spknock edit ${name} --delay 100ms`;
      await editByAsking(target, context, { prompter: await requirePrompter(context, hint) });
      return EXIT.done;
    }
    const { host, knocks } = target;
    await save({ host, knocks, ...changes, name }, context);
    return EXIT.done;
  },
});

/** Asks what to change and saves it; the menu does the same. */
export async function editByAsking(
  target: Target,
  context: Context,
  { prompter }: { prompter: Prompter },
): Promise<void> {
  await save(await askForChanges(prompter, target), context);
}

/** A new sequence, or the old one with another secret. */
function readNewKnocks(
  target: Target,
  args: ParsedArgs<OptionNames<typeof EDIT_OPTIONS>>,
): Pick<Partial<Target>, "knocks"> {
  if (args.has("knock")) {
    const before = target.knocks.find(({ protocol }) => protocol === "udp")?.payload;
    const payload = before?.kind === "bytes" ? undefined : before;
    return { knocks: readKnocks(args.values("knock"), args, payload ? { payload } : {}) };
  }
  const payload = readSecret(args);
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
