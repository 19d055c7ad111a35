/** Columns of text, aligned by what is seen. */
import { measureWidth } from "./width.ts";

/** A cell that is wider shifts its own line only, so that one long name does not wrap them all. */
const MAX_WIDTH = 44;

/** Rows as lines; the last column is not padded, empty columns are left out. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => columnWidth(rows.map((row) => measureWidth(row[column] ?? ""))),
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
function columnWidth(widths: readonly number[]): number {
  const fitting = widths.filter((width) => width <= MAX_WIDTH);
  const widest = fitting.reduce((most, width) => Math.max(most, width), 0);
  return widest === 0 && fitting.length < widths.length ? 1 : widest;
}
