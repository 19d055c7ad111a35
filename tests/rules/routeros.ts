/**
 * A parser of RouterOS scripts, as far as rule sets need it: comments, continued lines, commands with
 * named parameters and `find` conditions, strings with escapes, nested `[]`, `{}` and `()`.
 *
 * Source: MikroTik, "Scripting" (command line, escape sequences, delimiters). Stricter than a router:
 * what it does not know is an error, with its line.
 */

/** A value of a parameter or an argument. */
export type Value =
  | { kind: "text"; text: string }
  | { kind: "variable"; name: string }
  /** `[...]`: what the command returns. */
  | { kind: "result"; command: Command }
  /** `{...}` */
  | { kind: "block"; commands: Command[] }
  /** `(...)`: operands and operators. */
  | { kind: "expression"; parts: Value[] };

/** One command. */
export interface Command {
  /** Where it starts, 1-based. */
  line: number;
  /** Path and verb, such as `/ip`, `firewall`, `filter`, `add`. */
  words: string[];
  /** Values without a name. */
  values: Value[];
  /** `name=value`; a condition with `~` is named `name~`. */
  parameters: Map<string, Value>;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "$": "$",
  "?": "?",
  "_": " ",
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/**
 * The commands of a script.
 *
 * @throws {SyntaxError} with the line.
 */
export function parseRouterOs(script: string): Command[] {
  let at = 0;

  function fail(what: string): never {
    throw new SyntaxError(`line ${lineOf(at)}: ${what}`);
  }

  function lineOf(place: number): number {
    return script.slice(0, place).split("\n").length;
  }

  /** Blanks and continued lines. */
  function skipBlanks(): void {
    for (;;) {
      if (script[at] === " " || script[at] === "\t") at++;
      else if (script.startsWith("\\\n", at)) at += 2;
      else return;
    }
  }

  /** Blanks, ends of commands, and comments where a command could start. */
  function skipToCommand(): void {
    for (;;) {
      skipBlanks();
      if (script[at] === "\n" || script[at] === ";") at++;
      else if (script[at] === "#") { while (at < script.length && script[at] !== "\n") at++; }
      else return;
    }
  }

  function parseCommands(end: string): Command[] {
    const commands: Command[] = [];
    for (;;) {
      skipToCommand();
      if (at >= script.length) return end === "" ? commands : fail(`"${end}" is missing`);
      if (script[at] === end) return commands;
      commands.push(parseCommand(end));
    }
  }

  function parseCommand(end: string): Command {
    const command: Command = { line: lineOf(at), words: [], values: [], parameters: new Map() };
    for (;;) {
      skipBlanks();
      const next = script[at];
      if (next === undefined || next === "\n" || next === ";" || next === end) return command;
      parsePart(command);
    }
  }

  function parsePart(command: Command): void {
    const named = /^([a-z][a-z0-9-]*)([=~])/.exec(script.slice(at, at + 64));
    if (named !== null) {
      at += named[0].length;
      const name = `${named[1]}${named[2] === "~" ? "~" : ""}`;
      if (command.parameters.has(name)) fail(`"${name}" is given twice`);
      command.parameters.set(name, parseValue());
      return;
    }
    const word = /^[/:]?[a-zA-Z][a-zA-Z0-9-]*(?=[\s;\]}]|$)/.exec(script.slice(at, at + 64));
    if (word !== null && command.parameters.size === 0) {
      at += word[0].length;
      command.words.push(word[0]);
      return;
    }
    command.values.push(parseValue());
  }

  function parseValue(): Value {
    const start = script[at];
    if (start === '"') return { kind: "text", text: parseString() };
    if (start === "$") return parseVariable();
    if (start === "[") {
      const [command, ...more] = enclosed("]", () => parseCommands("]"));
      return command !== undefined && more.length === 0
        ? { kind: "result", command }
        : fail("[] holds one command");
    }
    if (start === "{") {
      return { kind: "block", commands: enclosed("}", () => parseCommands("}")) };
    }
    if (start === "(") return { kind: "expression", parts: enclosed(")", parseParts) };
    const bare = /^!?[A-Za-z0-9_.:\/,!*<>=+-]+/.exec(script.slice(at, at + 4096));
    if (bare === null) return fail(`${JSON.stringify(start ?? "the end")} starts no value`);
    at += bare[0].length;
    return { kind: "text", text: bare[0] };
  }

  function enclosed<Result>(end: string, parse: () => Result): Result {
    at++;
    const result = parse();
    if (script[at] !== end) fail(`"${end}" is missing`);
    at++;
    return result;
  }

  function parseParts(): Value[] {
    const parts: Value[] = [];
    for (;;) {
      skipBlanks();
      if (script[at] === ")") return parts;
      const operator = /^(?:%|&&)(?= )/.exec(script.slice(at, at + 3))?.[0];
      at += operator?.length ?? 0;
      parts.push(operator === undefined ? parseValue() : { kind: "text", text: operator });
    }
  }

  function parseVariable(): Value {
    const name = /^\$([A-Za-z][A-Za-z0-9]*)/.exec(script.slice(at, at + 64));
    if (name === null) return fail("$ names no variable");
    at += name[0].length;
    return { kind: "variable", name: name[1] as string };
  }

  /** The router reads escapes, and a variable after a bare `$`, which no rule set means. */
  function parseString(): string {
    const bytes: number[] = [];
    for (at++; script[at] !== '"'; at++) {
      const character = script[at];
      if (character === undefined || character === "\n") return fail('" is missing');
      if (character === "$") return fail("$ in a string is not escaped");
      if (character !== "\\") bytes.push(...new TextEncoder().encode(character));
      else bytes.push(parseEscape());
    }
    at++;
    return new TextDecoder().decode(new Uint8Array(bytes));
  }

  function parseEscape(): number {
    const hex = /^[0-9A-F]{2}/.exec(script.slice(at + 1, at + 3));
    if (hex !== null) {
      at += 2;
      return parseInt(hex[0], 16);
    }
    at++;
    const character = ESCAPES[script[at] ?? ""];
    return character === undefined ? fail("unknown escape") : character.charCodeAt(0);
  }

  return parseCommands("");
}
