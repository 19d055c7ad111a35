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

/** ANSI colours (SGR). */
export const COLOR_STYLE: Style = {
  good: (text) => colors.green(text),
  bad: (text) => colors.red(text),
  warn: (text) => colors.yellow(text),
  strong: (text) => colors.bold(text),
  faint: (text) => colors.dim(text),
};
