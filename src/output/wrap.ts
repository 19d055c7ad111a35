/** Lines of at most a width, broken between words. */
import { measureWidth } from "./width.ts";

/** A command that can be pasted is never broken: a line end in it would run the first half. */
const COMMAND = /(?:spknock|chmod|sudo|ls) [^,;()]*[,;)]?|\S+/g;

/**
 * Returns the lines of a text of one line.
 *
 * @param options.width columns on a terminal.
 * @param options.indent columns before every line but the first.
 * @param options.keepsCommands whether commands are kept in one piece.
 */
export function wrapWords(
  text: string,
  { width, indent = 0, keepsCommands = false }: {
    width: number;
    indent?: number;
    keepsCommands?: boolean;
  },
): string[] {
  if (measureWidth(text) <= width) return [text];
  const lead = /^ */.exec(text)?.[0] ?? "";
  const words = (text.match(keepsCommands ? COMMAND : /\S+/g) ?? []).map((word) => word.trim());
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const start = lines.length === 0 ? lead : " ".repeat(indent);
    const longer = line === "" ? start + word : `${line} ${word}`;
    if (line !== "" && measureWidth(longer) > width) {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else line = longer;
  }
  return [...lines, line];
}
