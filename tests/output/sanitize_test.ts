import { assertEquals } from "@std/assert";
import { sanitize, sanitizeLines } from "../../src/output/sanitize.ts";

Deno.test("what could steer a terminal or reorder text is escaped", () => {
  const cases: [string, string][] = [
    ["SSH-2.0-OpenSSH_9.2", "SSH-2.0-OpenSSH_9.2"],
    ["žluťoučký 🔑 例え", "žluťoučký 🔑 例え"],
    ["\x1b[31mred\x07", "\\u{1b}[31mred\\u{7}"],
    ["a\r\nb\tc\0", "a\\u{d}\\u{a}b\\u{9}c\\u{0}"],
    ["\x7f\x80\x9b31m", "\\u{7f}\\u{80}\\u{9b}31m"],
    ["a\u202eb\u2066c\u200fd\u061c", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"],
    ["a\u200bb\u2028c\ufeffd\ufff9", "a\\u{200b}b\\u{2028}c\\u{feff}d\\u{fff9}"],
  ];
  for (const [text, safe] of cases) assertEquals(sanitize(text), safe);
});

Deno.test("every control character of Unicode is escaped", () => {
  for (let code = 0; code < 0xa0; code++) {
    const isControl = code < 0x20 || code >= 0x7f;
    const character = String.fromCharCode(code);
    assertEquals(sanitize(character) === character, !isControl, code.toString(16));
  }
});

Deno.test("text of several lines keeps its line feeds only", () => {
  assertEquals(sanitizeLines("a\nb\x1b\r\n"), "a\nb\\u{1b}\\u{d}\n");
});
