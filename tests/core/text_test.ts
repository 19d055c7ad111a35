import { assertEquals } from "@std/assert";
import { fillIn, joinOr, joinWithin } from "../../src/core/text.ts";
import { table } from "../table.ts";

table("joinOr", [
  ["", []],
  ["a", ["a"]],
  ["a or b", ["a", "b"]],
  ["a, b or c", ["a", "b", "c"]],
] as [string, string[]][], (items, text) => assertEquals(joinOr(items), text));

table("joinWithin", [
  ["aa, bb, cc", 10],
  ["aa, ...", 9],
  ["aa, ...", 7],
  ["...", 6],
], (width, text) => assertEquals(joinWithin(["aa", "bb", "cc"], width), text));

table("fillIn", [
  ["{a}-{b}", "1-{a}"],
  ["{c} {toString} {}", "{c} {toString} {}"],
  ["x{none}y", "xy"],
], (filled, text) => {
  assertEquals(fillIn(text, { a: 1, b: "{a}", none: undefined }), filled);
});
