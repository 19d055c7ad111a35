/** Small changes of a text: of lines, spaces and comments, after which it is often still right, or of characters. */
import { makeRandom } from "./random.ts";

/** In the place of passphrases: no message may repeat it. */
export const MARKER = "hunter2";

const PIECES = [
  ..."\n\"'[]{}=,.#\\ a1-_/:\0\u202e\ufeff\r\t",
  '"""',
  "'''",
  "[[",
  "]]",
  `"${MARKER}"`,
  MARKER,
  "\r\n",
  "\\u0041",
  "__proto__",
  "1e400",
  "-1",
  "[targets.home]\n",
  "tries = 3\n",
];

/** At the end of a line. */
const ADDED = [" # comment", "  ", "\n", "\n# [targets.x]", "\r"];

/** Returns the text with one to three changes; the same ones for the same seed. */
export function mutate(text: string, seed: number): string {
  const random = makeRandom(seed);
  for (let count = random(3); count >= 0; count--) {
    const lines = text.split("\n");
    const [from, to] = [random(lines.length), random(lines.length)];
    const kind = random(6);
    if (kind === 0) lines.splice(to, 0, ...lines.splice(from, 1 + random(3)));
    else if (kind === 1) lines.splice(to, 0, ...lines.slice(from, from + 1 + random(3)));
    else if (kind === 2) lines.splice(from, 1);
    else if (kind === 3) lines[from] = `${lines[from]}${ADDED[random(ADDED.length)]}`;
    text = kind < 4 ? lines.join("\n") : mutateCharacters(text, random);
  }
  return text;
}

function mutateCharacters(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1);
  const piece = PIECES[random(PIECES.length)] ?? "";
  return text.slice(0, at) + piece + text.slice(at + random(2) * random(12));
}
