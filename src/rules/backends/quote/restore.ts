/** Quoting for the input of iptables-restore: double quotes, and backslashes inside them. */

/**
 * Returns `text` as one word of a line for iptables-restore.
 *
 * @throws {RangeError} if it has a control character.
 */
export function quoteRestore(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} is not a word for iptables-restore`);
  }
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
