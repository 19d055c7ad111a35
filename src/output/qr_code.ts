/**
 * A QR code (ISO/IEC 18004) as lines of a terminal, and as SVG.
 *
 * Two modules, one above the other, are one character, so that they are about square. With colours they are
 * black on white whatever the terminal's own are; without, light modules are drawn in the terminal's text colour,
 * which is right where that is lighter than the background.
 */
import { encode } from "uqr";

/** A QR code without the quiet zone around it: true is dark. */
type QrModules = readonly (readonly boolean[])[];

/** Modules around the code: what the standard asks for, and what scanners still read. */
const QUIET = 4;
const MIN_QUIET = 2;

/** Returns the code of a text; undefined where it is longer than any code can hold. */
export function makeQrCode(text: string): QrModules | undefined {
  try {
    // More correction where it does not make the code larger.
    return encode(text, { ecc: "L", boostEcc: true, border: 0 }).data;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** Returns the columns and lines that a code takes at least. */
export function measureQrCode({ length }: QrModules): { columns: number; rows: number } {
  const size = length + 2 * MIN_QUIET;
  return { columns: size, rows: Math.ceil(size / 2) };
}

/** Black on white: numbers of the 256 colours, which themes leave alone. */
const BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m";
const RESET = "\x1b[0m";

/** What is drawn for the upper and the lower of two modules: which of the two have the text colour. */
const HALVES = { none: " ", upper: "▀", lower: "▄", both: "█" } as const;

/** Returns the lines of a code with as much quiet zone as there is room for. */
export function drawQrCode(
  modules: QrModules,
  { columns, rows, color }: { columns: number; rows: number; color: boolean },
): string {
  const size = modules.length;
  const fits = size + 2 * QUIET <= columns && Math.ceil((size + 2 * QUIET) / 2) <= rows;
  const quiet = fits ? QUIET : MIN_QUIET;
  const whole = size + 2 * quiet;
  const isInk = (y: number, x: number) =>
    y < whole && (modules[y - quiet]?.[x - quiet] ?? false) === color;
  const lines = Array.from({ length: Math.ceil(whole / 2) }, (_, line) => {
    const cells = Array.from({ length: whole }, (_, x) => {
      const [upper, lower] = [isInk(2 * line, x), isInk(2 * line + 1, x)];
      return HALVES[upper && lower ? "both" : upper ? "upper" : lower ? "lower" : "none"];
    }).join("");
    return color ? `${BLACK_ON_WHITE}${cells}${RESET}\n` : `${cells}\n`;
  });
  return lines.join("");
}

/** Pixels of a module in SVG. */
const PIXELS = 8;

/** Returns a code as an SVG image, black on white. */
export function renderQrSvg(modules: QrModules): string {
  const whole = modules.length + 2 * QUIET;
  const path = modules.flatMap((row, y) =>
    row.flatMap((isDark, x) => isDark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])
  ).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole * PIXELS}" height="${
    whole * PIXELS
  }" viewBox="0 0 ${whole} ${whole}" shape-rendering="crispEdges">\n` +
    `<path fill="#fff" d="M0 0h${whole}v${whole}H0z"/>\n<path d="${path}"/>\n</svg>\n`;
}
