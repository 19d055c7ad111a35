/**
 * A drawing at the lower end of the screen that is drawn anew at each key: lines that may be wider
 * than the terminal, and a cursor in the first of them.
 *
 * Rules: rows are counted by the columns that characters take, and anew at each drawing, since the
 * window may have another size by then (terminals wrap long lines anew, and the cursor stays with its
 * character; xterm, which cuts them instead, is not known from here). A drawing that is taller than
 * the screen shows the part around the cursor. One write a drawing, so that nothing flickers.
 */
import { findStyles, measureWidth, splitPieces, stripStyles } from "../output/width.ts";
import type { Terminal } from "./prompter.ts";

/** What of a terminal this needs. */
type Screen = Pick<Terminal, "write" | "columns" | "rows">;

/** What is drawn. */
interface Drawing {
  /** At least one. */
  lines: readonly string[];
  /** Columns before the cursor in the first line, as if it were not wrapped. */
  cursor: number;
}

/** One row of the screen: its text, and the columns of its line before it. */
interface Row {
  text: string;
  start: number;
}

/**
 * Erases this row and all below it, from the second column on first: tmux would keep a copy of the whole
 * screen in its history when it is erased from the first row's first column on.
 */
const ERASE_BELOW = "\r\x1b[C\x1b[J\x1b[1K\r";
const SHOW_CURSOR = "\x1b[?25h";

/** Draws, and knows where its drawing is. */
export class Canvas {
  readonly #screen: Screen;
  readonly #color: boolean;
  #drawn: Drawing | undefined;

  constructor(screen: Screen, { color }: { color: boolean }) {
    this.#screen = screen;
    this.#color = color;
  }

  /** Draws in the place of what was drawn before. */
  draw(drawing: Drawing): void {
    const columns = this.#screen.columns();
    const shown = fitRows(drawing, columns, this.#screen.rows());
    const rows = shown.lines.map((line) => wrap(line, columns).length);
    const place = findPlace(shown, columns);
    const up = rows.reduce((sum, count) => sum + count, 0) - 1 - place.row;
    const text = shown.lines.join("\n");
    this.#write(
      this.#undo() + text + (up > 0 ? `\x1b[${up}A` : "") + `\x1b[${place.column + 1}G`,
    );
    this.#drawn = shown;
  }

  /** Takes the drawing away; the cursor is where it began. */
  clear(): void {
    this.#write(this.#undo() || ERASE_BELOW);
    this.#drawn = undefined;
  }

  /** Leaves the first line, and puts the cursor below it; all other lines are taken away. */
  leave(): void {
    const drawn = this.#drawn;
    if (drawn === undefined) return;
    const columns = this.#screen.columns();
    const down = wrap(drawn.lines[0] ?? "", columns).length - 1 - findPlace(drawn, columns).row;
    this.#write(`${down > 0 ? `\x1b[${down}B` : ""}\n\x1b[J${SHOW_CURSOR}`);
    this.#drawn = undefined;
  }

  /** What takes the drawing away at the present width; "" where nothing is drawn. */
  #undo(): string {
    if (this.#drawn === undefined) return "";
    const { row } = findPlace(this.#drawn, this.#screen.columns());
    return (row > 0 ? `\x1b[${row}A` : "") + ERASE_BELOW;
  }

  #write(text: string): void {
    this.#screen.write(this.#color ? text : stripStyles(text));
  }
}

/** Breaks a line where a terminal does: a wide character is never divided. */
function wrap(line: string, columns: number): Row[] {
  let row: Row = { text: "", start: 0 };
  let width = 0;
  const rows = [row];
  for (const piece of splitPieces(line)) {
    if (width + piece.width > columns && width > 0) {
      row = { text: "", start: row.start + width };
      rows.push(row);
      width = 0;
    }
    row.text += piece.text;
    width += piece.width;
  }
  return rows;
}

/** The row and the column of the cursor. Its line has a character there. */
function findPlace({ lines, cursor }: Drawing, columns: number): { row: number; column: number } {
  const rows = wrap(lines[0] ?? "", columns);
  const row = rows.findLastIndex(({ start }) => start <= cursor);
  return { row, column: cursor - (rows[row]?.start ?? 0) };
}

/** The drawing, or the part of it around the cursor that the screen has rows for. */
function fitRows({ lines, cursor }: Drawing, columns: number, height: number): Drawing {
  const [first = "", ...rest] = lines;
  // Where the last character ends a row, the terminal would leave the cursor upon it.
  const whole = { lines: [cursor < measureWidth(first) ? first : `${first} `, ...rest], cursor };
  const rows = whole.lines.flatMap((line, index) =>
    wrap(line, columns).map((row) => ({ ...row, index }))
  );
  if (rows.length <= height) return whole;
  const middle = findPlace(whole, columns).row - Math.floor(height / 2);
  const top = Math.max(0, Math.min(middle, rows.length - height));
  const shown = rows.slice(top, top + height);
  const styles = rows.slice(0, top).map(({ text }) => findStyles(text)).join("");
  const kept = [...Map.groupBy(shown, ({ index }) => index).values()]
    .map((group) => group.map(({ text }) => text).join(""));
  return {
    lines: [styles + (kept[0] ?? ""), ...kept.slice(1)],
    cursor: cursor - (shown[0]?.start ?? 0),
  };
}
