/** Columns of text, aligned by what is seen. */

/** Rows as lines; the last column is not padded, empty columns are left out. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const used = widths.map((width, column) => ({ width, column })).filter(({ width }) => width > 0);
  return rows.map((row) =>
    used.map(({ width, column }) => {
      const cell = row[column] ?? "";
      return cell + " ".repeat(width - widthOf(cell));
    }).join("  ").trimEnd() + "\n"
  ).join("");
}

/** Characters as a reader counts them, colours aside. */
function widthOf(text: string): number {
  // deno-lint-ignore no-control-regex
  const bare = text.replace(/\x1b\[[\d;]*m/g, "");
  // Made only where it is needed: it costs as much as a whole knock.
  return /^[\x20-\x7e]*$/.test(bare) ? bare.length : [...new Intl.Segmenter().segment(bare)].length;
}
