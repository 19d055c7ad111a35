/** The structure of a TOML 1.0 text, from the syntax tree of `toml-eslint-parser`. */
import { type AST, getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import type { Path } from "./place.ts";

/** How deep tables and arrays can be nested. */
export const MAX_DEPTH = 64;

/** A piece of the text, in UTF-16 code units: from the first up to, not including, the second. */
export type Span = readonly [start: number, end: number];

/** A header with the pairs under it; the first section of a document has no header. */
export interface Section {
  keys: readonly AST.TOMLKey["keys"][number][];
  /** The keys without their quotes; elements of arrays of tables are numbered. */
  path: Path;
  /** The header alone. */
  range: Span;
  /** 1-based line of the header. */
  line: number;
  pairs: readonly AST.TOMLKeyValue[];
}

/** A place where a path is written. Those of `[a.b]` are `a` and `a.b`, those of `x.y = 1` are `x` and `x.y`. */
export interface Entry {
  path: Path;
  /** 1-based. */
  line: number;
  /** Missing for an element of an array. */
  key?: Section["keys"][number] | undefined;
  /** The section in whose header it is. */
  section?: Section;
  /** The pair in whose key it is. */
  pair?: AST.TOMLKeyValue;
  /** The inline table with that pair; missing for a pair on a line of its own. */
  inline?: AST.TOMLInlineTable | undefined;
}

/** A text with its structure. */
export interface TomlDocument {
  text: string;
  sections: readonly Section[];
  tree: AST.TOMLProgram;
}

/**
 * Returns the structure of `text`; offsets count its byte order mark.
 *
 * @throws {ParseError} of `toml-eslint-parser`, with the first mistake.
 * @throws {RangeError} if a string, or the nesting, is too large for the parser's stack.
 */
export function parseDocument(text: string): TomlDocument {
  const tree = parseTOML(text.replace(/^\uFEFF/, " "), { tomlVersion: "1.0" });
  const { body } = tree.body[0];
  const pairs = body.filter((node) => node.type === "TOMLKeyValue");
  const root: Section = { keys: [], path: [], range: [0, 0], line: 1, pairs };
  const tables = body.filter((node) => node.type === "TOMLTable");
  return { text, tree, sections: [root, ...tables.map((table) => makeSection(table, text))] };
}

function makeSection(table: AST.TOMLTable, text: string): Section {
  const end = text.indexOf("]", table.key.range[1]) + (table.kind === "array" ? 2 : 1);
  return {
    keys: table.key.keys,
    path: table.resolvedKey,
    range: [table.range[0], end],
    line: table.loc.start.line,
    pairs: table.body,
  };
}

/** Returns what the document says; its keys have to be checked before. */
export function readValue({ tree }: TomlDocument): Record<string, unknown> {
  return getStaticTOMLValue(tree);
}

/** Yields every key and element, in file order, down to {@linkcode MAX_DEPTH} + 1. */
export function* listEntries(document: TomlDocument): Generator<Entry> {
  for (const section of document.sections) {
    const { path, line } = section;
    const keys = section.keys.values();
    for (let length = 1; length <= Math.min(path.length, MAX_DEPTH + 1); length++) {
      const key = typeof path[length - 1] === "string" ? keys.next().value : undefined;
      yield { path: path.slice(0, length), line, key, section };
    }
    if (path.length > MAX_DEPTH) continue;
    for (const pair of section.pairs) yield* listPairEntries(pair, path);
  }
}

function* listPairEntries(
  pair: AST.TOMLKeyValue,
  base: Path,
  inline?: AST.TOMLInlineTable,
): Generator<Entry> {
  let path = base;
  for (const key of pair.key.keys) {
    path = [...path, key.type === "TOMLBare" ? key.name : key.value];
    yield { path, line: key.loc.start.line, key, pair, inline };
    if (path.length > MAX_DEPTH) return;
  }
  yield* listValueEntries(pair.value, path);
}

function* listValueEntries(value: AST.TOMLContentNode, base: Path): Generator<Entry> {
  if (value.type === "TOMLInlineTable") {
    for (const pair of value.body) yield* listPairEntries(pair, base, value);
  } else if (value.type === "TOMLArray") {
    for (const [index, item] of value.elements.entries()) {
      const path = [...base, index];
      yield { path, line: item.loc.start.line };
      if (path.length <= MAX_DEPTH) yield* listValueEntries(item, path);
    }
  }
}

/** Returns a function that gives the entries of a path, in file order. */
export function indexEntries(document: TomlDocument): (path: Path) => readonly Entry[] {
  const entries = new Map<string, Entry[]>();
  for (const entry of listEntries(document)) {
    const id = entry.path.join("\0");
    const same = entries.get(id);
    if (same === undefined) entries.set(id, [entry]);
    else same.push(entry);
  }
  return (path) => entries.get(path.join("\0")) ?? [];
}

/**
 * Returns a function that gives the line of a path: of the key itself, or of the nearest one above it
 * that is in the file (for a missing key the header of its table).
 */
export function indexLines(document: TomlDocument): (path: Path) => number {
  const find = indexEntries(document);
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const [entry] = find(path.slice(0, length));
      if (entry !== undefined) return entry.line;
    }
    return 1;
  };
}
