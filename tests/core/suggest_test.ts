import { assertEquals } from "@std/assert";
import { suggest } from "../../src/core/suggest.ts";
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
  ["KNOCK", "knock"],
  ["lst", "list"],
  ["renam", "rename"],
  ["probes", "probe"],
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
