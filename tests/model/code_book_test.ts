import { assertEquals } from "@std/assert";
import { type Codes, computeCode } from "../../src/plan/codes.ts";
import { CodeBook, findMidWindow, hasWindow } from "../../src/model/code_book.ts";
import { CODES_FROM, KEY } from "../rules/fixtures.ts";
import { table } from "../table.ts";
import { bytes } from "./fixtures.ts";

const MINUTE = 60_000;
const OTHER_KEY = new Uint8Array(32).fill(7).toBase64();

/** Ten minutes a window, for two hours from the first window; the skew is a minute. */
const CODES: Codes = {
  windowMs: 10 * MINUTE,
  slots: 2,
  keys: [{ name: "anna", key: KEY }, { name: "ben", key: OTHER_KEY }],
  from: CODES_FROM + MINUTE,
  until: CODES_FROM + 121 * MINUTE,
};
const FIRST = CODES_FROM / CODES.windowMs;

function code(window: number, { slot = 0, key = KEY } = {}): Uint8Array {
  return bytes(computeCode(key, FIRST + window, slot));
}

/** What a code of a window is for a new book, at a moment in milliseconds after the first window began. */
function ask(payload: Uint8Array, moment: number): string {
  return new CodeBook(CODES).accept(payload, "a", { at: 0, wall: CODES_FROM + moment });
}

table<[payload: Uint8Array, moment: number, expected: string]>("CodeBook: a code at a moment", {
  "its first millisecond": [code(1), 10 * MINUTE, "right"],
  "its last one": [code(1), 20 * MINUTE - 1, "right"],
  "the skew before": [code(1), 9 * MINUTE, "right"],
  "more than the skew before": [code(1), 9 * MINUTE - 1, "future"],
  "just under the skew after": [code(1), 21 * MINUTE - 1, "right"],
  "the skew after": [code(1), 21 * MINUTE, "past"],
  "three windows ago": [code(1), 45 * MINUTE, "past"],
  "long ago": [code(1), 55 * MINUTE, "wrong"],
  "far ahead": [code(9), 15 * MINUTE, "wrong"],
  "the last slot": [code(1, { slot: 1 }), 15 * MINUTE, "right"],
  "a slot that does not exist": [code(1, { slot: 2 }), 15 * MINUTE, "wrong"],
  "the second key": [code(1, { key: OTHER_KEY }), 15 * MINUTE, "right"],
  "a key that the firewall does not have": [
    code(1, { key: new Uint8Array(32).toBase64() }),
    15 * MINUTE,
    "wrong",
  ],
  "the window of the horizon's beginning, whole": [code(0), 0, "right"],
  "and the skew before it": [code(0), -MINUTE, "right"],
  "the window before the horizon": [code(-1), -5 * MINUTE, "wrong"],
  "and the skew after it": [code(-1), 30_000, "wrong"],
  "the window of the horizon's end, whole": [code(12), 130 * MINUTE - 1, "right"],
  "the window after the horizon": [code(13), 135 * MINUTE, "wrong"],
  "and the skew before that": [code(13), 130 * MINUTE - 1, "wrong"],
  "a byte more": [new Uint8Array([...code(1), 0x30]), 15 * MINUTE, "wrong"],
  "a byte less": [code(1).slice(0, -1), 15 * MINUTE, "wrong"],
  "nothing": [new Uint8Array(), 15 * MINUTE, "wrong"],
  "upper case": [
    bytes(new TextDecoder().decode(code(1)).toUpperCase()),
    15 * MINUTE,
    "wrong",
  ],
  "bytes that are no text": [new Uint8Array(32).fill(0xff), 15 * MINUTE, "wrong"],
}, ([payload, moment, expected]) => assertEquals(ask(payload, moment), expected));

Deno.test("CodeBook: a code belongs to the first source, and stays its own", () => {
  const book = new CodeBook(CODES);
  const at = (source: string, minutes: number, payload = code(1)) =>
    book.accept(payload, source, { at: minutes * MINUTE, wall: CODES_FROM + minutes * MINUTE });
  assertEquals(at("a", 9), "right");
  assertEquals(at("b", 10), "used");
  assertEquals(at("a", 15), "right");
  assertEquals(at("b", 20.9), "used", "nothing frees it");
  assertEquals(at("b", 20.9, code(1, { slot: 1 })), "right", "another slot");
  assertEquals(at("b", 20.9, code(1, { key: OTHER_KEY })), "right", "another key");
  assertEquals(at("a", 21), "past");
});

Deno.test("CodeBook: a wall clock that goes back frees no code, and one of years ago breaks nothing", () => {
  const book = new CodeBook(CODES);
  const wall = CODES_FROM + 15 * MINUTE;
  assertEquals(book.accept(code(1), "a", { at: 0, wall }), "right");
  assertEquals(book.accept(code(5), "a", { at: 1, wall: wall + 40 * MINUTE }), "right");
  assertEquals(book.accept(code(1), "b", { at: 2, wall }), "used");
  assertEquals(book.accept(code(1), "b", { at: 23 * 3_600_000, wall }), "used", "a day");
  assertEquals(book.accept(code(1), "b", { at: 23 * 3_600_000, wall: -5 }), "wrong");
});

Deno.test("CodeBook: the longest window is remembered until it is over", () => {
  const day = 86_400_000;
  const codes = { ...CODES, windowMs: day, until: CODES_FROM + 9 * day };
  const [book, window] = [new CodeBook(codes), CODES_FROM / day + 1];
  const payload = bytes(computeCode(KEY, window, 0));
  const at = (source: string, ms: number) =>
    book.accept(payload, source, { at: ms, wall: window * day - MINUTE + ms });
  assertEquals(at("a", 0), "right");
  assertEquals(at("b", day + 2 * MINUTE - 1), "used");
  assertEquals(at("b", day + 2 * MINUTE), "past");
});

table<[from: number, until: number]>("findMidWindow: a moment that the firewall has codes for", {
  "a day": [CODES_FROM, CODES_FROM + 86_400_000],
  "one window": [CODES_FROM + 1, CODES_FROM + 2],
  "no end": [CODES_FROM, Infinity],
  "from the beginning of time": [0, Infinity],
}, ([from, until]) => {
  const codes = { ...CODES, from, until };
  const moment = findMidWindow(codes);
  assertEquals(moment % codes.windowMs, codes.windowMs / 2);
  assertEquals(hasWindow(codes, Math.floor(moment / codes.windowMs)), true);
});
