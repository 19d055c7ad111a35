/** The screen of a terminal as SVG: text that can be read and searched, without a script or a font of its own. */
import type { IBufferCell, Terminal } from "@xterm/headless";

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const FONT_SIZE = 14;
const MARGIN = 14;
const BACKGROUND = "#1e1e2e";
const FOREGROUND = "#d9e0ee";

/** The sixteen colours that programs name by number. */
const PALETTE = [
  ...["#45475a", "#f28b82", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#bac2de"],
  ...["#7f849c", "#f28b82", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#ffffff"],
];

/** Cells of a line that look the same. */
interface Run {
  text: string;
  column: number;
  style: string;
}

/** Returns the lines that the screen shows, without empty ones at the end. */
export function readLines(terminal: Terminal): string[] {
  const { active } = terminal.buffer;
  const lines = Array.from(
    { length: active.length },
    (_, row) => active.getLine(row)?.translateToString(true) ?? "",
  );
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}

/** Draws the screen. */
export function drawScreen(terminal: Terminal, { title }: { title: string }): string {
  const lines = readLines(terminal);
  const width = Math.ceil(terminal.cols * CELL_WIDTH + 2 * MARGIN);
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const texts = lines.map((_, row) => {
    const y = MARGIN + FONT_SIZE + row * LINE_HEIGHT;
    const spans = listRuns(terminal, row).map(({ text, column, style }) => {
      // Whatever font there is, each column is where it was.
      const place = `x="${toX(column)}" textLength="${(text.length * CELL_WIDTH).toFixed(1)}"`;
      return `<tspan ${place}${style}>${escapeXml(text)}</tspan>`;
    });
    return `  <text y="${y}" xml:space="preserve">${spans.join("")}</text>\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" ` +
    `font-size="${FONT_SIZE}" fill="${FOREGROUND}">\n  <title>${escapeXml(title)}</title>\n` +
    `  <rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>\n${texts.join("")}</svg>\n`;
}

/** Returns the lines of a picture that was drawn. */
export function readPicture(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, spans = ""]) => {
    let line = "";
    for (const [, x, text = ""] of spans.matchAll(/<tspan x="([\d.]+)"[^>]*>(.*?)<\/tspan>/g)) {
      line = line.padEnd(Math.round((Number(x) - MARGIN) / CELL_WIDTH)) + unescapeXml(text);
    }
    return line;
  });
}

function toX(column: number): string {
  return (MARGIN + column * CELL_WIDTH).toFixed(1);
}

function listRuns(terminal: Terminal, row: number): Run[] {
  const line = terminal.buffer.active.getLine(row);
  const runs: Run[] = [];
  for (let column = 0; column < terminal.cols; column++) {
    const cell = line?.getCell(column);
    if (cell === undefined) continue;
    const style = styleCell(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ text, column, style });
  }
  const last = runs.findLastIndex(({ text }) => text.trim() !== "");
  return runs.slice(0, last + 1).map((run, index) =>
    index < last ? run : { ...run, text: run.text.trimEnd() }
  );
}

function styleCell(cell: IBufferCell): string {
  const color = cell.isFgPalette() ? PALETTE[cell.getFgColor()] : undefined;
  return (color === undefined ? "" : ` fill="${color}"`) +
    (cell.isBold() ? ' font-weight="bold"' : "") + (cell.isDim() ? ' opacity="0.65"' : "");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
