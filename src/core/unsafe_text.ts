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

/** Returns a value as JSON without unsafe characters in its strings: `\uXXXX` is the same value. */
export function renderJson(value: unknown, { indent }: { indent?: number } = {}): string {
  const escape = (code: number) =>
    String.fromCodePoint(code).split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  // JSON.stringify has escaped the line feeds of strings; those that are left are its layout.
  return JSON.stringify(value, undefined, indent).split("\n")
    .map((line) => escapeUnsafe(line, escape)).join("\n");
}
