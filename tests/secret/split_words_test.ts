import { assertEquals, assertThrows } from "@std/assert";
import { splitWords } from "../../src/secret/split_words.ts";
import { table } from "../table.ts";

table("splitWords", [
  ["pass show fw/1", ["pass", "show", "fw/1"]],
  ["  a\t b\n", ["a", "b"]],
  [`'a b' "c d"`, ["a b", "c d"]],
  [`a'b c'd"e f"`, ["ab cde f"]],
  [`'' ""`, ["", ""]],
  [`"say \\"hi\\" \\\\ \\n"`, ['say "hi" \\ \\n']],
  [`a\\ b \\'`, ["a b", "'"]],
  [`'\\'`, ["\\"]],
  ["$HOME | x; *", ["$HOME", "|", "x;", "*"]],
  ["", []],
] as [string, string[]][], (words, text) => assertEquals(splitWords(text), words));

table(
  "splitWords: refuses",
  ["'a", 'a "b', "a\\"].map((text) => [text, text] as const),
  (text) => void assertThrows(() => splitWords(text), RangeError, "not complete at the end"),
);
