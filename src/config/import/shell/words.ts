/** Words of a shell to texts: quotes, loop variables, braces and `seq`; nothing is run. */
import type { CommandExpansionPart, Word, WordPart } from "unbash";
import { UNKNOWN } from "./tool.ts";

/** What variables are known to be. */
export type Variables = ReadonlyMap<string, string>;

/** More words than this are not of a knock. */
const MAX_WORDS = 256;

/** More characters than a datagram carries are of none. */
const MAX_TEXT = 2_000;

/** Returns what a word becomes: with braces or `$(seq ...)` several words; {@linkcode UNKNOWN} for what is not known. */
export function expandWord(word: Word, variables: Variables): string[] {
  const parts = word.parts;
  if (parts === undefined) return [word.value];
  let texts = [""];
  let isQuoted = false;
  for (const part of parts) {
    isQuoted ||= /Quoted$/.test(part.type);
    const choices = expandPart(part, variables);
    texts = texts.flatMap((text) => choices.map((choice) => text + choice));
    if (texts.length > MAX_WORDS) return [UNKNOWN];
  }
  // A variable that holds a list is several words where it is not quoted.
  if (isQuoted || !texts.some((text) => /\s/.test(text))) return texts;
  return texts.flatMap((text) => text.split(/\s+/).filter((item) => item !== ""));
}

/** Returns the one word, where it is one, and short enough to be put into others. */
export function expandToOne(word: Word | undefined, variables: Variables): string {
  const [text = UNKNOWN, ...others] = word === undefined ? [] : expandWord(word, variables);
  return others.length > 0 || text.length > MAX_TEXT ? UNKNOWN : text;
}

function expandPart(part: WordPart, variables: Variables): string[] {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "AnsiCQuoted":
      return [part.value];
    case "DoubleQuoted":
      return [part.parts.map((inner) => expandPart(inner, variables).join(" ")).join("")];
    case "SimpleExpansion":
      return [variables.get(part.text.slice(1)) ?? UNKNOWN];
    case "ParameterExpansion": {
      const isPlain = part.prefix === undefined && part.index === undefined &&
        part.operation === undefined;
      return [isPlain ? variables.get(part.parameter) ?? UNKNOWN : UNKNOWN];
    }
    case "CommandExpansion":
      return expandSeq(part, variables);
    case "BraceExpansion":
      return expandBraces(part.text);
    default:
      return [UNKNOWN];
  }
}

/** `{7000,8000}` and `{7000..7002}`, without nesting. */
function expandBraces(text: string): string[] {
  const inner = text.slice(1, -1);
  if (/[{}'"\\$`]/.test(inner)) return [UNKNOWN];
  const [, first, last] = /^(\d{1,5})\.\.(\d{1,5})$/.exec(inner) ?? [];
  if (first !== undefined && last !== undefined) return countFrom(Number(first), Number(last));
  return inner.includes(",") ? inner.split(",") : [UNKNOWN];
}

/** `$(seq 7000 7002)` is as good as braces; any other command would have to be run. */
function expandSeq({ script }: CommandExpansionPart, variables: Variables): string[] {
  const command = script?.commands[0]?.command;
  if (script?.commands.length !== 1 || command?.type !== "Command") return [UNKNOWN];
  const words = [command.name, ...command.args].map((word) =>
    word?.type === "Word" ? expandToOne(word, variables) : UNKNOWN
  );
  const [name, first = "", last = "", ...rest] = words;
  const isSeq = name === "seq" && rest.length === 0 && /^\d{1,5}$/.test(first);
  return isSeq && /^\d{1,5}$/.test(last) ? countFrom(Number(first), Number(last)) : [UNKNOWN];
}

function countFrom(first: number, last: number): string[] {
  const length = Math.abs(last - first) + 1;
  if (length > MAX_WORDS) return [UNKNOWN];
  const step = last < first ? -1 : 1;
  return Array.from({ length }, (_, index) => String(first + step * index));
}
