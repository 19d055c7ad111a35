import { assertEquals } from "@std/assert";
import { renderList } from "../../src/output/table.ts";
import { wrapWords } from "../../src/output/wrap.ts";
import { table } from "../table.ts";

table("wrapWords at 10 columns", {
  "short": ["short"],
  "one two three four": ["one two", "  three", "  four"],
  "  led by spaces": ["  led by", "  spaces"],
  "averylongword x": ["averylongword", "  x"],
  "界界界 界界界": ["界界界", "  界界界"],
}, (lines, text) => assertEquals(wrapWords(text, { width: 10, indent: 2 }), lines));

Deno.test("wrapWords keeps a command in one piece", () => {
  assertEquals(
    wrapWords("hint: is it so? spknock knock home 7, or not", { width: 20, keepsCommands: true }),
    ["hint: is it so?", "spknock knock home 7,", "or not"],
  );
});

Deno.test("renderList: text beside the heads, below them where there is no room", () => {
  const rows = [["  --a", "one two three four five six"], ["  --bcd VALUE", "x"]] as const;
  assertEquals(
    renderList(rows, { width: 40 }),
    "  --a          one two three four five\n               six\n  --bcd VALUE  x\n",
  );
  assertEquals(
    renderList(rows, { width: 30 }),
    "  --a\n        one two three four\n        five six\n  --bcd VALUE\n        x\n",
  );
});
