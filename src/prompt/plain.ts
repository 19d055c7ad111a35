/**
 * The questions as plain lines: for dumb terminals, `--plain` and screen readers, and where cliffy
 * cannot be had.
 *
 * Rules: no escape code is ever written and nothing above the current line changes; the only control
 * characters are the line feed and `\b`, which takes back what was typed. Where `\b` would not do (a
 * line that has wrapped, wide or combining characters) the line is written anew below.
 *
 * `promptSecret` of `@std/cli` cannot serve: it reads only stdin and writes to stdout, which is for
 * scripts; it blocks the event loop, loses what was pasted ahead, and cannot be cancelled.
 */
import { CancelledError } from "../core/errors.ts";
import { joinOr, plural } from "../core/text.ts";
import { measureWidth } from "../output/width.ts";
import { wrapWords } from "../output/wrap.ts";
import { CTRL_Z, ENTER, isText, TAB } from "./keys.ts";
import { eraseBackward, garbled, isEnd } from "./line.ts";
import {
  type InputQuestion,
  MAX_LISTED,
  type Prompter,
  type PrompterOptions,
  type SelectOption,
  type SelectQuestion,
  type Terminal,
} from "./prompter.ts";
import { DROPPED, findKeyboard, inRawMode, suspend } from "./terminal.ts";

/** Which prompter this module makes: an import map may put `plain.ts` in the place of `cliffy.ts`. */
export const KIND: "cliffy" | "plain" = "plain";

/** A prompter that asks in plain lines; it has no colours to leave out. */
export function createPrompter(terminal: Terminal, _options: PrompterOptions = {}): Prompter {
  return {
    select: (question) => select(terminal, question),
    input: (question) => input(terminal, question),
    secret: ({ message, validate }) =>
      ask(terminal, renderPrompt(message), {
        show: stars,
        isWanted: isSecretText,
        parse: (text) => {
          const error = validate?.(text);
          return error === undefined ? { value: text } : { error };
        },
      }),
    confirm: (question) => confirm(terminal, question),
    pause: async (message = "Press Enter to continue...") => {
      const isWanted = () => false;
      await ask(terminal, ` ${message}`, { isWanted, parse: () => ({ value: undefined }) });
    },
  };
}

/** The answer, or what is wrong with it. */
type Parsed<T> = { value: T } | { error: string };

interface LineOptions {
  /** What is above the line, for when the question is written anew. */
  above?: string | undefined;
  /** How the line looks on the screen; as it is where undefined. */
  show?: ((text: string) => string) | undefined;
  /** Which keys are text. */
  isWanted?: ((key: string) => boolean) | undefined;
}

const stars = (text: string) => "*".repeat([...text].length);
// A tabulator in a pasted passphrase is part of it.
const isSecretText = (key: string) => isText(key) || key === TAB;

function renderPrompt(message: string): string {
  return /[?:]$/.test(message) ? ` ${message} ` : ` ${message}: `;
}

/** Asks until `parse` takes the answer. */
function ask<T>(
  terminal: Terminal,
  prompt: string,
  { parse, ...options }: LineOptions & { parse: (text: string) => Parsed<T> },
): Promise<T> {
  return inRawMode(terminal, async () => {
    for (;;) {
      const text = await readLine(terminal, prompt, options);
      if (findKeyboard(terminal).takeDropped()) complain(terminal, DROPPED);
      const problem = garbled(text);
      const parsed = problem === undefined ? parse(text) : { error: problem };
      if ("value" in parsed) return parsed.value;
      complain(terminal, parsed.error);
    }
  });
}

function complain(terminal: Terminal, problem: string): void {
  const width = terminal.columns();
  const lines = ` * ${problem}`.split("\n").flatMap((line) =>
    wrapWords(line, { width, indent: 3 })
  );
  terminal.write(`${lines.join("\n")}\n`);
}

/** One line, up to Enter. The cursor stays at its end: moving it takes escape codes. */
async function readLine(
  terminal: Terminal,
  message: string,
  { above = "", show = (text) => text, isWanted = isText }: LineOptions,
): Promise<string> {
  const keyboard = findKeyboard(terminal);
  let text = "";
  const wrapped = wrapWords(message, { width: terminal.columns(), indent: 1 });
  const prompt = wrapped.length === 1 ? message : `${wrapped.at(-1)} `;
  const before = wrapped.slice(0, -1).map((line) => `${line}\n`).join("");
  terminal.write(before + prompt);
  try {
    for (;;) {
      const key = await keyboard.next();
      if (key === ENTER) return text;
      if (isEnd(text, key)) throw new CancelledError();
      if (key === CTRL_Z && terminal.suspend !== undefined) {
        terminal.write("\n");
        await suspend(terminal);
        terminal.write(above + before + prompt + show(text));
      }
      const rest = eraseBackward(text, key);
      if (rest !== undefined) {
        terminal.write(rewind(prompt, show(text), { rest: show(rest), width: terminal.columns() }));
        text = rest;
      } else if (isWanted(key)) {
        terminal.write(show(key));
        text += key;
      }
    }
  } finally {
    terminal.write("\n");
  }
}

/** What makes `rest` out of `shown`, both of which follow `prompt` on a line of `width` columns. */
function rewind(
  prompt: string,
  shown: string,
  { rest, width }: { rest: string; width: number },
): string {
  const gone = shown.slice(rest.length);
  const hasWrapped = measureWidth(prompt + shown) >= width;
  const isSimple = measureWidth(gone) === gone.length && !/[\p{M}\p{Cf}]/u.test(gone);
  return isSimple && !hasWrapped ? "\b \b".repeat(gone.length) : `\n${prompt}${rest}`;
}

function input(
  terminal: Terminal,
  { message, default: fallback, validate }: InputQuestion,
): Promise<string> {
  const prompt = fallback === undefined ? message : `${message} [${fallback}]`;
  return ask(terminal, renderPrompt(prompt), {
    parse: (text) => {
      const value = text.trim();
      if (value === "" && fallback !== undefined) return { value: fallback };
      const error = validate?.(value);
      return error === undefined ? { value } : { error };
    },
  });
}

function confirm(
  terminal: Terminal,
  { message, default: fallback }: { message: string; default?: boolean | undefined },
): Promise<boolean> {
  const choices = fallback === undefined ? "[y/n]" : fallback ? "[Y/n]" : "[y/N]";
  return ask(terminal, ` ${message} ${choices} `, {
    parse: (text) => {
      const answer = text.trim().toLowerCase();
      if (answer === "" && fallback !== undefined) return { value: fallback };
      if (/^(?:y|yes|n|no)$/.test(answer)) return { value: answer.startsWith("y") };
      return { error: `"${text.trim()}" is not an answer: type y or n` };
    },
  });
}

/** An option and what it is listed by: its letter, or its number among those without one. */
interface Listed<T> extends SelectOption<T> {
  name: string;
}

function listOptions<T>(options: readonly SelectOption<T>[]): Listed<T>[] {
  let number = 0;
  return options.map((option) => ({
    ...option,
    name: option.key?.toUpperCase() ?? String(++number),
  }));
}

function select<T>(terminal: Terminal, question: SelectQuestion<T>): Promise<T> {
  const options = listOptions(question.options);
  const fallback = question.default === undefined
    ? undefined
    : options.find((option) => Object.is(option.value, question.default));
  const width = terminal.columns();
  const above = renderOptions(options, question).split("\n")
    .flatMap((line) => wrapWords(line, { width, indent: 5 })).join("\n");
  terminal.write(above);
  return ask(terminal, fallback === undefined ? " Choice: " : ` Choice [${fallback.name}]: `, {
    above,
    parse: (text) => {
      const answer = text.trim();
      if (answer === "" && fallback !== undefined) return { value: fallback.value };
      return choose(answer, options, question);
    },
  });
}

function renderOptions<T>(
  options: readonly Listed<T>[],
  { message, what = "choice" }: Pick<SelectQuestion<T>, "message" | "what">,
): string {
  const lettered = options.filter(({ key }) => key !== undefined);
  const count = options.length - lettered.length;
  const isLong = count > MAX_LISTED;
  const find = ` [1-${count}] ${plural(count, what)}: type part of a name to find one\n\n`;
  const title = ` ${/[?:]$/.test(message) ? message : `${message}:`}\n`;
  return `${title}${isLong ? find : ""}${renderList(isLong ? lettered : options)}\n`;
}

function renderList<T>(options: readonly Listed<T>[]): string {
  let text = "";
  for (const [index, { name, label, hint, key }] of options.entries()) {
    const previous = options[index - 1];
    // The lettered commands are set apart from the numbered targets.
    if (previous !== undefined && (previous.key === undefined) !== (key === undefined)) {
      text += "\n";
    }
    text += ` [${name}] ${label}${hint === undefined ? "" : ` (${hint})`}\n`;
  }
  return text;
}

/**
 * The option that `answer` names: by number or letter, by its label, or by a part of one label. A bare
 * number, or a single letter, is never a part of a label: a slip must not knock on another door.
 */
function choose<T>(
  answer: string,
  options: readonly Listed<T>[],
  { what }: Pick<SelectQuestion<T>, "what">,
): Parsed<T> {
  const wanted = answer.toLowerCase();
  const exact = options.find(({ name }) => name.toLowerCase() === wanted) ??
    options.find(({ label }) => label.toLowerCase() === wanted);
  if (exact !== undefined) return { value: exact.value };
  const isPart = wanted.length > 1 && !/^\d+$/.test(wanted);
  const matches = isPart
    ? options.filter(({ label, hint = "" }) => `${label} (${hint})`.toLowerCase().includes(wanted))
    : [];
  const [match, ...others] = matches;
  if (match !== undefined && others.length === 0) return { value: match.value };
  return { error: explainChoice(answer, options, { matches, what: isPart ? what : undefined }) };
}

function explainChoice<T>(
  answer: string,
  options: readonly Listed<T>[],
  { matches, what }: { matches: readonly Listed<T>[]; what: string | undefined },
): string {
  const problem = matches.length > 1
    ? `"${answer}" is in ${matches.length} of the names`
    : what !== undefined
    ? `No ${what} matches "${answer}"`
    : `"${answer}" is not a choice`;
  const isUnlisted = matches.length <= MAX_LISTED &&
    options.filter(({ key }) => key === undefined).length > MAX_LISTED;
  const found = isUnlisted ? renderList(matches).trimEnd() : "";
  const allowed = `${problem}: type ${renderAllowed(options)}, or part of one name`;
  return found === "" ? allowed : `${problem}:\n${found}`;
}

/** `1-3, A, H or X`. */
function renderAllowed<T>(options: readonly Listed<T>[]): string {
  const count = options.filter(({ key }) => key === undefined).length;
  const letters = options.filter(({ key }) => key !== undefined).map(({ name }) => name);
  const numbers = count === 0 ? [] : [count === 1 ? "1" : `1-${count}`];
  return joinOr([...numbers, ...letters]);
}
