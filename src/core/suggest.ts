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
  const swapped = known.find((each) => isSwapped(word.toLowerCase(), each.toLowerCase()));
  if (swapped !== undefined) return swapped;
  const candidate = closestString(word, [...known]);
  return isNear(word.toLowerCase(), candidate.toLowerCase()) ? candidate : undefined;
}

function isNear(word: string, candidate: string): boolean {
  const [short, long] = word.length < candidate.length ? [word, candidate] : [candidate, word];
  if (short.length >= MIN_PREFIX && long.startsWith(short)) return true;
  return levenshteinDistance(word, candidate) <= maxDistance(short.length);
}

/** Whether `candidate` is `word` with two neighbouring letters in the other order. */
function isSwapped(word: string, candidate: string): boolean {
  const at = Array.from(word).findIndex((letter, index) => letter !== candidate[index]);
  const [one = "", other = ""] = word.slice(at);
  return at >= 0 && word.length > 2 &&
    candidate === word.slice(0, at) + other + one + word.slice(at + 2);
}

/** Changed letters that still are a slip; with two in a word of five it is another word (proof, probe). */
function maxDistance(length: number): number {
  if (length < 3) return 0;
  return length < 6 ? 1 : length < 9 ? 2 : 3;
}

/** Returns `, did you mean "tcp"?`, or `otherwise` where no word of `known` is near enough. */
export function suggestOr(otherwise: string, word: string, known: readonly string[]): string {
  const near = suggest(word, known);
  return near === undefined ? otherwise : `, did you mean ${JSON.stringify(near)}?`;
}
