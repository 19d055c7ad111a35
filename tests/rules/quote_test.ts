import { assertEquals, assertThrows } from "@std/assert";
import { quoteKnockd } from "../../src/rules/backends/quote/knockd.ts";
import { quoteNft, renderNftDuration, requireNftName } from "../../src/rules/backends/quote/nft.ts";
import { quoteRestore } from "../../src/rules/backends/quote/restore.ts";
import { quoteRouterOs } from "../../src/rules/backends/quote/routeros.ts";
import { quoteShell } from "../../src/core/text.ts";
import { testWith } from "../systems.ts";
import { parseRouterOs } from "./routeros.ts";

const NASTY = [
  "",
  "a b",
  "$(id)",
  "`id`",
  "it's",
  'say "hi"',
  "back\\slash",
  "a;b|c&d>e",
  "*?[x]",
  "#x",
  "!x",
  "ünï",
  "$a",
  "-n",
];

testWith("sh", "shell: a word is read back as it was", async () => {
  const script = `printf '%s\\n' ${["x", ...NASTY].map(quoteShell).join(" ")}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\n").slice(1, -1), NASTY);
});

Deno.test("shell: what needs no quotes has none", () => {
  assertEquals(quoteShell("/proc/net/xt_recent/spk.home.o.4"), "/proc/net/xt_recent/spk.home.o.4");
  assertEquals(quoteShell("a'b"), `'a'\\''b'`);
});

Deno.test("nftables: strings know no escapes, identifiers are plain", () => {
  assertEquals(quoteNft("eth*"), `"eth*"`);
  for (const text of ['a"b', "a\\b", "a\nb"]) assertThrows(() => quoteNft(text), RangeError);
  assertEquals(requireNftName("spknock_a-_1"), "spknock_a-_1");
  for (const text of ["", "1a", "a b", "a;b", "a{"]) {
    assertThrows(() => requireNftName(text), RangeError);
  }
});

Deno.test("iptables-restore: double quotes and backslashes", () => {
  assertEquals(quoteRestore("eth+"), "eth+");
  assertEquals(quoteRestore('a "b" \\'), '"a \\"b\\" \\\\"');
  assertThrows(() => quoteRestore("a\nCOMMIT"), RangeError);
});

Deno.test("RouterOS: a string is read back as it was", () => {
  for (const text of [...NASTY, "a\nb", "\0", "\x7f"]) {
    const [command] = parseRouterOs(`:put x=${quoteRouterOs(text)}`);
    assertEquals(command?.parameters.get("x"), { kind: "text", text }, JSON.stringify(text));
  }
  assertEquals(quoteRouterOs('"\\$\n'), '"\\"\\\\\\$\\0A"');
});

Deno.test("knockd: a value is the rest of its line", () => {
  assertEquals(quoteKnockd("a = b # c"), "a = b # c");
  for (const text of ["a\nb", " a", "a ", "\t"]) assertThrows(() => quoteKnockd(text), RangeError);
});

Deno.test("nftables: a time has no number of more than eight digits", () => {
  assertEquals(renderNftDuration(300_000), "5m");
  assertEquals(renderNftDuration(1_500), "1500ms");
  assertEquals(renderNftDuration(99_999_999), "99999999ms");
  assertEquals(renderNftDuration(100_000_001), "100000s1ms");
  assertEquals(renderNftDuration(2 ** 31 - 1), "2147483s647ms");
});
