import { assertEquals, assertThrows } from "@std/assert";
import {
  contains,
  createNetworkMatcher,
  parseAddress,
  parseNetwork,
} from "../../src/core/address/address.ts";
import { isIpv4, isIpv6 } from "../../src/core/address/syntax.ts";
import { table } from "../table.ts";

const ADDRESSES: Record<string, ["ipv4" | "ipv6", text: string, hex: string]> = {
  "0.0.0.0": ["ipv4", "0.0.0.0", "00000000"],
  "192.0.2.1": ["ipv4", "192.0.2.1", "c0000201"],
  "255.255.255.255": ["ipv4", "255.255.255.255", "ffffffff"],
  "::": ["ipv6", "::", "0".repeat(32)],
  "::1": ["ipv6", "::1", `${"0".repeat(31)}1`],
  "1::": ["ipv6", "1::", `0001${"0".repeat(28)}`],
  "2001:db8::1:0:0:1": ["ipv6", "2001:db8::1:0:0:1", "20010db8000000000001000000000001"],
  "2001:DB8:0:0:1:0:0:1": ["ipv6", "2001:db8::1:0:0:1", "20010db8000000000001000000000001"],
  // The longest run of zeros is shortened, and the first of two equal ones.
  "0:0:1:0:0:1:1:1": ["ipv6", "::1:0:0:1:1:1", "00000000000100000000000100010001"],
  "fe80::1%eth0": ["ipv6", "fe80::1", "fe800000000000000000000000000001"],
  "fe80::1%br-lan.7": ["ipv6", "fe80::1", "fe800000000000000000000000000001"],
  "64:ff9b::192.0.2.1": ["ipv6", "64:ff9b::c000:201", "0064ff9b0000000000000000c0000201"],
  "::192.0.2.1": ["ipv6", "::c000:201", "000000000000000000000000c0000201"],
  "::ffff:192.0.2.1": ["ipv4", "192.0.2.1", "c0000201"],
  "::ffff:c000:201": ["ipv4", "192.0.2.1", "c0000201"],
};

table("parseAddress reads", ADDRESSES, ([family, text, hex], written) => {
  const address = parseAddress(written);
  assertEquals([address.family, address.text], [family, text]);
  assertEquals(new Uint8Array(address.bytes).toHex(), hex);
});

const NO_ADDRESSES = [
  ...["", " ", "home", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4.", "1", "0x7f.0.0.1"],
  ...["01.2.3.4", "010.0.0.1", "1.2.3.4%eth0", "1.2.3.4\n", "192.0.2.0/24"],
  ...[":", ":::", "1::2::3", "g::", "[::1]", "::1%", "::1%a%b", "::1%a b", "::1]/x", "::\n1"],
  ...["::1/64", "::1.2.3", "::1.2.3.04", "%eth0"],
];

table(
  "addresses: refused is",
  NO_ADDRESSES.map((text) => [JSON.stringify(text), text] as const),
  (text, title) => {
    assertEquals([isIpv4(text), isIpv6(text)], [false, false]);
    const error = assertThrows(() => parseAddress(text), RangeError);
    assertEquals(error.message, `${title} is not an address: use an IPv4 or an IPv6 address`);
  },
);

table("isIpv4 and isIpv6 say of", {
  "192.0.2.1": [true, false],
  "::1": [false, true],
  "fw": [false, false],
  "010.0.0.1": [false, false],
  "fe80::1%eth0": [false, true],
}, (expected, text) => assertEquals([isIpv4(text), isIpv6(text)], expected));

table("parseNetwork reads", {
  "192.0.2.1": "192.0.2.1",
  "192.0.2.1/32": "192.0.2.1",
  "10.1.2.3/8": "10.0.0.0/8",
  "10.255.255.255/9": "10.128.0.0/9",
  "0.0.0.0/0": "0.0.0.0/0",
  "2001:DB8:0:0::1": "2001:db8::1",
  "2001:db8:ffff::1/33": "2001:db8:8000::/33",
  "2001:db8::1/128": "2001:db8::1",
  "::1/0": "::/0",
  "0:0:1:0:0:1:1:1": "::1:0:0:1:1:1",
  "::192.0.2.1/96": "::/96",
  // In a rule set this is what is written: an IPv6 address.
  "::ffff:192.0.2.1": "::ffff:c000:201",
}, (expected, text) => assertEquals(parseNetwork(text).text, expected));

const NO_NETWORKS = [
  ...["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/8.0"],
  ...["10.0.0.0/ 8", "10.0.0.0/0x8", "10.0.0.0/255.0.0.0", "10/8", "10.0.0.0/1e1", "x/8", "/8", ""],
  ...["fe80::1%eth0", "fe80::%eth0/64", "[::1]/128", "010.0.0.0/8", "::1]/128"],
];

table(
  "networks: refused is",
  NO_NETWORKS.map((text) => [JSON.stringify(text), text] as const),
  (text, title) => {
    assertThrows(() => parseNetwork(text), RangeError, `${title} is not a network`);
    assertThrows(() => createNetworkMatcher([text]), RangeError, title);
  },
);

const isIn = createNetworkMatcher(["192.0.2.1", "10.1.2.3/8", "2001:db8::/32", "fd00::5/128"]);

table("createNetworkMatcher looks up", {
  "192.0.2.1": true,
  "192.0.2.2": false,
  "10.255.0.1": true,
  "11.0.0.1": false,
  "2001:db8:ffff::1": true,
  "2001:db9::1": false,
  "fd00::5": true,
  "fd00::6": false,
  "::ffff:10.0.0.1": true,
  "::a00:1": false,
}, (expected, text) => assertEquals(isIn(parseAddress(text)), expected));

Deno.test("createNetworkMatcher: no network contains nothing, /0 its own family", () => {
  assertEquals(createNetworkMatcher([])(parseAddress("192.0.2.1")), false);
  assertEquals(createNetworkMatcher(["0.0.0.0/0"])(parseAddress("192.0.2.1")), true);
  assertEquals(createNetworkMatcher(["0.0.0.0/0"])(parseAddress("::1")), false);
});

table("contains compares networks", {
  "10.0.0.0/8 10.1.0.0/16": true,
  "10.0.0.0/8 10.0.0.0/8": true,
  "10.1.0.0/16 10.0.0.0/8": false,
  "10.0.0.0/8 11.0.0.0/16": false,
  "2001:db8::/32 2001:db8:1::/48": true,
  "::/0 10.0.0.0/8": false,
}, (expected, text) => {
  const [outer = "", inner = ""] = text.split(" ");
  assertEquals(contains(parseNetwork(outer), parseNetwork(inner)), expected);
});
