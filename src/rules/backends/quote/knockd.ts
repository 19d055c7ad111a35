/** Values in knockd.conf, which has no quotes: a value ends where its line ends. */

/**
 * Returns `text` as a value of knockd.conf.
 *
 * @throws {RangeError} if it has a control character, or white space at an end, which knockd removes.
 */
export function quoteKnockd(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text) || text !== text.trim()) {
    throw new RangeError(`${JSON.stringify(text)} is not a value of knockd.conf`);
  }
  return text;
}
