/** Markdown as the documents have it. */

/** Returns a table, without a line end after its last row. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}
