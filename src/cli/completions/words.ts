/** A command line that is not finished: which options it has, and what it waits for. */
import type { Command } from "../command.ts";
import type { OptionSpec } from "../options.ts";
import { readValueName } from "./value_kinds.ts";

/** What the words before the cursor are. */
export interface GivenWords {
  /** The arguments that are not options, each with its place. */
  positionals: readonly { text: string; at: number }[];
  /** The names of the options, and their values. */
  options: ReadonlyMap<string, readonly string[]>;
  /** The option whose value is next. */
  pending: OptionSpec | undefined;
  /** Whether all that follows is behind `--`. */
  isPassthrough: boolean;
}

/** Reads words by the options that there are; what is unknown counts as a switch. */
export function readGivenWords(
  words: readonly string[],
  specs: readonly OptionSpec[],
): GivenWords {
  const positionals: { text: string; at: number }[] = [];
  const options = new Map<string, string[]>();
  const add = ({ name }: OptionSpec, values: string[] = []) =>
    options.set(name, [...options.get(name) ?? [], ...values]);
  let pending: OptionSpec | undefined;
  for (const [at, text] of words.entries()) {
    if (pending !== undefined) {
      add(pending, [text]);
      pending = undefined;
    } else if (text === "--") return { positionals, options, pending, isPassthrough: true };
    else if (text === "-" || !text.startsWith("-")) positionals.push({ text, at });
    else {
      const { found, value } = readOption(text, specs);
      for (const spec of found) {
        add(spec, spec === found.at(-1) && value !== undefined ? [value] : []);
      }
      const last = found.at(-1);
      if (last?.value !== undefined && value === undefined) pending = last;
    }
  }
  return { positionals, options, pending, isPassthrough: false };
}

/** Returns the options of one word, and the value that is in it: `--tag=x`, `-o`, `-fo`, `-oFILE`. */
function readOption(
  word: string,
  specs: readonly OptionSpec[],
): { found: OptionSpec[]; value: string | undefined } {
  const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  if (long !== undefined) return { found: specs.filter(({ name }) => name === long), value };
  const found: OptionSpec[] = [];
  for (const [index, letter] of [...word.slice(1)].entries()) {
    const spec = specs.find(({ short }) => short === letter);
    if (spec === undefined) break;
    found.push(spec);
    const rest = word.slice(index + 2);
    if (spec.value !== undefined) return { found, value: rest === "" ? undefined : rest };
  }
  return { found, value: undefined };
}

/** An argument of a form of the usage: the name of its value, or a word that is meant as it is. */
interface UsageWord {
  value: string;
  isRepeated: boolean;
}

/** Returns the arguments that each form of the usage has, without its command and its options. */
export function readUsage({ usage, options }: Pick<Command, "usage" | "options">): UsageWord[][] {
  return usage.map((form) => readForm(form, options));
}

function readForm(form: string, options: readonly OptionSpec[]): UsageWord[] {
  const [alternative = ""] = form.replaceAll("[OPTIONS]", "").split(/ -- | \| /);
  const words: UsageWord[] = [];
  let isValue = false;
  for (const token of alternative.replaceAll(/'[^']*'/g, "TEXT").split(" ").slice(1)) {
    const word = token.replace(/^\[([^\[\]]*)\]$/, "$1").replace(
      /^\[(?!.*\])|(?<!\[[^\]]*)\]$/,
      "",
    );
    const name = /^--([\w-]+)$/.exec(word)?.[1];
    if (word === "" || isValue) isValue = false;
    else if (name === undefined) words.push({ value: word, isRepeated: word.endsWith("...") });
    else isValue = options.some((spec) => spec.name === name && spec.value !== undefined);
  }
  return words;
}

/**
 * Returns the names of the values that can follow; "" where the form can end.
 *
 * @param fits whether a word can be a value of that name.
 */
export function listNext(
  form: readonly UsageWord[],
  given: readonly string[],
  fits: (word: string, value: string) => boolean,
): string[] {
  let places = new Set([0]);
  for (const word of given) {
    const next = new Set<number>();
    for (const place of places) {
      const expected = form[place];
      if (expected === undefined || !fits(word, expected.value)) continue;
      next.add(place + 1);
      if (expected.isRepeated) next.add(place);
    }
    places = next;
  }
  return [...places].map((place) => form[place]?.value ?? "");
}

/** Whether a word of the usage is meant as it is, such as an action. */
export function isLiteral(value: string): boolean {
  return readValueName(value).kinds.length === 0;
}
