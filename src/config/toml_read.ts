/**
 * Reads a TOML text with all lines, and says in plain English what is wrong with it. Loaded only for
 * edits, and where the quick way (`toml_plain.ts`) has anything to say.
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
  type Section,
  type TomlDocument,
  type TomlKey,
} from "./toml_ast.ts";

/** A mistake in the syntax or in a key. */
export interface TomlProblem {
  /** The keys that lead there, as far as they are known. */
  path: Path;
  /** 1-based; undefined where the whole file is meant. */
  line?: number | undefined;
  message: string;
}

/** What {@linkcode readToml} gives: a text that can be used, or what is wrong in file order. */
export type TomlReading =
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

const VALUE = "is not a value that TOML knows: put text in quotes, or use a number, true, false, " +
  "[an array] or { a = table }";
const NO_VALUE = 'has no value after "="';
const COMMA = 'a "," or the closing bracket is missing';
const HEADER = "the table's header is not closed by ]";
const DOT = 'a key has a "." too many';
const DOUBLE = "Defining a key multiple times is invalid";
const UNEXPECTED = "Unexpected";
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
  ["Expected equal", 'has no "=" and value after the key'],
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
  const statement = readStatement(text, start, before);
  const { path } = statement;
  if (error.message === DOUBLE) {
    const message = explainDouble(text, error, { ...statement, before });
    return { path, line: error.lineNumber, message };
  }
  const message = chooseSentence(error.message, text.slice(start, error.index));
  const isOfAll = error.index >= text.length || error.message === LINE_BREAK ||
    message === NO_VALUE;
  const line = isOfAll ? countLines(text, start) : error.lineNumber;
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
  if (theirs === LINE_BREAK) return isHeader ? HEADER : 'has no "=" and value after the key';
  const ours = findSentence(theirs);
  if (!theirs.startsWith(UNEXPECTED) || ours !== "is not valid TOML") return ours;
  if (isHeader || !read.includes("=")) {
    return "a key or [table] can have only letters, digits, - and _ unless it is in quotes";
  }
  return /[=,[{]\s*(?:#[^\n]*\s*)*$/.test(read) ? VALUE : COMMA;
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

/** The parser tells where it stopped. The last line before which all is right begins the statement. */
function findStatement(text: string, error: ParseError): FoundStatement {
  let end = error.index;
  for (let tries = 0; tries === 0 || (tries < MAX_TRIES && tries * end < MAX_WORK); tries++) {
    const start = findLineStart(text, end);
    const before = tryParse(text.slice(0, start));
    if (before instanceof ParseError) {
      if (before.message === DOUBLE) return findStatement(text, before);
      end = start - 1;
    } else return { error, start, before };
  }
  const quotes = Math.max(text.lastIndexOf('"""'), text.lastIndexOf("'''"));
  const start = findLineStart(text, Math.max(quotes, 0));
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

function countLines(text: string, end: number): number {
  return text.slice(0, end).split("\n").length;
}

interface Statement {
  isHeader: boolean;
  keys: readonly TomlKey[];
  /** What the ranges of the keys are counted from. */
  offset: number;
  path: Path;
}

const SEGMENT = `(?:[\\w-]+|"[^"\\n]*"|'[^'\\n]*')`;
const KEYS = new RegExp(
  `(\\uFEFF?[ \\t]*(\\[{0,2})[ \\t]*)(${SEGMENT}(?:[ \\t]*\\.[ \\t]*${SEGMENT})*)[ \\t]*[=\\]]`,
  "y",
);

/** The keys of a statement, where an "=" or "]" shows that they are keys. */
function readStatement(text: string, start: number, before: TomlDocument): Statement {
  KEYS.lastIndex = start;
  const [, indent = "", bracket = "", written = ""] = KEYS.exec(text) ?? [];
  const found = tryParse(`${written} = 0`);
  const keys = found === undefined || found instanceof ParseError
    ? []
    : found.sections[0]?.pairs[0]?.key.keys ?? [];
  const isHeader = bracket !== "";
  const base = isHeader ? [] : before.sections.at(-1)?.path ?? [];
  return { isHeader, keys, offset: start + indent.length, path: [...base, ...keys.map(readName)] };
}

function explainDouble(
  text: string,
  error: ParseError,
  { isHeader, keys, offset, path, before }: Statement & { before: TomlDocument },
): string {
  const at = keys.findIndex((key) => key.range[0] + offset === error.index);
  const inner = readStatement(text, error.index, before).keys[0];
  const key = keys[at] ?? inner;
  const names = findNames(path.slice(0, at < 0 ? 0 : path.length - keys.length + at + 1));
  const line = findFirst(before, names, isHeader);
  const what = isHeader ? "this table" : key === undefined ? "a key" : quoteKey(readName(key));
  const where = line === undefined ? "" : ` on line ${line}`;
  return `${what} is defined already${where}: keep one of the two`;
}

function findFirst(
  { sections, ...rest }: TomlDocument,
  names: string,
  isHeader: boolean,
): number | undefined {
  const isSame = ({ path }: { path: Path }) => findNames(path) === names;
  const section = isHeader ? sections.findLast((one: Section) => isSame(one)) : undefined;
  const places = [...listPlaces({ sections, ...rest })].filter(isSame);
  return section?.line ?? (isHeader ? places[0] : places.at(-1))?.line;
}

/** An id of a path in which elements of arrays do not count. */
function findNames(path: Path): string {
  return path.filter((segment) => typeof segment === "string").join("\0");
}
