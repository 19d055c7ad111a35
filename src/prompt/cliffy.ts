/**
 * The questions as rich prompts: `@cliffy/prompt` on our own keyboard and screen.
 *
 * What cliffy 1.2 leaves to its caller, and where it is done here:
 * - it exits the process on Ctrl-C and loops for ever at the end of the input: the keyboard throws
 *   `CancelledError` instead ({@linkcode inRawMode} restores the terminal);
 * - it leaves raw mode between two keys, so that the terminal echoes what arrives then, and loses what
 *   follows Enter in one read: raw mode is ours (`isTerminal` is false), and it gets one key a read;
 * - its buffer has 8 bytes, and its parser throws, or types the rest, on sequences that it does not
 *   know: it gets only keys that it knows, whole;
 * - it counts UTF-16 units, so that Backspace halves an emoji and long lines are drawn wrongly:
 *   `cliffy_lines.ts` edits and draws;
 * - it writes to stdout, and takes colours from `NO_COLOR` only: our writer writes and strips.
 *
 * Where JSR cannot be reached, `npm.importmap.json` puts `plain.ts` in the place of this file, so both
 * export the same names.
 */
import { CancelledError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { stripStyles } from "../output/width.ts";
import {
  type Choice,
  LineConfirm,
  LineInput,
  LineSecret,
  LineSelect,
  Sheet,
} from "./cliffy_lines.ts";
import { CTRL_Z, ENTER, isText } from "./keys.ts";
import { garbled, isEnd } from "./line.ts";
import {
  MAX_LISTED,
  type Prompter,
  type PrompterOptions,
  type SelectQuestion,
  type Terminal,
} from "./prompter.ts";
import { findKeyboard, inRawMode, type Keyboard, suspend } from "./terminal.ts";

/** Which prompter this module makes: an import map may put `plain.ts` in its place. */
export const KIND: "cliffy" | "plain" = "cliffy";

/** A prompter that asks by cliffy. */
export function createPrompter(
  terminal: Terminal,
  { color = true }: PrompterOptions = {},
): Prompter {
  const io = {
    reader: createReader(findKeyboard(terminal)),
    writer: createWriter(terminal, color),
  };
  const ask = <T>(prompt: (sheet: Sheet) => Promise<T>) => {
    const sheet = new Sheet(terminal, { color });
    return inRawMode(terminal, () => sheet.ask(() => prompt(sheet)));
  };
  return {
    select: (question) => ask((sheet) => select(question, io, sheet)),
    input: ({ message, default: fallback, validate }) =>
      ask((sheet) =>
        new LineInput({
          ...io,
          message,
          ...(fallback === undefined ? {} : { default: fallback }),
          validate: (text) => garbled(text) ?? validate?.(text.trim()) ?? true,
        }, sheet).prompt()
      ),
    secret: ({ message, validate }) =>
      ask((sheet) =>
        new LineSecret(
          { ...io, message, validate: (text) => garbled(text) ?? validate?.(text) ?? true },
          sheet,
        ).prompt()
      ),
    confirm: ({ message, default: fallback }) =>
      ask((sheet) =>
        new LineConfirm({
          ...io,
          message,
          ...(fallback === undefined ? {} : { default: fallback }),
          validate: (text) => /^(?:y|yes|n|no)$/i.test(text) || "Type y or n.",
        }, sheet).prompt()
      ),
    pause: (message = "Press Enter to continue...") => ask(() => pause(terminal, message)),
  };
}

async function pause(terminal: Terminal, message: string): Promise<void> {
  const keyboard = findKeyboard(terminal);
  terminal.write(message);
  try {
    for (let key = ""; key !== ENTER;) {
      key = await keyboard.next();
      if (isEnd("", key)) throw new CancelledError();
      if (key !== CTRL_Z || terminal.suspend === undefined) continue;
      terminal.write("\n");
      await suspend(terminal);
      terminal.write(message);
    }
  } finally {
    terminal.write("\n");
  }
}

/** What cliffy reads from and writes to. */
interface Io {
  reader: {
    read(buffer: Uint8Array): Promise<number | null>;
    isTerminal(): boolean;
    setRaw(): void;
  };
  writer: { writeSync(bytes: Uint8Array): number };
}

/** The sequences that cliffy's parser takes whole: keys that move or erase, Alt and a letter. */
const KNOWN_SEQUENCE =
  // deno-lint-ignore no-control-regex -- keys are control characters
  /^\x1b(?:\[(?:1;[2-8])?[A-DFH]|\[[1-8](?:;[2-8])?~|O[A-DFH]|[A-Za-z]|\x7f)$/;

/** The control characters that mean something to a prompt: Ctrl-letters, Enter, Tab, Backspace. */
// deno-lint-ignore no-control-regex -- keys are control characters
const KNOWN_CONTROL = /^[\x01-\x1a\x7f]$/;

function createReader(keyboard: Keyboard): Io["reader"] {
  const encoder = new TextEncoder();
  return {
    async read(buffer) {
      for (;;) {
        const key = await keyboard.next();
        if (!isText(key) && !KNOWN_CONTROL.test(key) && !KNOWN_SEQUENCE.test(key)) continue;
        // cliffy's decoder drops a byte order mark at the start, and its parser then finds nothing.
        const text = key === "\ufeff" ? "\ufeff\ufeff" : key;
        const { read, written } = encoder.encodeInto(text, buffer);
        if (read === text.length) return written;
      }
    },
    isTerminal: () => false,
    setRaw: () => {},
  };
}

function createWriter(terminal: Terminal, color: boolean): Io["writer"] {
  const decoder = new TextDecoder();
  return {
    writeSync(bytes) {
      const text = decoder.decode(bytes);
      terminal.write(color ? text : stripStyles(text));
      return bytes.length;
    },
  };
}

async function select<T>(question: SelectQuestion<T>, io: Io, sheet: Sheet): Promise<T> {
  const { message, options, what = "choice" } = question;
  const names = options.map(({ label, hint }) => hint === undefined ? label : `${label}  ${hint}`);
  const count = options.filter(({ key }) => key === undefined).length;
  const isLong = count > MAX_LISTED && count < options.length;
  const choices = options.map(({ key }, index): Choice => ({
    index,
    isHidden: isLong && key === undefined,
    toString: () => names[index] ?? "",
  }));
  const fallback = question.default === undefined
    ? undefined
    : choices[options.findIndex(({ value }) => Object.is(value, question.default))];
  const prompt = new LineSelect(
    {
      ...io,
      message,
      options: choices.map((value) => ({ value, name: `${value}` })),
      format: ({ index }) => options[index]?.label ?? "",
      search: true,
      // "fuzzy", "typo" and "all" find "office" for "officer": a slip must not knock on another door.
      searchMode: "substring",
      searchLabel: "›",
      hint: isLong
        ? `type to find one of ${plural(count, what)}, arrow keys to move, Enter to choose`
        : "type to find, arrow keys to move, Enter to choose",
      ...(fallback === undefined ? {} : { default: fallback, hideDefault: true }),
    },
    sheet,
    { what },
  );
  const chosen = options[(await prompt.prompt()).index];
  if (chosen === undefined) throw new TypeError("cliffy chose what was not offered");
  return chosen.value;
}
