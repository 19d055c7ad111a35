import { assertEquals, assertThrows } from "@std/assert";
import { SecretError } from "../../src/core/errors.ts";
import { readPassphrase, splitLines } from "../../src/secret/text.ts";
import { table } from "../table.ts";

const encode = (latin1: string) => Uint8Array.from(latin1, (char) => char.charCodeAt(0));
const read = (latin1: string) =>
  readPassphrase(encode(latin1), { subject: "it", allowEmpty: true });

table("readPassphrase", [
  ["LF", ["a\nb", "a"]],
  ["CRLF", ["a\r\n", "a"]],
  ["CR alone", ["a\rb\n", "a\rb"]],
  ["spaces", [" a ", " a "]],
  ["bytes that are not UTF-8", ["\xff\0\n", "\xff\0"]],
  ["an empty line", ["\na", ""]],
  ["nothing", ["", ""]],
  ["a byte order mark", ["\xef\xbb\xbfMikroTik\n", "MikroTik"]],
  ["a byte order mark elsewhere", ["a\xef\xbb\xbf\n", "a\xef\xbb\xbf"]],
  ["half a byte order mark", ["\xef\xbb\n", "\xef\xbb"]],
] as [string, [string, string]][], ([text, line]) => assertEquals(read(text), encode(line)));

table("readPassphrase: refuses UTF-16", {
  "little endian": "\xff\xfeM\0\n\0",
  "big endian": "\xfe\xff\0M\0\n",
  "UTF-32": "\xff\xfe\0\0M\0\0\0",
  "without a mark": "M\0i\0",
  "without a mark, big endian": "\0M\0i",
}, (text) => {
  const error = assertThrows(() => read(text), SecretError, "it is UTF-16 text");
  assertEquals(error.hint, "save it as UTF-8");
});

Deno.test("splitLines: at LF and CRLF", () => {
  assertEquals(splitLines(encode("a\r\n\nb")), ["a", "", "b"].map(encode));
});
