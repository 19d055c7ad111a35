import { assertEquals, assertStringIncludes } from "@std/assert";
import { textOf } from "../fakes.ts";
import { table } from "../table.ts";
import { valueOf, World } from "./harness.ts";

const HASH = "0123456789abcdef".repeat(4);
const STEPS = `[{"type":"udp","port":7000,"content":"${HASH}","encoding":"raw"},` +
  '{"type":"tcp","port":8000},{"type":"udp","port":9000,"content":"AP8=","encoding":"base64"}]';

async function save(world: World, sequences: string): Promise<string> {
  const file = `${world.home}/backup.json`;
  await Deno.writeTextFile(file, `{"version":1,"sequences":[\n${sequences}]}`);
  return file;
}

Deno.test("import of an app's file: the same packets leave, and the way back is the same file", async () => {
  await using world = new World({ open: [22] });
  const file = await save(
    world,
    `{"name":"Home","host":"192.0.2.7","delay":20,"ipv":"only_ipv4","checkAccess":true,
    "check_type":"PORT","check_host":"192.0.2.7","check_port":22,"steps":${STEPS}}`,
  );
  assertEquals((await world.run("import", file)).code, 0);
  assertEquals((await world.run("knock", "Home")).code, 0);
  const sent = world.net.sent.map(({ port, payload }) => [port, payload]);
  const distinct = sent.filter(([port], index) =>
    sent.findIndex(([each]) => each === port) === index
  );
  assertEquals(distinct, [[7000, HASH], [8000, ""], [9000, textOf(Uint8Array.of(0, 255))]]);
  const { stdout } = await world.run("export", "Home", "--as", "knockonports", "--with-secrets");
  const [sequence] = JSON.parse(stdout).sequences;
  assertEquals([sequence.steps, sequence.delay], [JSON.parse(STEPS), 20]);
});

Deno.test("import of an app's file: one bad step, and nothing is written", async () => {
  await using world = new World();
  const good = `{"name":"a","host":"192.0.2.7","steps":${STEPS}}`;
  const file = await save(world, `${good},\n{"name":"b","host":"h","steps":[{"type":"tcp"}]}`);
  const { code, stderr } = await world.run("import", file);
  assertEquals([code, await world.read()], [2, ""]);
  assertStringIncludes(stderr, `${file}:3: sequences[1].steps[0].port: missing port`);
  assertEquals(stderr.includes(HASH), false);
  assertEquals((await world.run("import", file, "--keep-going")).code, 0);
  assertStringIncludes(await world.read(), "[targets.a]");
});

table<[payload: string, added: string[]]>("import: the same knocks are the same door", {
  "with the same hash": [`secret = { hash = "${HASH}" }`, []],
  "with a passphrase that is asked for": ['secret = "prompt"', []],
  "but with another hash they are another door": [
    `secret = { hash = "${"fedcba9876543210".repeat(4)}" }`,
    ["Home-2"],
  ],
  "but without a payload they are another door": ['secret = "none"', ["Home-2"]],
}, async ([secret, added]) => {
  await using world = new World();
  await world.write(`[targets.Home]\nhost = "192.0.2.7"\nknocks = ["7000/udp"]\n${secret}\n`);
  const file = await save(
    world,
    `{"name":"Home","host":"192.0.2.7","steps":[{"type":"udp","port":7000,"content":"${HASH}","encoding":"raw"}]}`,
  );
  const ended = await world.run("import", file, "--json");
  assertEquals([ended.code, valueOf(ended)["added"]], [0, added], ended.stderr);
});
