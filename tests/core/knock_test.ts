import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  parsePort,
  parsePortList,
  parsePortSpec,
  type Protocol,
  renderPortSpec,
} from "../../src/core/knock.ts";

Deno.test("a port spec is a port and a protocol, tcp where there is none", () => {
  const cases: [string, number, Protocol][] = [
    ["1", 1, "tcp"],
    ["65535", 65535, "tcp"],
    ["7000", 7000, "tcp"],
    ["7000/udp", 7000, "udp"],
    ["7000:udp", 7000, "udp"],
    ["7000/UDP", 7000, "udp"],
    ["7000:Tcp", 7000, "tcp"],
    [" 7000/tcp ", 7000, "tcp"],
    ["udp/7000", 7000, "udp"],
    ["udp:7000", 7000, "udp"],
    ["TCP/7000", 7000, "tcp"],
    ["Udp:7000", 7000, "udp"],
  ];
  for (const [text, port, protocol] of cases) {
    assertEquals(parsePortSpec(text), { port, protocol }, text);
  }
  assertEquals(parsePortSpec("7000", "udp"), { port: 7000, protocol: "udp" });
  assertEquals(parsePortSpec("7000/tcp", "udp"), { port: 7000, protocol: "tcp" });
});

Deno.test("what is no port is named, with what is allowed", () => {
  for (const text of ["0", "65536", "80x", "", "-1", "+80", "8 0", "1e3", "0x50", "80.0", "١"]) {
    const error = assertThrows(() => parsePort(text), RangeError, undefined, text);
    assertEquals(error.message, `"${text}" is not a port: use a whole number from 1 to 65535`);
    assertThrows(() => parsePortSpec(`${text}/udp`), RangeError, "is not a port");
  }
});

Deno.test("an unknown protocol never silently means tcp", () => {
  for (
    const text of [
      "7000/sctp",
      "7000:icmp",
      "7000/",
      "7000:",
      "7000/udp/tcp",
      "7000:udp:1",
      "sctp/7000",
      "icmp:7000",
      "udp/7000/tcp",
      "tcp/udp/7000",
    ]
  ) {
    const error = assertThrows(() => parsePortSpec(text), RangeError, undefined, text);
    assertStringIncludes(error.message, `"${text}" names an unknown protocol: use tcp or udp`);
  }
});

Deno.test("a port spec is written as it is read", () => {
  for (const text of ["7000/udp", "22/tcp"]) {
    assertEquals(renderPortSpec(parsePortSpec(text)), text);
  }
});

Deno.test("parsePortList: commas separate ports, which may come twice", () => {
  assertEquals(parsePortList("7000,8000/UDP, udp:9000,7000"), [
    { port: 7000, protocol: "tcp" },
    { port: 8000, protocol: "udp" },
    { port: 9000, protocol: "udp" },
    { port: 7000, protocol: "tcp" },
  ]);
  assertEquals(parsePortList("7000,8000/tcp", "udp").map(renderPortSpec), ["7000/udp", "8000/tcp"]);
  for (const text of ["7000,", ",7000", "7000,,8000"]) {
    assertThrows(() => parsePortList(text), RangeError, "has an empty item");
  }
  assertThrows(() => parsePortList(""), RangeError, '"" is not a port');
});
