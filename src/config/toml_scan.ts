/**
 * The structure of a TOML text: where its tables, keys and values stand. Values are never read here
 * (`@std/toml` does that); this knows comments, strings, brackets and lines only, and so it can
 * - give every key its line for errors,
 * - let edits replace some bytes and keep all others,
 * - catch what `@std/toml` takes silently or blames on a wrong line (two pairs on a line, a missing
 *   value, an unclosed bracket).
 *
 * Rules:
 * - one pass, linear in the length of the text; offsets are UTF-16 code units from its start, a byte
 *   order mark included;
 * - a mistake costs its own statement only: reading goes on at the next line that looks like one;
 * - no message repeats text from the file other than a key, and of a long key only its length: what
 *   stands in a broken line may be a secret;
 * - names that live on `Object.prototype` cannot be keys: `@std/toml` would write to the prototype.
 */
import { parse } from "@std/toml/parse";

/** A piece of the text: from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/** One segment of a key, as it reads without its quotes. */
export interface TomlKey extends Span {
  text: string;
}

/** A value; arrays and inline tables know what is in them. */
export interface TomlValue extends Span {
  kind: "string" | "scalar" | "array" | "table";
  /** Of an array. */
  items: readonly TomlValue[];
  /** Of an inline table. */
  pairs: readonly TomlPair[];
}

/** `key = value`, without the comment after it. */
export interface TomlPair extends Span {
  /** More than one where the key is dotted. */
  keys: readonly TomlKey[];
  value: TomlValue;
}

/** A header with what stands under it; the first table of a text is its root, without header. */
export interface TomlTable extends Span {
  keys: readonly TomlKey[];
  /** `[[a]]` rather than `[a]`. */
  isArray: boolean;
  pairs: TomlPair[];
}

/** A mistake, and the piece of text that has to go so that the rest can be read. */
export interface ScanProblem extends Span {
  /** Where to point at. */
  offset: number;
  /** The keys that lead there, as far as they are known. */
  path: readonly string[];
  message: string;
}

/** What stands where. */
export interface TomlDocument {
  text: string;
  /** At least the root. */
  tables: TomlTable[];
  problems: ScanProblem[];
}

const MAX_DEPTH = 64;
const LINE_FEED = 10;
const BACKSLASH = 92;
const NONE: readonly never[] = [];
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const DATE_AND_TIME = /\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*/y;
const BARE_VALUE = /[^\s,\]}#"'[{=]+/y;
const SCALAR = /^(?:true|false|[+-]?(?:inf|nan|\d.*))$/;
const HEADER_LINE = /^[ \t]*\[{1,2}[^\]\n]*\]{1,2}[ \t]*(?:#.*)?\r?$/gm;
const STATEMENT_LINE =
  /^[ \t]*(?:\[{1,2}[^\]\n]*\]{1,2}[ \t]*(?:#.*)?\r?$|(?:[A-Za-z0-9_.-]|"[^"\n]*"|'[^'\n]*')+[ \t]*=)/gm;

/** The structure of `text`. Never throws: what is wrong stands in `problems`. */
export function scanToml(text: string): TomlDocument {
  const tables: TomlTable[] = [];
  const problems = scanTables(text, (table) => tables.push(table));
  return { text, tables, problems };
}

/**
 * As {@linkcode scanToml}, but hands over each table, the root first, when it is complete: a large
 * file need not be held as a tree.
 *
 * @returns what is wrong.
 */
export function scanTables(text: string, take: (table: TomlTable) => void): ScanProblem[] {
  return new Scanner(text).scan(take);
}

/** A key for a message: quoted, or only its length where it is too long to be one. */
export function quoteKey(key: string): string {
  return key.length > 40 ? `a key of ${key.length} characters` : JSON.stringify(key);
}

/** Thrown inside the scanner, caught by its loop. */
class Fault extends Error {
  constructor(
    message: string,
    readonly offset: number,
    /** Where to read on; the next line that looks like a statement where undefined. */
    readonly resume?: number,
  ) {
    super(message);
  }
}

class Scanner {
  #text: string;
  #at: number;
  #table: TomlTable = { keys: NONE, isArray: false, pairs: [], start: 0, end: 0 };
  #problems: ScanProblem[] = [];
  /** The keys of the statement that is being read. */
  #keys: readonly TomlKey[] = NONE;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith("\uFEFF") ? 1 : 0;
  }

  scan(take: (table: TomlTable) => void): ScanProblem[] {
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) this.#statement(take);
    take(this.#table);
    return this.#problems;
  }

  #statement(take: (table: TomlTable) => void): void {
    const start = this.#at;
    const isHeader = this.#char() === "[";
    this.#keys = NONE;
    try {
      if (isHeader) {
        const table = this.#header();
        this.#endOfLine(start);
        take(this.#table);
        this.#table = table;
      } else {
        const pair = this.#pair(0);
        this.#endOfLine(start);
        this.#table.pairs.push(pair);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#at = error.resume ?? this.#nextLine(isHeader ? HEADER_LINE : STATEMENT_LINE, start);
      const table = isHeader ? NONE : this.#table.keys;
      this.#problems.push({
        start,
        end: this.#at,
        offset: error.offset,
        path: [...table, ...this.#keys].map((key) => key.text),
        message: error.message,
      });
    }
  }

  #header(): TomlTable {
    const start = this.#at;
    const isArray = this.#text.startsWith("[[", start);
    const close = isArray ? "]]" : "]";
    this.#at += close.length;
    const keys = this.#dottedKey();
    this.#skipSpace();
    if (!this.#text.startsWith(close, this.#at)) {
      throw new Fault(`the table's header is not closed by ${close}`, start);
    }
    this.#at += close.length;
    return { keys, isArray, pairs: [], start, end: this.#at };
  }

  #pair(depth: number): TomlPair {
    const start = this.#at;
    const keys = this.#dottedKey();
    if (depth === 0) this.#keys = keys;
    this.#skipSpace();
    if (this.#char() !== "=") throw new Fault('has no "=" and value after the key', start);
    this.#at++;
    this.#skipSpace();
    if (this.#isLineOver()) {
      throw new Fault('has no value after "="', start);
    }
    const value = this.#value(depth);
    return { keys, value, start, end: value.end };
  }

  #dottedKey(): TomlKey[] {
    const keys = [this.#key()];
    for (this.#skipSpace(); this.#char() === "."; this.#skipSpace()) {
      this.#at++;
      keys.push(this.#key());
      if (keys.length > MAX_DEPTH) throw new Fault(`has more than ${MAX_DEPTH} parts`, this.#at);
    }
    return keys;
  }

  #key(): TomlKey {
    this.#skipSpace();
    const start = this.#at;
    const quote = this.#char();
    let text: string;
    if (quote === '"' || quote === "'") {
      text = this.#quotedKey(quote);
    } else {
      text = this.#match(BARE_KEY) ?? this.#unexpected(start);
      this.#at = start + text.length;
    }
    if (text === "") throw new Fault("a key cannot be empty", start);
    if (Object.hasOwn(Object.prototype, text)) {
      throw new Fault(`"${text}" cannot be used as a key or name`, start);
    }
    return { text, start, end: this.#at };
  }

  #quotedKey(quote: string): string {
    const start = this.#at;
    this.#line(quote);
    try {
      return String(parse(`key = ${this.#text.slice(start, this.#at)}`)["key"]);
    } catch {
      throw new Fault("the quoted key has an unknown escape", start);
    }
  }

  #unexpected(offset: number): never {
    const char = String.fromCodePoint(this.#text.codePointAt(offset) ?? 10);
    const hex = char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    const shown = char === "\n" || char === "\r"
      ? "the end of the line"
      : /^[!-~]$/.test(char)
      ? `"${char}"`
      : `the character U+${hex}`;
    throw new Fault(`${shown} stands where a key should be: write KEY = VALUE or [TABLE]`, offset);
  }

  #value(depth: number): TomlValue {
    if (depth > MAX_DEPTH) throw new Fault(`is nested deeper than ${MAX_DEPTH} levels`, this.#at);
    const char = this.#char();
    if (char === '"' || char === "'") return this.#string(char);
    if (char === "[") return this.#array(depth);
    if (char === "{") return this.#inlineTable(depth);
    const start = this.#at;
    const text = this.#match(DATE_AND_TIME) ?? this.#match(BARE_VALUE);
    if (text === undefined || !SCALAR.test(text)) {
      throw new Fault(
        "has no value that TOML knows: text stands in quotes; else use a number, true, false, " +
          "[an array] or { a = table }",
        start,
      );
    }
    this.#at = start + text.length;
    return { kind: "scalar", items: NONE, pairs: NONE, start, end: this.#at };
  }

  #string(quote: string): TomlValue {
    const start = this.#at;
    const triple = quote.repeat(3);
    if (this.#text.startsWith(triple, start)) this.#block(quote, triple);
    else this.#line(quote);
    return { kind: "string", items: NONE, pairs: NONE, start, end: this.#at };
  }

  /** A string on one line. */
  #line(quote: string): void {
    const start = this.#at;
    const close = quote.charCodeAt(0);
    for (let at = start + 1; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === close) {
        this.#at = at + 1;
        return;
      }
      if (code === LINE_FEED) break;
      const isEscape = code === BACKSLASH && quote === '"';
      if (isEscape && this.#text.charCodeAt(at + 1) !== LINE_FEED) at++;
    }
    throw new Fault(`the string is not closed by ${quote} on its line`, start);
  }

  /** A string over several lines; up to two quotes of its own may stand before the closing three. */
  #block(quote: string, triple: string): void {
    const start = this.#at;
    for (let at = start + 3; at < this.#text.length; at++) {
      if (this.#text[at] === "\\" && quote === '"') at++;
      else if (this.#text.startsWith(triple, at)) {
        at += 3;
        for (let more = 0; more < 2 && this.#text[at] === quote; more++) at++;
        this.#at = at;
        return;
      }
    }
    throw new Fault(`the string is not closed by ${triple}`, start, this.#text.length);
  }

  #array(depth: number): TomlValue {
    const start = this.#at++;
    const items: TomlValue[] = [];
    for (this.#skipBlank(); this.#char() !== "]"; this.#skipBlank()) {
      items.push(this.#value(depth + 1));
      this.#separator("]");
    }
    return { kind: "array", items, pairs: NONE, start, end: ++this.#at };
  }

  #inlineTable(depth: number): TomlValue {
    const start = this.#at++;
    const pairs: TomlPair[] = [];
    let comma = -1;
    for (this.#skipBlank(); this.#char() !== "}"; this.#skipBlank()) {
      pairs.push(this.#pair(depth + 1));
      comma = this.#separator("}");
    }
    const end = ++this.#at;
    if (comma >= 0) throw new Fault('a "," stands before the closing }', comma, end);
    const gaps = [start, ...pairs.map((pair) => pair.end)].map((from, index) =>
      this.#text.slice(from, pairs[index]?.start ?? end)
    );
    if (gaps.some((gap) => gap.includes("\n"))) {
      throw new Fault("an inline { table } must stand on one line", start, end);
    }
    return { kind: "table", items: NONE, pairs, start, end };
  }

  /** Goes past the comma, if there is one, and gives its place, else -1. */
  #separator(close: string): number {
    const end = this.#at;
    this.#skipBlank();
    const char = this.#char();
    if (char === ",") return this.#at++;
    if (char !== close) throw new Fault(`a "," or the closing ${close} is missing`, end - 1);
    return -1;
  }

  #endOfLine(start: number): void {
    this.#skipSpace();
    if (this.#isLineOver()) return;
    const isPair = /^[A-Za-z0-9_."'-]+[ \t]*=/.test(this.#text.slice(this.#at, this.#at + 80));
    throw new Fault(
      isPair
        ? "another key stands on the same line: begin a new line for it"
        : "something stands after the value on the same line: text stands in quotes",
      start,
    );
  }

  /** Whether nothing but a comment stands in the rest of the line. */
  #isLineOver(): boolean {
    const char = this.#char();
    return char === "" || char === "\n" || char === "#" ||
      this.#text.startsWith("\r\n", this.#at);
  }

  /** The start of the first line after the one of `#at` and `start` that looks like a statement. */
  #nextLine(pattern: RegExp, start: number): number {
    const lineEnd = this.#text.indexOf("\n", start);
    if (lineEnd < 0) return this.#text.length;
    // A line that the broken statement had already reached may be the next statement itself.
    const lineOfFault = this.#text.lastIndexOf("\n", Math.max(this.#at - 1, 0));
    pattern.lastIndex = Math.max(lineEnd, lineOfFault) + 1;
    return pattern.exec(this.#text)?.index ?? this.#text.length;
  }

  #char(): string {
    return this.#text[this.#at] ?? "";
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #skipSpace(): void {
    while (this.#char() === " " || this.#char() === "\t") this.#at++;
  }

  /** Goes past white space, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      const char = this.#char();
      if (char === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (
        char === " " || char === "\t" || char === "\n" ||
        (char === "\r" && this.#text[this.#at + 1] === "\n")
      ) this.#at++;
      else return;
    }
  }
}
