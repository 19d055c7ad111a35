/**
 * The quick way to values, for most files: `@std/toml`, but only for texts that it reads as TOML 1.0
 * says. It takes double keys, two pairs on a line and control characters silently, reads `\U` wrong,
 * and lets `__proto__` reach the prototype; so a text has to be plain first. Plain means: bare keys,
 * strings on one line without a backslash, whole numbers, true, false, arrays, inline tables, and
 * nothing defined twice; `@std/toml` checks the rest of the grammar. Any other text is read by
 * `toml/read.ts`, which is right in all cases, but takes more time and memory (docs/decisions.md).
 */
import { parse } from "@std/toml/parse";
import { isReservedKey } from "./place.ts";

/** Returns what `text` says; undefined where it is not plain, or not TOML. */
export function parsePlainToml(text: string): Record<string, unknown> | undefined {
  try {
    const count = countPlainKeys(text);
    const value = count === undefined ? undefined : parse(text);
    // A key that was written twice is there once.
    return value !== undefined && countKeys(value) === count ? value : undefined;
  } catch {
    return undefined;
  }
}

const CONTROL = "\\x00-\\x08\\n-\\x1f\\x7f";
const TOKEN = new RegExp(
  [
    `(?<gap>[ \\t]+|#[^${CONTROL}]*)`,
    "^\\[(?<array>\\[?)(?<header>[\\w-]+(?:\\.[\\w-]+)*)\\]\\]?(?=[ \\t]*(?:#.*)?$)",
    "(?<key>[\\w-]+)[ \\t]*=",
    `(?<value>[[{]|"[^"\\\\${CONTROL}]*"(?!")|'[^'${CONTROL}]*'(?!')|` +
    "(?:-?(?:0|[1-9]\\d{0,14})|true|false)(?![\\w.:-]))",
    "[\\]},]|\\r?\\n",
  ].join("|"),
  "my",
);
/** `@std/toml` copies a table for each of its keys. */
const MAX_KEYS = 1_000;

/** Returns how many keys a plain text has, those of its tables included. */
function countPlainKeys(text: string): number | undefined {
  const tables = new Set<string>();
  const arrays = new Set<string>();
  let brackets = "";
  let before = "\n";
  let pairs = 0;
  let pairsAbove = 0;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length;) {
    const found = TOKEN.exec(text);
    if (found === null) return undefined;
    const [token] = found;
    const { gap, header, array, key, value } = found.groups ?? {};
    if (gap !== undefined) continue;
    if (header !== undefined) {
      if (brackets !== "" || !addTables(header, { tables, arrays })) return undefined;
      if (array !== "") arrays.add(header);
      pairsAbove = pairs;
    } else if (key !== undefined) {
      if (!/[\n{,]$/.test(before) || isReservedKey(key)) return undefined;
      if (++pairs - pairsAbove > MAX_KEYS) return undefined;
    } else if (value !== undefined) {
      if (!(brackets === "" ? /=$/ : /[\n=[,]$/).test(before)) return undefined;
      if (token === "[" || token === "{") brackets += token;
    } else if (token === "]" || token === "}") {
      if (!brackets.endsWith(token === "]" ? "[" : "{")) return undefined;
      brackets = brackets.slice(0, -1);
    } else if (token !== "," && brackets.endsWith("{")) return undefined;
    before = token;
  }
  return pairs + tables.size;
}

/** Adds the tables of a header; false below an array, whose elements can have the same ones again. */
function addTables(header: string, known: Record<"tables" | "arrays", Set<string>>): boolean {
  const keys = header.split(".");
  return keys.every((key, index) => {
    const path = keys.slice(0, index + 1).join(".");
    known.tables.add(path);
    return !isReservedKey(key) && (path === header || !known.arrays.has(path));
  });
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const values = Object.values(value);
  const own = Array.isArray(value) ? 0 : values.length;
  return values.reduce((sum, each) => sum + countKeys(each), own);
}
