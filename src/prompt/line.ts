/**
 * The pure part of editing one line. Text moves and goes by what people see as one character (a
 * grapheme cluster), so that no half of one is ever left behind.
 */
import { splitCharacters } from "../output/width.ts";
import { CTRL_D } from "./keys.ts";

/** A line that is being edited. */
interface Line {
  text: string;
  /** Index into `text`, in UTF-16 units, always between two characters. */
  cursor: number;
}

const lastCharacter = (text: string) => splitCharacters(text).at(-1) ?? "";
const firstCharacter = (text: string) => splitCharacters(text)[0] ?? "";

const eraseCharacter = (text: string) => text.slice(0, text.length - lastCharacter(text).length);
const eraseWord = (text: string) => text.replace(/\S*\s*$/u, "");

/** What is left of the text before the cursor, by key. */
const ERASERS: Readonly<Record<string, (text: string) => string>> = {
  "\x7f": eraseCharacter, // Backspace
  "\b": eraseCharacter, // Backspace on Windows and some terminals; Ctrl-H
  "\x15": () => "", // Ctrl-U
  "\x17": eraseWord, // Ctrl-W
  "\x1b\x7f": eraseWord, // Alt-Backspace
};

/** Where the cursor goes, by key. */
const MOVERS: Readonly<Record<string, (before: string, after: string) => number>> = {
  "\x1b[D": (before) => before.length - lastCharacter(before).length, // Left
  "\x1b[C": (before, after) => before.length + firstCharacter(after).length, // Right
  "\x1b[H": () => 0, // Home
  "\x1b[F": (before, after) => before.length + after.length, // End
};

/** Other ways to say the keys above: application mode, VT220, Emacs. */
const ALIASES: Readonly<Record<string, string>> = {
  "\x1bOD": "\x1b[D",
  "\x1bOC": "\x1b[C",
  "\x1bOH": "\x1b[H",
  "\x1b[1~": "\x1b[H",
  "\x01": "\x1b[H",
  "\x1bOF": "\x1b[F",
  "\x1b[4~": "\x1b[F",
  "\x05": "\x1b[F",
};

/** `text` after an erasing key at its end; undefined where `key` erases nothing. */
export function eraseBackward(text: string, key: string): string | undefined {
  return ERASERS[key]?.(text);
}

/** The line after an editing key; undefined where `key` is none, or has nothing to do. */
export function editLine({ text, cursor }: Line, key: string): Line | undefined {
  const before = text.slice(0, cursor);
  const after = text.slice(cursor);
  const name = ALIASES[key] ?? key;
  const erased = eraseBackward(before, name);
  if (erased !== undefined) return { text: erased + after, cursor: erased.length };
  if (name === "\x1b[3~") { // Delete
    return { text: before + after.slice(firstCharacter(after).length), cursor };
  }
  const moved = MOVERS[name]?.(before, after);
  return moved === undefined || moved === cursor ? undefined : { text, cursor: moved };
}

/** Whether `key` gives up: Ctrl-D on an empty line. (Ctrl-C never gets here.) */
export function isEnd(text: string, key: string): boolean {
  return key === CTRL_D && text === "";
}

/** What is wrong with a line that did not arrive as it was typed; undefined where nothing is. */
export function garbled(text: string): string | undefined {
  return text.includes("\ufffd")
    ? "that was not UTF-8 text: set the terminal to UTF-8 and type it again"
    : undefined;
}
