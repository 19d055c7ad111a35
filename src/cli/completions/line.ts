/**
 * A line that is being typed, up to the cursor, as words. The shells differ little in what a word is: `'...'`,
 * `"..."`, and a character that escapes the next one. Nothing is expanded, so that nothing runs.
 */

/** A word of the line. */
export interface LineWord {
  /** Without its quotes. */
  text: string;
  /** The quote that is still open; "" where none is. */
  quote: string;
  /** How much of `text` is before the place where the shell starts to replace it. */
  start: number;
}

/** How a shell cuts a line. */
interface LineSyntax {
  /** What escapes the next character. */
  escape: string;
  /** Characters behind which the shell sees a new word, though the program does not. */
  breaks: string;
}

/** Returns the words of a line; the last one, which can be empty, is the one that the cursor is in. */
export function splitLine(line: string, { escape, breaks }: LineSyntax): LineWord[] {
  const words: LineWord[] = [];
  let word: LineWord | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string;
    if (word?.quote) {
      if (char === word.quote) word.quote = "";
      else if (char === escape && word.quote === '"' && at + 1 < line.length) {
        word.text += line[++at];
      } else word.text += char;
      continue;
    }
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= { text: "", quote: "", start: 0 };
    if (char === "'" || char === '"') {
      word.quote = char;
      word.start = word.text.length;
    } else if (char === escape) word.text += line[++at] ?? "";
    else {
      word.text += char;
      if (breaks.includes(char)) word.start = word.text.length;
    }
  }
  return [...words, word ?? { text: "", quote: "", start: 0 }];
}
