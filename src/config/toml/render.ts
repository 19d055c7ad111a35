/**
 * Values as TOML text. Every string from outside goes through {@linkcode renderValue} or
 * {@linkcode renderKey}; what they return reads as the same value again. `@std/toml/stringify` cannot
 * do it: it writes whole files, tables with headers only, dates as strings, and leaves DEL and
 * bidirectional characters as they are.
 */
import { escapeUnsafe } from "../../core/text.ts";

/**
 * Returns a value on one line: strings, numbers, booleans, dates, arrays, and tables as `{ a = 1 }`; keys
 * that are undefined are left out.
 */
export function renderValue(value: unknown): string {
  if (typeof value === "string") return renderString(value);
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (Array.isArray(value)) return `[${value.map(renderValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = renderPairs(value);
    return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
  }
  return String(value).replace("Infinity", "inf").replace("NaN", "nan");
}

/** Returns a key: bare where TOML allows it, else quoted. */
export function renderKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : renderString(key);
}

/** Returns the `key = value` lines of a table. */
export function renderPairs(table: object): string[] {
  return Object.entries(table).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${renderKey(key)} = ${renderValue(value)}`);
}

/** Returns the lines of a table under its header, after a blank one; none where there is no table. */
export function renderTable(header: string, table: object | undefined): string[] {
  return table === undefined ? [] : ["", header, ...renderPairs(table)];
}

/** JSON's escapes are TOML's as well, which also wants DEL escaped, and has `\\U` above U+FFFF. */
function renderString(text: string): string {
  return escapeUnsafe(JSON.stringify(text.toWellFormed()), (code) => {
    const digits = code.toString(16);
    return code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`;
  });
}
