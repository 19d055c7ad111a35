/**
 * JSON with the line of each value, and the places of what is wrong in it.
 *
 * Strict JSON (RFC 8259): no comments, no trailing commas; a key that an object has twice is a mistake, as
 * readers differ in which of the two they take. Nothing that a file holds is repeated in a message.
 */
import {
  createScanner,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import type { Problem } from "../../../core/errors.ts";
import { suggestOr } from "../../../core/suggest.ts";

/** Objects and arrays in each other; more would overflow the stack of a reader. */
const MAX_DEPTH = 64;

/** What is collected while a text is read. */
interface JsonFindings {
  file: string;
  problems: Problem[];
  remarks: Problem[];
}

/** A value of a JSON text, and where it is; a missing key has the place of its object. */
export class JsonPlace {
  constructor(
    private readonly findings: JsonFindings,
    private readonly lines: LineIndex,
    private readonly node: Node | undefined,
    private readonly offset: number,
    private readonly path: string,
  ) {}

  /** Whether the key is missing, or null. */
  get isAbsent(): boolean {
    return this.node === undefined || this.node.type === "null";
  }

  get isArray(): boolean {
    return this.node?.type === "array";
  }

  get isObject(): boolean {
    return this.node?.type === "object";
  }

  get isText(): boolean {
    return this.node?.type === "string";
  }

  /** Returns the value of a key of this object. */
  at(key: string): JsonPlace {
    const found = (this.node?.children ?? []).find(({ children }) => children?.[0]?.value === key);
    const [name, value] = found?.children ?? [];
    const path = this.path === "" ? key : `${this.path}.${key}`;
    return new JsonPlace(this.findings, this.lines, value, name?.offset ?? this.offset, path);
  }

  /** Returns the elements of this array. */
  items(): JsonPlace[] {
    return (this.node?.children ?? []).map((node, index) =>
      new JsonPlace(this.findings, this.lines, node, node.offset, `${this.path}[${index}]`)
    );
  }

  /** Adds a mistake and returns undefined, for `return place.fail(...)`. */
  fail(message: string): undefined {
    this.findings.problems.push(this.#locate(message));
    return undefined;
  }

  /** Adds what is read otherwise than it looks. */
  remark(message: string): void {
    this.findings.remarks.push(this.#locate(message));
  }

  /** Returns the text; undefined where it is missing, or something else. */
  readText(): string | undefined {
    if (this.isAbsent) return undefined;
    if (this.node?.type !== "string") return this.fail('is not a "string"');
    const text = String(this.node.value);
    return text.isWellFormed() ? text : this.fail("has half a character: use UTF-8");
  }

  /** Returns the whole number; undefined where it is missing, or something else. */
  readInteger(): number | undefined {
    if (this.isAbsent) return undefined;
    const value: unknown = this.node?.value;
    // Kotlin's Int.
    if (
      this.node?.type === "number" && Number.isInteger(value) && Number(value) === ~~Number(value)
    ) {
      return Number(value);
    }
    return this.fail("is not a whole number of 32 bits");
  }

  /** Returns true or false; undefined where it is missing, or something else. */
  readBoolean(): boolean | undefined {
    if (this.isAbsent) return undefined;
    if (this.node?.type === "boolean") return this.node.value === true;
    return this.fail("is not true or false");
  }

  /** Returns one of some words; `fallback` where it is missing, undefined where it is another. */
  readChoice<const Word extends string>(words: readonly Word[], fallback: Word): Word | undefined {
    if (this.isAbsent) return fallback;
    const found = words.find((word) => word === this.node?.value);
    if (found !== undefined) return found;
    const text = this.node?.type === "string" ? String(this.node.value) : "";
    return this.fail(`is unknown${suggestOr(`: use ${words.join(", ")}`, text, words)}`);
  }

  #locate(message: string): Problem {
    const { file } = this.findings;
    const key = this.path === "" ? undefined : this.path;
    return { file, line: this.lines.find(this.offset), key, message };
  }
}

/** Reads a JSON text; undefined, with its first mistake as a problem, where it is not one. */
export function parseJson(text: string, findings: JsonFindings): JsonPlace | undefined {
  const lines = new LineIndex(text);
  const failAt = (offset: number, message: string): undefined => {
    findings.problems.push({ file: findings.file, line: lines.find(offset), message });
    return undefined;
  };
  const deep = findDepth(text);
  if (deep !== undefined) {
    return failAt(deep, `is nested too deeply: use at most ${MAX_DEPTH} levels`);
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const [error] = errors.toSorted((one, other) => one.offset - other.offset);
  if (root === undefined || error !== undefined) {
    return failAt(error?.offset ?? 0, `is not JSON: ${describeSyntax(error)}`);
  }
  const twice = findTwice(root);
  if (twice !== undefined) return failAt(twice, "an object has one key twice");
  return new JsonPlace(findings, lines, root, root.offset, "");
}

/** What is wrong, by the parser's word; the file's own text is not repeated. */
const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: "unknown word",
  InvalidNumberFormat: "bad number",
  PropertyNameExpected: 'missing "key"',
  ValueExpected: "missing value",
  ColonExpected: 'missing ":"',
  CommaExpected: 'missing ","',
  CloseBraceExpected: 'missing "}"',
  CloseBracketExpected: 'missing "]"',
  EndOfFileExpected: "more text after its end",
  InvalidCommentToken: "it has a comment",
  UnexpectedEndOfComment: "it has a comment",
  UnexpectedEndOfString: "a string without its end",
  UnexpectedEndOfNumber: "bad number",
  InvalidUnicode: "bad \\u escape in a string",
  InvalidEscapeCharacter: "bad escape in a string",
  InvalidCharacter: "a control character in a string",
};

function describeSyntax(error: ParseError | undefined): string {
  const word = error === undefined ? "ValueExpected" : printParseErrorCode(error.error);
  return SYNTAX[word] ?? "bad syntax";
}

/** Returns where a text is nested too deeply; the parser calls itself for each level. */
function findDepth(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  let offset = 0;
  while (offset < text.length) {
    scanner.scan();
    offset = scanner.getTokenOffset();
    // A bracket in a string is behind the quote that its token begins with.
    const first = text[offset];
    if (first === "{" || first === "[") depth++;
    if (first === "}" || first === "]") depth--;
    if (depth > MAX_DEPTH) return offset;
  }
  return undefined;
}

/** Returns where an object has a key for the second time. */
function findTwice(node: Node): number | undefined {
  const children = node.children ?? [];
  const names = new Set<unknown>();
  for (const child of children) {
    const name = node.type === "object" ? child.children?.[0] : undefined;
    if (name !== undefined && names.has(name.value)) return name.offset;
    if (name !== undefined) names.add(name.value);
    const inside = findTwice(child);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** The lines of a text. */
class LineIndex {
  /** Where each line ends. */
  readonly #ends: readonly number[];

  constructor(text: string) {
    this.#ends = Array.from(text.matchAll(/\r\n|\r|\n/g), (match) => match.index + match[0].length);
  }

  /** Returns the 1-based line of an offset. */
  find(offset: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }
}
