/**
 * Redefinitions, by the rules of TOML 1.0: no key twice, no table twice, no table where a value is,
 * no dotted key into a table that a header made. `@std/toml` merges some of these silently and
 * blames others on the end of the file.
 */
import { lineCounter } from "./place.ts";
import type {
  ScanProblem,
  Span,
  TomlDocument,
  TomlKey,
  TomlTable,
  TomlValue,
} from "./toml_scan.ts";

interface Node {
  /** `implicit`: only a header below it names it; `array`: of tables. */
  kind: "table" | "implicit" | "dotted" | "value" | "array";
  /** Where it was defined first. */
  offset: number;
  /** Made when there is one: most nodes are values. */
  children: Map<string, Node> | undefined;
}

/** What {@linkcode findRedefinitions} found. */
export interface Redefinitions {
  /** In file order. */
  problems: ScanProblem[];
  /** What has to go so that the rest can be read. */
  dropped: Span[];
  /** Whether some `[a]` stands below an `[a.b]`. */
  isOutOfOrder: boolean;
}

function makeNode(kind: Node["kind"], offset: number): Node {
  return { kind, offset, children: undefined };
}

function adopt(parent: Node, name: string, child: Node): Node {
  (parent.children ??= new Map()).set(name, child);
  return child;
}

/** Everything in the document that is defined twice. */
export function findRedefinitions(document: TomlDocument): Redefinitions {
  const { found, add } = checkTables(document.text);
  for (const table of document.tables) add(table);
  return found;
}

/** Checks tables one by one, the root first; what they are is not kept. */
export function checkTables(
  text: string,
): { found: Redefinitions; add: (table: TomlTable) => void } {
  const found: Redefinitions = { problems: [], dropped: [], isOutOfOrder: false };
  let lines: ((offset: number) => number) | undefined;
  const lineOf = (offset: number) => (lines ??= lineCounter(text))(offset);
  const root = makeNode("table", 0);
  const add = (table: TomlTable) => {
    try {
      const node = table.keys.length === 0 ? root : defineTable(root, table, found);
      for (const pair of table.pairs) {
        try {
          definePair(node, pair.keys, pair.value);
        } catch (error) {
          report(found, lineOf, { error, table, pair });
        }
      }
    } catch (error) {
      report(found, lineOf, { error, table });
      // What stands under a refused header has nowhere to go.
      found.dropped.push(...table.pairs);
    }
  };
  return { found, add };
}

/** Thrown inside this file only. */
class Redefined extends Error {
  constructor(readonly key: TomlKey, readonly first: Node) {
    super();
  }
}

function report(
  found: Redefinitions,
  lineOf: (offset: number) => number,
  { error, table, pair }: { error: unknown; table: TomlTable; pair?: TomlTable["pairs"][number] },
): void {
  if (!(error instanceof Redefined)) throw error;
  const { start, end } = pair ?? table;
  const line = lineOf(error.first.offset);
  const path = [...table.keys, ...(pair?.keys ?? [])].map((key) => key.text);
  const what = error.first.kind === "value" ? "has a value" : "is a table";
  const message = pair === undefined
    ? `this table is defined already on line ${line}: keep one of the two`
    : `${JSON.stringify(error.key.text.slice(0, 40))} ${what} already, on line ${line}: ` +
      "keep one of the two";
  found.problems.push({ start, end, offset: error.key.start, path, message });
  found.dropped.push({ start, end });
}

/** The node that the pairs under a header go to. */
function defineTable(root: Node, table: TomlTable, found: Redefinitions): Node {
  let node = root;
  for (const [index, key] of table.keys.entries()) {
    const isLast = index === table.keys.length - 1;
    const child = node.children?.get(key.text);
    if (child === undefined) {
      const kind = !isLast ? "implicit" : table.isArray ? "array" : "table";
      node = adopt(node, key.text, makeNode(kind, table.start));
    } else if (!isLast) {
      if (child.kind === "value") throw new Redefined(key, child);
      node = child;
    } else if (table.isArray && child.kind === "array") {
      // The next element: nothing of the one before is in its way.
      child.children = undefined;
      node = child;
    } else if (!table.isArray && child.kind === "implicit") {
      child.kind = "table";
      child.offset = table.start;
      found.isOutOfOrder = true;
      node = child;
    } else throw new Redefined(key, child);
  }
  return node;
}

function definePair(table: Node, keys: readonly TomlKey[], value: TomlValue): void {
  let node = table;
  for (const [index, key] of keys.entries()) {
    const child = node.children?.get(key.text);
    const isLast = index === keys.length - 1;
    if (child === undefined) {
      node = adopt(node, key.text, makeNode(isLast ? "value" : "dotted", key.start));
    } else if (isLast || child.kind !== "dotted") {
      throw new Redefined(key, child);
    } else node = child;
  }
  checkValue(value);
}

function checkValue(value: TomlValue): void {
  for (const item of value.items) if (item.kind !== "string") checkValue(item);
  if (value.pairs.length === 0) return;
  const inside = makeNode("table", value.start);
  for (const pair of value.pairs) definePair(inside, pair.keys, pair.value);
}
