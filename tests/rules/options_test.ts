import { assertEquals, assertThrows } from "@std/assert";
import { renderForward } from "../../src/core/service.ts";
import { parseForwards, parseInterfaces, parseTrusted } from "../../src/rules/options.ts";
import { table } from "../table.ts";

table<string[]>("parseTrusted: canonical, each once, without contained ones", {
  "192.0.2.1": ["192.0.2.1"],
  "192.0.2.1/32": ["192.0.2.1"],
  "10.1.2.3/8": ["10.0.0.0/8"],
  "10.0.0.0/8,10.1.0.0/16,10.2.3.4": ["10.0.0.0/8"],
  "10.1.0.0/16,10.0.0.0/8": ["10.0.0.0/8"],
  "192.0.2.1,192.0.2.1": ["192.0.2.1"],
  "2001:DB8:0:0::1": ["2001:db8::1"],
  "2001:db8:ffff::1/33,2001:db8::/32": ["2001:db8::/32"],
  "::1,fe80::/10,127.0.0.1": ["::1", "fe80::/10", "127.0.0.1"],
  "0.0.0.0/1,128.0.0.0/1": ["0.0.0.0/1", "128.0.0.0/1"],
  "::ffff:192.0.2.1": ["::ffff:c000:201"],
}, (expected, text) => assertEquals(parseTrusted(text), expected));

const NOT_TRUSTED = [
  "10.0.0.0/33",
  "10.0.0.0/0",
  "::/0",
  "::/129",
  "10.0.0",
  "host",
  "10.0.0.1/8/9",
  "10.0.0.1/x",
  "10.0.0.1/",
  "fe80::1%eth0",
  "",
  "10.0.0.1; drop",
];

table("parseTrusted refuses", NOT_TRUSTED.map((text) => [text, text] as const), (text) => {
  assertThrows(() => parseTrusted(text), RangeError, `"${text}"`);
});

const INTERFACES: Record<string, string[]> = Object.fromEntries(
  ["eth0", "eth0.100", "br-lan", "wg_0", "ppp*", "a", "list:WAN", "list:wan-2.b_"]
    .map((name) => [name, [name]]),
);

table("parseInterfaces accepts", {
  ...INTERFACES,
  "eth0,eth1": ["eth0", "eth1"],
  "eth0, ppp*,eth0,list:eth0": ["eth0", "ppp*", "list:eth0"],
}, (expected, text) => {
  assertEquals(parseInterfaces(text), expected);
});

const NO_INTERFACES = [
  ...["", "*", "-a", ".", "..", "e*h", "a b", 'a"b', "a/b", "sixteen-letters-", "a+", "ä"],
  ...["list:", "list:*", "list:a b", 'list:"', "list:-a", "List:WAN", "eth0:1", "eth0;eth1"],
  ...["eth0,a b", "eth0,list:"],
];

table("parseInterfaces refuses", NO_INTERFACES.map((name) => [name, name] as const), (name) => {
  assertThrows(() => parseInterfaces(name), RangeError, "is not the name of an interface");
});

Deno.test("parseInterfaces: an empty item is named", () => {
  assertThrows(() => parseInterfaces("eth0,,eth1"), RangeError, "has an empty item 2");
});

table<string[]>("parseInterfaces refuses what ip link shows", {
  "eth0.100@eth0": [],
  "veth@if3": [],
  "eth1,docker0@if5": [],
}, (_, text) => {
  assertThrows(() => parseInterfaces(text), RangeError, 'leave out the part after "@"');
});

table<string>("parseForwards", {
  "8080/tcp": "8080/tcp",
  "tcp:8080": "8080/tcp",
  "192.0.2.7:22": "192.0.2.7:22/tcp",
  "192.0.2.7:udp/5000-5010": "192.0.2.7:5000-5010/udp",
  "[2001:db8::0:7]:443/tcp": "[2001:db8::7]:443/tcp",
}, (expected, text) => assertEquals(parseForwards(text).map(renderForward), [expected]));

table<string>("parseForwards refuses", {
  "icmp": "is not a forwarded port",
  "192.0.2.7:all": "is not a forwarded port",
  "": "is not a forwarded port",
  "host.example:22/tcp": "by its address",
  "nas:22": "by its address",
  "192.0.2.999:22/tcp": "by its address",
  "192.0.2.7:": "by its address",
  "192.0.2.7": "by its address",
  "2001:db8::7:22/tcp": "[2001:db8::7]:22/tcp",
  "[192.0.2.7:22": "by its address",
  "8080/sctp": "unknown protocol",
  "8090-8080": "write the lower one first",
  "65536": "is not a port",
}, (part, text) => {
  assertThrows(() => parseForwards(text), RangeError, part);
});

Deno.test("parseForwards: several, in their order, each once", () => {
  const forwards = parseForwards("8080, 192.0.2.7:22,tcp/8080,9000-9010/udp");
  assertEquals(forwards.map(renderForward), ["8080/tcp", "192.0.2.7:22/tcp", "9000-9010/udp"]);
});
