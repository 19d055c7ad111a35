/** Quoting for nftables. */
import { renderDuration } from "../../../core/duration.ts";

/**
 * Returns `text` as a string of nftables, which has no escapes.
 *
 * @throws {RangeError} if it has a quotation mark, a backslash or a control character.
 */
export function quoteNft(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/["\\\x00-\x1f\x7f]/.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} is not a string of nftables`);
  }
  return `"${text}"`;
}

/**
 * Returns `name` if it is an identifier of nftables: a letter, then letters, digits and `/_.-`.
 *
 * @throws {RangeError} if it is not.
 */
export function requireNftName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9/_.-]{0,254}$/.test(name)) {
    throw new RangeError(`${JSON.stringify(name)} is not a name in nftables`);
  }
  return name;
}

/** The most milliseconds in one number: nft reads eight digits ("value too large"). */
const MAX_NUMBER = 99_999_999;

/** Returns `ms` milliseconds as a time of nftables: `5m`, `1500ms`, `100000s1ms`. */
export function renderNftDuration(ms: number): string {
  const rest = ms % 1_000;
  if (rest === 0 || ms <= MAX_NUMBER) return renderDuration(ms);
  return `${renderDuration(ms - rest)}${rest}ms`;
}
