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
 * - it counts UTF-16 units, so that Backspace halves an emoji: {@linkcode editLine} edits;
 * - it writes to stdout, and takes colours from `NO_COLOR` only: our writer writes and strips.
 *
 * Where JSR cannot be reached, `npm.importmap.json` puts `plain.ts` in the place of this file, so both
 * export the same names.
 */
import { Confirm } from "@cliffy/prompt/confirm";
import { Input } from "@cliffy/prompt/input";
import { Secret } from "@cliffy/prompt/secret";
import { Select } from "@cliffy/prompt/select";
import { CancelledError } from "../core/errors.ts";
import { ENTER, isText, TAB } from "./keys.ts";
import { editLine, garbled, isEnd, type Line, measureColumns } from "./line.ts";
import type { Prompter, PrompterOptions, SelectQuestion, Terminal } from "./prompter.ts";
import { findKeyboard, inRawMode, type Keyboard } from "./terminal.ts";

/** Which prompter this module makes: an import map may put `plain.ts` in its place. */
export const KIND: "cliffy" | "plain" = "cliffy";

/** Rows of a list: with message and hint they fit on a terminal of 15 rows. */
const MAX_ROWS = 12;

const FIND_HINT = "type to find, arrow keys to move, Enter to choose";

/** A prompter that asks by cliffy. */
export function createPrompter(
  terminal: Terminal,
  { color = true }: PrompterOptions = {},
): Prompter {
  const io = {
    reader: createReader(findKeyboard(terminal)),
    writer: createWriter(terminal, color),
  };
  const ask = <T>(prompt: () => Promise<T>) => inRawMode(terminal, () => tidily(terminal, prompt));
  return {
    select: (question) => ask(() => select(question, io, terminal.columns())),
    input: ({ message, default: fallback, validate }) =>
      ask(() =>
        new LineInput({
          ...io,
          message,
          ...(fallback === undefined ? {} : { default: fallback }),
          validate: (text) => garbled(text) ?? validate?.(text.trim()) ?? true,
        }).prompt()
      ),
    secret: ({ message, validate }) =>
      ask(() =>
        new LineSecret({
          ...io,
          message,
          validate: (text) => garbled(text) ?? validate?.(text) ?? true,
        }).prompt()
      ),
    confirm: ({ message, default: fallback }) =>
      ask(() =>
        new LineConfirm({
          ...io,
          message,
          ...(fallback === undefined ? {} : { default: fallback }),
          validate: (text) => /^(?:y|yes|n|no)$/i.test(text) || "Type y or n.",
        }).prompt()
      ),
    pause: (message = "Press Enter to continue...") => ask(() => pause(terminal, message)),
  };
}

/** Leaves the question on the screen, and clears what is below it, when it is not answered. */
async function tidily<T>(terminal: Terminal, prompt: () => Promise<T>): Promise<T> {
  try {
    return await prompt();
  } catch (error) {
    terminal.write("\n\x1b[J\x1b[?25h"); // erase below, show the cursor
    throw error;
  }
}

async function pause(terminal: Terminal, message: string): Promise<void> {
  const keyboard = findKeyboard(terminal);
  terminal.write(message);
  for (let key = ""; key !== ENTER;) {
    key = await keyboard.next();
    if (isEnd("", key)) throw new CancelledError();
  }
  terminal.write("\n");
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
      // deno-lint-ignore no-control-regex -- escape codes are control characters
      terminal.write(color ? text : text.replaceAll(/\x1b\[[\d;]*m/g, ""));
      return bytes.length;
    },
  };
}

/** The part of cliffy's key event that is used here. */
interface KeyEvent {
  sequence?: string;
}

/** The line after `event`; undefined where cliffy should handle it. Ctrl-D on an empty line cancels. */
function edit(line: Line, { sequence = "" }: KeyEvent): Line | undefined {
  if (isEnd(line.text, sequence)) throw new CancelledError();
  return editLine(line, sequence);
}

/** How many columns the text before the cursor takes beyond the UTF-16 units that cliffy counts. */
function drift(text: string, cursor: number): number {
  return measureColumns(text.slice(0, cursor)) - cursor;
}

class LineInput extends Input {
  protected override async handleEvent(event: KeyEvent): Promise<void> {
    const line = edit({ text: this.inputValue, cursor: this.inputIndex }, event);
    if (line === undefined) return await super.handleEvent(event);
    this.inputValue = line.text;
    this.inputIndex = line.cursor;
  }

  protected override message(): string {
    const message = super.message();
    this.cursor.x += drift(this.inputValue, this.inputIndex);
    return message;
  }
}

class LineConfirm extends Confirm {
  protected override async handleEvent(event: KeyEvent): Promise<void> {
    const line = edit({ text: this.inputValue, cursor: this.inputIndex }, event);
    if (line === undefined) return await super.handleEvent(event);
    this.inputValue = line.text;
    this.inputIndex = line.cursor;
  }
}

class LineSecret extends Secret {
  protected override async handleEvent(event: KeyEvent): Promise<void> {
    // A tabulator in a pasted passphrase is part of it.
    if (event.sequence === TAB) return this.addChar(TAB);
    const line = edit({ text: this.inputValue, cursor: this.inputIndex }, event);
    if (line === undefined) return await super.handleEvent(event);
    this.inputValue = line.text;
    this.inputIndex = line.cursor;
  }

  protected override message(): string {
    const message = super.message();
    this.cursor.x += [...this.inputValue.slice(0, this.inputIndex)].length - this.inputIndex;
    return message;
  }

  protected override input(): string {
    return this.format(this.inputValue);
  }

  protected override format(value: string): string {
    return "*".repeat([...value].length);
  }
}

/** An option as cliffy gets it: compared by identity, searched by what it reads. */
interface Choice {
  index: number;
  toString(): string;
}

class LineSelect extends Select<Choice> {
  protected override async handleEvent(event: KeyEvent): Promise<void> {
    const line = edit({ text: this.inputValue, cursor: this.inputIndex }, event);
    if (line === undefined) return await super.handleEvent(event);
    const isSame = line.text === this.inputValue;
    this.inputValue = line.text;
    this.inputIndex = line.cursor;
    if (!isSame) this.match();
  }

  /** What was typed so far chooses the best match, wherever the pointer was before. */
  protected override match(): void {
    super.match();
    this.listIndex = this.listOffset = 0;
  }

  /** Without cliffy's pointer, which is the same as that of the chosen option. */
  protected override hint(): string {
    return `  ${this.settings.hint ?? ""}`;
  }
}

async function select<T>(question: SelectQuestion<T>, io: Io, columns: number): Promise<T> {
  const { message, options } = question;
  const names = options.map(({ label, hint }) => hint === undefined ? label : `${label}  ${hint}`);
  const choices = names.map((name, index): Choice => ({ index, toString: () => name }));
  const fallback = question.default === undefined
    ? undefined
    : choices[options.findIndex(({ value }) => Object.is(value, question.default))];
  const prompt = new LineSelect({
    ...io,
    message,
    options: choices.map((value) => ({ value, name: fit(`${value}`, columns - 3) })),
    format: ({ index }) => options[index]?.label ?? "",
    search: true,
    searchLabel: "›",
    maxRows: MAX_ROWS,
    hint: fit(FIND_HINT, columns - 3),
    ...(fallback === undefined ? {} : { default: fallback, hideDefault: true }),
  });
  const chosen = options[(await prompt.prompt()).index];
  if (chosen === undefined) throw new TypeError("cliffy chose what was not offered");
  return chosen.value;
}

/** `text` in at most `columns`: cliffy miscounts the rows of a list whose lines wrap. */
function fit(text: string, columns: number): string {
  if (measureColumns(text) <= columns) return text;
  let fitting = "";
  for (const character of text) {
    if (measureColumns(fitting + character) >= columns) break;
    fitting += character;
  }
  return `${fitting}…`;
}
