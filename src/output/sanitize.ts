/** Text from outside (DNS, banners, configuration) on its way to a terminal. */
import { escapeUnsafe } from "../core/text.ts";

/** `text` with everything that could steer a terminal written as `\u{..}`. */
export function sanitize(text: string): string {
  return escapeUnsafe(text, (code) => `\\u{${code.toString(16)}}`);
}

/** As {@linkcode sanitize}, for text of several lines: line feeds stay. */
export function sanitizeLines(text: string): string {
  return text.split("\n").map(sanitize).join("\n");
}
