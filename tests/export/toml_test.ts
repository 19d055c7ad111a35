import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { TARGET_KEYS } from "../../src/config/target/keys.ts";
import { ConfigError, UsageError } from "../../src/core/errors.ts";
import { PROBE_TYPES } from "../../src/probe/kinds.ts";
import { table } from "../table.ts";
import {
  HASH,
  KEY,
  listDifferences,
  makeRoundTrip,
  readTarget,
  readTargets,
  requireOne,
} from "./round_trip.ts";

/** Targets in TOML: what differs after a round trip with secrets, and the exact losses. */
interface Row {
  toml: string;
  differs?: readonly string[];
  lost?: readonly string[];
}

const HEAD = '[targets.a]\nhost = "fw.example.com"\n';
const KNOCKS = `${HEAD}knocks = ["7000/tcp"]\n`;
const FWKNOP = `${HEAD}protocol = "fwknop"\nopens = ["22/tcp"]\n`;
const KEYS = '[targets.a.fwknop]\nkey_base64 = { file = "k" }\nhmac_key_base64 = { file = "h" }\n';

/** One row for each key of a target, and more; the name of the row is the key. */
const ROWS: Readonly<Record<string, Row>> = {
  host: { toml: '[targets.a]\nhost = "2001:db8::1"\nknocks = [7000]\n' },
  knocks: {
    toml: `${HEAD}knocks = ["7000/tcp", { port = 1, delay = "1s", handshake = "200ms" }, ` +
      '{ protocol = "icmp", size = 128, payload = { hex = "00ff" } }, ' +
      '{ port = 2, protocol = "udp", payload = { text = "a\\u0007" } }, ' +
      '{ port = 3, protocol = "udp", payload = "none" }]\n',
  },
  description: { toml: `${KNOCKS}description = "Élan \\"x\\" \\u202e"\n` },
  tags: { toml: `${KNOCKS}tags = ["a,b", "c"]\n` },
  delay: { toml: `${KNOCKS}delay = "70ms"\n` },
  family: { toml: `${KNOCKS}family = "both"\n` },
  opens: { toml: `${KNOCKS}opens = ["22/tcp", "60000-61000/udp", "icmp"]\n` },
  source: {
    toml: `${KNOCKS}source = "eth0"\n`,
    differs: ["source"],
    lost: ["a: source, which is of this machine"],
  },
  admin: {
    toml: `${KNOCKS}admin = "root@fw"\n`,
    differs: ["admin"],
    lost: ["a: admin, which is a login of yours"],
  },
  handshake: { toml: `${KNOCKS}handshake = "100ms"\n` },
  tries: { toml: `${KNOCKS}tries = 5\n` },
  copies: { toml: `${KNOCKS}copies = 2\n` },
  open_for: { toml: `${KNOCKS}open_for = "1h"\n` },
  stage_timeout: { toml: `${KNOCKS}stage_timeout = "9s"\n` },
  timeout: { toml: `${KNOCKS}timeout = "3s"\n` },
  probes: {
    toml: `${KNOCKS}probes = ["22", "https://fw.example.com/", "ping", "ssh", ` +
      '{ type = "tls", port = 443 }, { type = "udp", port = 53, send = { hex = "00" } }, ' +
      '{ type = "exec", run = ["x"] }]\n',
    differs: ["probes"],
    lost: ["a: 1 probe by a program"],
  },
  after: {
    toml: `${KNOCKS}[[targets.a.after]]\nrun = ["x"]\n`,
    differs: ["after"],
    lost: ["a: after, which runs programs"],
  },
  rolling: {
    toml: `${HEAD}knocks = ["7000/tcp", "62201/udp"]\nsecret = { file = "keys/x.key" }\n` +
      'rolling = { window = "5m", slots = 2, name = "me", from = 2026-01-01T00:00:00Z, ' +
      'until = 2027-01-01T00:00:00Z, former_key = "old" }\n',
    differs: ["rolling"],
    lost: ["a: rolling.former_key"],
  },
  secret: {
    toml: `${HEAD}knocks = ["1/udp", "2/tcp", "3/udp"]\nsecret = { hash = "${HASH}" }\n`,
  },
  close: {
    toml: `${KNOCKS}[targets.a.close]\nknocks = ["9/tcp", { port = 8, protocol = "udp", ` +
      `secret = { hash = "${HASH}" } }]\n`,
  },
  connect: { toml: `${KNOCKS}[targets.a.connect]\nhost = "inner"\nport = 2222\n` },
  protocol: {
    toml:
      `${FWKNOP}knocks = ["7/udp"]\nopen_for = "60s"\n[targets.a.fwknop]\nkey = "raw ; # key"\n` +
      'hmac_key_base64 = "QUJD"\n',
  },
  fwknop: {
    toml: `${FWKNOP}[targets.a.fwknop]\nkey_base64 = "${KEY}"\nhmac_key = "h"\n` +
      'allow_ip = "resolve"\nresolve_url = "https://x.example/ip"\nnat = ":2222"\nuser = "bob"\n' +
      'hmac_digest = "sha512"\ndigest = "md5"\ntime_offset = "-3m"\n',
  },
};

table("export --as toml, imported", ROWS, async ({ toml, differs = [], lost = [] }) => {
  const before = await readTarget(toml);
  const trip = await makeRoundTrip([before], { as: "toml", from: "toml" });
  const after = requireOne(trip.targets);
  assertEquals([listDifferences(before, after), trip.lost], [differs, lost]);
});

Deno.test("export --as toml: each key of a target is in the table of round trips", () => {
  const missing = TARGET_KEYS.filter((key) => key !== "one_time" && !Object.hasOwn(ROWS, key));
  assertEquals(missing, []);
  assertEquals(
    PROBE_TYPES.filter((type) => !ROWS["probes"]?.toml.includes(type === "tcp" ? '"22"' : type)),
    [],
  );
});

Deno.test("export --as toml: [defaults] are filled in", async () => {
  const before = await readTarget(
    `[defaults]\ntries = 7\ndelay = "1s"\nsecret = "none"\n${HEAD}knocks = ["1/udp"]\n`,
  );
  const { targets, lost } = await makeRoundTrip([before], { as: "toml", from: "toml" });
  assertEquals([targets, lost], [[before], []]);
});

Deno.test("export --as toml: several targets keep their names and order", async () => {
  const before = await readTargets(
    ["zz", "a_B", `x${"-y".repeat(20)}`].map((name) =>
      `[targets.${name}]\nhost = "::1"\nknocks = [7]\n`
    ).join(""),
  );
  const { targets } = await makeRoundTrip(before, { as: "toml", from: "toml" });
  assertEquals(targets, before);
});

/** What is asked for where the file comes to, without `--with-secrets`. */
table("export --as toml without secrets: asked for", {
  hash: [`knocks = ["1/udp"]\nsecret = { hash = "${HASH}" }`, "a: where its secret comes from"],
  file: ['knocks = ["1/udp"]\nsecret = { file = "f" }', "a: where its secret comes from"],
  env: ['knocks = ["1/udp"]\nsecret = { env = "E" }', "a: where its secret comes from"],
  command: ['knocks = ["1/udp"]\nsecret = { command = ["c"] }', "a: where its secret comes from"],
  prompt: ['knocks = ["1/udp"]', undefined],
  once: ['knocks = ["1/udp", "2/udp"]\nsecret = { prompt = "once" }', undefined],
  fwknop: [
    `protocol = "fwknop"\nopens = ["22/tcp"]\n${KEYS}`,
    "a: where its keys come from",
  ],
}, async ([rest, lost]) => {
  const before = await readTargets(`${HEAD}${rest}\n`);
  const trip = await makeRoundTrip(before, { as: "toml", from: "toml", isSecretless: true });
  assertEquals(trip.lost, lost === undefined ? [] : [lost]);
  const [{ knocks, fwknop } = { knocks: [], fwknop: undefined }] = trip.targets;
  for (const { payload } of [...knocks, ...fwknop === undefined ? [] : [fwknop.hmacKey]]) {
    assert(payload.kind === "secret" && payload.source.kind === "prompt");
  }
});

table("export --as toml without secrets: a placeholder is refused by an import", {
  "a fixed payload": [
    'knocks = [{ port = 1, protocol = "udp", payload = { text = "s3cret" } }]',
    "targets.a.knocks[0].payload.text",
  ],
  "a payload of an echo request": [
    'knocks = [{ protocol = "icmp", size = 64, payload = { text = "s3cret" } }]',
    "targets.a.knocks[0].payload.text",
  ],
  "a key of one-time codes": [
    'knocks = ["1/udp"]\nsecret = { file = "f" }\nrolling = { slots = 1 }',
    "targets.a.secret.key",
  ],
}, async ([rest, key]) => {
  const before = await readTargets(`${HEAD}${rest}\n`);
  const error = await assertRejects(
    () => makeRoundTrip(before, { as: "toml", from: "toml", isSecretless: true }),
    ConfigError,
  );
  assertEquals(error.problems.length, 1, error.message);
  assertEquals(error.problems[0]?.key, key);
  assertStringIncludes(error.message, "is a placeholder");
  assert(!error.message.includes("s3cret"));
});

Deno.test("export --as toml: one-time sequences cannot be shared", async () => {
  const target = await readTarget(KNOCKS);
  const one = { ...target, knocks: [], oneTime: "/c/list" };
  await assertRejects(() => makeRoundTrip([one], { as: "toml", from: "toml" }), UsageError);
});
