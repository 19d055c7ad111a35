/** The structure of a TOML 1.0 text, from the syntax tree of `toml-eslint-parser`. */
import { type AST, getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import type { Path } from "./place.ts";

/** How deep tables and arrays can be nested. */
export const MAX_DEPTH = 64;

/** A piece of the text, in UTF-16 code units: from the first up to, not including, the second. */
export type Span = readonly [start: number, end: number];

/** One segment of a key. */
type TomlKey = AST.TOMLBare | AST.TOMLQuoted;

/** A header with the pairs under it; the first section of a document has no header. */
export interface Section {
  keys: readonly TomlKey[];
  /** The keys as they read without their quotes. */
  names: readonly string[];
  /** The names, with elements of arrays of tables numbered. */
  path: Path;
  /** `[[a]]` rather than `[a]`. */
  isArray: boolean;
  /** The header alone. */
  range: Span;
  /** 1-based line of the header. */
  line: number;
  pairs: readonly AST.TOMLKeyValue[];
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
  const root: Section = {
    keys: [],
    names: [],
    path: [],
    isArray: false,
    range: [0, 0],
    line: 1,
    pairs: body.filter((node) => node.type === "TOMLKeyValue"),
  };
  const tables = body.filter((node) => node.type === "TOMLTable");
  return { text, tree, sections: [root, ...tables.map((table) => makeSection(table, text))] };
}

function makeSection(table: AST.TOMLTable, text: string): Section {
  const isArray = table.kind === "array";
  const end = text.indexOf("]", table.key.range[1]) + (isArray ? 2 : 1);
  return {
    keys: table.key.keys,
    names: table.key.keys.map(readName),
    path: table.resolvedKey,
    isArray,
    range: [table.range[0], end],
    line: table.loc.start.line,
    pairs: table.body,
  };
}

/** Returns what the document says; its keys have to be checked before. */
export function readValue({ tree }: TomlDocument): Record<string, unknown> {
  return getStaticTOMLValue(tree);
}

/** Returns a key without its quotes. */
export function readName(key: TomlKey): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

/** Yields every key and element with its 1-based line, in file order, down to {@linkcode MAX_DEPTH} + 1. */
export function* listPlaces(document: TomlDocument): Generator<{ path: Path; line: number }> {
  for (const { path, line, pairs } of document.sections) {
    for (let length = 1; length <= Math.min(path.length, MAX_DEPTH + 1); length++) {
      yield { path: path.slice(0, length), line };
    }
    if (path.length > MAX_DEPTH) continue;
    for (const pair of pairs) yield* listPairPlaces(pair, path);
  }
}

function* listPairPlaces(pair: AST.TOMLKeyValue, base: Path): ReturnType<typeof listPlaces> {
  let path = base;
  for (const key of pair.key.keys) {
    path = [...path, readName(key)];
    yield { path, line: key.loc.start.line };
    if (path.length > MAX_DEPTH) return;
  }
  yield* listValuePlaces(pair.value, path);
}

function* listValuePlaces(value: AST.TOMLContentNode, base: Path): ReturnType<typeof listPlaces> {
  if (value.type === "TOMLInlineTable") {
    for (const pair of value.body) yield* listPairPlaces(pair, base);
  } else if (value.type === "TOMLArray") {
    for (const [index, item] of value.elements.entries()) {
      const path = [...base, index];
      yield { path, line: item.loc.start.line };
      if (path.length <= MAX_DEPTH) yield* listValuePlaces(item, path);
    }
  }
}

/**
 * Returns a function that gives the line of a path: of the key itself, or of the nearest one above it
 * that is in the file (for a missing key the header of its table).
 */
export function indexLines(document: TomlDocument): (path: Path) => number {
  const lines = new Map<string, number>();
  for (const { path, line } of listPlaces(document)) {
    const id = path.join("\0");
    if (!lines.has(id)) lines.set(id, line);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(path.slice(0, length).join("\0"));
      if (line !== undefined) return line;
    }
    return 1;
  };
}
