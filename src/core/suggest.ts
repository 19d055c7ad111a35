/** "Did you mean": the nearest known word, if it is near enough to be meant. */
import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** A longer word is not a slip of the keyboard. */
const MAX_LENGTH = 64;
/** Letters that a prefix needs before it suggests a longer word. */
const MIN_PREFIX = 3;

/** Returns the word of `known` that `word` probably means; undefined where none is near enough. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > MAX_LENGTH) return undefined;
  const candidate = closestString(word, [...known]);
  return isNear(word.toLowerCase(), candidate.toLowerCase()) ? candidate : undefined;
}

function isNear(word: string, candidate: string): boolean {
  const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
  if (short.length >= MIN_PREFIX && long.startsWith(short)) return true;
  return levenshteinDistance(word, candidate) <= maxDistance(short.length);
}

/** Changed letters that still are a slip: one in a short word, three in a long one. */
function maxDistance(length: number): number {
  if (length < 3) return 0;
  return length < 5 ? 1 : length < 9 ? 2 : 3;
}
