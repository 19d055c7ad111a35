import { assertEquals, assertThrows } from "@std/assert";
import { parseProbeSpec, type Plugins } from "../../src/config/probes.ts";
import type { ProbeSpec } from "../../src/core/target.ts";

const PLUGINS: Plugins = new Map([["mqtt", { command: ["m"], options: { a: 1 } }]]);

const GOOD: [text: string, spec: ProbeSpec][] = [
  ["tcp:22", { type: "tcp", port: 22 }],
  ["tls:443", { type: "tls", port: 443 }],
  ["ssh", { type: "ssh", port: 22 }],
  ["ssh:2222", { type: "ssh", port: 2222 }],
  ["ping", { type: "ping" }],
  ["http://h:8080/x", { type: "http", url: "http://h:8080/x" }],
  ["HTTPS://h/", { type: "http", url: "HTTPS://h/" }],
  ["mqtt", { type: "mqtt", command: ["m"], options: { a: 1 } }],
  ["mqtt:1883", { type: "mqtt", port: 1883, command: ["m"], options: { a: 1 } }],
];

for (const [text, spec] of GOOD) {
  Deno.test(`probe spec: ${text}`, () => assertEquals(parseProbeSpec(text, PLUGINS), spec));
}

const FORMS = "use tcp:PORT, tls:PORT, ssh, http://..., https://... or ping";
const BAD: [text: string, message: string][] = [
  ["tcp", '"tcp" names no port: use one, such as tcp:443'],
  ["tcp:", '"" is not a port: use a whole number from 1 to 65535'],
  ["tcp:0", '"0" is not a port: use a whole number from 1 to 65535'],
  ["tcp:22:x", `"tcp:22:x" is not a probe: ${FORMS}`],
  ["ping:1", '"ping:1" is not a probe: a ping has no port, use "ping"'],
  ["http", `"http" is not a probe: ${FORMS}`],
  ["exec:x", `"exec:x" is not a probe: ${FORMS}`],
  ["pong", '"pong" is not a probe, did you mean "ping"?'],
  ["mqqt", '"mqqt" is not a probe, did you mean "mqtt"?'],
  ["toString", '"toString" is not a probe: use tcp, tls, http, ssh, ping, exec, mqtt'],
  ["https://", '"https://" is not a web address: use http://... or https://...'],
];

for (const [text, message] of BAD) {
  Deno.test(`probe spec: refuses ${text}`, () => {
    assertThrows(() => parseProbeSpec(text, PLUGINS), RangeError, message);
  });
}
