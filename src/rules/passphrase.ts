/**
 * How hard a passphrase is to guess, by a simple rule: the bits of a text whose characters are chosen
 * at random from the kinds that it uses (lower case, upper case, digits, other ASCII, the rest). A
 * character that repeats the one before it, or is next to it in the alphabet, adds nothing.
 *
 * There is no dictionary: words and names are weaker than this estimate. If even this estimate is low,
 * the passphrase is weak.
 */

/** The least bits of a good passphrase: one recorded knock is enough to guess offline. */
export const MIN_PASSPHRASE_BITS = 60;

const KINDS: readonly [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 100],
];

/** Returns the estimated bits of a passphrase, at most. */
export function estimateBits(passphrase: string): number {
  const kinds = KINDS.filter(([kind]) => kind.test(passphrase));
  const alphabet = kinds.reduce((sum, [, size]) => sum + size, 0);
  const points = [...passphrase].map((character) => character.codePointAt(0) as number);
  const counted = points.filter((point, index) => {
    const before = points[index - 1];
    return before === undefined || Math.abs(point - before) > 1;
  });
  return alphabet === 0 ? 0 : counted.length * Math.log2(alphabet);
}
