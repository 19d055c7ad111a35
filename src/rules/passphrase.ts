/**
 * How hard a passphrase is to guess, by a plain rule: the bits of a text whose characters are drawn
 * at random from the kinds that it uses (lower case, upper case, digits, other ASCII, the rest). A
 * character that repeats the one before it, or follows it in the alphabet, adds nothing.
 *
 * No dictionary is asked: words and names are weaker than this says. A generous estimate that finds a
 * passphrase too short is right all the more.
 */

/** What a passphrase should have at least. Whoever hears one knock can try guesses at leisure. */
export const MIN_PASSPHRASE_BITS = 60;

const KINDS: readonly [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 100],
];

/** The estimated bits of a passphrase, at most; see the header. */
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
