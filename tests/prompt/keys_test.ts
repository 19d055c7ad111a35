import { assertEquals } from "@std/assert";
import { isText, KeyDecoder } from "../../src/prompt/keys.ts";
import { table } from "../table.ts";

/** As in keys.ts: milliseconds within which the parts of one key arrive. */
const SPLIT_MS = 100;

/** Reads, each with the milliseconds since the one before. */
function decode(...reads: [text: string, afterMs: number][]): string[] {
  const decoder = new KeyDecoder();
  let now = 0;
  return reads.flatMap(([text, afterMs]) => {
    now += afterMs;
    return decoder.push(new TextEncoder().encode(text), now);
  });
}

const READS = [
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
] as const;

table(
  "keys",
  READS.map(([text, keys]) => [JSON.stringify(text), { text, keys }] as const),
  ({ text, keys }) => assertEquals(decode([text, 0]), [...keys]),
);

Deno.test("keys: an escape sequence in parts is one key, within SPLIT_MS", () => {
  assertEquals(decode(["\x1b", 0], ["[", SPLIT_MS], ["A", SPLIT_MS]), ["\x1b[A"]);
});

Deno.test("keys: a late part does not belong to the escape sequence", () => {
  assertEquals(decode(["\x1b", 0], ["[A", SPLIT_MS + 1]), ["[", "A"]);
  assertEquals(decode(["\x1b[1", 0], ["x", SPLIT_MS + 1]), ["x"]);
});

Deno.test("keys: CR and LF in two reads are one Enter, within SPLIT_MS", () => {
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

const TEXT = ["a", " ", "é", "😀", "\u0301", "\ufeff"].map((key) => [key, true] as const);
const KEYS = ["\t", "\r", "\x1b", "\x7f", "\u0085", "\x1b[A", ""].map((key) =>
  [key, false] as const
);

table(
  "isText",
  [...TEXT, ...KEYS].map(([key, expected]) => [JSON.stringify(key), { key, expected }] as const),
  ({ key, expected }) => assertEquals(isText(key), expected),
);
