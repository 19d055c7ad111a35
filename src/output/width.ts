/**
 * How wide text is on a terminal: escape codes of colours take nothing, what people see as one
 * character (a grapheme cluster) takes one column or two.
 */

// deno-lint-ignore no-control-regex -- escape codes are control characters
const STYLES = /\x1b\[[\d;]*m/g;

/** What terminals show two columns wide (UAX #11: East Asian wide and fullwidth, and emoji). */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;

/** What takes no column by itself: combining marks, joiners and other format characters. */
const NARROW = /^[\p{Mn}\p{Me}\p{Cf}]/u;

let segmenter: Intl.Segmenter | undefined;

/** Returns the characters of `text` as people see them. */
export function splitCharacters(text: string): string[] {
  if (/^[\x20-\x7e]*$/.test(text)) return [...text];
  // Made only where it is needed: it costs as much as a whole knock.
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Returns the columns that one character takes: 0, 1 or 2. */
function measureCharacter(character: string): number {
  return WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1;
}

/** Returns the columns that a line takes on a terminal, colours aside. */
export function measureWidth(text: string): number {
  const bare = stripStyles(text);
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  return splitCharacters(bare).reduce((sum, each) => sum + measureCharacter(each), 0);
}

/** Returns `text` without escape codes of colours. */
export function stripStyles(text: string): string {
  return text.replaceAll(STYLES, "");
}

/** Returns the escape codes of colours in `text`. */
export function findStyles(text: string): string {
  return text.match(STYLES)?.join("") ?? "";
}

/** One piece of a line: an escape code of colours, or a character. */
interface Piece {
  text: string;
  width: number;
}

/** Returns a line as its characters, with the escape codes between them. */
export function splitPieces(line: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const addText = (text: string) => {
    for (const each of splitCharacters(text)) {
      pieces.push({ text: each, width: measureCharacter(each) });
    }
  };
  for (const match of line.matchAll(STYLES)) {
    addText(line.slice(at, match.index));
    pieces.push({ text: match[0], width: 0 });
    at = match.index + match[0].length;
  }
  addText(line.slice(at));
  return pieces;
}

/** Returns a line in at most `columns`; an ellipsis ends one that was cut, its colours stay whole. */
export function cutToWidth(line: string, columns: number): string {
  if (measureWidth(line) <= columns) return line;
  let width = 0;
  let isCut = false;
  let cut = "";
  for (const piece of splitPieces(line)) {
    if (piece.text.startsWith("\x1b")) cut += piece.text;
    else if (!isCut && width + piece.width < columns) {
      cut += piece.text;
      width += piece.width;
    } else if (!isCut) {
      cut += "…";
      isCut = true;
    }
  }
  return cut;
}
