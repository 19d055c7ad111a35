import { assertEquals } from "@std/assert";
import { cutToWidth, measureWidth } from "../../src/output/width.ts";
import { table } from "../table.ts";

table("measureWidth", {
  "": 0,
  "abc": 3,
  "é": 1,
  "e\u0301": 1,
  "東京": 4,
  "ｗ": 2,
  "😀": 2,
  "👩\u200d💻": 2,
  "👍🏽": 2,
  "🇩🇪": 2,
  "❤\ufe0f": 2,
  "❯ ›…": 4,
  "\u0301": 0,
  "a\u200b": 1,
  "\x1b[1m東\x1b[22m": 2,
}, (expected, text) => assertEquals(measureWidth(text), expected));

table("cutToWidth", [
  ["as it is", { line: "abc", columns: 3, expected: "abc" }],
  ["cut", { line: "abcd", columns: 3, expected: "ab…" }],
  ["a wide character that does not fit", { line: "a東京", columns: 4, expected: "a東…" }],
  ["half of a wide character", { line: "東京東", columns: 4, expected: "東…" }],
  ["colours stay whole", {
    line: "\x1b[1mabcd\x1b[22m",
    columns: 3,
    expected: "\x1b[1mab…\x1b[22m",
  }],
], ({ line, columns, expected }) => assertEquals(cutToWidth(line, columns), expected));
