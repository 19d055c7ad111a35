import { assert, assertEquals } from "@std/assert";
import jsqr from "jsqr";
import { drawQrCode, makeQrCode, measureQrCode, renderQrSvg } from "../../src/output/qr_code.ts";
import { stripStyles } from "../../src/output/width.ts";
import { table } from "../table.ts";

/** jsqr is CommonJS: what `default` is depends on the loader's types. */
const scan = jsqr as unknown as (
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  options: { inversionAttempts: "dontInvert" },
) => { data: string } | null;

const SCALE = 3;

/** Scans modules, true for dark, with pixels around them as dark or light as the terminal is. */
function scanModules(dark: boolean[][], { around }: { around: boolean }): string | undefined {
  const margin = 3;
  const width = (Math.max(...dark.map(({ length }) => length)) + 2 * margin) * SCALE;
  const height = (dark.length + 2 * margin) * SCALE;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const x = Math.floor((at % width) / SCALE) - margin;
    const y = Math.floor(at / width / SCALE) - margin;
    pixels.set(dark[y]?.[x] ?? around ? [0, 0, 0, 255] : [255, 255, 255, 255], at * 4);
  }
  return scan(pixels, width, height, { inversionAttempts: "dontInvert" })?.data;
}

/** Returns what a terminal shows of drawn lines: each character is two modules, of ink or of ground. */
function readInk(drawn: string): boolean[][] {
  return stripStyles(drawn).trimEnd().split("\n").flatMap((line) => [
    [...line].map((cell) => cell === "▀" || cell === "█"),
    [...line].map((cell) => cell === "▄" || cell === "█"),
  ]);
}

function makeModules(text: string): NonNullable<ReturnType<typeof makeQrCode>> {
  const modules = makeQrCode(text);
  if (modules === undefined) throw new Error("the text is too long");
  return modules;
}

/** The room that a text has: as much as it likes, or as little as it can do with. */
function drawText(text: string, { color, isTight }: { color: boolean; isTight: boolean }): string {
  const modules = makeModules(text);
  const room = isTight ? measureQrCode(modules) : { columns: 200, rows: 100 };
  const drawn = drawQrCode(modules, { ...room, color });
  const lines = stripStyles(drawn).split("\n").slice(0, -1);
  assert(lines.every((line) => line.length <= room.columns) && lines.length <= room.rows);
  return drawn;
}

const TEXTS = {
  "a command": "knock -d 50 fw.example.com 7000:tcp 8000:udp",
  "letters of other scripts": "grüße, привет, 日本",
  "JSON": JSON.stringify({ version: 1, sequences: [{ name: "x", steps: [{ port: 1 }] }] }),
  "long": "0123456789abcdef".repeat(40),
};

for (const isTight of [false, true]) {
  const room = isTight ? "little room" : "much room";
  table(`qr code: with colours it scans on any ground, with ${room}`, TEXTS, (text) => {
    const drawn = drawText(text, { color: true, isTight });
    // Ink is black, ground is white, whatever is around.
    for (const around of [false, true]) {
      assertEquals(scanModules(readInk(drawn), { around }), text);
    }
  });

  table(`qr code: without colours it scans on a dark ground, with ${room}`, TEXTS, (text) => {
    const drawn = drawText(text, { color: false, isTight });
    const dark = readInk(drawn).map((row) => row.map((isInk) => !isInk));
    assertEquals(scanModules(dark, { around: true }), text);
  });
}

table("qr code: the image is the same code", TEXTS, (text) => {
  const modules = makeModules(text);
  const svg = renderQrSvg(modules);
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
  const dark = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y] of svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    dark[Number(y)]?.splice(Number(x), 1, true);
  }
  assertEquals(scanModules(dark, { around: false }), text);
});

Deno.test("qr code: what no code holds is undefined", () => {
  assert(makeQrCode("x".repeat(2_953)) !== undefined);
  assertEquals(makeQrCode("x".repeat(2_954)), undefined);
});
