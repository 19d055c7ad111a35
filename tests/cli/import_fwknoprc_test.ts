import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HMAC_KEY, KEY } from "../export/round_trip.ts";
import { assertMode, testWith } from "../systems.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const KEYS = `KEY_BASE64 ${KEY}\nHMAC_KEY_BASE64 ${HMAC_KEY}\n`;
const STANZA = `[work]\nSPA_SERVER fw.example.com\nACCESS tcp/22\nALLOW_IP source\n${KEYS}`;

async function write(world: World, text: string): Promise<string> {
  const file = `${world.home}/.fwknoprc`;
  await Deno.writeTextFile(file, text);
  await Deno.chmod(file, 0o600);
  return file;
}

testWith(
  "modes",
  "import: a .fwknoprc that other users can read is named, with what closes it",
  async () => {
    await using world = new World();
    const file = await write(world, STANZA);
    await Deno.chmod(file, 0o644);
    const said = `${file}: has secrets, and other users can read it (mode 0644): chmod 600 ${file}`;
    assertEquals(valueOf(await world.run("import", file, "-n", "--json"))["remarks"], [said]);
    assertStringIncludes((await world.run("import", file)).stderr, `note: ${said}\n`);
  },
);

/** The folder of the configuration, and what of keys is in it. */
async function listKeys(world: World): Promise<string[]> {
  const folder = `${world.config.replace(/\/[^/]*$/, "")}/keys`;
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.map(({ name }) => name).sort();
}

Deno.test("import: keys of a .fwknoprc become files of their own, and nothing shows them", async () => {
  await using world = new World();
  const file = await write(world, STANZA);
  const ended = await world.run("import", file, "--json");
  const folder = world.config.replace(/\/[^/]*$/, "");
  const keys = [`${folder}/keys/work.key`, `${folder}/keys/work.hmac`];
  assertEquals(valueOf(ended), {
    file: world.config,
    dry_run: false,
    added: ["work"],
    already_there: 0,
    key_files: keys,
    left_out: [],
    remarks: [],
  });
  assertEquals(await Promise.all(keys.map((path) => Deno.readTextFile(path))), [
    `${KEY}\n`,
    `${HMAC_KEY}\n`,
  ]);
  for (const path of keys) await assertMode(path, 0o600);
  const saved = await world.read();
  assertStringIncludes(saved, 'key_base64 = { file = "keys/work.key" }\n');
  assertStringIncludes(saved, 'hmac_key_base64 = { file = "keys/work.hmac" }\n');
  for (const text of [saved, ended.stdout, ended.stderr]) assert(!text.includes(KEY));
});

Deno.test("import --keys-in-config: the keys are in the configuration", async () => {
  await using world = new World();
  const file = await write(world, STANZA);
  assertEquals((await world.run("import", file, "--keys-in-config")).code, 0);
  assertStringIncludes(await world.read(), `key_base64 = "${KEY}"\n`);
  assertEquals(await listKeys(world), []);
  assertEquals(valueOf(await world.run("import", file, "--json"))["already_there"], 1);
});

Deno.test("import: a key file that is there is not overwritten", async () => {
  await using world = new World();
  const file = await write(world, STANZA);
  const folder = `${world.config.replace(/\/[^/]*$/, "")}/keys`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/work.key`, "another\n", { mode: 0o600 });
  assertEquals((await world.run("import", file)).code, 0);
  assertEquals(await Deno.readTextFile(`${folder}/work.key`), "another\n");
  assertStringIncludes(await world.read(), '{ file = "keys/work-2.key" }');
  assertEquals(await listKeys(world), ["work-2.key", "work.hmac", "work.key"]);
});

testWith(
  "modes",
  "import: a key file that an interrupted run left is used, if only its owner can read it",
  async () => {
    for (const [mode, used] of [[0o600, "work.key"], [0o644, "work-2.key"]] as const) {
      await using world = new World();
      const file = await write(world, STANZA);
      const folder = `${world.config.replace(/\/[^/]*$/, "")}/keys`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/work.key`, `${KEY}\n`);
      await Deno.chmod(`${folder}/work.key`, mode);
      assertEquals((await world.run("import", file)).code, 0);
      assertStringIncludes(await world.read(), `{ file = "keys/${used}" }`);
    }
  },
);

Deno.test("import --dry-run: no key is written", async () => {
  await using world = new World();
  const file = await write(world, STANZA);
  const { code, stdout } = await world.run("import", file, "-n");
  assertEquals([code, await world.read(), await listKeys(world)], [0, "", []]);
  assertStringIncludes(stdout, "would save a key in ");
});

Deno.test("import: one bad stanza, and neither targets nor keys are saved", async () => {
  await using world = new World();
  const file = await write(world, `${STANZA}[bad]\nSPA_SERVER x\nACCESS tcp/22\nUSE_GPG Y\n`);
  const { code, stderr } = await world.run("import", file);
  assertEquals([code, await world.read(), await listKeys(world)], [2, "", []]);
  assertStringIncludes(stderr, `error: ${file}:10: USE_GPG: packets for GnuPG are not supported`);
  assertEquals((await world.run("import", file, "--keep-going")).code, 0);
  assertEquals(await listKeys(world), ["work.hmac", "work.key"]);
});

Deno.test("import: two doors of one host are told apart by what they open, and by their keys", async () => {
  await using world = new World();
  const other = `${STANZA.replace("[work]", "[web]").replace("tcp/22", "tcp/443")}`;
  const third = `${STANZA.replace("[work]", "[root]").replace(KEY, HMAC_KEY.slice(0, 40))}`;
  const file = await write(world, STANZA + other + third);
  assertEquals(valueOf(await world.run("import", file, "--json"))["added"], [
    "work",
    "web",
    "root",
  ]);
  const again = valueOf(await world.run("import", file, "--json"));
  assertEquals([again["added"], again["already_there"]], [[], 3]);
  const changed = await write(world, STANZA.replace(KEY, HMAC_KEY.slice(0, 36)));
  assertEquals(valueOf(await world.run("import", changed, "--json"))["added"], ["work-2"]);
});

Deno.test("import: a configuration that refuses the targets gets no keys", async () => {
  await using world = new World();
  await world.write("targets = { a = { host = '::1', knocks = [7] } }\n");
  const file = await write(world, STANZA);
  const ended = await world.run("import", file, "--json");
  assertEquals([ended.code, errorOf(ended).code, await listKeys(world)], [2, "config", []]);
});

Deno.test("import --host: for a stanza without a server", async () => {
  await using world = new World();
  const file = await write(world, STANZA.replace(/SPA_SERVER.*\n/, ""));
  const ended = await world.run("import", file);
  assertEquals(ended.code, 2);
  assertStringIncludes(ended.stderr, `${file}:1: the stanza has no SPA_SERVER: use --host HOST`);
  assertEquals((await world.run("import", file, "--host", "192.0.2.9")).code, 0);
  assertStringIncludes(await world.read(), 'host = "192.0.2.9"');
});

Deno.test("import: a host of IPv6 is refused by the line of its stanza, as fwknopd reads IPv4 only", async () => {
  await using world = new World();
  const file = await write(world, STANZA.replace("fw.example.com", "2001:db8::1"));
  const { message } = errorOf(await world.run("import", file, "--json"));
  assertEquals(message, `${file}:1: the host is an IPv6 address, and fwknopd reads IPv4 only`);
  assertEquals([await world.read(), await listKeys(world)], ["", []]);
});
