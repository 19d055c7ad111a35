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
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { type Finding, isReservedKey, type Path } from "./place.ts";
import { indexDocument, MAX_DEPTH, type TomlDocument } from "./ast.ts";

/** What {@linkcode readToml} gives: a text that can be used, or what is wrong in file order. */
type TomlReading =
  | { document: TomlDocument; value: Record<string, unknown> }
  | { problems: readonly Finding[] };

const MAX_MARKS = 500_000;

/** Reads `text`; never throws. */
export function readToml(text: string): TomlReading {
  const refuse = (message: string) => ({ problems: [{ path: [], message }] });
  if (isTooLarge(text)) return refuse("has too many values: about 100,000 can be read");
  const tree = tryParse(text);
  if (tree instanceof ParseError) return { problems: [explain(text, tree)] };
  if (tree instanceof RangeError) return refuse("has a string or an array that is too large");
  const document = indexDocument(text, tree);
  const problems = findBadKeys(document);
  return problems.length > 0 ? { problems } : { document, value: getStaticTOMLValue(tree) };
}

/** Returns the tree of a text, or the first mistake, or that something in it is too large for the stack. */
function tryParse(text: string): AST.TOMLProgram | ParseError | RangeError {
  try {
    return parseTOML(text.replace(/^\uFEFF/, " "), { tomlVersion: "1.0" });
  } catch (error) {
    if (error instanceof ParseError || error instanceof RangeError) return error;
    throw error;
  }
}

/** Whether a tree of the text would take too much memory. */
export function isTooLarge(text: string): boolean {
  let marks = 0;
  for (const each of text) if ("=.,#[{".includes(each)) marks++;
  return marks > MAX_MARKS;
}

function findBadKeys({ entries }: TomlDocument): Finding[] {
  return [...entries.values()].flatMap(([entry]) => {
    const message = entry && judgeKey(entry.path);
    return message ? { path: entry.path, line: entry.node.loc.start.line, message } : [];
  });
}

function judgeKey(path: Path): string | undefined {
  const key = path.at(-1);
  if (key === "") return "a key cannot be empty";
  if (path.length > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
  return typeof key === "string" && isReservedKey(key)
    ? `"${key}" cannot be used as a key or name`
    : undefined;
}

const NO_VALUE = 'has no value after "="';
const COMMA = 'a "," or the closing bracket is missing';
const HEADER = "the table's header is not closed by ]";
const DOUBLE = "Defining a key multiple times is invalid";
const LINE_BREAK = "The key, equals sign, and value must be on the same line";

/** Our sentences for messages of the parser, by their first words; {@linkcode chooseSentence} has more. */
const SENTENCES = {
  [DOUBLE]: "this key or table is defined already: keep one of the two",
  "Unterminated string": "the string is not closed: end it with the quotes that it begins with",
  "Unterminated table-key": HEADER,
  "Unterminated": COMMA,
  "Unspecified": COMMA,
  "Expected comma": COMMA,
  "Must be a newline":
    "the line has more text after its end: begin a new line for another key, and put text in quotes",
  "Expected equal": 'has no "=" and value after the key',
  [LINE_BREAK]: 'has no "=" and value after the key',
  "Control characters": 'has a control character: write it in "quotes" as \\u and 4 hex digits',
  "No newlines are allowed between": "an inline { table } has to be on one line",
  "Trailing comma": 'the "," before the closing } has to go',
  "Invalid character in escape":
    "the string has an unknown escape: write \"\\\\\" for a backslash, or use 'single quotes'",
  "Invalid code point": "the string has an escape that is not a character",
};

/** The key is not named: in a text that is not TOML it can be anything. */
function explain(text: string, { index, lineNumber, message: theirs }: ParseError): Finding {
  const start = findStatement(text, index);
  const message = chooseSentence(theirs, text.slice(start, index));
  const isOfAll = index >= text.length || theirs === LINE_BREAK || message === NO_VALUE;
  const line = isOfAll ? text.slice(0, start).split("\n").length : lineNumber;
  return { path: [], line, message };
}

/** @param read the statement up to the mistake. */
function chooseSentence(theirs: string, read: string): string {
  const isHeader = /^\s*\[/.test(read);
  const isEmpty = !isHeader && /^[^=]*=\s*(?:#[^\n]*\s*)?$/.test(read);
  if (isEmpty && (theirs.startsWith("Unspecified") || read.includes("\n"))) return NO_VALUE;
  if (isHeader && theirs === LINE_BREAK) return HEADER;
  const known = Object.entries(SENTENCES).find(([start]) => theirs.startsWith(start));
  if (known !== undefined) return known[1];
  if (isHeader || !read.includes("=")) {
    return "a key or [table] can have only letters, digits, - and _ unless it is in quotes";
  }
  const isMisplaced = /^Unexpected (?:character|token)/.test(theirs);
  if (isMisplaced && !/[=,[{]\s*(?:#[^\n]*\s*)*$/.test(read)) return COMMA;
  return "is not a value that TOML knows: put text in quotes, or use a number, true, false, " +
    "[an array] or { a = table }";
}

const MAX_TRIES = 64;
/** Characters that are parsed again at most, beyond the first try. */
const MAX_WORK = 8 * 1024 * 1024;

/** Returns where the statement with the mistake begins: at the last line before which all is right. */
function findStatement(text: string, index: number): number {
  let start = findLineStart(text, index);
  for (let tries = 0; tries <= MAX_TRIES && tries * start <= MAX_WORK; tries++) {
    const before = tryParse(text.slice(0, start));
    if (!(before instanceof ParseError) || before.message === DOUBLE) return start;
    start = findLineStart(text, start - 1);
  }
  // A string of many lines that is not closed: the parser stops at the end of the file.
  return findLineStart(text, Math.max(text.lastIndexOf('"""'), text.lastIndexOf("'''")));
}

function findLineStart(text: string, offset: number): number {
  return text.slice(0, Math.max(offset, 0)).lastIndexOf("\n") + 1;
}
