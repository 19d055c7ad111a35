import { assertEquals, assertThrows } from "@std/assert";
import {
  covers,
  mergePorts,
  overlaps,
  parseServices,
  renderServices,
} from "../../src/core/service.ts";
import { table } from "../table.ts";

const SSH = { port: 22, protocol: "tcp" } as const;

table(
  "parseServices: one port",
  ["22", "22/tcp", "tcp/22", "tcp:22", "22:tcp", "TCP/22", " 22 "].map((text) =>
    [text, text] as const
  ),
  (text) => assertEquals(parseServices(text), [SSH]),
);

Deno.test("parseServices: several ports, in their order, each once", () => {
  assertEquals(parseServices("udp/1194, 22"), [{ port: 1194, protocol: "udp" }, SSH]);
  assertEquals(parseServices("22,tcp/22,22/tcp,22/udp"), [SSH, { port: 22, protocol: "udp" }]);
});

table("parseServices refuses", {
  "0": `"`,
  "65536": `"`,
  "80x": `"`,
  "tcp/": `"`,
  "22/icmp": `"`,
  "icmp/22": `"`,
  "70-60/udp": "write the lower one first",
  "60-70/udp/tcp": `"`,
  "60-/udp": `"`,
  "0-5": `"`,
  "5-65536": `"`,
  "22/tcp/udp": `"`,
  "tcp/22/udp": `"`,
  "22,,80": "empty item 2",
  "": "is not a port",
}, (part, text) => {
  assertThrows(() => parseServices(text), RangeError, part);
});

table<string>("renderServices: what parseServices reads", {
  "60000-61000/udp": "60000-61000/udp",
  "udp/60000-61000": "60000-61000/udp",
  "udp:60000-61000": "60000-61000/udp",
  "5-5/tcp": "5/tcp",
  "5-6": "5-6/tcp",
  "ICMP,all,22": "icmp, all, 22/tcp",
  "icmp, 22 , icmp": "icmp, 22/tcp",
}, (expected, text) => assertEquals(renderServices(parseServices(text)), expected));

table<string>("mergePorts: ranges that touch or overlap are one", {
  "22": "22/tcp",
  "22,23,25": "22-23/tcp, 25/tcp",
  "10-20,15-30,31,40-50": "10-31/tcp, 40-50/tcp",
  "10-50,20": "10-50/tcp",
  "1/udp": "",
}, (expected, text) => {
  assertEquals(renderServices(mergePorts(parseServices(text), "tcp")), expected);
});

table<boolean>("overlaps: whether a packet can be to both", {
  "22/tcp 22/tcp": true,
  "22/tcp 22/udp": false,
  "10-20/tcp 20-30/tcp": true,
  "10-20/tcp 21-30/tcp": false,
  "icmp icmp": true,
  "icmp 22/tcp": false,
  "all icmp": true,
  "22/tcp all": true,
}, (expected, text) => {
  const [a, b] = text.split(" ").flatMap(parseServices);
  if (a === undefined || b === undefined) throw new Error(text);
  assertEquals([overlaps(a, b), overlaps(b, a)], [expected, expected]);
});

Deno.test("covers: both ends of a range, and no port beside it", () => {
  const [range] = parseServices("10-20/udp");
  if (range === undefined) throw new Error("no range");
  const ports = [9, 10, 15, 20, 21].filter((port) => covers(range, { protocol: "udp", port }));
  assertEquals(ports, [10, 15, 20]);
  assertEquals(covers(range, { protocol: "tcp", port: 15 }), false);
});
