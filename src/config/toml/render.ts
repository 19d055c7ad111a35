/**
 * Values as TOML text. Every string from outside goes through {@linkcode renderValue} or
 * {@linkcode renderKey}; what they return reads as the same value again. `@std/toml/stringify` cannot
 * do it: it writes whole files, tables with headers only, dates as strings, and leaves DEL and
 * bidirectional characters as they are.
 */

/**
 * Returns a value on one line: strings, numbers, booleans, dates, arrays, and tables as `{ a = 1 }`; keys
 * that are undefined are left out.
 */
export function renderValue(value: unknown): string {
  if (typeof value === "string") return renderString(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(renderValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).filter(([, item]) => item !== undefined)
      .map(([key, item]) => `${renderKey(key)} = ${renderValue(item)}`);
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

/**
 * JSON's escapes are TOML's as well. TOML wants DEL escaped too; the other invisible characters are
 * escaped so that no editor or terminal acts on them.
 */
function renderString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
