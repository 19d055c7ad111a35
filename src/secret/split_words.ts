/**
 * A command line as a shell splits it, without a shell.
 *
 * Rules (POSIX 2.2, Quoting): white space separates words; `'...'` is literal; in `"..."` a backslash
 * quotes `"` and `\`; elsewhere it quotes any character. Nothing is expanded: `$`, `*`, `|`, `>` and `;`
 * are characters like any other.
 */

/** One piece of a word: quoted in either way, escaped, or plain. */
const PIECE = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/sy;

/**
 * Splits a command line into its words.
 *
 * @throws {RangeError} where a quote is open at the end; the text is not repeated.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    PIECE.lastIndex = at;
    const found = PIECE.exec(text);
    if (found === null) throw new RangeError("a quote or a backslash is not complete at the end");
    const [, single, double, escaped, plain] = found;
    const inDouble = double?.replace(/\\(["\\])/g, "$1");
    word = (word ?? "") + (single ?? inDouble ?? escaped ?? plain ?? "");
    at = PIECE.lastIndex;
  }
  return word === undefined ? words : [...words, word];
}
