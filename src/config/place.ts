/**
 * Places in a configuration: the path of a key, the line it stands on, and the mistakes found there.
 */
import type { TomlDocument, TomlPair, TomlValue } from "./toml_scan.ts";
import { quoteKey } from "./toml_scan.ts";

/** Keys and, for elements of arrays, 0-based numbers. */
export type Path = readonly (string | number)[];

/** A mistake whose line is not known yet. */
export interface Finding {
  path: Path;
  message: string;
}

/** Half a SHA-256 in hex, or more: messages cut long values. */
const LIKE_A_HASH = /[0-9a-f]{32,}/gi;

/** Where a value stands, and where to put what is wrong with it. */
export class Place {
  readonly #findings: Finding[];
  readonly #parent: Place | undefined;
  readonly #segment: string | number;

  private constructor(findings: Finding[], parent?: Place, segment: string | number = "") {
    this.#findings = findings;
    this.#parent = parent;
    this.#segment = segment;
  }

  /** The top of a file; mistakes go to `findings`. */
  static root(findings: Finding[]): Place {
    return new Place(findings);
  }

  /** The place of a key or an element in this one. */
  at(segment: string | number): Place {
    return new Place(this.#findings, this, segment);
  }

  /** The keys that lead here. */
  get path(): Path {
    return this.#parent === undefined ? [] : [...this.#parent.path, this.#segment];
  }

  /**
   * Notes a mistake; gives undefined, for `return place.fail(...)`. What looks like a hash is left
   * out: it may be a payload that stands in the wrong place.
   */
  fail(message: string): undefined {
    this.#findings.push({ path: this.path, message: message.replaceAll(LIKE_A_HASH, "...") });
    return undefined;
  }

  /** What `read` returns; a RangeError that it throws becomes a mistake of this place. */
  guard<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof RangeError) return this.fail(error.message);
      throw error;
    }
  }
}

/** `targets.home.knocks[1]`; keys that are not bare stand in quotes. */
export function renderPath(path: Path): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else {
      const isBare = /^[A-Za-z0-9_-]{1,40}$/.test(segment);
      text += `${text === "" ? "" : "."}${isBare ? segment : quoteKey(segment)}`;
    }
  }
  return text;
}

/** 1-based lines of offsets. */
export function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/**
 * Offsets of paths: of the key itself, or of the nearest one above it that stands in the file
 * (for a missing key the header of its table). Meant for error messages: it indexes the whole file.
 */
export function locator(document: TomlDocument): (path: Path) => number {
  const offsets = new Map<string, number>();
  visitPaths(document, (path, offset) => {
    const id = path.join("\0");
    if (!offsets.has(id)) offsets.set(id, offset);
  });
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(path.slice(0, length).join("\0"));
      if (offset !== undefined) return offset;
    }
    return 0;
  };
}

/** The path of each table of the document, elements of arrays of tables numbered. */
export function tablePaths(document: TomlDocument): Path[] {
  const counts = new Map<string, number>();
  return document.tables.map((table) => {
    const path: (string | number)[] = [];
    for (const [index, key] of table.keys.entries()) {
      path.push(key.text);
      const id = path.join("\0");
      const isOwn = table.isArray && index === table.keys.length - 1;
      const count = (counts.get(id) ?? 0) + (isOwn ? 1 : 0);
      if (isOwn) counts.set(id, count);
      if (count > 0) path.push(count - 1);
    }
    return path;
  });
}

type Visit = (path: Path, offset: number) => void;

function visitPaths(document: TomlDocument, visit: Visit): void {
  for (const [index, path] of tablePaths(document).entries()) {
    const table = document.tables[index];
    if (table === undefined) continue;
    for (let length = 1; length <= path.length; length++) visit(path.slice(0, length), table.start);
    for (const pair of table.pairs) visitPair(path, pair, visit);
  }
}

function visitPair(base: Path, pair: TomlPair, visit: Visit): void {
  let path = base;
  for (const key of pair.keys) {
    path = [...path, key.text];
    visit(path, key.start);
  }
  visitValue(path, pair.value, visit);
}

function visitValue(path: Path, value: TomlValue, visit: Visit): void {
  for (const [index, item] of value.items.entries()) {
    visit([...path, index], item.start);
    visitValue([...path, index], item, visit);
  }
  for (const pair of value.pairs) visitPair(path, pair, visit);
}
