/** Small helpers for text that people and shells read. */

/** `1 target`, `3 targets`; `plural(2, "try", "tries")` where an "s" is not enough. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The message of whatever was thrown. */
export function errorMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Returns `a, b or c`. */
export function joinOr(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} or ${last}`;
}

/** Returns `a, b and c`. */
export function joinAnd(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}

const ORDINALS = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
];

/** Returns the place of an item, 1-based: `first`, `second`, ... `10th`, `21st`. */
export function renderOrdinal(place: number): string {
  const ending = [11, 12, 13].includes(place % 100) ? "th" : ["th", "st", "nd", "rd"][place % 10];
  return ORDINALS[place - 1] ?? `${place}${ending ?? "th"}`;
}

/** Returns `a, b, c`, or as many of them as fit into `width` columns with `, ...`. */
export function joinWithin(items: readonly string[], width: number): string {
  const whole = items.join(", ");
  if (whole.length <= width) return whole;
  const count = items.findIndex((_, index) =>
    `${items.slice(0, index + 1).join(", ")}, ...`.length > width
  );
  return [...items.slice(0, count), "..."].join(", ");
}

/** Returns `text` with each `{key}` of `facts` filled in, once; other braces stay. */
export function fillIn(text: string, facts: object): string {
  return text.replace(
    /\{(\w+)\}/g,
    (whole, key: string) => Object.hasOwn(facts, key) ? `${Reflect.get(facts, key) ?? ""}` : whole,
  );
}

/** `text` as one word; unchanged where the shell reads every character as itself. */
export function quoteShell(text: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Characters that a terminal or an editor acts on instead of showing them: controls, those that reorder
 * text (Unicode "Trojan source", UAX #9), invisible ones, and tags (U+E0000 to U+E007F), which can hold
 * a whole hidden text. Each syntax escapes them in its own way.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Returns `text` with what `escape` makes of the code point of each unsafe character. */
export function escapeUnsafe(text: string, escape: (code: number) => string): string {
  return text.replace(UNSAFE, (character) => escape(character.codePointAt(0) ?? 0));
}

/** Returns the permission bits of a file as `chmod` writes them: `0600`. */
export function renderMode(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

/** Returns a value as JSON without unsafe characters in its strings: `\uXXXX` is the same value. */
export function renderJson(value: unknown, { indent }: { indent?: number } = {}): string {
  const escape = (code: number) =>
    String.fromCodePoint(code).split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  // JSON.stringify has escaped the line feeds of strings; those that are left are its layout.
  return JSON.stringify(value, undefined, indent).split("\n")
    .map((line) => escapeUnsafe(line, escape)).join("\n");
}
