/** `edit`: change targets, from options or from answers. */
import {
  changeTargets,
  findField,
  isSameData,
  parseOptionalKey,
  type TargetChange,
} from "../../../config/changes.ts";
import { parseConfig, readText } from "../../../config/mod.ts";
import { UsageError } from "../../../core/errors.ts";
import { type Knock, renderKnocks } from "../../../core/knock.ts";
import { parseHost, type Target } from "../../../core/target.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { Prompter } from "../../../prompt/mod.ts";
import { readDraft, readKnocks, readSecret } from "../../arguments/draft_args.ts";
import { refuseIdleOptions, SAVE_EFFECTS } from "../../arguments/idle_options.ts";
import { pickDefined, selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import {
  findTarget,
  loadTargets,
  refuseLegacy,
  requirePrompter,
  targetsPath,
  updateTargets,
} from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { LIST_DETAILS, SAVE_OPTIONS } from "../../option_specs.ts";
import { asUsageError, type OptionNames, type OptionSpec } from "../../options.ts";
import { askForChanges, keepCode, listQuestions } from "../../questions/target_questions.ts";

const EDIT_OPTIONS = [
  { name: "host", value: "HOST", help: "a new host" },
  {
    name: "knock",
    value: "PORT[/PROTO]",
    many: true,
    help: "a new sequence: 7000/tcp,8000/udp",
  },
  { name: "unset", value: "KEY", many: true, help: "remove a key, so that its default applies" },
  { name: "all", help: "change every target" },
  ...SAVE_OPTIONS,
] as const satisfies readonly OptionSpec[];

type EditContext = Context<OptionNames<typeof EDIT_OPTIONS>>;

/** What changes in each target, given the target as the file has it at that moment. */
type MakeChange = (target: Target) => Omit<TargetChange, "name">;

/** The command `edit`. */
export const command = defineCommand({
  usage: ["edit TARGET... [OPTIONS]", "edit --all [OPTIONS]", "edit --tag TAG [OPTIONS]"],
  details: "With a TARGET, --tag sets its tags; without one, --tag selects the targets that\n" +
    'have the tag. --probe none, --opens none, --tag "" and --source "" take away what is\nthere. ' +
    LIST_DETAILS,
  options: EDIT_OPTIONS,
  examples: [
    "edit home --delay 100ms",
    "edit home --knock 7000/udp,8000/udp --secret env:FW_HOME",
  ],
  async run(context) {
    const { args } = context;
    const { positionals } = args;
    checkSelection(context);
    refuseLegacy(await loadTargets(context));
    const targets = await selectTargets(toSelection(context), { all: args.has("all") });
    const [first, ...others] = targets;
    if (first === undefined) throw new UsageError("missing argument TARGET");
    if (args.has("udp") && !args.has("knock")) {
      throw new UsageError("--udp has no effect without --knock");
    }
    const makeChange = await readChange(context);
    if (makeChange === undefined) {
      const hint = `name a change, such as: spknock edit ${
        positionals.join(" ") || (args.has("all") ? "--all" : `--tag ${args.value("tag")}`)
      } --delay 100ms`;
      if (others.length > 0 || positionals.length === 0) {
        throw new UsageError("missing option: what should change?", { hint });
      }
      await editByAsking(first, context, { prompter: await requirePrompter(context, hint) });
      return EXIT.done;
    }
    const planned = targets.map((target) => ({ ...target, ...pickDefined(makeChange(target)) }));
    refuseIdleOptions(args, planned, SAVE_EFFECTS);
    await save(targets.map(({ name }) => name), context, makeChange);
    return EXIT.done;
  },
});

/** `--tag` has two meanings: together with `--all` it would have both. */
function checkSelection({ args }: EditContext): void {
  if (args.has("all") && args.has("tag")) {
    throw new UsageError("choose one: --all or --tag", {
      hint: "to set tags, name the targets: spknock edit TARGET... --tag TAG",
    });
  }
}

/** The same context where `--tag` selects only if it is not a change. */
function toSelection(context: EditContext): Context<"tag"> {
  const { args } = context;
  const isNamed = args.positionals.length > 0;
  return {
    ...context,
    args: {
      ...args,
      has: (name) => args.has(name) && !(isNamed && name === "tag"),
      values: (name) => isNamed && name === "tag" ? [] : args.values(name),
    },
  };
}

/** Reads what the options change; undefined where they change nothing. */
async function readChange({ args }: EditContext): Promise<MakeChange | undefined> {
  const { tags, ...draft } = await readDraft(args);
  const isNamed = args.positionals.length > 0;
  const unset = args.values("unset").map((key) =>
    asUsageError(() => parseOptionalKey(key), "--unset: ")
  );
  const changes: Omit<TargetChange, "name"> = {
    ...draft,
    ...(isNamed && tags !== undefined ? { tags } : {}),
    ...pickDefined({ host: args.read("host", parseHost) }),
    ...(unset.length > 0 ? { unset } : {}),
  };
  for (const key of unset) {
    const field = findField(key);
    const isSet = key === "secret" ? args.has("secret") : field !== undefined && field in changes;
    if (isSet) throw new UsageError(`choose one: a new ${key}, or --unset ${key}`);
  }
  const hasKnocks = args.has("knock") || args.has("secret");
  // Wrong knocks are an error before the file is locked.
  if (args.has("knock")) readKnocks(args.values("knock"), args, { option: "knock" });
  readSecret(args);
  if (Object.keys(changes).length === 0 && !hasKnocks) return undefined;
  return (target) => ({ ...changes, ...readNewKnocks(target, args) });
}

/** A new sequence, or the old one with another secret. */
function readNewKnocks(
  target: Target,
  args: EditContext["args"],
): Pick<TargetChange, "knocks"> {
  if (target.fwknop !== undefined && args.has("secret")) {
    throw new UsageError(`--secret has no effect on "${target.name}", a door of fwknopd`, {
      hint: `change its keys in the file of targets: [targets.${target.name}.fwknop]`,
    });
  }
  if (args.has("knock")) {
    const before = target.knocks.find(({ protocol }) => protocol === "udp")?.payload;
    const payload = before?.kind === "bytes" ? undefined : before;
    const knocks = readKnocks(args.values("knock"), args, { payload, option: "knock" });
    return { knocks: hasCodes(target, args) ? keepCode(knocks, target, readSecret(args)) : knocks };
  }
  const payload = readSecret(args);
  if (payload === undefined) return {};
  if (hasCodes(target, args)) return { knocks: keepCode(target.knocks, target, payload) };
  return {
    knocks: target.knocks.map((knock) => knock.protocol === "udp" ? { ...knock, payload } : knock),
  };
}

/** Whether the last knock of a target carries a one-time code, also after the change. */
function hasCodes({ rolling }: Target, args: EditContext["args"]): boolean {
  return rolling !== undefined && !args.values("unset").includes("rolling");
}

/**
 * Asks what to change and saves it; the menu does the same. Only what the answers change is saved. A
 * question whose value another program has changed meanwhile is asked again.
 */
export async function editByAsking(
  { name }: Pick<Target, "name">,
  context: Context,
  { prompter }: { prompter: Prompter },
): Promise<void> {
  let shown = await readSaved(name, context);
  let answers = await askForChanges(prompter, shown);
  for (;;) {
    const saved = await saveAnswers(shown, context, { answers });
    if (!("fresh" in saved)) return await reportSaved([name], context, { ...saved, ...answers });
    const { fresh } = saved;
    const stale = findStale(shown, fresh);
    context.out.note(`${name} was changed by another spknock meanwhile: ${stale.join(", ")}`);
    const kept = Object.entries(answers).filter(([key]) => !stale.some((each) => each === key));
    const asked = listQuestions(fresh).filter((each) => stale.includes(each));
    const again = await askForChanges(prompter, fresh, { questions: asked });
    answers = { ...Object.fromEntries(kept), ...again };
    shown = fresh;
  }
}

/** The target as the file has it: without what is filled in for a knock. */
async function readSaved(name: string, context: Context): Promise<Target> {
  const file = await targetsPath(context);
  const text = await readText(file, context.ports.fs) ?? "";
  return findTarget(await parseConfig(text, { file }), name);
}

function findStale(shown: Target, fresh: Target): ReturnType<typeof listQuestions> {
  return listQuestions(shown).filter((key) => !isSameData(shown[key], fresh[key]));
}

/** The targets that an edit has changed, of those that it was about. */
interface Saved {
  changed: readonly string[];
  /** The files of one-time sequences that no target names any more: knocks took their place. */
  leftFiles: readonly string[];
}

/** Saves the answers, unless what was asked has changed: then the target as it is now is returned. */
async function saveAnswers(
  shown: Target,
  context: Context,
  { answers }: { answers: Omit<TargetChange, "name"> },
): Promise<Saved | { fresh: Target }> {
  let fresh: Target | undefined;
  const choose = (targets: ReadonlyMap<string, Target>): TargetChange[] => {
    const now = targets.get(shown.name);
    if (now !== undefined && findStale(shown, now).length > 0) {
      fresh = now;
      return [];
    }
    return [{ name: shown.name, ...answers }];
  };
  const saved = await change(choose, context);
  return fresh === undefined ? saved : { fresh };
}

/** Changes targets in one write: all of them or none. */
async function save(
  names: readonly string[],
  context: EditContext,
  makeChange: MakeChange,
): Promise<void> {
  const choose = (targets: ReadonlyMap<string, Target>): TargetChange[] =>
    names.map((name) => {
      const target = targets.get(name);
      return { name, ...(target === undefined ? {} : makeChange(target)) };
    });
  const saved = await change(choose, context);
  const { args } = context;
  const texts = args.values("knock");
  const knocks = texts.length > 0 ? readKnocks(texts, args) : undefined;
  await reportSaved(names, context, { ...saved, knocks });
}

/** Writes changes; a file of which nothing changes is not written. */
async function change(
  choose: (targets: ReadonlyMap<string, Target>) => readonly TargetChange[],
  context: Context,
): Promise<Saved> {
  const file = await targetsPath(context);
  let changed: readonly string[] = [];
  let leftFiles: readonly string[] = [];
  const onChanged = (names: readonly string[]) => changed = names;
  const note = (targets: ReadonlyMap<string, Target>) => {
    const changes = choose(targets);
    leftFiles = changes.flatMap(({ name, knocks }) =>
      (knocks === undefined ? undefined : targets.get(name)?.oneTime) ?? []
    );
    return changes;
  };
  await updateTargets(file, (text) => changeTargets(text, note, { file, onChanged }), context);
  return { changed, leftFiles };
}

async function reportSaved(
  names: readonly string[],
  context: Context,
  { changed, leftFiles, knocks }: Saved & { knocks?: readonly Knock[] | undefined },
): Promise<void> {
  const file = await targetsPath(context);
  const count = (some: readonly string[]) =>
    names.length === 1 ? some.join() : plural(some.length, "target");
  const rest = names.length - changed.length;
  const place = `in ${sanitize(file)}`;
  const unchanged = rest > 0 ? `, nothing to change in ${rest}` : "";
  const sequence = knocks === undefined ? "" : `: ${renderKnocks({ knocks })}`;
  context.out.say(
    changed.length === 0
      ? `nothing to change: ${count(names)} ${place}\n`
      : `changed ${count(changed)} ${place}${unchanged}${sequence}\n`,
  );
  for (const left of leftFiles) {
    context.out.say(`the file of one-time sequences stays: ${sanitize(left)}\n`);
  }
  context.out.value({ changed: names.length === 1 ? changed[0] ?? null : changed, file });
}
