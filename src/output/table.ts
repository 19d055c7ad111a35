/** Columns of text, aligned by what is seen. */
import { measureWidth } from "./width.ts";
import { wrapWords } from "./wrap.ts";

/** A cell that is wider shifts its own line only, so that one long name does not wrap them all. */
const MAX_WIDTH = 44;

/** The least columns for text that wraps beside others; where there is less it goes below them. */
const MIN_TEXT = 24;
/** How far text below the others is indented. */
const TEXT_INDENT = 8;

/** Rows of two cells as lines of at most `width` columns; the second cell wraps at words. */
export function renderList(
  rows: readonly (readonly [string, string])[],
  { width }: { width: number },
): string {
  const first = columnWidth(rows.map(([head]) => measureWidth(head)));
  const isBelow = width - first - 2 < MIN_TEXT;
  return rows.map(([head, text]) => {
    const indent = isBelow ? TEXT_INDENT : first + 2;
    const lines = wrapWords(text, { width: width - indent });
    const padding = " ".repeat(Math.max(0, first - measureWidth(head)) + 2);
    const start = isBelow ? `${head}\n${" ".repeat(indent)}` : head + padding;
    return `${start}${lines.join(`\n${" ".repeat(indent)}`)}`.trimEnd() + "\n";
  }).join("");
}

/**
 * Rows as lines; the last column is not padded, empty columns are left out.
 *
 * @param options.maxWidth a cell that is wider shifts its own line only.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  { maxWidth = MAX_WIDTH }: { maxWidth?: number } = {},
): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => columnWidth(rows.map((row) => measureWidth(row[column] ?? "")), maxWidth),
  );
  const used = widths.map((width, column) => ({ width, column })).filter(({ width }) => width > 0);
  return rows.map((row) =>
    used.map(({ width, column }) => {
      const cell = row[column] ?? "";
      return cell + " ".repeat(Math.max(0, width - measureWidth(cell)));
    }).join("  ").trimEnd() + "\n"
  ).join("");
}

/** The widest of the cells that fit; 1 where all are wider. */
function columnWidth(widths: readonly number[], maxWidth = MAX_WIDTH): number {
  const fitting = widths.filter((width) => width <= maxWidth);
  const widest = fitting.reduce((most, width) => Math.max(most, width), 0);
  return widest === 0 && fitting.length < widths.length ? 1 : widest;
}
