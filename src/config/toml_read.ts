/**
 * Reads a TOML text: values by `@std/toml`, places and mistakes by the scanner. Pieces that are
 * wrong are taken out, so that one run can report what is wrong in the rest as well.
 */
import { parse } from "@std/toml/parse";
import { type Path, tablePaths } from "./place.ts";
import { checkTables, findRedefinitions } from "./toml_check.ts";
import {
  type ScanProblem,
  scanTables,
  scanToml,
  type Span,
  type TomlDocument,
  type TomlPair,
} from "./toml_scan.ts";

/** What {@linkcode readToml} gives. */
export interface TomlReading {
  /** What the text says, without the pieces that are wrong. */
  value: Record<string, unknown>;
  /** Made when it is asked for, where all is right. */
  readonly document: TomlDocument;
  /** In file order. */
  problems: ScanProblem[];
}

/** Reads `text`; never throws. Messages repeat keys, but never values: they may be secrets. */
export function readToml(text: string): TomlReading {
  return readRight(text) ?? readWrong(text);
}

/** The quick way, without a tree; undefined if there is anything to say or to mend. */
function readRight(text: string): TomlReading | undefined {
  const { found, add } = checkTables(text);
  const problems = [...scanTables(text, add), ...found.problems];
  if (problems.length > 0 || found.isOutOfOrder) return undefined;
  const value = tryParse(text, { gone: [] });
  let document: TomlDocument | undefined;
  return value && {
    value,
    problems,
    get document() {
      return document ??= scanToml(text);
    },
  };
}

function readWrong(text: string): TomlReading {
  const document = scanToml(text);
  const { problems: redefinitions, dropped, isOutOfOrder } = findRedefinitions(document);
  const order = isOutOfOrder ? document : undefined;
  const problems = [...document.problems, ...redefinitions];
  const gone: Span[] = [...document.problems, ...dropped];
  let value = tryParse(text, { gone, order });
  if (value === undefined) {
    const bad = findBadValues(document, gone);
    problems.push(...bad);
    value = tryParse(text, { gone: [...gone, ...bad], order });
  }
  if (value === undefined) {
    problems.push({ start: 0, end: 0, offset: 0, path: [], message: "cannot be read as TOML" });
  }
  problems.sort((one, other) => one.offset - other.offset);
  return { value: value ?? {}, document, problems };
}

/** Whether a mistake may be the reason why the table at `path` seems to have no `key`. */
export function mayHideKey(
  problems: readonly ScanProblem[],
  path: Path,
  { key }: { key: string },
): boolean {
  const names = path.filter((segment) => typeof segment === "string");
  return problems.some(({ path: wrong }) => {
    if (wrong.length === 0) return false;
    if (wrong.length <= names.length) return wrong.every((name, index) => names[index] === name);
    return [...names, key].every((name, index) => wrong[index] === name);
  });
}

/** @param order the document, if its tables have to be brought into another order. */
function tryParse(
  text: string,
  { gone, order }: { gone: readonly Span[]; order?: TomlDocument | undefined },
): TomlReading["value"] | undefined {
  try {
    const good = blank(text, gone);
    return parse(order === undefined ? good : reorder(order, good));
  } catch {
    return undefined;
  }
}

/** The text with spaces in place of the pieces, and of the byte order mark. */
function blank(text: string, pieces: readonly Span[]): string {
  let result = "";
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  const blanked = " ".repeat(at);
  for (const piece of [...pieces].sort((one, other) => one.start - other.start)) {
    if (piece.end <= at) continue;
    const start = Math.max(piece.start, at);
    result += text.slice(at, start) + text.slice(start, piece.end).replace(/[^\r\n]/g, " ");
    at = piece.end;
  }
  return blanked + result + text.slice(at);
}

/**
 * `@std/toml` 1.0.11 takes `[a]` after `[a.b]` for an error, though TOML allows it: such tables are
 * moved before the first one below them.
 */
function reorder(document: TomlDocument, text: string): string {
  const firstBelow = new Map<string, number>();
  const blocks = tablePaths(document).map((path, index) => {
    for (let length = path.length - 1; length > 0; length--) {
      const id = path.slice(0, length).join("\0");
      if (!firstBelow.has(id)) firstBelow.set(id, index);
    }
    const below = firstBelow.get(path.join("\0"));
    const start = index === 0 ? 0 : document.tables[index]?.start;
    return {
      text: text.slice(start, document.tables[index + 1]?.start),
      order: below === undefined || below >= index ? index : below - 0.5,
      depth: path.length,
    };
  });
  blocks.sort((one, other) => one.order - other.order || one.depth - other.depth);
  return blocks.map((block) => block.text).join("\n");
}

/** The values that `@std/toml` does not take, each tried on its own. */
function findBadValues(document: TomlDocument, gone: readonly Span[]): ScanProblem[] {
  const dropped = new Set(gone.map((piece) => piece.start));
  const bad: ScanProblem[] = [];
  for (const table of document.tables) {
    for (const pair of table.pairs) {
      if (dropped.has(pair.start) || isReadable(document.text, pair)) continue;
      bad.push({
        start: pair.start,
        end: pair.end,
        offset: pair.start,
        path: [...table.keys, ...pair.keys].map((key) => key.text),
        message: BAD_VALUES[pair.value.kind],
      });
    }
  }
  return bad;
}

const BAD_VALUES: Record<TomlPair["value"]["kind"], string> = {
  string: "the string cannot be read: write \"\\\\\" for a backslash, or use 'single quotes'",
  scalar: "is not a number, a date, true or false: text stands in quotes",
  array: "the array holds a value that TOML does not know: text stands in quotes",
  table: "the inline table holds a value that TOML does not know: text stands in quotes",
};

function isReadable(text: string, pair: TomlPair): boolean {
  try {
    parse(`value = ${text.slice(pair.value.start, pair.value.end)}`);
    return true;
  } catch {
    return false;
  }
}
