/** "Did you mean": the nearest known word, if one is near enough to be meant. */
import { closestString } from "@std/text/closest-string";

/** The nearest of `known` to `word`; undefined where none resembles it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closestString(word, [...known]);
  return resembles(word.toLowerCase(), candidate.toLowerCase()) ? candidate : undefined;
}

function resembles(a: string, b: string): boolean {
  if (a.startsWith(b) || b.startsWith(a)) return true;
  const letters = [...b];
  const common = [...a].filter((letter) => {
    const at = letters.indexOf(letter);
    if (at >= 0) letters.splice(at, 1);
    return at >= 0;
  }).length;
  return common * 2 > Math.max(a.length, b.length);
}
