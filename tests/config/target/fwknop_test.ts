/** `protocol = "fwknop"`: what is read, what is refused and where, what is written. */
import { assert, assertEquals } from "@std/assert";
import { addTargets, changeTargets } from "../../../src/config/changes.ts";
import { fillSecrets } from "../../../src/config/fill_secrets.ts";
import { parseConfig } from "../../../src/config/read.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { table } from "../../table.ts";

const K1 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const FILE = "/etc/spknock/t.toml";
const KEYS = `key_base64 = "${K1}"\nhmac_key = { file = "h" }\n`;

interface Part {
  /** Of the target's table. */
  target?: string;
  /** Of the table fwknop. */
  packet?: string;
  /** In front of the target. */
  before?: string;
}

function makeText({ target = 'opens = ["22/tcp"]\n', packet = KEYS, before = "" }: Part): string {
  return `${before}[targets.t]\nhost = "h"\nprotocol = "fwknop"\n${target}\n` +
    `[targets.t.fwknop]\n${packet}\n`;
}

async function readTarget(part: Part) {
  const config = await parseConfig(makeText(part), { file: FILE });
  const target = config.targets.get("t");
  if (target === undefined) throw new Error("no target");
  return { ...target, config };
}

async function readErrors(text: string): Promise<string> {
  try {
    await parseConfig(text, { file: "t.toml" });
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

Deno.test("fwknop: what is left out", async () => {
  const target = await readTarget({});
  const bytes = new TextEncoder().encode(K1);
  assertEquals(target.fwknop, {
    key: { payload: { kind: "bytes", bytes }, isBase64: true },
    hmacKey: {
      payload: { kind: "secret", source: { kind: "file", path: "/etc/spknock/h" } },
      isBase64: false,
    },
    allowIp: "source",
    resolveUrl: undefined,
    nat: undefined,
    user: undefined,
    hmacDigest: "sha256",
    digest: "sha256",
    timeOffsetMs: 0,
    asksTime: false,
  });
  assertEquals(target.knocks, [
    { port: 62201, protocol: "udp", payload: { kind: "bytes", bytes } },
  ]);
  const { family, copies, openForMs, probes, config } = target;
  assertEquals([family, copies, openForMs], ["ipv4", 1, 30_000]);
  assertEquals(probes, [{ type: "tcp", port: 22 }]);
  assertEquals(config.holdsSecret, true);
});

Deno.test("fwknop: every key", async () => {
  const { fwknop, knocks, openForMs, config } = await readTarget({
    target: 'opens = ["22/tcp", "53/udp"]\nopen_for = "1m"\nknocks = ["udp:4000"]\n',
    packet: 'key = { env = "FW_KEY" }\nhmac_key_base64 = { env = "FW_HMAC" }\n' +
      'allow_ip = "resolve"\nresolve_url = "https://example.com/ip"\nnat = "box:80"\n' +
      'user = "alice"\nhmac_digest = "sha512"\ndigest = "md5"\ntime_offset = "-90s"\n',
  });
  assertEquals(knocks.map(({ port }) => port), [4000]);
  assertEquals([fwknop?.asksTime, openForMs], [true, 60_000]);
  assertEquals(fwknop?.nat, { host: "box", port: 80 });
  const { allowIp, resolveUrl, user, hmacDigest, digest, timeOffsetMs } = fwknop ?? {};
  assertEquals([allowIp, resolveUrl], ["resolve", "https://example.com/ip"]);
  assertEquals([user, hmacDigest, digest, timeOffsetMs], ["alice", "sha512", "md5", -90_000]);
  assertEquals([config.holdsSecret, config.secretVariables], [false, ["FW_KEY", "FW_HMAC"]]);
});

Deno.test("fwknop: [defaults] of a time, a family and one-time codes are not those of fwknopd", async () => {
  const before = '[defaults]\nopen_for = "5m"\nfamily = "both"\ncopies = 2\n';
  const { family, copies, openForMs, fwknop } = await readTarget({ before });
  assertEquals([family, copies, openForMs, fwknop?.asksTime], ["ipv4", 1, 30_000, false]);
});

Deno.test("fwknop: placeholders of both keys are filled in", async () => {
  const packet = 'key = { file = "{target}.key" }\nhmac_key = { command = ["pass", "{host}"] }\n';
  const { config } = await readTarget({ packet });
  const { fwknop } = fillSecrets(config).targets.get("t") ?? {};
  assertEquals([fwknop?.key.payload, fwknop?.hmacKey.payload], [
    { kind: "secret", source: { kind: "file", path: "/etc/spknock/t.key" } },
    { kind: "secret", source: { kind: "command", command: ["pass", "h"] } },
  ]);
});

const LONG = Array.from({ length: 20 }, (_, index) => `"${60_000 + index}/tcp"`).join(", ");

table<Part & { says: string }>("fwknop: refused with its place:", {
  "no table": {
    target: 'opens = ["22/tcp"]\n[targets.u]\nhost = "h"\nprotocol = "fwknop"\nopens = ["1/tcp"]',
    says: "t.toml:5: targets.u: the table fwknop is missing",
  },
  "another protocol": {
    target: 'opens = ["22/tcp"]\n[targets.u]\nhost = "h"\nprotocol = "spa"\nknocks = [1]',
    says: "t.toml:7: targets.u.protocol: is not a protocol of a target",
  },
  "nothing to open": { target: "", says: "targets.t: opens is missing" },
  "a range": { target: 'opens = ["1-9/tcp"]', says: "targets.t.opens: has a range: fwknopd" },
  "an echo request": { target: 'opens = ["icmp"]', says: "targets.t.opens: has icmp: fwknopd" },
  "everything": { target: 'opens = ["all"]', says: "targets.t.opens: has all: fwknopd" },
  "too many ports": { target: `opens = [${LONG}]`, says: "fwknopd reads at most 399: use fewer" },
  "IPv6": { target: 'opens = [22]\nfamily = "ipv6"', says: "targets.t.family: cannot be used" },
  "copies": { target: "opens = [22]\ncopies = 2", says: "targets.t.copies: cannot be used" },
  "icmp": { target: 'opens = [22]\nknocks = ["1/icmp"]', says: "t.knocks: needs the one port" },
  "two knocks": { target: "opens = [22]\nknocks = [1, 2]", says: "t.knocks: needs the one port" },
  "too long": { target: 'opens = [22]\nopen_for = "20h"', says: "open_for: cannot be asked" },
  "half a second": { target: 'opens = [22]\nopen_for = "1500ms"', says: "open_for: cannot be" },
  "codes": {
    target: "opens = [22]\nrolling = {}",
    says: "t.rolling: cannot be used with protocol",
  },
  "a secret": { target: 'opens = [22]\nsecret = "prompt"', says: "t.secret: cannot be used with" },
  "a handshake": { target: 'opens = [22]\nhandshake = "9ms"', says: "t.handshake: cannot be used" },
  "no key": { packet: 'hmac_key = "x"', says: "targets.t.fwknop: key_base64 is missing" },
  "no HMAC key": { packet: 'key = "x"', says: "t.fwknop: hmac_key_base64 is missing" },
  "two keys": { packet: `${KEYS}key = "x"`, says: "t.fwknop.key: is a second key: use either" },
  "33 bytes": { packet: `key = "${"k".repeat(33)}"\nhmac_key = "x"`, says: "key: has 33 bytes" },
  "no base64": { packet: 'key_base64 = "!"\nhmac_key = "x"', says: "key_base64: is not base64" },
  "an empty key": { packet: 'key = ""\nhmac_key = "x"', says: "t.fwknop.key: is empty: use 1 to" },
  "a long HMAC key": {
    packet: `key = "x"\nhmac_key = "${"k".repeat(129)}"`,
    says: "hmac_key: has 129 bytes: fwknop uses 1 to 128",
  },
  "the same key": { packet: 'key = "x"\nhmac_key_base64 = "eA=="', says: "key are the same" },
  "the same file": {
    packet: 'key = { file = "a" }\nhmac_key = { file = "a" }',
    says: "t.fwknop: the key and the HMAC key are the same",
  },
  "a hash": {
    packet: `key = { hash = "${"a".repeat(64)}" }\nhmac_key = "x"`,
    says: "t.fwknop.key.hash: is not a key, but a hash of one",
  },
  "an address of IPv6": { packet: `${KEYS}allow_ip = "::1"`, says: "allow_ip: cannot be used" },
  "an idle URL": { packet: `${KEYS}resolve_url = "http://x"`, says: "resolve_url: has no effect" },
  "NAT without a port": { packet: `${KEYS}nat = "box"`, says: "t.fwknop.nat: is not a place" },
  "a user": { packet: `${KEYS}user = "a:b"`, says: "t.fwknop.user: is not a user of fwknop" },
  "a digest": { packet: `${KEYS}digest = "sha3_256"`, says: "digest: cannot be used: use one of" },
  "GPG": { packet: `${KEYS}gpg_recipient = "x"`, says: "a key of GPG (GPG_*)" },
}, async ({ says, ...part }) => {
  const errors = await readErrors(makeText(part));
  assert(errors.includes(says), errors);
});

Deno.test("fwknop: [defaults] cannot have a protocol", async () => {
  const errors = await readErrors(makeText({ before: '[defaults]\nprotocol = "fwknop"\n' }));
  assert(errors.includes("defaults.protocol: each target has its own protocol"), errors);
});

table("fwknop: no message repeats a key:", {
  "in the wrong form": 'key_base64 = "hunter2!"\nhmac_key = "x"',
  "too long": `key = "${"hunter2".repeat(9)}"\nhmac_key = "x"`,
  "as the name of a key": 'hunter2 = "x"\nkey = "y"\nhmac_key = "x"',
  "as a user": `${KEYS}user = "hunter2:"`,
  "in a place": `${KEYS}nat = "hunter2"`,
}, async (packet) => {
  const errors = await readErrors(makeText({ packet }));
  assert(errors !== "" && !errors.includes("hunter2"), errors);
});

table<Part>("fwknop: what is written reads as the same again:", {
  "the least": {},
  "everything": {
    target: 'opens = ["22/tcp", "53/udp"]\nopen_for = "30s"\nknocks = ["4000/udp"]\ntries = 2\n',
    packet: 'key = { prompt = true }\nhmac_key_base64 = { command = ["pass"] }\nnat = ":22"\n' +
      'allow_ip = "192.0.2.1"\nuser = "a b"\nhmac_digest = "md5"\ntime_offset = "-3m"\n',
  },
  "where [defaults] say otherwise": { before: '[defaults]\nopen_for = "30s"\nfamily = "ipv6"\n' },
}, async (part) => {
  const { config, ...target } = await readTarget(part);
  const text = addTargets(part.before ?? "", [{ ...target, name: "t" }], { file: FILE });
  const again = (await parseConfig(text, { file: FILE })).targets.get("t");
  assertEquals(again, target);
  assertEquals(config.targets.size, 1);
});

Deno.test("fwknop: a change leaves the table as it is, byte for byte", async () => {
  const text = makeText({ target: 'opens = ["22/tcp"] # ssh\n', packet: `# keys\n${KEYS}` });
  const changed = changeTargets(
    text,
    () => [{ name: "t", host: "h2", opens: [{ port: 23, protocol: "tcp" }], openForMs: 9_000 }],
    { file: FILE },
  );
  assertEquals(
    changed,
    text.replace('"h"', '"h2"').replace("22/tcp", "23/tcp")
      .replace("# ssh\n", '# ssh\nopen_for = "9s"\n'),
  );
  const { targets } = await parseConfig(changed, { file: FILE });
  assertEquals(targets.get("t")?.fwknop?.asksTime, true);
});
