import { assertEquals } from "@std/assert";
import { editLine, eraseBackward, garbled, isEnd } from "../../src/prompt/line.ts";

/** `ab|c` is the text "abc" with the cursor before the c. */
function parseLine(text: string) {
  return { text: text.replace("|", ""), cursor: text.indexOf("|") };
}

for (
  const [before, key, after] of [
    ["ab|c", "\x7f", "a|c"],
    ["ab|c", "\b", "a|c"],
    ["|abc", "\x7f", "|abc"],
    ["a😀|c", "\x7f", "a|c"],
    ["ae\u0301|", "\x7f", "a|"],
    ["two words|!", "\x17", "two |!"],
    ["two words  |", "\x1b\x7f", "two |"],
    ["ab|c", "\x15", "|c"],
    ["a|😀c", "\x1b[3~", "a|c"],
    ["a|", "\x1b[3~", "a|"],
    ["a😀|", "\x1b[D", "a|😀"],
    ["a|😀", "\x1bOC", "a😀|"],
    ["ab|", "\x01", "|ab"],
    ["|ab", "\x1b[4~", "ab|"],
  ] as const
) {
  Deno.test(`line: ${JSON.stringify(key)} on ${before}`, () => {
    assertEquals(editLine(parseLine(before), key), parseLine(after));
  });
}

for (
  const [before, key] of [
    ["|a", "\x1b[D"],
    ["a|", "\x1b[C"],
    ["a|", "b"],
    ["a|", "\r"],
    ["a|", "\x1b[A"],
  ] as const
) {
  Deno.test(`line: ${JSON.stringify(key)} on ${before} changes nothing`, () => {
    assertEquals(editLine(parseLine(before), key), undefined);
  });
}

Deno.test("line: only erasing keys erase", () => {
  assertEquals(eraseBackward("ab", "\x7f"), "a");
  assertEquals(eraseBackward("ab", "\x1b[D"), undefined);
});

Deno.test("line: Ctrl-D ends an empty line only", () => {
  assertEquals([isEnd("", "\x04"), isEnd("a", "\x04"), isEnd("", "d")], [true, false, false]);
});

Deno.test("line: text that did not arrive as typed", () => {
  assertEquals(garbled("pä"), undefined);
  assertEquals(garbled("p\ufffd")?.includes("UTF-8"), true);
});
