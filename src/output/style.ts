/** Colours; everything can be read without them. */
import * as colors from "@std/fmt/colors";

/** Marks text by its meaning. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

const same = (text: string) => text;

/** Text as it is. */
export const PLAIN_STYLE: Style = { good: same, bad: same, warn: same, strong: same, faint: same };

/** An empty text stays empty: a cell without a text ends its line. */
const mark = (paint: (text: string) => string) => (text: string) => text === "" ? "" : paint(text);

/** ANSI colours (SGR). */
export const COLOR_STYLE: Style = {
  good: mark(colors.green),
  bad: mark(colors.red),
  warn: mark(colors.yellow),
  strong: mark(colors.bold),
  faint: mark(colors.dim),
};
