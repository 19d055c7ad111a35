import { assertEquals } from "@std/assert";
import { sanitize, sanitizeLines } from "../../src/output/sanitize.ts";
import { table } from "../table.ts";

table<readonly [string, string]>("sanitize escapes what can steer a terminal or reorder text", {
  "plain text": ["SSH-2.0-OpenSSH_9.2", "SSH-2.0-OpenSSH_9.2"],
  "letters of any script": ["žluťoučký 🔑 例え", "žluťoučký 🔑 例え"],
  "escape sequences": ["\x1b[31mred\x07", "\\u{1b}[31mred\\u{7}"],
  "line ends, tabulator and NUL": ["a\r\nb\tc\0", "a\\u{d}\\u{a}b\\u{9}c\\u{0}"],
  "8-bit controls": ["\x7f\x80\x9b31m", "\\u{7f}\\u{80}\\u{9b}31m"],
  "directions": ["a\u202eb\u2066c\u200fd\u061c", "a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}"],
  "invisible characters": [
    "a\u200bb\u2028c\ufeffd\ufff9",
    "a\\u{200b}b\\u{2028}c\\u{feff}d\\u{fff9}",
  ],
  "tags, which hide text": ["a\u{e0000}\u{e0041}\u{e007f}b", "a\\u{e0000}\\u{e0041}\\u{e007f}b"],
}, ([text, safe]) => assertEquals(sanitize(text), safe));

Deno.test("sanitize escapes every control character of Unicode", () => {
  for (let code = 0; code < 0xa0; code++) {
    const isControl = code < 0x20 || code >= 0x7f;
    const character = String.fromCharCode(code);
    assertEquals(sanitize(character) === character, !isControl, code.toString(16));
  }
});

Deno.test("sanitizeLines keeps line feeds", () => {
  assertEquals(sanitizeLines("a\nb\x1b\r\n"), "a\nb\\u{1b}\\u{d}\n");
});
