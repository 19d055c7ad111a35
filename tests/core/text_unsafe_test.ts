import { assert, assertEquals } from "@std/assert";
import { renderJson } from "../../src/core/text.ts";
import { renderValue } from "../../src/config/toml/render.ts";
import { readToml } from "../../src/config/toml/read.ts";
import { table } from "../table.ts";

const HOSTILE = {
  "C0 controls and DEL": "a\0\x1b[2J\r\n\t\x7f",
  "C1 controls": "\x80\x9b31m\x9f",
  "directions": "\u061c\u200e\u202e\u2066",
  "invisible characters": "\u200b\u2028\u2060\ufeff\ufff9",
  "tags": "\u{e0000}\u{e0041}\u{e007f}",
};

const PRINTABLE = /^[ -~\n]*$/;

table("renderJson writes the same value in characters that can be seen", HOSTILE, (text) => {
  for (const value of [text, { [text]: [text, { b: text }] }]) {
    for (const options of [{}, { indent: 2 }]) {
      const json = renderJson(value, options);
      assert(PRINTABLE.test(json), JSON.stringify(json));
      assertEquals(JSON.parse(json), value);
    }
  }
});

table("TOML is written in characters that can be seen, too", HOSTILE, (text) => {
  const toml = `a = ${renderValue(text)}\n`;
  assert(PRINTABLE.test(toml), JSON.stringify(toml));
  const reading = readToml(toml);
  assertEquals("value" in reading && reading.value, { a: text });
});

Deno.test("renderJson leaves letters, emoji and the layout as they are", () => {
  const value = { name: "žluťoučký 🔑 例え", items: [1, null] };
  assertEquals(renderJson(value, { indent: 2 }), JSON.stringify(value, undefined, 2));
  assertEquals(renderJson(value), JSON.stringify(value));
});
