import { assertEquals, assertThrows } from "@std/assert";
import { parseInterface, parsePorts, parseTrusted } from "../../src/rules/options.ts";

Deno.test("ports: every way to write them", () => {
  const ssh = { port: 22, protocol: "tcp" } as const;
  const vpn = { port: 1194, protocol: "udp" } as const;
  for (const text of ["22", "22/tcp", "tcp/22", "tcp:22", "22:tcp", "TCP/22", " 22 "]) {
    assertEquals(parsePorts(text), [ssh], text);
  }
  assertEquals(parsePorts("udp/1194, 22"), [vpn, ssh]);
  assertEquals(parsePorts("22,tcp/22,22/tcp,22/udp"), [ssh, { port: 22, protocol: "udp" }]);
});

Deno.test("ports: what is wrong is named", () => {
  for (
    const text of ["0", "65536", "80x", "tcp/", "22/icmp", "icmp/22", "22/tcp/udp", "tcp/22/udp"]
  ) {
    assertThrows(() => parsePorts(text), RangeError, `"`, text);
  }
  assertThrows(() => parsePorts("22,,80"), RangeError, "nothing in place 2");
  assertThrows(() => parsePorts(""), RangeError, "nothing in place 1");
});

Deno.test("trusted: canonical, each once, none inside another", () => {
  const cases: [string, string[]][] = [
    ["192.0.2.1", ["192.0.2.1"]],
    ["192.0.2.1/32", ["192.0.2.1"]],
    ["10.1.2.3/8", ["10.0.0.0/8"]],
    ["10.0.0.0/8,10.1.0.0/16,10.2.3.4", ["10.0.0.0/8"]],
    ["10.1.0.0/16,10.0.0.0/8", ["10.0.0.0/8"]],
    ["192.0.2.1,192.0.2.1", ["192.0.2.1"]],
    ["2001:DB8:0:0::1", ["2001:db8::1"]],
    ["2001:db8:ffff::1/33,2001:db8::/32", ["2001:db8::/32"]],
    ["::1,fe80::/10,127.0.0.1", ["::1", "fe80::/10", "127.0.0.1"]],
    ["0.0.0.0/1,128.0.0.0/1", ["0.0.0.0/1", "128.0.0.0/1"]],
    ["::ffff:192.0.2.1", ["::ffff:c000:201"]],
  ];
  for (const [text, expected] of cases) assertEquals(parseTrusted(text), expected, text);
});

Deno.test("trusted: what is wrong is named", () => {
  const wrong = [
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
  for (const text of wrong) assertThrows(() => parseTrusted(text), RangeError, `"`, text);
});

Deno.test("interface: names that Linux and RouterOS have", () => {
  for (const name of ["eth0", "eth0.100", "br-lan", "wg_0", "ppp*", "veth@if3", "a"]) {
    assertEquals(parseInterface(name), name);
  }
  const wrong = [
    "",
    "*",
    "-a",
    ".",
    "..",
    "e*h",
    "a b",
    'a"b',
    "a/b",
    "sixteen-letters-",
    "a+",
    "ä",
  ];
  for (const name of wrong) assertThrows(() => parseInterface(name), RangeError, "interface", name);
});
