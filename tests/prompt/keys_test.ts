import { assertEquals } from "@std/assert";
import { isText, KeyDecoder, SPLIT_MS } from "../../src/prompt/keys.ts";

/** Reads, each with the milliseconds since the one before. */
function decode(...reads: [text: string, afterMs: number][]): string[] {
  const decoder = new KeyDecoder();
  let now = 0;
  return reads.flatMap(([text, afterMs]) => {
    now += afterMs;
    return decoder.push(new TextEncoder().encode(text), now);
  });
}

for (
  const [text, keys] of [
    ["ab", ["a", "b"]],
    ["😀é", ["😀", "é"]],
    ["\r", ["\r"]],
    ["\n", ["\r"]],
    ["\r\n", ["\r"]],
    ["\n\n\r\r", ["\r", "\r", "\r", "\r"]],
    ["\x1b[A", ["\x1b[A"]],
    ["\x1b[1;5D", ["\x1b[1;5D"]],
    ["\x1b[3~x", ["\x1b[3~", "x"]],
    ["\x1bOP", ["\x1bOP"]],
    ["\x1b[[A", ["\x1b[[A"]],
    ["\x1b[<0;10;5Mx", ["\x1b[<0;10;5M", "x"]],
    ["\x1bd", ["\x1bd"]],
    ["\x1b😀", ["\x1b😀"]],
    ["\x1b\x7f", ["\x1b\x7f"]],
    ["\x1b\x1b[A", ["\x1b[A"]],
    ["\x1b\r", ["\r"]],
    ["\x1b[\x03", ["\x03"]],
    ["\x1b[12éx", ["é", "x"]],
    ["\x1bO\r", ["\r"]],
    ["\x1b", []],
    ["\x1b[", []],
    ["\x1b[12;", []],
  ] as const
) {
  Deno.test(`keys: ${JSON.stringify(text)}`, () => {
    assertEquals(decode([text, 0]), [...keys]);
  });
}

Deno.test("keys: an escape sequence may come in parts, soon", () => {
  assertEquals(decode(["\x1b", 0], ["[", SPLIT_MS], ["A", SPLIT_MS]), ["\x1b[A"]);
});

Deno.test("keys: what comes late is no part of an escape sequence", () => {
  assertEquals(decode(["\x1b", 0], ["[A", SPLIT_MS + 1]), ["[", "A"]);
  assertEquals(decode(["\x1b[1", 0], ["x", SPLIT_MS + 1]), ["x"]);
});

Deno.test("keys: CR and LF in two reads are one Enter, soon", () => {
  assertEquals(decode(["a\r", 0], ["\nb", SPLIT_MS]), ["a", "\r", "b"]);
  assertEquals(decode(["a\r", 0], ["\nb", SPLIT_MS + 1]), ["a", "\r", "\r", "b"]);
  assertEquals(decode(["\r", 0], ["\n", 1], ["\n", 1]), ["\r", "\r"]);
});

Deno.test("keys: UTF-8 in parts, however late", () => {
  const decoder = new KeyDecoder();
  const [a, b, c, d] = new TextEncoder().encode("😀");
  assertEquals(decoder.push(Uint8Array.of(a!, b!), 0), []);
  assertEquals(decoder.push(Uint8Array.of(c!), 1e6), []);
  assertEquals(decoder.push(Uint8Array.of(d!, 0x61), 2e6), ["😀", "a"]);
});

Deno.test("keys: bytes that are not UTF-8", () => {
  assertEquals(new KeyDecoder().push(Uint8Array.of(0x61, 0xe4, 0x62), 0), ["a", "\ufffd", "b"]);
});

Deno.test("keys: what is text", () => {
  for (const key of ["a", " ", "é", "😀", "\u0301", "\ufeff"]) assertEquals(isText(key), true, key);
  for (const key of ["\t", "\r", "\x1b", "\x7f", "\u0085", "\x1b[A", ""]) {
    assertEquals(isText(key), false, JSON.stringify(key));
  }
});
