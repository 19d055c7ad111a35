/** The structure of a TOML 1.0 text, from the syntax tree of `toml-eslint-parser`. */
import type { AST } from "toml-eslint-parser";
import type { Path } from "./place.ts";

/** How deep tables and arrays can be nested. */
export const MAX_DEPTH = 64;

/** A text with its structure. */
export interface TomlDocument {
  text: string;
  tree: AST.TOMLProgram;
  /** The places where each path is written, in file order. */
  entries: ReadonlyMap<string, readonly Entry[]>;
  /** Returns those of one path. */
  find(path: Path): readonly Entry[];
}

/** A pair, or a table with a header of its own. */
export type Owner = AST.TOMLKeyValue | AST.TOMLTable;

/** A place where a path is written. Those of `[a.b]` are `a` and `a.b`, those of `x.y = 1` are `x` and `x.y`. */
interface Entry {
  path: Path;
  /** The key; for an element of an array the element, or its table. */
  node: AST.TOMLNode;
  /** The pair in whose key it is, or the table in whose header; missing for an element of `[...]`. */
  owner?: Owner;
  /** Whether the whole key or header is the path, not only its beginning. */
  isWhole: boolean;
}

/** Returns the structure of `text` by its tree; offsets count its byte order mark. */
export function indexDocument(text: string, tree: AST.TOMLProgram): TomlDocument {
  const nodes = tree.body[0].body.flatMap((node) => [...listBelow(node, [])]);
  const entries = Map.groupBy(nodes, ({ path }) => JSON.stringify(path));
  return { text, tree, entries, find: (path) => entries.get(JSON.stringify(path)) ?? [] };
}

/** Yields the keys and elements of a node, down to {@linkcode MAX_DEPTH} + 1. */
function* listBelow(node: Owner | AST.TOMLContentNode, base: Path): Generator<Entry> {
  if (base.length > MAX_DEPTH) return;
  if (node.type === "TOMLInlineTable") {
    for (const pair of node.body) yield* listBelow(pair, base);
  } else if (node.type === "TOMLArray") {
    for (const [index, element] of node.elements.entries()) {
      const path = [...base, index];
      yield { path, node: element, isWhole: true };
      yield* listBelow(element, path);
    }
  } else if (node.type !== "TOMLValue") yield* listKeys(node, base);
}

/** Yields the keys of a header or pair, and what is below them. */
function* listKeys(owner: Owner, base: Path): Generator<Entry> {
  const keys = owner.key.keys.values();
  const path = owner.type === "TOMLTable"
    ? owner.resolvedKey
    : [...base, ...owner.key.keys.map((key) => key.type === "TOMLBare" ? key.name : key.value)];
  for (let length = base.length + 1; length <= Math.min(path.length, MAX_DEPTH + 1); length++) {
    const isElement = typeof path[length - 1] === "number";
    const node = isElement ? owner : keys.next().value ?? owner;
    yield { path: path.slice(0, length), node, owner, isWhole: length === path.length };
  }
  const below = owner.type === "TOMLTable" ? owner.body : [owner.value];
  for (const node of below) yield* listBelow(node, path);
}

/**
 * Returns the line of a path: of the key itself, or of the nearest one above it that is in the file (for
 * a missing key the header of its table).
 */
export function findLine(document: TomlDocument, path: Path): number {
  const [entry] = document.find(path);
  if (entry !== undefined) return entry.node.loc.start.line;
  return path.length === 0 ? 1 : findLine(document, path.slice(0, -1));
}
