import { assertEquals, assertThrows } from "@std/assert";
import { matcherOf, parseAddress } from "../../src/gate/address.ts";

Deno.test("parseAddress reads both families", () => {
  const table: [text: string, family: "ipv4" | "ipv6", bits: bigint][] = [
    ["0.0.0.0", "ipv4", 0n],
    ["192.0.2.1", "ipv4", 0xc0000201n],
    ["255.255.255.255", "ipv4", 0xffffffffn],
    ["::", "ipv6", 0n],
    ["::1", "ipv6", 1n],
    ["1::", "ipv6", 1n << 112n],
    ["2001:db8::1:0:0:1", "ipv6", 0x20010db8000000000001000000000001n],
    ["2001:DB8:0:0:1:0:0:1", "ipv6", 0x20010db8000000000001000000000001n],
    ["fe80::1%eth0", "ipv6", 0xfe800000000000000000000000000001n],
    ["64:ff9b::192.0.2.1", "ipv6", 0x0064ff9b0000000000000000c0000201n],
    ["::ffff:192.0.2.1", "ipv4", 0xc0000201n],
    ["::ffff:c000:201", "ipv4", 0xc0000201n],
  ];
  for (const [text, family, bits] of table) {
    assertEquals(parseAddress(text), { family, bits }, text);
  }
});

Deno.test("parseAddress names what is no address", () => {
  for (
    const text of ["", "home", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":", ":::", "1::2::3", "g::"]
  ) {
    assertThrows(() => parseAddress(text), RangeError, `"${text}"`);
  }
});

Deno.test("matcherOf looks up addresses and networks", () => {
  const isIn = matcherOf(["192.0.2.1", "10.1.2.3/8", "2001:db8::/32", "fd00::5/128"]);
  const table: [text: string, expected: boolean][] = [
    ["192.0.2.1", true],
    ["192.0.2.2", false],
    ["10.255.0.1", true],
    ["11.0.0.1", false],
    ["2001:db8:ffff::1", true],
    ["2001:db9::1", false],
    ["fd00::5", true],
    ["fd00::6", false],
    ["::ffff:10.0.0.1", true],
    ["::a00:1", false],
  ];
  for (const [text, expected] of table) assertEquals(isIn(parseAddress(text)), expected, text);
  assertEquals(matcherOf([])(parseAddress("192.0.2.1")), false);
  assertEquals(matcherOf(["0.0.0.0/0"])(parseAddress("192.0.2.1")), true);
  assertEquals(matcherOf(["0.0.0.0/0"])(parseAddress("::1")), false);
});

Deno.test("matcherOf names what is no network", () => {
  for (const text of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "x/8"]) {
    assertThrows(() => matcherOf([text]), RangeError, text.startsWith("x") ? `"x"` : `"${text}"`);
  }
});
