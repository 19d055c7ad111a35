import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ValueError } from "../../src/core/errors.ts";
import { parseHost, parseLogin, parseSource, parseTargetName } from "../../src/core/target.ts";
import { table } from "../table.ts";

/** Rows whose titles are the texts themselves. */
function list(texts: readonly string[]): [string, string][] {
  return texts.map((text) => [JSON.stringify(text), text]);
}

table("parseTargetName accepts", list(["a", "home", "Home-2_b", "a".repeat(64)]), (text) => {
  assertEquals(parseTargetName(text), text);
});

const NO_NAMES = [
  ...["", "2home", "-a", "_a", "a b", "a.b", "häuschen", "a\n", "a\u202e", "a".repeat(65)],
];

table("parseTargetName refuses", list(NO_NAMES), (text, title) => {
  const error = assertThrows(() => parseTargetName(text), RangeError);
  assertStringIncludes(error.message, `${title} cannot name a target: use letters`);
});

const HOSTS = [
  "fw",
  "fw.example.com",
  "fw.example.com.",
  "_knock.example",
  "a-b.example",
  "bücher.example",
  "例え.jp",
  "हिन्दी.example",
  "192.0.2.1",
  "0.0.0.0",
  "255.255.255.255",
  "::1",
  "2001:db8::1",
  "::ffff:192.0.2.1",
  "fe80::1%eth0",
  "fe80::1%br-lan.7",
  "1.example",
  `${"a".repeat(63)}.example`,
  "abcdefg.".repeat(31) + "abcde",
];

table("parseHost accepts", list(HOSTS), (text) => assertEquals(parseHost(text), text));

Deno.test("parseHost removes brackets around an IPv6 address", () => {
  assertEquals(parseHost("[::1]"), "::1");
  assertEquals(parseHost("[fe80::1%br-lan]"), "fe80::1%br-lan");
});

const NO_HOSTS = [
  "",
  " ",
  "a b",
  "fw\n",
  "fw\u0000",
  "\u001b[31mfw",
  "fw\u202egnp",
  "-fw",
  "fw-",
  "fw..example",
  ".fw",
  "1.2.3",
  "256.1.1.1",
  "1.2.3.4.5",
  "1.2.3.4.",
  "01.2.3.4",
  "12345",
  "host:22",
  "http://fw",
  "fw/24",
  "::1::2",
  ":::",
  "::\n1",
  "::1]/x",
  "::1]:80",
  "::1%",
  "::1%a%b",
  "::1%a b",
  "[fw]",
  "[192.0.2.1]",
  "[::1",
  `${"a".repeat(64)}.example`,
  "abcdefg.".repeat(31) + "abcdef",
];

table("parseHost refuses", list(NO_HOSTS), (text, title) => {
  const error = assertThrows(() => parseHost(text), RangeError);
  assertEquals(
    error.message,
    `${title} is not a host: use a name, an IPv4 or an IPv6 address`,
  );
});

table<string>("parseSource takes addresses and interfaces", {
  "192.0.2.1": "192.0.2.1",
  "[fd00::1]": "fd00::1",
  "fd00::1": "fd00::1",
  "fe80::1%eth0": "fe80::1%eth0",
  "[fe80::1%eth0]": "fe80::1%eth0",
  eth0: "eth0",
  "wg-home.3": "wg-home.3",
  "Local Area Connection": "Local Area Connection",
}, (source, text) => assertEquals(parseSource(text), source));

table<string>("parseSource refuses", {
  "fe80::1":
    '"fe80::1" is link-local and needs its interface: use ADDRESS%INTERFACE, such as fe80::1%eth0',
  "[fe80::1]":
    '"[fe80::1]" is link-local and needs its interface: use ADDRESS%INTERFACE, such as fe80::1%eth0',
  "": '"" is not a source',
  "192.0.2.300": '"192.0.2.300" is not a source',
  "[eth0]": '"[eth0]" is not a source',
  "a/b": '"a/b" is not a source',
  "a:1": '"a:1" is not a source',
}, (message, text) => void assertThrows(() => parseSource(text), ValueError, message));

table(
  "a place to log in to",
  [
    "fw",
    "root@fw.example.com",
    "root@10.0.0.1",
    "root@2001:db8::1",
    "anna.b-c@fw_1",
    "ssh://root@fw:2222",
  ].map((text) => [text, text] as const),
  (text) => assertEquals(parseLogin(text), text),
);

table(
  "not a place to log in to",
  [
    "",
    " ",
    "-oProxyCommand=x",
    "root@-fw",
    "-root@fw",
    "root@",
    "@fw",
    "a@b@fw",
    "root@fw uptime",
    "root@f\tw",
    "root@fw\x1b[2J",
    "root@fw\0",
  ].map((text) => [JSON.stringify(text), text] as const),
  (text) => {
    assertThrows(
      () => parseLogin(text),
      RangeError,
      "is not a place to log in to: use [USER@]HOST",
    );
  },
);
