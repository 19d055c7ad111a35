import { assert, assertEquals } from "@std/assert";
import { ConfigError } from "../../src/core/errors.ts";
import { type Knock, type KnockPayload, renderPortSpec } from "../../src/core/knock.ts";
import type { Target } from "../../src/core/target.ts";
import { TARGET_KEYS } from "../../src/config/target/keys.ts";
import { parseConfig } from "../../src/config/read.ts";
import { PROBE_TYPES } from "../../src/probe/kinds.ts";
import { SECRET_KEYS } from "../../src/secret/kinds.ts";
import { table } from "../table.ts";

const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";
const ROOT = new URL("../../", import.meta.url);

/** The target `t` of a text. */
async function readTarget(text: string): Promise<Target> {
  const config = await parseConfig(text, { file: "/etc/spknock/t.toml" });
  const target = config.targets.get("t");
  if (target === undefined) throw new Error("no target t");
  return target;
}

/** A target with the given lines, which begin on line 4. */
function makeText(lines: string): string {
  const host = /^host/m.test(lines) ? "" : 'host = "h"';
  const knocks = /^knocks/m.test(lines) ? "" : "knocks = [1]";
  return `[targets.t]\n${host}\n${knocks}\n${lines}\n`;
}

async function readErrors(text: string): Promise<string[]> {
  try {
    await parseConfig(text, { file: "t.toml" });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
}

Deno.test("a target with host and knocks only has the defaults", async () => {
  assertEquals(await readTarget(makeText("")), {
    name: "t",
    host: "h",
    knocks: [{ port: 1, protocol: "tcp", payload: { kind: "none" } }],
    description: "",
    tags: [],
    delayMs: "auto",
    family: "any",
    opens: [],
    tries: 3,
    copies: "auto",
    openForMs: 300_000,
    stageTimeoutMs: 5_000,
    timeoutMs: 10_000,
    probes: [],
    after: [],
  });
});

Deno.test("a target can have every key of the contract", async () => {
  const target = await readTarget(makeText(`
description = "the house"
tags = ["family"]
delay = "1.5s"
family = "ipv6"
opens = ["22/tcp"]
source = "192.0.2.10"
admin = "root@fw.example.com"
tries = 100
copies = 2
open_for = "1h"
stage_timeout = 7000
timeout = "250ms"
[[targets.t.probes]]
type = "tcp"
port = 22
[[targets.t.after]]
run = ["notify-send", "{target} is open"]
`));
  const { name: _name, host: _host, knocks: _knocks, ...settings } = target;
  assertEquals(settings, {
    description: "the house",
    tags: ["family"],
    delayMs: 1_500,
    family: "ipv6",
    opens: [{ port: 22, protocol: "tcp" }],
    source: "192.0.2.10",
    admin: "root@fw.example.com",
    tries: 100,
    copies: 2,
    openForMs: 3_600_000,
    stageTimeoutMs: 7_000,
    timeoutMs: 250,
    probes: [{ type: "tcp", port: 22 }],
    after: [{ type: "exec", command: ["notify-send", "{target} is open"] }],
  });
});

Deno.test("[defaults] fills in the settings that a target does not have", async () => {
  const text = `version = 1
[defaults]
delay = "200ms"
tries = 5
secret = { env = "FW" }
probes = ["ssh"]
[targets.t]
host = "h"
knocks = ["1/udp"]
tries = 2
[targets.u]
host = "h"
knocks = ["1/udp"]
secret = "none"
probes = []
`;
  const config = await parseConfig(text, { file: "t.toml" });
  const [t, u] = [config.targets.get("t"), config.targets.get("u")];
  assertEquals([t?.delayMs, t?.tries, u?.tries], [200, 2, 5]);
  assertEquals([t?.probes, u?.probes], [[{ type: "ssh", port: 22 }], []]);
  const env = { kind: "secret", source: { kind: "env", name: "FW" } };
  assertEquals([t?.knocks[0]?.payload, u?.knocks[0]?.payload], [env, { kind: "none" }]);
  assertEquals(config.defaults.delayMs, 200);
});

const TCP_22 = { port: 22, protocol: "tcp" as const };
const UDP_53 = { port: 53, protocol: "udp" as const };

table("opens", {
  '["22/tcp"]': [TCP_22],
  "[22]": [TCP_22],
  '["tcp:22", "53:UDP"]': [TCP_22, UDP_53],
  '["22, udp/53"]': [TCP_22, UDP_53],
  "[]": [],
}, async (opens, value) => {
  assertEquals((await readTarget(makeText(`opens = ${value}`))).opens, opens);
});

/** Lines of a target, and the port of its tcp probe; undefined for no probe. */
table("a target that names no probe asks the first tcp port that it opens", {
  "one port": ['opens = ["22/tcp"]', "", 22],
  "udp is not asked": ['opens = ["53/udp", "2222", 22]', "", 2222],
  "only udp": ['opens = ["53/udp"]', "", undefined],
  "no probe is none": ['opens = ["22/tcp"]\nprobes = []', "", undefined],
  "its own probe": ['opens = ["22/tcp"]\nprobes = ["443/tcp"]', "", 443],
  "opens of [defaults]": ["", 'opens = ["22/tcp"]', 22],
  "nothing opens, whatever [defaults] says": ["opens = []", 'opens = ["22/tcp"]', undefined],
  "its own opens": ["opens = [443]", 'opens = ["22/tcp"]', 443],
  "no probe in [defaults] is none": ['opens = ["22/tcp"]', "probes = []", undefined],
  "the probe of [defaults]": ['opens = ["22/tcp"]', 'probes = ["443/tcp"]', 443],
} as Record<string, [string, string, number | undefined]>, async ([lines, defaults, port]) => {
  const { probes } = await readTarget(`${makeText(lines)}[defaults]\n${defaults}\n`);
  assertEquals(probes, port === undefined ? [] : [{ type: "tcp", port }]);
});

const PROMPT: KnockPayload = { kind: "secret", source: { kind: "prompt" } };
const KNOCKS: [value: string, knock: Knock][] = [
  ["7000", { port: 7000, protocol: "tcp", payload: { kind: "none" } }],
  ['"7000"', { port: 7000, protocol: "tcp", payload: { kind: "none" } }],
  ['"7000/tcp"', { port: 7000, protocol: "tcp", payload: { kind: "none" } }],
  ['"7000/udp"', { port: 7000, protocol: "udp", payload: PROMPT }],
  ['"7000:udp"', { port: 7000, protocol: "udp", payload: PROMPT }],
  ["{ port = 1 }", { port: 1, protocol: "tcp", payload: { kind: "none" } }],
  ['{ port = 1, delay = "2s" }', {
    port: 1,
    protocol: "tcp",
    payload: { kind: "none" },
    delayMs: 2_000,
  }],
  ['{ port = 1, payload = "none" }', { port: 1, protocol: "tcp", payload: { kind: "none" } }],
  ['{ port = 1, protocol = "udp" }', { port: 1, protocol: "udp", payload: PROMPT }],
  ['{ port = 1, protocol = "udp", payload = "none" }', {
    port: 1,
    protocol: "udp",
    payload: { kind: "none" },
  }],
  ['{ port = 1, protocol = "udp", payload = { text = "é" } }', {
    port: 1,
    protocol: "udp",
    payload: { kind: "bytes", bytes: new Uint8Array([0xc3, 0xa9]) },
  }],
  ['{ port = 1, protocol = "udp", payload = { hex = "00Ff" } }', {
    port: 1,
    protocol: "udp",
    payload: { kind: "bytes", bytes: new Uint8Array([0, 255]) },
  }],
  ['{ port = 1, protocol = "udp", payload = { base64 = "AP8=" } }', {
    port: 1,
    protocol: "udp",
    payload: { kind: "bytes", bytes: new Uint8Array([0, 255]) },
  }],
];

table("a knock", KNOCKS, async (knock, value) => {
  assertEquals((await readTarget(makeText(`knocks = [${value}]`))).knocks, [knock]);
});

const SECRETS: [value: string, payload: KnockPayload][] = [
  ['"prompt"', PROMPT],
  ['"none"', { kind: "none" }],
  ["{ prompt = true }", PROMPT],
  ['{ env = "FW_1" }', { kind: "secret", source: { kind: "env", name: "FW_1" } }],
  ['{ file = "a/b" }', { kind: "secret", source: { kind: "file", path: "/etc/spknock/a/b" } }],
  ['{ file = "/a/b" }', { kind: "secret", source: { kind: "file", path: "/a/b" } }],
  ['{ file = "~/b" }', { kind: "secret", source: { kind: "file", path: "~/b" } }],
  ["{ file = 'C:\\b' }", { kind: "secret", source: { kind: "file", path: "C:\\b" } }],
  ['{ command = ["pass", "show", "fw"] }', {
    kind: "secret",
    source: { kind: "command", command: ["pass", "show", "fw"] },
  }],
  [`{ hash = "${HASH.toUpperCase()}" }`, {
    kind: "secret",
    source: { kind: "hash", hash: HASH },
  }],
];

table("a secret", SECRETS, async (payload, value) => {
  const ofTarget = await readTarget(makeText(`secret = ${value}\nknocks = ["1/udp"]`));
  assertEquals(ofTarget.knocks[0]?.payload, payload);
  const own = `{ port = 1, protocol = "udp", secret = ${value} }`;
  const ofKnock = await readTarget(makeText(`secret = { env = "OTHER" }\nknocks = [${own}]`));
  assertEquals(ofKnock.knocks[0]?.payload, payload);
});

Deno.test("a delay is auto, or a duration", async () => {
  const read = async (text: string) => (await readTarget(makeText(text))).delayMs;
  assertEquals(await read('delay = "auto"'), "auto");
  assertEquals(await read('delay = "1s"'), 1_000);
  assertEquals(await read("delay = 0"), 0);
});

Deno.test("relative secret files without a folder stay as they are", async () => {
  const text = makeText('secret = { file = "s" }\nknocks = ["1/udp"]');
  const config = await parseConfig(text, { file: "t.toml" });
  const knock = config.targets.get("t")?.knocks[0];
  assertEquals(knock?.payload, { kind: "secret", source: { kind: "file", path: "s" } });
});

table("holdsSecret", {
  "prompt": [makeText('secret = "prompt"'), false],
  "a secret file": [makeText('secret = { file = "x" }'), false],
  "a hash": [makeText(`secret = { hash = "${HASH}" }`), true],
  "a fixed payload": [
    makeText('knocks = [{ port = 1, protocol = "udp", payload = { text = "x" } }]'),
    true,
  ],
  "no payload": [makeText('knocks = [{ port = 1, protocol = "udp", payload = "none" }]'), false],
  "a hash in [defaults]": [`[defaults]\nsecret = { hash = "${HASH}" }\n`, true],
}, async ([text, holdsSecret]: [string, boolean]) => {
  assertEquals((await parseConfig(text, { file: "t" })).holdsSecret, holdsSecret);
});

Deno.test("a plug-in has its command, and all other keys as options", async () => {
  const target = await readTarget(`[plugins.mqtt]
command = ["probe-mqtt"]
broker = "b"
[targets.t]
host = "h"
knocks = [1]
probes = [{ type = "mqtt", port = 1883, topic = "x" }, "mqtt", "mqtt:1884"]
after = [{ type = "mqtt", topic = "y" }]
`);
  const options = { broker: "b" };
  const mqtt = { type: "plugin" as const, name: "mqtt", command: ["probe-mqtt"] };
  assertEquals(target.probes, [
    { ...mqtt, port: 1883, options: { broker: "b", topic: "x" } },
    { ...mqtt, options },
    { ...mqtt, port: 1884, options },
  ]);
  assertEquals(target.after, [
    { ...mqtt, options: { broker: "b", topic: "y" } },
  ]);
});

const ONE_SECRET = `use exactly one of ${SECRET_KEYS.join(", ")}`;

/** Lines of a target (from line 4 on), and everything that is wrong with them. */
const BAD: [lines: string, errors: string[]][] = [
  ["dely = 5", [
    '4: targets.t: unknown key "dely", did you mean "delay"?',
  ]],
  ["qqqq = 5", ["4: targets.t: unknown key"]],
  // What only begins as a key does, and what is in a secret or a payload, can be a passphrase.
  ['tagsAndMoreSo = "x"', ['4: targets.t: unknown key, did you mean "tags"?']],
  ["secret = { promt = true }", [
    '4: targets.t.secret: unknown key, did you mean "prompt"?',
    `4: targets.t.secret: the secret has no source: ${ONE_SECRET}`,
  ]],
  ['knocks = [{ port = 1, protocol = "udp", payload = { hax = "00" } }]', [
    '4: targets.t.knocks[0].payload: unknown key, did you mean "hex"?',
    "4: targets.t.knocks[0].payload: the payload needs exactly one of text, hex, base64",
  ]],
  ["host = 5", ['4: targets.t.host: is not a "string"']],
  ['host = "a b"', [
    "4: targets.t.host: is not a host: use a name, an IPv4 or an IPv6 address",
  ]],
  ['host = "a\\u0007"', [
    "4: targets.t.host: is not a host: use a name, an IPv4 or an IPv6 address",
  ]],
  ["description = 1", ['4: targets.t.description: is not a "string"']],
  ['tags = "x"', ['4: targets.t.tags: is not an [array]: use tags = ["family"]']],
  ['tags = ["x", 2, ""]', [
    '4: targets.t.tags[1]: is not a "string"',
    '4: targets.t.tags[2]: "" is not a tag: use a word',
  ]],
  ['delay = "5 sec"', [
    "4: targets.t.delay: is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h, or auto",
  ]],
  ["delay = -1", [
    "4: targets.t.delay: is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h, or auto",
  ]],
  ["delay = true", [
    '4: targets.t.delay: is not a duration: use a "string" such as "250ms", "2s", "5m", "1h", or "auto"',
  ]],
  ["timeout = 0", ["4: targets.t.timeout: is too short: use 1ms or more"]],
  ['family = "v6"', [
    '4: targets.t.family: cannot be used: use one of "any", "ipv4", "ipv6", "both"',
  ]],
  ['opens = "22/tcp"', ['4: targets.t.opens: is not an [array]: use ["22/tcp"]']],
  ['opens = [\n"hunter2",\n"22/sctp",\n"22,",\n0,\n{ port = 22 }]', [
    "5: targets.t.opens[0]: is not a port: use 22/tcp, 60000-61000/udp, icmp or all",
    "6: targets.t.opens[1]: names an unknown protocol: use tcp or udp, such as 22/tcp",
    "7: targets.t.opens[2]: has an empty item 2: use A,B,C",
    "8: targets.t.opens[3]: is not a port: use a whole number from 1 to 65535",
    '9: targets.t.opens[4]: is not a port: use "22/tcp"',
  ]],
  ['source = "eth/0"', [
    "4: targets.t.source: is not a source: use an IPv4 or an IPv6 address of this machine, " +
    "or an interface such as eth0",
  ]],
  ['source = "fe80::1"', [
    "4: targets.t.source: is link-local and needs its interface: use ADDRESS%INTERFACE, such as " +
    "fe80::1%eth0",
  ]],
  ['handshake = "2s"', [
    "4: targets.t.handshake: is not a time for a handshake: use 1ms to 900ms, as the kernel " +
    "repeats its SYN after a second, which is another knock",
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', handshake = '1ms' }, { port = 1, size = 3 }]", [
    "4: targets.t.knocks[0].handshake: only a tcp knock has a handshake",
    "4: targets.t.knocks[1].size: only an icmp knock has a size",
  ]],
  ["knocks = [{ protocol = 'icmp', port = 1, size = 2000 }, { protocol = 'icmp' }]", [
    "4: targets.t.knocks[0].port: an icmp knock has no port: leave it out",
    "4: targets.t.knocks[0].size: cannot be used: use a whole number from 0 to 1472",
    "4: targets.t.knocks[1]: an icmp knock needs its size, such as size = 128, or a payload of 1 to " +
    "15 bytes: ping writes the time into longer ones",
  ]],
  ["knocks = [{ protocol = 'icmp', size = 64, payload = { text = '12345678901234567' } }]", [
    "4: targets.t.knocks[0].payload: has 17 bytes: ping can repeat at most 16",
  ]],
  ["tries = 0", ["4: targets.t.tries: cannot be used: use a whole number from 1 to 100"]],
  ["tries = 101", ["4: targets.t.tries: cannot be used: use a whole number from 1 to 100"]],
  ['tries = "3"', ["4: targets.t.tries: cannot be used: use a whole number from 1 to 100"]],
  ["tries = 1.5", ["4: targets.t.tries: cannot be used: use a whole number from 1 to 100"]],
  ['copies = "twice"', [
    '4: targets.t.copies: cannot be used: use "auto" or a whole number from 1 to 10',
  ]],
  ["copies = 11", ["4: targets.t.copies: cannot be used: use a whole number from 1 to 10"]],
  ["knocks = []", [
    '4: targets.t.knocks: is empty: use at least one knock, such as "7000/udp"',
  ]],
  ['knocks = "7000"', [
    '4: targets.t.knocks: is not an [array]: use knocks = ["7000/udp", "8000/tcp"]',
  ]],
  ['knocks = [\n"0",\n"65536",\n"80x",\n"80/icmp",\ntrue,\n80.5]', [
    "5: targets.t.knocks[0]: is not a port: use a whole number from 1 to 65535",
    "6: targets.t.knocks[1]: is not a port: use a whole number from 1 to 65535",
    "7: targets.t.knocks[2]: is not a port: use a whole number from 1 to 65535",
    "8: targets.t.knocks[3]: names an unknown protocol: use tcp or udp, such as 80/tcp",
    '9: targets.t.knocks[4]: is not a knock: use "7000", "7000/udp" or { port = 7000 }',
    "10: targets.t.knocks[5]: is not a port: use a whole number from 1 to 65535",
  ]],
  ["knocks = [{ port = 0 }, { protocol = 'sctp', port = 1 }, { prot = 'udp', port = 1 }, {}]", [
    "4: targets.t.knocks[0].port: is not a port: use a whole number from 1 to 65535",
    '4: targets.t.knocks[1].protocol: is an unknown protocol: use "tcp", "udp" or "icmp"',
    '4: targets.t.knocks[2]: unknown key "prot", did you mean "port"?',
    "4: targets.t.knocks[3].port: the port is missing: use a number from 1 to 65535",
  ]],
  ["knocks = [{ port = '80' }]", [
    "4: targets.t.knocks[0].port: is not a port: use a whole number from 1 to 65535",
  ]],
  ["knocks = [{ port = 1, secret = 'prompt' }]", [
    '4: targets.t.knocks[0].secret: a tcp knock has no secret: use protocol = "udp", or leave it out',
  ]],
  ["knocks = [{ port = 1, payload = { text = 'x' } }]", [
    '4: targets.t.knocks[0].payload: a tcp knock has no payload: use protocol = "udp", or leave it out',
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', secret = 'prompt', payload = 'none' }]", [
    "4: targets.t.knocks[0]: the knock has both a secret and a payload: use one of them",
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', payload = {} }]", [
    "4: targets.t.knocks[0].payload: the payload needs exactly one of text, hex, base64",
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', payload = { hex = 'abc' } }]", [
    '4: targets.t.knocks[0].payload.hex: is not hex in a "string"',
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', payload = { base64 = '*' } }]", [
    '4: targets.t.knocks[0].payload.base64: is not base64 in a "string"',
  ]],
  [`knocks = [{ port = 1, protocol = 'udp', payload = { text = "${"x".repeat(1473)}" } }]`, [
    "4: targets.t.knocks[0].payload.text: has 1473 bytes: use at most 1472",
  ]],
  ["knocks = [{ port = 1, protocol = 'udp', delay = 'soon' }]", [
    "4: targets.t.knocks[0].delay: is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h",
  ]],
  ["secret = {}", [
    `4: targets.t.secret: the secret has no source: ${ONE_SECRET}`,
  ]],
  ['secret = { env = "A", prompt = true }', [
    `4: targets.t.secret: the secret has 2 sources, prompt and env: ${ONE_SECRET}`,
  ]],
  ["secret = { prompt = false }", [
    '4: targets.t.secret.prompt: must be true or "once"',
  ]],
  ['secret = { prompt = "hunter2" }', [
    '4: targets.t.secret.prompt: must be true or "once"',
  ]],
  ['secret = { env = "A B" }', [
    "4: targets.t.secret.env: is not the name of an environment variable: use letters, digits and _",
  ]],
  ['secret = { file = "" }', ["4: targets.t.secret.file: is not a file: use a path"]],
  ["secret = { command = [] }", [
    '4: targets.t.secret.command: is not a command: use a list of strings, such as ["program", "argument"]',
  ]],
  [`secret = { hash = "${HASH.slice(1)}" }`, [
    "4: targets.t.secret.hash: is not a hash: use 64 hex digits, as `spknock hash` prints them",
  ]],
  ['probes = ["tcp"]', ["4: targets.t.probes[0]: names no port: use one, such as 22/tcp"]],
  ['probes = ["shh:22"]', [
    '4: targets.t.probes[0]: is not a probe, did you mean "ssh"?',
  ]],
  ["[[targets.t.probes]]\nport = 22", [
    `4: targets.t.probes[0]: the type is missing: use ${PROBE_TYPES.join(", ")}`,
  ]],
  ['[[targets.t.probes]]\n\ntype = "tpc"', [
    '6: targets.t.probes[0].type: is not a known type, did you mean "tcp"?',
  ]],
  ['[[targets.t.probes]]\ntype = "tcp"', [
    "4: targets.t.probes[0].port: the port is missing: use a number from 1 to 65535",
  ]],
  ['[[targets.t.probes]]\ntype = "http"\n[[targets.t.probes]]\ntype = "exec"', [
    '4: targets.t.probes[0]: the url is missing: use url = "https://..."',
    '6: targets.t.probes[1]: the command is missing: use run = ["program", "argument"]',
  ]],
  ['[[targets.t.probes]]\ntype = "http"\nurl = "ftp://x/"\nstatus = 99', [
    "6: targets.t.probes[0].url: is not a web address: use http://... or https://...",
    "7: targets.t.probes[0].status: cannot be used: use a whole number from 100 to 599",
  ]],
  ['[[targets.t.probes]]\ntype = "ping"\nport = 1', [
    "6: targets.t.probes[0]: unknown key: use type",
  ]],
  ['after = { run = ["true"] }', [
    '4: targets.t.after: is not an [array]: use [[targets.t.after]] with run = ["program"]',
  ]],
  ['[targets.t.after]\nrun = ["true"]', [
    '4: targets.t.after: is not an [array]: use [[targets.t.after]] with run = ["program"]',
  ]],
  ['[targets.t.probes]\ntype = "tcp"\nport = 1', [
    '4: targets.t.probes: is not an [array]: use probes = ["22/tcp"], or [[targets.t.probes]] with type = "tcp"',
  ]],
  ["after = [{}, { run = [1] }, { run = ['a'], command = ['b'] }, 'x']", [
    '4: targets.t.after[0]: the command is missing: use run = ["program", "argument"]',
    '4: targets.t.after[1].run: is not a command: use a list of strings, such as ["program", "argument"]',
    "4: targets.t.after[2]: has both run and command: use one of them",
    '4: targets.t.after[3]: cannot be run: use a table with run = ["program"]',
  ]],
];

table("mistakes in a target", BAD, async (errors, lines) => {
  assertEquals(await readErrors(makeText(lines)), errors.map((error) => `t.toml:${error}`));
});

/** Whole files, and everything that is wrong with them. */
const BAD_FILES: [text: string, errors: string[]][] = [
  ["version = 2\n", ["1: version: is not a known version: use 1"]],
  ["targts = 1\n", ['1: unknown key "targts", did you mean "targets"?']],
  ["targets = 1\n", ["1: targets: is not a table"]],
  ["[targets]\nhome = 1\n", [
    "2: targets: has a target that is not a table with host and knocks",
  ]],
  ["[targets.a]\n", [
    '1: targets.a: the host is missing: use host = "fw.example.com"',
    '1: targets.a: the knocks are missing: use knocks = ["7000/udp", "8000/tcp"]',
  ]],
  ['[targets."a b"]\nhost = "h"\nknocks = [1]\n[targets.1a]\nhost = "h"\nknocks = [1]\n', [
    '1: targets."a b": cannot name a target: use letters, digits, - and _, starting with a letter, at most 64',
    "4: targets.1a: cannot name a target: use letters, digits, - and _, starting with a letter, at most 64",
  ]],
  ['[defaults]\nhost = "h"\n', [
    "2: defaults.host: each target has its own host: it has no default",
  ]],
  ['[defaults]\nadmin = "root@h"\n', [
    "2: defaults.admin: each target has its own admin: it has no default",
  ]],
  [makeText('admin = "-oProxyCommand=x"'), [
    "4: targets.t.admin: is not a place to log in to: use [USER@]HOST",
  ]],
  ['[plugins.tcp]\ncommand = ["x"]\n[plugins.a]\n', [
    '1: plugins.tcp: "tcp" is a probe of spknock itself: give the plug-in another name',
    '3: plugins.a: the command is missing: use run = ["program", "argument"]',
  ]],
  // Of mistakes in the syntax the first one is named: what follows may only seem to be wrong.
  [
    "[targets.a]\nhost = 1\nknocks = [0]\n[targets.a]\ntries = 0\n[targets.b]\nknocks = [1\ntries = 0\n",
    ["4: this key or table is defined already: keep one of the two"],
  ],
  // Mistakes of meaning are all named, in file order, whatever the order of the schema.
  [
    '[targets.a]\ntries = 0\nknocks = [0]\ndely = 1\n[defaults]\ntries = "x"\n[targets.b]\nhost = 1\n',
    [
      '1: targets.a: the host is missing: use host = "fw.example.com"',
      "2: targets.a.tries: cannot be used: use a whole number from 1 to 100",
      "3: targets.a.knocks[0]: is not a port: use a whole number from 1 to 65535",
      '4: targets.a: unknown key "dely", did you mean "delay"?',
      "6: defaults.tries: cannot be used: use a whole number from 1 to 100",
      '7: targets.b: the knocks are missing: use knocks = ["7000/udp", "8000/tcp"]',
      '8: targets.b.host: is not a "string"',
    ],
  ],
];

table("mistakes in a file", BAD_FILES, async (errors, text) => {
  assertEquals(await readErrors(text), errors.map((error) => `t.toml:${error}`));
});

const SECRETS_IN_WRONG_PLACES = [
  'secret = "hunter2"',
  'secret = { hash = "hunter2" }',
  'secret = { hash = ["hunter2"] }',
  'secret = ["hunter2"]',
  'secret = { env = "hunter2 hunter2" }',
  'secret = { command = "hunter2" }',
  'secret = { command = ["x", 1, "hunter2"] }',
  'knocks = [{ port = 1, protocol = "udp", payload = "hunter2" }]',
  'knocks = [{ port = 1, protocol = "udp", payload = { hex = "hunter2" } }]',
  'knocks = [{ port = 1, protocol = "udp", secret = "hunter2" }]',
  'knocks = [{ port = 1, secret = { hash = "hunter2" } }]',
];

table(
  "no message repeats a secret",
  SECRETS_IN_WRONG_PLACES.map((lines) => [lines, lines] as const),
  async (lines) => {
    const errors = await readErrors(makeText(lines));
    assertEquals(errors.length, 1);
    assert(!errors.join().includes("hunter2"), errors.join());
  },
);

Deno.test("targets.example.toml is valid and has the target of the demo", async () => {
  const text = await Deno.readTextFile(new URL("targets.example.toml", ROOT));
  const config = await parseConfig(text, { file: "targets.example.toml" });
  const [demo] = config.targets.values();
  assertEquals([demo?.name, demo?.host], ["demo", "127.0.0.1"]);
  const udp = { protocol: "udp" as const, payload: PROMPT };
  assertEquals(demo?.knocks, [1234, 9876, 5555].map((port) => ({ port, ...udp })));
  assertEquals(demo?.probes, [{ type: "tcp", port: 2222 }]);
  // The file in a checkout has mode 0644.
  assertEquals(config.holdsSecret, false);
  for (const key of TARGET_KEYS) assert(new RegExp(`^${key}|\\.${key}\\]`, "m").test(text), key);
});

/** A file of many targets. */
function makeMany(count: number): string {
  const targets = Array.from(
    { length: count },
    (_, index) =>
      `[targets.t${index}]\nhost = "h${index}.example.com"\nknocks = ["1234/udp", "9876/udp", 80]\n` +
      `description = "number ${index}"\n[[targets.t${index}.probes]]\ntype = "tcp"\nport = 22\n`,
  );
  return `version = 1\n\n${targets.join("\n")}`;
}

Deno.test("reading time grows with the file, not with its square", async () => {
  const measure = async (count: number): Promise<number> => {
    const text = makeMany(count);
    const start = performance.now();
    const { targets } = await parseConfig(text, { file: "t.toml" });
    assertEquals(targets.size, count);
    return performance.now() - start;
  };
  await measure(200);
  let [small, large] = [Infinity, Infinity];
  // Eight times the file: linear is 8, quadratic 64. Other programs can only make a time longer.
  for (let round = 0; round < 10 && large / small >= 30 || round < 2; round++) {
    small = Math.min(small, await measure(500));
    large = Math.min(large, await measure(4_000));
  }
  assert(large / small < 30, `8 times the targets took ${large / small} times as long`);
});

table("a hash in a wrong place is not repeated", {
  "after a knock's protocol": `knocks = ["1/udp/${HASH}"]`,
  "after a knock": `knocks = ["1/udp ${HASH}"]`,
  "for a knock": `knocks = ["${HASH}"]`,
  "for a port": `knocks = [{ port = "${HASH}" }]`,
  "for a protocol": `knocks = [{ port = 1, protocol = "${HASH.toUpperCase()}" }]`,
  "for a delay": `knocks = [1]\ndelay = "${HASH}"`,
}, async (lines) => {
  const errors = (await readErrors(makeText(lines))).join("\n");
  assertEquals(errors.split("\n").length, 1, errors);
  assert(!errors.toLowerCase().includes(HASH.slice(0, 8)), errors);
});

Deno.test("knocks: lists and every spelling of a port", async () => {
  const { knocks } = await readTarget(
    makeText('knocks = ["7000,8000/UDP", "udp:9000", { port = 1, protocol = "UDP" }]'),
  );
  assertEquals(knocks.map(renderPortSpec), ["7000/tcp", "8000/udp", "9000/udp", "1/udp"]);
});
