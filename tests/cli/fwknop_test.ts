/** A door of fwknopd on the command line: texts, secrets, what is refused. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/mod.ts";
import { testWith } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const K1 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DOOR = '[targets.work]\nhost = "192.0.2.1"\nprotocol = "fwknop"\nopens = ["22/tcp"]\n' +
  'open_for = "60s"\n\n[targets.work.fwknop] # both keys\nkey_base64 = { prompt = true }\n' +
  "hmac_key = { prompt = true }\n";
const FIXED = DOOR.replace("{ prompt = true }", `"${K1}"`).replace("{ prompt = true }", '"hmac"');

/** What goes over the wire. */
async function listSent(world: World): Promise<string[]> {
  return await Promise.resolve(world.net.sent.map(({ payload }) => payload));
}

Deno.test("fwknop: knock sends another packet each try, once each", async () => {
  await using world = new World({ isSilent: true });
  await world.write(FIXED);
  const { code, stderr } = await world.run("knock", "work", "--tries", "3");
  assertEquals(code, 1);
  const sent = await listSent(world);
  assertEquals([sent.length, new Set(sent).size], [3, 3]);
  for (const each of sent) assertMatch(each, /^[A-Za-z0-9+/]{190,399}$/);
  assertStringIncludes(stderr, "hint: find out why: spknock doctor work");
});

Deno.test("fwknop: --secrets-from has two lines, of which none is hashed", async () => {
  await using world = new World({ open: [22], stdin: `${K1}\nhmac\n` });
  await world.write(DOOR);
  assertEquals((await world.run("knock", "work", "--secrets-from", "-")).code, 0);
  assertEquals(world.net.sent.length, 1);
});

Deno.test("fwknop: each key is asked for by its name", async () => {
  await using world = new World({ open: [22], keys: [`${K1}\n`, "hmac\n"] });
  await world.write(DOOR);
  assertEquals((await world.run("knock", "work")).code, 0);
  const text = world.terminal?.output ?? "";
  for (const each of ["Encryption key for work (base64):", "HMAC key for work:"]) {
    assertStringIncludes(text, each);
  }
});

table<{ stdin: string; says: string }>("fwknop: nothing is sent with a wrong key:", {
  "no base64": { stdin: "hunter2!\nhmac\n", says: "the encryption key is not base64" },
  "too long": { stdin: `${K1}\n${"hunter2".repeat(20)}\n`, says: "the HMAC key has 140 bytes" },
  "empty": { stdin: `\nhmac\n`, says: "line 1 of standard input is empty" },
  "one line": { stdin: `hunter2\n`, says: "standard input has 1 line" },
}, async ({ stdin, says }) => {
  await using world = new World({ open: [22], stdin });
  await world.write(DOOR);
  const ended = await world.run("knock", "work", "--secrets-from", "-", "--json");
  assertEquals([ended.code, world.net.sent.length], [4, 0]);
  assertStringIncludes(errorOf(ended).message, says);
  if (says.includes(" key ")) assertStringIncludes(errorOf(ended).hint ?? "", "access.conf has");
  assert(!`${ended.stdout}${ended.stderr}`.includes("hunter2"));
});

Deno.test("fwknop: --dry-run says what is asked for, and where the keys come from", async () => {
  await using world = new World();
  await world.write(DOOR);
  const { stdout, code } = await world.run("knock", "work", "--dry-run");
  assertEquals([code, world.net.sent.length], [0, 0]);
  assertStringIncludes(
    stdout,
    "after 0ms  62201/udp  one packet of fwknop, asks for 22/tcp, for its source for 1m",
  );
  assertStringIncludes(stdout, "encryption key: key, asked for (base64)");
  assertStringIncludes(stdout, "HMAC key: key, asked for");
});

Deno.test("fwknop: list and show say it, without a key", async () => {
  await using world = new World();
  await world.write(FIXED.replace("hmac_key =", 'nat = "10.0.0.5:80"\nhmac_key ='));
  assertStringIncludes((await world.run("list")).stdout, "62201/udp (fwknop)");
  const shown = await world.run("show", "work", "--fingerprint");
  assertStringIncludes(shown.stdout, "asks for 22/tcp, which leads to 10.0.0.5:80, for its source");
  assertStringIncludes(shown.stdout, "in the configuration (base64)");
  assertStringIncludes(shown.stderr, "a packet of fwknop has no fingerprint");
  assert(!shown.stdout.includes(K1) && !shown.stdout.includes("AAEC"));
  const { fwknop } = valueOf<{ fwknop: unknown }>(await world.run("show", "work", "--json"));
  assertEquals(fwknop, {
    key: "in the configuration (base64)",
    hmac_key: "in the configuration",
    allow_ip: "source",
    resolve_url: null,
    nat: "10.0.0.5:80",
    user: null,
    hmac_digest: "sha256",
    digest: "sha256",
    time_offset_ms: 0,
    asks_time: true,
  });
});

const WRITES = '"work" is a door of fwknopd, which writes the firewall\'s rules itself';

table<{ argv: string; says: string }>("fwknop: refused with what to do:", {
  "rules": { argv: "rules work --for nftables", says: WRITES },
  "apply": { argv: "apply work root@192.0.2.1 --yes", says: WRITES },
  "simulate": { argv: "simulate work", says: WRITES },
  "codes": { argv: "codes work", says: WRITES },
  "rolling new": { argv: "rolling new work", says: WRITES },
  "rolling rotate": { argv: "rolling rotate work", says: WRITES },
  "close": { argv: "close work", says: "which closes it itself" },
  "edit --secret": { argv: "edit work --secret prompt", says: "--secret has no effect on" },
  "IPv6": { argv: "knock work -6", says: "which reads IPv4 only" },
  "keygen of a saved one": { argv: "fwknop keygen work --host h", says: '"work" is saved already' },
}, async ({ argv, says }) => {
  await using world = new World();
  await world.write(FIXED);
  const ended = await world.run(...argv.split(" "), "--json");
  assertEquals([ended.code, world.net.sent.length], [2, 0], ended.stderr);
  assertStringIncludes(errorOf(ended).message, says);
  assert(errorOf(ended).hint !== null);
  assertEquals(await world.read(), FIXED);
});

Deno.test("fwknop: edit keeps the table byte for byte", async () => {
  await using world = new World();
  await world.write(DOOR);
  const change = ["--host", "192.0.2.2", "--opens", "23/tcp", "-d", "9ms", "--open-for", "9s"];
  const { code, stderr } = await world.run("edit", "work", ...change);
  assertEquals(code, 0, stderr);
  const text = await world.read();
  const [, table] = DOOR.split("\n\n");
  assertStringIncludes(text, `${table}`);
  assertStringIncludes(text, 'host = "192.0.2.2"\nprotocol = "fwknop"\nopens = ["23/tcp"]');
  assertEquals((await world.run("edit", "work", "--knock", "4000/udp")).code, 0);
  assertStringIncludes(await world.read(), 'knocks = ["4000/udp"]');
  assertEquals((await world.run("edit", "work", "--knock", "4000/tcp")).code, 0);
  assertStringIncludes(await world.read(), 'knocks = ["4000/tcp"]');
  const bad = await world.run("edit", "work", "--knock", "4000/udp", "--knock", "4001/udp");
  assertStringIncludes(bad.stderr, "needs the one port");
});

Deno.test("fwknop keygen: two files of mode 0600, the target, and the server's lines", async () => {
  await using world = new World();
  await world.write("# mine\n");
  const { code, stdout, stderr } = await world.run(
    ...["fwknop", "keygen", "work", "--host", "fw.example.com", "--open", "22/tcp,53/udp"],
  );
  assertEquals(code, 0, stderr);
  const read = (ending: string) =>
    Deno.readTextFile(world.config.replace(/[^/]*$/, `keys/work.${ending}`));
  const [key, hmac] = [(await read("key")).trim(), (await read("hmac")).trim()];
  assertEquals([key, hmac].map((each) => Uint8Array.fromBase64(each).length), [32, 64]);
  for (
    const line of [
      "SOURCE                  ANY",
      "OPEN_PORTS              tcp/22,udp/53",
      "FW_ACCESS_TIMEOUT       30",
      `KEY_BASE64              ${key}`,
      `HMAC_KEY_BASE64         ${hmac}`,
    ]
  ) assertStringIncludes(stdout, `${line}\n`);
  assertStringIncludes(stderr, "warning: these lines hold both keys");
  const target = (await parseConfig(await world.read(), { file: world.config })).targets.get(
    "work",
  );
  assertEquals([target?.host, target?.fwknop?.asksTime], ["fw.example.com", false]);
  assertMatch(await world.read(), /^# mine\n/);
  const access = await world.run("fwknop", "access", "work", "-q");
  assertStringIncludes(access.stdout, `HMAC_KEY_BASE64         ${hmac}\n`);
  const removed = await world.run("remove", "work", "--yes");
  assertMatch(
    removed.stdout,
    /the key file stays: .*work\.key\n.*the key file stays: .*work\.hmac/,
  );
});

Deno.test("fwknop access: what fwknopd.conf needs besides, and an address that is required", async () => {
  await using world = new World();
  const more = 'nat = ":22"\nallow_ip = "resolve"\nhmac_digest = "sha512"\n';
  await world.write(
    FIXED.replace("hmac_key =", `${more}hmac_key =`).replace(
      "opens",
      'knocks = ["4000/udp"]\nopens',
    ),
  );
  const { stdout } = await world.run("fwknop", "access", "work", "-q");
  for (
    const line of [
      "# fwknopd.conf needs: PCAP_FILTER udp port 4000;",
      "# fwknopd.conf needs: ENABLE_IPT_LOCAL_NAT Y;",
      "REQUIRE_SOURCE_ADDRESS  Y",
      "FW_ACCESS_TIMEOUT       60",
      "HMAC_DIGEST_TYPE        SHA512",
      `HMAC_KEY_BASE64         ${btoa("hmac")}`,
    ]
  ) assertStringIncludes(stdout, `${line}\n`);
});

Deno.test("fwknop access: over tcp", async () => {
  await using world = new World();
  await world.write(FIXED.replace("opens", 'knocks = ["62201/tcp"]\nopens'));
  const { stdout } = await world.run("fwknop", "access", "work", "-q");
  const needs = stdout.split("\n").filter((line) => line.startsWith("# fwknopd.conf needs: "));
  assertEquals(needs.map((line) => line.replace(/^.*: /, "")), [
    "PCAP_FILTER tcp port 62201;",
    "ENABLE_TCP_SERVER Y;",
    "TCPSERV_PORT 62201;",
  ]);
});

Deno.test("fwknop keygen without a target saves nothing", async () => {
  await using world = new World();
  const { code, stdout } = await world.run("fwknop", "keygen", "--open", "443/tcp");
  assertEquals([code, await world.read()], [0, ""]);
  assertMatch(stdout, /^OPEN_PORTS +tcp\/443$/m);
  assertEquals(world.dropped, ["run", "write"]);
});

table<{ argv: string; says: string }>("fwknop keygen: refused:", {
  "an echo request": { argv: "keygen work --host h --open icmp", says: "--open: has icmp" },
  "an IPv6 address": { argv: "keygen work --host ::1", says: "is an IPv6 address, and fwknopd" },
  "no host": { argv: "keygen work", says: "missing option --host" },
  "a host without a target": { argv: "keygen --host h", says: "--host has no effect without" },
  "an unknown action": { argv: "keygn", says: 'unknown action "keygn", did you mean "keygen"?' },
  "half a second": { argv: "keygen --open-for 1500ms", says: "cannot be asked of fwknopd" },
  "access without a target": { argv: "access", says: "missing argument TARGET" },
  "access of another kind": { argv: "access home", says: '"home" is not a door of fwknopd' },
  "options of the other": { argv: "access work --host h", says: "--host has no effect with" },
}, async ({ argv, says }) => {
  await using world = new World();
  await world.write('[targets.home]\nhost = "h"\nknocks = [1]\n');
  const ended = await world.run("fwknop", ...argv.split(" "), "--json");
  assertEquals(ended.code, 2, ended.stderr);
  assertStringIncludes(errorOf(ended).message, says);
  const keys = await Deno.stat(world.config.replace(/[^/]*$/, "keys")).catch(() => undefined);
  assertEquals([keys, (await world.read()).includes("work")], [undefined, false]);
});

testWith("modes", "fwknop: doctor looks at the files of both keys", async () => {
  await using world = new World();
  const folder = world.config.replace(/[^/]*$/, "");
  await world.write(
    DOOR.replace("{ prompt = true }", '{ file = "a" }').replace(
      "{ prompt = true }",
      '{ file = "b" }',
    ),
  );
  await Deno.writeTextFile(`${folder}a`, `${K1}\n`, { mode: 0o600 });
  await Deno.writeTextFile(`${folder}b`, "hmac\n");
  await Deno.chmod(`${folder}b`, 0o644);
  const { stdout } = await world.run("doctor", "-v");
  assertStringIncludes(stdout, `Other users can read the secret file "${folder}b"`);
});
