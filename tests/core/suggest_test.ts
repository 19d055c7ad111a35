import { assertEquals } from "@std/assert";
import { suggest, suggestOr } from "../../src/core/suggest.ts";
import { table } from "../table.ts";

const WORDS = [
  "knock",
  "probe",
  "list",
  "show",
  "remove",
  "rename",
  "demo",
  "hash",
  "knockd",
  "tls",
];

table("suggest", [
  ["knok", "knock"],
  ["konck", "knock"],
  ["tsl", "tls"],
  ["hsah", "hash"],
  ["KNOCK", "knock"],
  ["lst", "list"],
  ["renam", "rename"],
  ["probes", "probe"],
  ["proof", undefined],
  ["block", undefined],
  ["unlock", undefined],
  ["rm", undefined],
  ["zzz", undefined],
  ["qqqq", undefined],
  ["nope", undefined],
  ["home", undefined],
  ["ufw", undefined],
  ["dns", undefined],
  ["passphrase", undefined],
  ["x".repeat(100), undefined],
], (expected, word) => assertEquals(suggest(word, WORDS), expected));

Deno.test("suggest: nothing is known, nothing is suggested", () => {
  assertEquals(suggest("x", []), undefined);
});

Deno.test("suggestOr: the near word, or what to say otherwise", () => {
  assertEquals(suggestOr(": use tls", "tsl", ["tls"]), ', did you mean "tls"?');
  assertEquals(suggestOr(": use tls", "zzz", ["tls"]), ": use tls");
});
