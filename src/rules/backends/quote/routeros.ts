/** Quoting for RouterOS scripts. */

/**
 * Returns `text` as a string of RouterOS: `"`, `\`, `$` and `?` escaped, bytes outside printable ASCII
 * as the hexadecimal bytes of its UTF-8, in capitals.
 *
 * Source: MikroTik, "Scripting", constant escape sequences; `?` is the help key of the console.
 */
export function quoteRouterOs(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let quoted = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (/["\\$?]/.test(character)) quoted += `\\${character}`;
    else if (byte >= 0x20 && byte < 0x7f) quoted += character;
    else quoted += `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return `"${quoted}"`;
}
