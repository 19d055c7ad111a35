/** Registers one test for each row, so that every failing row is reported and can be run alone. */

/**
 * Makes each row of a table a test of its own, named `NAME: ROW`.
 *
 * @param rows by what distinguishes them; the key completes the test's name.
 * @param check the assertions for one row.
 * @param options.ignore skips all rows; say why in the name.
 */
export function table<Row>(
  name: string,
  rows: Readonly<Record<string, Row>> | readonly (readonly [string, Row])[],
  check: (row: Row, title: string) => void | Promise<void>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const entries = Array.isArray(rows) ? rows : Object.entries(rows);
  for (const [title, row] of entries as readonly (readonly [string, Row])[]) {
    Deno.test({ name: `${name}: ${title}`, ignore, fn: () => check(row, title) });
  }
}
