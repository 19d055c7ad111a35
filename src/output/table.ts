/** Columns of text, aligned by what is seen. */
import { measureWidth } from "./width.ts";
import { wrapWords } from "./wrap.ts";

/** A cell that is wider shifts its own line only, so that one long name does not wrap them all. */
const MAX_WIDTH = 44;

/** The least columns for text that wraps beside others; where there is less it goes below them. */
const MIN_TEXT = 24;
/** How far text below the others is indented. */
const TEXT_INDENT = 8;

/** How far cells are indented that follow on lines of their own. */
const CELL_INDENT = 4;

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
 * @param options.width columns of a line; cells that it has no room for follow on lines of their own.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  { maxWidth = MAX_WIDTH, width: room = Infinity }: { maxWidth?: number; width?: number } = {},
): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => columnWidth(rows.map((row) => measureWidth(row[column] ?? "")), maxWidth),
  );
  const used = widths.map((width, column) => ({ width, column })).filter(({ width }) => width > 0);
  return rows.map((row) => {
    const cells = used.map(({ width, column }) => ({ cell: row[column] ?? "", width }));
    return fillLines(cells, room).map((line) => `${line.trimEnd()}\n`).join("");
  }).join("");
}

/** The cells of a row, side by side; from the first one without room on, each on lines of its own. */
function fillLines(cells: readonly { cell: string; width: number }[], room: number): string[] {
  let line = "";
  for (const [index, { cell, width }] of cells.entries()) {
    const longer = index === 0 ? cell : `${line}  ${cell}`;
    if (index > 0 && cell !== "" && measureWidth(longer) > room) {
      const rest = cells.slice(index).map((each) => each.cell).filter((each) => each !== "");
      const lead = " ".repeat(CELL_INDENT);
      return [
        line,
        ...rest.flatMap((each) => wrapWords(lead + each, { width: room, indent: CELL_INDENT })),
      ];
    }
    line = longer + " ".repeat(Math.max(0, width - measureWidth(cell)));
  }
  return [line];
}

/** The widest of the cells that fit; 1 where all are wider. */
function columnWidth(widths: readonly number[], maxWidth = MAX_WIDTH): number {
  const fitting = widths.filter((width) => width <= maxWidth);
  const widest = fitting.reduce((most, width) => Math.max(most, width), 0);
  return widest === 0 && fitting.length < widths.length ? 1 : widest;
}
