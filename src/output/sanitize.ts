/**
 * Text from outside (DNS, banners, configuration) on its way to a terminal: control characters and
 * those that reorder text (Unicode "Trojan source", UAX #9) are shown as escapes.
 */

const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** `text` with everything that could steer a terminal written as `\u{..}`. */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** As {@linkcode sanitize}, for text of several lines: line feeds stay. */
export function sanitizeLines(text: string): string {
  return text.split("\n").map(sanitize).join("\n");
}
