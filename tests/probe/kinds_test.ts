/** The table of probes, and what is made from it. */
import { renderService } from "../../src/core/service.ts";
import { assert, assertEquals } from "@std/assert";
import { parsePortList, parsePortSpec } from "../../src/core/knock.ts";
import { type PortSpec } from "../../src/core/service.ts";
import type { ProbeSpec } from "../../src/core/target.ts";
import {
  describeProbe,
  findPort,
  findProbedPort,
  findSshPort,
  listOpenServices,
  listProbeForms,
  loadProbe,
  makeProbe,
  PROBE_KINDS,
  PROBE_TYPES,
  startsProgram,
} from "../../src/probe/kinds.ts";
import { table } from "../table.ts";

const PLUGIN: ProbeSpec = { type: "plugin", name: "vpn", command: ["check"], options: {} };
const HTTP: ProbeSpec = { type: "http", url: "https://fw.example/x" };
const UDP: ProbeSpec = { type: "udp", port: 53, send: new Uint8Array(12) };
const EXEC: ProbeSpec = { type: "exec", command: ["check", "-v"] };

interface Facts {
  spec: ProbeSpec;
  port?: PortSpec;
  isProgram?: true;
}

table("describeProbe, findPort, startsProgram", {
  "tcp 22": { spec: { type: "tcp", port: 22 }, port: { port: 22, protocol: "tcp" } },
  "tls 443": { spec: { type: "tls", port: 443 }, port: { port: 443, protocol: "tcp" } },
  "ssh 22": { spec: { type: "ssh", port: 22 }, port: { port: 22, protocol: "tcp" } },
  "udp 53": { spec: UDP, port: { port: 53, protocol: "udp" } },
  "http https://fw.example/x": { spec: HTTP },
  "ping": { spec: { type: "ping" }, isProgram: true },
  "exec check": {
    spec: { ...EXEC, port: 22 },
    port: { port: 22, protocol: "tcp" },
    isProgram: true,
  },
  "vpn": { spec: { ...PLUGIN, port: 5 }, port: { port: 5, protocol: "tcp" }, isProgram: true },
} as Record<string, Facts>, ({ spec, port, isProgram = false }, label) => {
  assertEquals(describeProbe(spec), label);
  assertEquals(findPort(spec), port);
  assertEquals(startsProgram(spec), isProgram);
});

Deno.test("findProbedPort: the first port, of one transport if asked", () => {
  const probes: ProbeSpec[] = [HTTP, EXEC, UDP, { type: "tls", port: 443 }];
  const opens = [{ port: 1, protocol: "tcp" as const }];
  assertEquals(findProbedPort({ opens, probes }), { port: 53, protocol: "udp" });
  assertEquals(findProbedPort({ opens, probes }, { protocol: "tcp" }), {
    port: 443,
    protocol: "tcp",
  });
  assertEquals(findProbedPort({ opens: [], probes: [HTTP, PLUGIN] }), undefined);
  assertEquals(findProbedPort({ opens, probes: [HTTP, PLUGIN] }), opens[0]);
  assertEquals(findProbedPort({ opens, probes: [UDP] }, { protocol: "tcp" }), opens[0]);
});

table("listOpenServices", {
  "what the target says, each once": [["22/tcp", "53/udp", "22/tcp"], [UDP], ["22/tcp", "53/udp"]],
  "the probed port": [[], [HTTP, UDP, { type: "tls", port: 443 }], ["53/udp"]],
  "nothing": [[], [HTTP], []],
} as Record<string, [string[], ProbeSpec[], string[]]>, ([opens, probes, expected]) => {
  const ports = listOpenServices({ opens: opens.map((text) => parsePortSpec(text)), probes });
  assertEquals(ports.map(renderService), expected);
});

table("findSshPort", [
  ["an ssh probe's", [[{ type: "tcp", port: 1 }, { type: "ssh", port: 2 }], "22", 2]],
  ["a tcp probe's without one", [[{ type: "tls", port: 443 }, { type: "tcp", port: 1 }], "", 1]],
  ["not that of another service", [[{ type: "tls", port: 443 }, UDP, EXEC, PLUGIN], "", undefined]],
  ["22 if it opens", [[{ type: "tcp", port: 443 }], "443,22", 22]],
  ["one that opens", [[{ type: "tls", port: 443 }], "22/udp,2222", 2222]],
] as [string, [ProbeSpec[], string, number | undefined]][], ([probes, opens, port]) => {
  assertEquals(findSshPort({ opens: opens === "" ? [] : parsePortList(opens), probes }), port);
});

table("a row loads its probe", PROBE_TYPES.map((type) => [type, type] as const), async (type) => {
  const fields = Object.fromEntries(PROBE_KINDS[type].keys.map(({ field }) => [field, 1]));
  assert(typeof await loadProbe(makeProbe(type, fields)) === "function");
});

table(
  "an example is one of the forms",
  PROBE_TYPES.map((type) => [type, PROBE_KINDS[type]] as const),
  ({ forms, example = "" }) => {
    const patterns = forms.map((form) => form.replace("PORT", "[0-9]+").replace("...", "\\.{3}"));
    assertEquals(forms.length > 0, example !== "");
    assert(forms.length === 0 || new RegExp(`^(?:${patterns.join("|")})$`).test(example));
  },
);

Deno.test("listProbeForms: every form, in the order of the table", () => {
  const forms = PROBE_TYPES.flatMap((type) => PROBE_KINDS[type].forms);
  assertEquals(listProbeForms().split(/, | or /), forms);
});
