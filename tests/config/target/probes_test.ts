import { assertEquals, assertThrows } from "@std/assert";
import {
  parseProbeSpecs,
  type Plugins,
  readProbe,
  writeAfter,
  writeProbe,
} from "../../../src/config/target/probes.ts";
import { Place } from "../../../src/config/toml/place.ts";
import type { AfterSpec, ProbeSpec } from "../../../src/core/target.ts";
import { listProbeForms } from "../../../src/probe/kinds.ts";
import { table } from "../../table.ts";

const MQTT = { type: "plugin", name: "mqtt", command: ["m"], options: { a: 1 } } as const;
const PLUGINS: Plugins = new Map([["mqtt", { command: ["m"], options: { a: 1 } }]]);

table("parseProbeSpecs", {
  "tcp:22": { type: "tcp", port: 22 },
  "22": { type: "tcp", port: 22 },
  "22/tcp": { type: "tcp", port: 22 },
  "22:TCP": { type: "tcp", port: 22 },
  "TCP/22": { type: "tcp", port: 22 },
  "TLS:443": { type: "tls", port: 443 },
  "SSH": { type: "ssh", port: 22 },
  "tls:443": { type: "tls", port: 443 },
  "ssh": { type: "ssh", port: 22 },
  "ssh:2222": { type: "ssh", port: 2222 },
  "ping": { type: "ping" },
  "http://h:8080/x": { type: "http", url: "http://h:8080/x" },
  "HTTPS://h/": { type: "http", url: "HTTPS://h/" },
  "mqtt": MQTT,
  "mqtt:1883": { ...MQTT, port: 1883 },
} as Record<string, ProbeSpec>, (spec, text) => {
  assertEquals(parseProbeSpecs(text, PLUGINS), [spec]);
});

Deno.test("parseProbeSpecs: a list of ports is a tcp probe each, anything else one probe", () => {
  const ports = [{ type: "tcp", port: 22 }, { type: "tcp", port: 443 }] as const;
  assertEquals(parseProbeSpecs("22,tcp/443"), [...ports]);
  assertEquals(parseProbeSpecs("ssh"), [{ type: "ssh", port: 22 }]);
  assertEquals(parseProbeSpecs("http://h/a,b"), [{ type: "http", url: "http://h/a,b" }]);
  assertThrows(() => parseProbeSpecs("22,"), RangeError, "empty item 2");
});

const UDP_TABLE = "a udp probe is a table in the configuration, such as " +
  '{ type = "udp", port = 53, send = { hex = "..." } }';
const FORMS = `use ${listProbeForms()}`;

table("parseProbeSpecs: refuses", {
  "tcp": '"tcp" names no port: use one, such as 22/tcp',
  "tls": '"tls" names no port: use one, such as tls:443',
  "tcp:": '"" is not a port: use a whole number from 1 to 65535',
  "tcp:0": '"0" is not a port: use a whole number from 1 to 65535',
  "tcp:22:x": `"tcp:22:x" is not a probe: ${FORMS}`,
  "mqtt:1:2": `"mqtt:1:2" is not a probe: ${FORMS}`,
  "ping:1": '"ping:1" is not a probe: ping has no port, use "ping"',
  "http": `"http" is not a probe: ${FORMS}`,
  "exec:x": `"exec:x" is not a probe: ${FORMS}`,
  "udp:53": `"udp:53" is not a probe: ${UDP_TABLE}`,
  "53/udp": `"53/udp" is not a probe: ${UDP_TABLE}`,
  "22/sctp": '"22/sctp" names an unknown protocol: use tcp or udp, such as 22/tcp',
  "22x": '"22x" is not a port: use a whole number from 1 to 65535',
  "plugin": `"plugin" is not a probe: ${FORMS}`,
  "pong": '"pong" is not a probe, did you mean "ping"?',
  "tpc:22": '"tpc:22" is not a probe, did you mean "tcp"?',
  "mqqt": '"mqqt" is not a probe, did you mean "mqtt"?',
  "zzz": `"zzz" is not a probe: ${FORMS}`,
  "toString": `"toString" is not a probe: ${FORMS}`,
  "https://": '"https://" is not a web address: use http://... or https://...',
  "http://u:p@h/":
    "the web address contains a user or password, which every report would show: remove it",
}, (message, text) => {
  const error = assertThrows(() => parseProbeSpecs(text, PLUGINS), RangeError);
  assertEquals(error.message, message);
});

table("writeProbe: writes what reads as the same probe", [
  ["tcp", [{ type: "tcp", port: 22 }, { type: "tcp", port: 22 }]],
  ["ping", [{ type: "ping" }, { type: "ping" }]],
  ["http", [{ type: "http", url: "http://h/", status: undefined }, {
    type: "http",
    url: "http://h/",
  }]],
  ["exec", [{ type: "exec", port: 1, command: ["a", "b"] }, {
    type: "exec",
    port: 1,
    run: ["a", "b"],
  }]],
  ["udp with text", [{ type: "udp", port: 53, send: new TextEncoder().encode("hi") }, {
    type: "udp",
    port: 53,
    send: { text: "hi" },
  }]],
  ["udp with bytes", [{ type: "udp", port: 53, send: new Uint8Array([0x38, 0]) }, {
    type: "udp",
    port: 53,
    send: { hex: "3800" },
  }]],
  ["udp with an empty datagram", [{ type: "udp", port: 53, send: new Uint8Array() }, {
    type: "udp",
    port: 53,
    send: "none",
  }]],
  ["a plug-in", [{ ...MQTT, port: 5 }, { type: "mqtt", port: 5, a: 1 }]],
] as [string, [ProbeSpec, unknown]][], ([spec, written]) => {
  assertEquals(writeProbe(spec), written);
  const read = readProbe(written, new Place([]), PLUGINS);
  assertEquals(
    { ...read },
    Object.fromEntries(
      Object.entries(spec).filter(([, value]) => value !== undefined),
    ),
  );
});

table("writeAfter", [
  ["exec", [{ type: "exec", command: ["x"] }, { run: ["x"] }]],
  ["a plug-in", [MQTT, { type: "mqtt", a: 1 }]],
] as [string, [AfterSpec, unknown]][], ([spec, written]) => {
  assertEquals(writeAfter(spec), written);
});
