/** What may stand in knockd.conf, which knows no quotes: a line is a value, to its end. */

/**
 * `text` as a value of knockd.conf.
 *
 * @throws {RangeError} if it has a control character, or white space at an end, which knockd drops.
 */
export function valueKnockd(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text) || text !== text.trim()) {
    throw new RangeError(`${JSON.stringify(text)} cannot be a value in knockd.conf`);
  }
  return text;
}
