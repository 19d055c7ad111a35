import { assertEquals } from "@std/assert";
import { fillIn, joinAnd, joinOr, joinWithin, renderOrdinal } from "../../src/core/text.ts";
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

table("joinAnd", [
  ["nothing", [[], ""]],
  ["one", [["a"], "a"]],
  ["three", [["a", "b", "c"], "a, b and c"]],
] as [string, [string[], string]][], ([items, text]) => assertEquals(joinAnd(items), text));

table("renderOrdinal", {
  first: 1,
  ninth: 9,
  "10th": 10,
  "11th": 11,
  "13th": 13,
  "21st": 21,
  "22nd": 22,
  "112th": 112,
}, (place, text) => assertEquals(renderOrdinal(place), text));
