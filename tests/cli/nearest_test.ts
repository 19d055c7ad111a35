import { assertEquals } from "@std/assert";
import { nearest } from "../../src/cli/nearest.ts";

Deno.test("a slip finds what was meant, another word nothing", () => {
  const commands = ["knock", "probe", "list", "show", "remove", "rename"];
  const cases: [string, string | undefined][] = [
    ["knok", "knock"],
    ["KNOCK", "knock"],
    ["lst", "list"],
    ["renam", "rename"],
    ["rm", undefined],
    ["zzz", undefined],
    ["nope", undefined],
    ["probes", "probe"],
  ];
  for (const [word, expected] of cases) assertEquals(nearest(word, commands), expected, word);
  assertEquals(nearest("x", []), undefined);
});
