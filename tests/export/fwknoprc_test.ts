import { assert, assertEquals, assertRejects } from "@std/assert";
import { SETTING_KEYS } from "../../src/config/target/keys.ts";
import type { FwknopKey } from "../../src/core/fwknop.ts";
import { UsageError } from "../../src/core/errors.ts";
import schema from "../../targets.schema.json" with { type: "json" };
import { table } from "../table.ts";
import {
  HMAC_KEY,
  KEY,
  listDifferences,
  makeRoundTrip,
  readTarget,
  readTargets,
} from "./round_trip.ts";

const HEAD = '[targets.work]\nhost = "fw.example.com"\nprotocol = "fwknop"\n';
const OPENS = 'opens = ["22/tcp"]\n';
const KEYS = `[targets.work.fwknop]\nkey_base64 = "${KEY}"\nhmac_key_base64 = "${HMAC_KEY}"\n`;

/** What of a door of fwknopd comes back as it was; the rows are the keys of its table, and more. */
const ROWS: Readonly<Record<string, string>> = {
  key_base64: OPENS + KEYS,
  hmac_key_base64: OPENS + KEYS,
  key: `${OPENS}[targets.work.fwknop]\nkey = "correct-horse"\nhmac_key = "staple"\n`,
  hmac_key: `${OPENS}[targets.work.fwknop]\nkey = "k=:"\nhmac_key = "h\\"'\\\\é"\n`,
  allow_ip: `${OPENS}${KEYS}allow_ip = "192.0.2.1"\n`,
  resolve_url: `${OPENS}${KEYS}allow_ip = "resolve"\nresolve_url = "https://x.example/ip?a=b"\n`,
  nat: `${OPENS}${KEYS}nat = "inner:80"\n`,
  "a local nat": `opens = ["2222/tcp"]\n${KEYS}nat = ":22"\n`,
  "a local nat of two ports": `opens = ["2222/tcp", "53/udp"]\n${KEYS}nat = ":22"\n`,
  user: `${OPENS}${KEYS}user = "bob.b"\n`,
  hmac_digest: `${OPENS}${KEYS}hmac_digest = "md5"\n`,
  digest: `${OPENS}${KEYS}digest = "sha512"\n`,
  time_offset: `${OPENS}${KEYS}time_offset = "-1h"\n`,
  "a time_offset of days": `${OPENS}${KEYS}time_offset = "480h"\n`,
  "the port": `knocks = ["7/udp"]\n${OPENS}${KEYS}`,
  "the port, over tcp": `knocks = ["62201/tcp"]\n${OPENS}${KEYS}`,
  open_for: `open_for = "90s"\n${OPENS}${KEYS}`,
  "open_for of 30 s": `open_for = "30s"\n${OPENS}${KEYS}`,
  opens: `opens = ["22/tcp", "53/udp"]\n${KEYS}`,
};

table("export --as fwknoprc, imported: the same", ROWS, async (toml) => {
  const before = await readTarget(HEAD + toml);
  const { targets, lost } = await makeRoundTrip([before], { as: "fwknoprc", from: "fwknop" });
  assertEquals([targets.length, lost], [1, []]);
  assertEquals(targets.flatMap((after) => listDifferences(before, after)), []);
});

Deno.test("export --as fwknoprc: each key of the table fwknop is in the table of round trips", () => {
  const keys = Object.keys(schema.definitions.fwknop.properties);
  assertEquals(keys.filter((key) => !Object.hasOwn(ROWS, key)), []);
});

/** Settings that fwknop's client has none for, with a value that is not the usual one. */
const LOST: Readonly<Record<string, string>> = {
  description: '"x"',
  tags: '["x"]',
  delay: '"70ms"',
  source: '"eth0"',
  admin: '"root@fw"',
  tries: "5",
  stage_timeout: '"9s"',
  timeout: '"3s"',
  probes: '["ping"]',
  after: '[{ run = ["x"] }]',
  connect: "{ port = 22 }",
};

table("export --as fwknoprc: named as lost", LOST, async (value, key) => {
  const before = await readTarget(`${HEAD}${key} = ${value}\n${OPENS}${KEYS}`);
  const { targets, lost } = await makeRoundTrip([before], { as: "fwknoprc", from: "fwknop" });
  assertEquals(lost, [`work: ${key}`]);
  assertEquals(targets.flatMap((after) => listDifferences(before, after)), [key]);
});

Deno.test("export --as fwknoprc: each setting is carried, lost, or none of a door of fwknopd", () => {
  const carried = ["family", "opens", "copies", "open_for"];
  const foreign = ["rolling", "handshake"];
  const known = [...carried, ...foreign, ...Object.keys(LOST)];
  assertEquals(Object.keys(SETTING_KEYS).filter((key) => !known.includes(key)), []);
});

Deno.test("export --as fwknoprc: a key that the file cannot hold is written in base64", async () => {
  const before = await readTarget(
    `${HEAD}${OPENS}[targets.work.fwknop]\nkey = "a b;c"\nhmac_key = "#"\n`,
  );
  const { text, targets } = await makeRoundTrip([before], { as: "fwknoprc", from: "fwknop" });
  assert(!text.includes("a b;c"));
  const { key, hmacKey } = targets[0]?.fwknop ?? {};
  assertEquals([key, hmacKey].map((each) => decode(each)), ["a b;c", "#"]);
});

table("export --as fwknoprc: a value that the client would cut is refused", {
  user: 'user = "a#b"\n',
  resolve_url: 'allow_ip = "resolve"\nresolve_url = "https://x.example/ip;a#b"\n',
}, async (toml, key) => {
  const targets = [await readTarget(`${HEAD}${OPENS}${KEYS}${toml}`)];
  const error = await assertRejects(
    () => makeRoundTrip(targets, { as: "fwknoprc", from: "fwknop" }),
    UsageError,
    `the ${key} of "work" cannot be in a .fwknoprc`,
  );
  assertEquals(error.hint, "spknock export work --as toml");
});

Deno.test("export --as fwknoprc: base64 has neither blanks nor an open end", async () => {
  const before = await readTarget(
    `${HEAD}${OPENS}[targets.work.fwknop]\nkey_base64 = "AAEC\\nAw "\nhmac_key_base64 = "QEFC"\n`,
  );
  const { text } = await makeRoundTrip([before], { as: "fwknoprc", from: "fwknop" });
  assert(text.includes("\nKEY_BASE64       AAECAw==\n"), text);
});

Deno.test("export --as fwknoprc without secrets: raw keys are asked for", async () => {
  const before = await readTarget(
    `${HEAD}${OPENS}[targets.work.fwknop]\nkey = "k3y"\nhmac_key = "h"\n`,
  );
  const trip = await makeRoundTrip([before], {
    as: "fwknoprc",
    from: "fwknop",
    isSecretless: true,
  });
  assert(!trip.text.includes("k3y"));
  const { payload } = trip.targets[0]?.fwknop?.key ?? {};
  assert(payload?.kind === "secret" && payload.source.kind === "prompt");
});

Deno.test("export --as fwknoprc: a target of another kind names a form that can", async () => {
  const targets = await readTargets('[targets.a]\nhost = "::1"\nknocks = [7]\n');
  const error = await assertRejects(
    () => makeRoundTrip(targets, { as: "fwknoprc", from: "fwknop" }),
    UsageError,
  );
  assertEquals(error.hint, "spknock export a --as toml");
});

/** Returns the text of a key that is written in base64. */
function decode(key: FwknopKey | undefined): string | undefined {
  if (key?.isBase64 !== true || key.payload.kind !== "bytes") return undefined;
  const bytes = Uint8Array.fromBase64(new TextDecoder().decode(key.payload.bytes));
  return new TextDecoder().decode(bytes);
}
