/**
 * Reads a TOML text with all lines, and says in plain English what is wrong with it. Loaded only for
 * edits, and where the quick way (`toml/plain.ts`) has anything to say.
 *
 * Rules:
 * - of mistakes in the syntax the first one is named; those of keys are named all;
 * - no message repeats text from the file other than a key: a broken line may contain a secret;
 * - names that live on `Object.prototype` cannot be keys, or a table would write to the prototype;
 * - a text that would take more than about 2 GB as a tree (4 KB for each punctuation mark) is refused.
 */
import { ParseError } from "toml-eslint-parser";
import { isReservedKey, type Path, quoteKey } from "./place.ts";
import {
  listPlaces,
  MAX_DEPTH,
  parseDocument,
  readName,
  readValue,
  type TomlDocument,
} from "./ast.ts";

/** A mistake in the syntax or in a key. */
interface TomlProblem {
  /** The keys that lead there, as far as they are known. */
  path: Path;
  /** 1-based; undefined where the whole file is meant. */
  line?: number | undefined;
  message: string;
}

/** What {@linkcode readToml} gives: a text that can be used, or what is wrong in file order. */
type TomlReading =
  | { document: TomlDocument; value: Record<string, unknown> }
  | { problems: readonly TomlProblem[] };

const MAX_MARKS = 500_000;

/** Reads `text`; never throws. */
export function readToml(text: string): TomlReading {
  if (isTooLarge(text)) return refuse("has too many values: about 100,000 can be read");
  try {
    const document = parseDocument(text);
    const problems = findBadKeys(document);
    return problems.length > 0 ? { problems } : { document, value: readValue(document) };
  } catch (error) {
    if (error instanceof ParseError) return { problems: [explain(text, error)] };
    if (error instanceof RangeError) return refuse("has a string or an array that is too large");
    throw error;
  }
}

function refuse(message: string): TomlReading {
  return { problems: [{ path: [], message }] };
}

/** Whether a tree of the text would take too much memory. */
export function isTooLarge(text: string): boolean {
  let marks = 0;
  for (let at = 0; at < text.length; at++) {
    if ("=.,#[{".includes(text.charAt(at))) marks++;
  }
  return marks > MAX_MARKS;
}

function findBadKeys(document: TomlDocument): TomlProblem[] {
  const problems = new Map<string, TomlProblem>();
  for (const { path, line } of listPlaces(document)) {
    const message = judgeKey(path);
    if (message !== undefined) problems.set(path.join("\0"), { path, line, message });
  }
  return [...problems.values()];
}

function judgeKey(path: Path): string | undefined {
  const key = path.at(-1);
  if (key === "") return "a key cannot be empty";
  if (path.length > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
  return typeof key === "string" && isReservedKey(key)
    ? `"${key}" cannot be used as a key or name`
    : undefined;
}

const NOT_A_VALUE =
  "is not a value that TOML knows: put text in quotes, or use a number, true, false, " +
  "[an array] or { a = table }";
const NO_VALUE = 'has no value after "="';
const COMMA = 'a "," or the closing bracket is missing';
const HEADER = "the table's header is not closed by ]";
const DOT = 'a key has a "." too many';
const DOUBLE = "Defining a key multiple times is invalid";
const NO_EQUALS = 'has no "=" and value after the key';
const NOT_A_KEY = "a key or [table] can have only letters, digits, - and _ unless it is in quotes";
const LINE_BREAK = "The key, equals sign, and value must be on the same line";

/** Our sentence for each message of the parser; the start of theirs is enough. */
const SENTENCES: readonly (readonly [theirs: string, ours: string])[] = [
  ["Unterminated string", "the string is not closed: end it with the quotes that it begins with"],
  ["Unterminated table-key", HEADER],
  ["Unterminated array", COMMA],
  ["Unterminated inline table", COMMA],
  ["Expected comma", COMMA],
  ["Empty bare keys", "the table's header has no name"],
  [
    "Must be a newline",
    "the line has more text after its end: begin a new line for another key, and put text in quotes",
  ],
  ["Expected equal", NO_EQUALS],
  ["Control characters", 'has a control character: write it in "quotes" as \\u and 4 hex digits'],
  ["No newlines are allowed between", "an inline { table } has to be on one line"],
  ["Underscores", "a number can have _ only between two digits"],
  ["Unexpected spaces", "the two brackets of [[ or ]] have to be together"],
  ["Three or more quotes", "a string in three quotes contains three quotes"],
  ["Unexpected invalid date", "is not a date of the calendar"],
  ["Unexpected invalid time", "is not a time of the day"],
  ["Leading zeros", "a number cannot begin with 0"],
  ["Trailing comma", 'the "," before the closing } has to go'],
  [
    "Invalid character in escape",
    "the string has an unknown escape: write \"\\\\\" for a backslash, or use 'single quotes'",
  ],
  ["Invalid code point", "the string has an escape that is not a character"],
  ["Consecutive dots", DOT],
  ["Keys cannot", DOT],
];

function explain(text: string, thrown: ParseError): TomlProblem {
  const { error, start, before } = findStatement(text, thrown);
  if (before === undefined) {
    return { path: [], line: error.lineNumber, message: findSentence(error.message) };
  }
  const { isHeader, base, names } = readKeys(text, start, before);
  const path = [...base, ...names];
  if (error.message === DOUBLE) {
    const [key, ...below] = readKeys(text, error.index, before).names;
    const first = findFirst(before, path.slice(0, path.length - below.length), { key, isHeader });
    const what = isHeader ? "this table" : key === undefined ? "a key" : quoteKey(key);
    const message = `${what} is defined already${first}: keep one of the two`;
    return { path, line: error.lineNumber, message };
  }
  const message = chooseSentence(error.message, text.slice(start, error.index));
  const isOfAll = error.index >= text.length || error.message === LINE_BREAK ||
    message === NO_VALUE;
  const line = isOfAll ? text.slice(0, start).split("\n").length : error.lineNumber;
  return { path, line, message };
}

function findSentence(theirs: string): string {
  return SENTENCES.find(([start]) => theirs.startsWith(start))?.[1] ?? "is not valid TOML";
}

/** @param read the statement up to the mistake. */
function chooseSentence(theirs: string, read: string): string {
  const isHeader = /^\s*\[/.test(read);
  const isEmpty = !isHeader && /^[^=]*=\s*(?:#[^\n]*\s*)?$/.test(read);
  if (theirs.startsWith("Unspecified")) return isEmpty ? NO_VALUE : COMMA;
  if (isEmpty && read.includes("\n")) return NO_VALUE;
  if (theirs === LINE_BREAK) return isHeader ? HEADER : NO_EQUALS;
  if (!/^Unexpected (?:character|token)/.test(theirs)) return findSentence(theirs);
  if (isHeader || !read.includes("=")) return NOT_A_KEY;
  return /[=,[{]\s*(?:#[^\n]*\s*)*$/.test(read) ? NOT_A_VALUE : COMMA;
}

interface FoundStatement {
  /** The mistake to name: a key that is defined twice further up comes first. */
  error: ParseError;
  /** Where the statement with the mistake begins. */
  start: number;
  /** What is before it; undefined where the statement was not found. */
  before: TomlDocument | undefined;
}

const MAX_TRIES = 64;
/** Characters that are parsed again at most, beyond the first try. */
const MAX_WORK = 8 * 1024 * 1024;

/** Finds the last line before which all is right: there the statement with the mistake begins. */
function findStatement(text: string, error: ParseError): FoundStatement {
  let start = findLineStart(text, error.index);
  for (let tries = 0; tries <= MAX_TRIES && tries * start <= MAX_WORK; tries++) {
    const before = tryParse(text.slice(0, start));
    if (!(before instanceof ParseError)) return { error, start, before };
    if (before.message === DOUBLE) return findStatement(text, before);
    start = findLineStart(text, start - 1);
  }
  // A string of many lines that is not closed: the parser stops at the end of the file.
  start = findLineStart(text, Math.max(text.lastIndexOf('"""'), text.lastIndexOf("'''")));
  const before = tryParse(text.slice(0, start));
  return { error, start, before: before instanceof ParseError ? undefined : before };
}

function tryParse(text: string): TomlDocument | ParseError | undefined {
  try {
    return parseDocument(text);
  } catch (error) {
    if (error instanceof ParseError) return error;
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function findLineStart(text: string, offset: number): number {
  return offset <= 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}

const SEGMENT = `(?:[\\w-]+|"[^"\\n]*"|'[^'\\n]*')`;
const KEYS = new RegExp(
  `\\uFEFF?[ \\t]*(\\[{0,2})[ \\t]*(${SEGMENT}(?:[ \\t]*\\.[ \\t]*${SEGMENT})*)[ \\t]*[=\\]]`,
  "y",
);

interface StatementKeys {
  isHeader: boolean;
  /** The table that the names are in. */
  base: Path;
  names: readonly string[];
}

/** Reads the keys of a statement: none where no "=" or "]" shows that they are keys. */
function readKeys(text: string, start: number, before: TomlDocument): StatementKeys {
  KEYS.lastIndex = start;
  const [, bracket = "", written = ""] = KEYS.exec(text) ?? [];
  const found = tryParse(`${written} = 0`);
  const pair = found instanceof ParseError ? undefined : found?.sections[0]?.pairs[0];
  const isHeader = bracket !== "";
  const base = isHeader ? [] : before.sections.at(-1)?.path ?? [];
  return { isHeader, base, names: pair?.key.keys.map(readName) ?? [] };
}

/** Says on which line a path was defined; "" where that is unknown. */
function findFirst(
  before: TomlDocument,
  path: Path,
  { key, isHeader }: { key: string | undefined; isHeader: boolean },
): string {
  // The elements of arrays of tables have numbers, but no header writes them.
  const makeId = (one: Path) => one.filter((part) => !isHeader || typeof part === "string").join();
  const id = makeId(path);
  const place = [...listPlaces(before)].find((one) => makeId(one.path) === id);
  return place === undefined || path.at(-1) !== key ? "" : ` on line ${place.line}`;
}
