/** What can follow on a command line that is not finished. */
import type { Command } from "../command.ts";
import { type CommandRow, COMMANDS } from "../command_table.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "../options.ts";
import { type PathKind, readValueName, type SavedNames, VALUE_KINDS } from "./value_kinds.ts";
import type { Candidate } from "./shell.ts";
import { type GivenWords, isLiteral, listNext, readGivenWords, readUsage } from "./words.ts";

/** What can follow. */
interface Answer {
  candidates: readonly Candidate[];
  /** Which paths can be there too. */
  paths: PathKind;
}

/** Returns the names in the file of `--config`, or in the usual one. */
type ReadNames = (file: string | undefined) => Promise<SavedNames>;

const NOTHING: Answer = { candidates: [], paths: "none" };

/**
 * Returns what the last word can be; what it begins with is not looked at beyond the place where a value starts.
 *
 * @param words of the line, without the program.
 */
export async function findAnswer(
  words: readonly string[],
  readNames: ReadNames,
): Promise<Answer> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const start = readGivenWords(before, GLOBAL_OPTIONS);
  const [first] = start.positionals;
  const command = first === undefined ? undefined : (await findRow(first.text)?.load())?.command;
  const specs = [...command?.options ?? [], ...GLOBAL_OPTIONS];
  const given = readGivenWords(before.filter((_, at) => at !== first?.at), specs);
  const file = given.options.get("config")?.[0];
  let names: Promise<SavedNames> | undefined;
  const context = { given, readNames: () => names ??= readNames(file) };
  if (given.isPassthrough) return { ...NOTHING, paths: command?.takesCommand ? "files" : "none" };
  if (given.pending !== undefined) return await answerValue(given.pending, current, context);
  const [, prefix, long] = /^(--([^=]+)=)/.exec(current) ?? [];
  const spec = specs.find(({ name }) => name === long);
  if (spec !== undefined) return await answerValue(spec, current, context, prefix);
  if (current.startsWith("-")) return answerOptions(specs, context);
  if (first === undefined) return answerCommands();
  if (first.text === "help") return given.positionals.length > 0 ? NOTHING : await answerTopics();
  if (command === undefined) return NOTHING;
  return await answerArgument(command, context);
}

/** What an answer is made from. */
interface AnswerContext {
  given: GivenWords;
  readNames: () => Promise<SavedNames>;
}

function findRow(name: string): CommandRow | undefined {
  return COMMANDS.find((row) => row.name === name);
}

function answerCommands(): Answer {
  const rows = COMMANDS.map(({ name, summary }) => ({ text: name, description: summary }));
  return { ...NOTHING, candidates: [...rows, { text: "help", description: "show help" }] };
}

async function answerTopics(): Promise<Answer> {
  const { HELP_TOPICS } = await import("../help.ts");
  const topics = Object.keys(HELP_TOPICS).map((text) => ({ text, description: "" }));
  const commands = answerCommands().candidates.filter(({ text }) => text !== "help");
  return { ...NOTHING, candidates: [...commands, ...topics] };
}

/** Options that were not given yet, or can be given again. */
function answerOptions(specs: readonly OptionSpec[], { given }: AnswerContext): Answer {
  const open = specs.filter(({ name, many }) => many || !given.options.has(name));
  return {
    ...NOTHING,
    candidates: open.map(({ name, help }) => ({ text: `--${name}`, description: help })),
  };
}

async function answerArgument(command: Command, context: AnswerContext): Promise<Answer> {
  const given = context.given.positionals.map(({ text }) => text);
  const forms = readUsage(command);
  const closed = forms.flat().some(({ value }) => isClosed(value))
    ? await context.readNames()
    : undefined;
  const fits = (word: string, value: string) => {
    if (isLiteral(value)) return readValueName(value).words.includes(word);
    return !isClosed(value) || closed === undefined || closed.targets.includes(word);
  };
  const next = new Set(forms.flatMap((form) => listNext(form, given, fits)));
  const canEnd = next.delete("");
  if (canEnd && next.size === 0) return answerOptions(command.options, context);
  const answers = await Promise.all([...next].map((value) => listValues(value, context)));
  const all = new Map(
    answers.flatMap((answer) => answer.candidates).map((candidate) => [candidate.text, candidate]),
  );
  const candidates = [...all.values()].filter(({ text }) => !given.includes(text));
  return { candidates, paths: answers.find(({ paths }) => paths !== "none")?.paths ?? "none" };
}

function isClosed(value: string): boolean {
  return readValueName(value).kinds.some((kind) => VALUE_KINDS[kind]?.isClosed);
}

/** Returns what a value can be, by its name in the help. */
async function listValues(
  value: string,
  { readNames }: AnswerContext,
): Promise<Answer & { isList: boolean }> {
  const { kinds, words } = readValueName(value);
  const rows = kinds.flatMap((kind) => VALUE_KINDS[kind] ?? []);
  const listed = await Promise.all(
    rows.map(async ({ list }) => await list?.(readNames) ?? []),
  );
  return {
    candidates: [...listed.flat(), ...words].map((text) => ({ text, description: "" })),
    paths: rows.find(({ paths }) => paths !== undefined)?.paths ?? "none",
    isList: rows.some(({ isList }) => isList),
  };
}

async function answerValue(
  { name, value = "" }: OptionSpec,
  current: string,
  context: AnswerContext,
  prefix = "",
): Promise<Answer> {
  const { candidates, paths, isList } = await listValues(value, context);
  const typed = current.slice(prefix.length);
  const items = isList ? typed.split(",").slice(0, -1) : [];
  const before = prefix + items.map((item) => `${item},`).join("");
  const given = [...items, ...context.given.options.get(name) ?? []];
  return {
    candidates: candidates.filter(({ text }) => !given.includes(text))
      .map(({ text, description }) => ({ text: before + text, description })),
    paths,
  };
}
