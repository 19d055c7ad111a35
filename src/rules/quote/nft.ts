/** Quoting for nftables. */

/**
 * `text` as a string of nftables, which knows no escapes.
 *
 * @throws {RangeError} if it has a quotation mark, a backslash or a control character.
 */
export function quoteNft(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/["\\\x00-\x1f\x7f]/.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} cannot be a string of nftables`);
  }
  return `"${text}"`;
}

/** `name` where it can be an identifier of nftables: a letter, then letters, digits and `/\_.-`. */
export function identifierNft(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9/_.-]{0,254}$/.test(name)) {
    throw new RangeError(`${JSON.stringify(name)} cannot be a name in nftables`);
  }
  return name;
}
