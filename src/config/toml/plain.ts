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
    return isPlain(text) ? parse(text) : undefined;
  } catch {
    return undefined;
  }
}

const CONTROL = "\\x00-\\x08\\n-\\x1f\\x7f";
const TOKEN = new RegExp(
  `([ \\t]+|#[^${CONTROL}]*)|"[^"\\\\${CONTROL}]*"(?!")|'[^'${CONTROL}]*'(?!')` +
    "|[\\w-]+|[[\\]{}.,=]|\\r?\\n",
  "y",
);
const HEADER = /^\[\[?([\w-]+(?:\.[\w-]+)*)\]\]?$/;
const SCALAR = /^(?:["'].*|-?(?:0|[1-9]\d{0,14})|true|false)$/;
const KEY = /^[\w-]+$/;
/** `@std/toml` copies a table for each of its keys. */
const MAX_KEYS = 1_000;

interface Scope {
  /** The header above, with a dot, or "". */
  table: string;
  /** The keys under that header. */
  keys: Set<string>;
  /** The paths of arrays and inline tables: `@std/toml` lets headers add to them. */
  closed: Set<string>;
}

function isPlain(text: string): boolean {
  const scope: Scope = { table: "", keys: new Set(), closed: new Set() };
  let statement: string[] = [];
  let depth = 0;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length;) {
    const [token = "", gap] = TOKEN.exec(text) ?? [];
    if (token === "") return false;
    if (gap !== undefined) continue;
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth === 0 && token.endsWith("\n")) {
      if (!isPlainStatement(statement, scope)) return false;
      statement = [];
    } else statement.push(token);
  }
  return isPlainStatement(statement, scope);
}

function isPlainStatement(tokens: readonly string[], scope: Scope): boolean {
  if (tokens.length === 0) return true;
  if (tokens[0] === "[") return isPlainHeader(tokens.join(""), scope);
  const [key = "", equals] = tokens;
  if (equals !== "=" || !addKey(scope.keys, key)) return false;
  if (tokens[2] === "[" || tokens[2] === "{") scope.closed.add(scope.table + key);
  return isPlainValue(tokens.slice(2));
}

function isPlainHeader(header: string, scope: Scope): boolean {
  const name = HEADER.exec(header)?.[1];
  if (name === undefined) return false;
  scope.keys.clear();
  scope.table = `${name}.`;
  let path = "";
  return name.split(".").every((key) => {
    path += path === "" ? key : `.${key}`;
    return !isReservedKey(key) && !scope.closed.has(path);
  });
}

function isPlainValue(tokens: readonly string[]): boolean {
  /** The keys of each inline table around, undefined for arrays. */
  const open: (Set<string> | undefined)[] = [];
  let key: string | undefined;
  for (const [index, token] of tokens.entries()) {
    if (index > 0 && open.length === 0) return false;
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith("\n")) {
      if (open.at(-1) !== undefined) return false;
    } else if (tokens[index + 1] === "=") {
      key = token;
    } else if (token === "=") {
      if (key === undefined || !addKey(open.at(-1), key)) return false;
      key = undefined;
    } else if (token !== "," && !SCALAR.test(token)) return false;
  }
  return tokens.length > 0;
}

/** Whether the key could be added: each can be once in its table. */
function addKey(keys: Set<string> | undefined, key: string): boolean {
  if (keys === undefined || keys.has(key) || keys.size >= MAX_KEYS) return false;
  if (!KEY.test(key) || isReservedKey(key)) return false;
  keys.add(key);
  return true;
}
