/** A file with one mistake, of each format: nothing of it is saved, no key lands, and the line is named. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { IMPORT_FORMATS } from "../../src/config/import/formats.ts";
import { table } from "../table.ts";
import { errorOf, World } from "./harness.ts";

const BEFORE = '# mine\nversion = 1\n[targets.own]\nhost = "::1"\nknocks = [7]\n';
const KEYS = "KEY_BASE64 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" +
  "HMAC_KEY_BASE64 QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9g\n";

/** A right entry and a wrong one, and the line of the wrong one. */
const FILES: Readonly<Record<string, readonly [text: string, line: number]>> = {
  legacy: ["a.example:1/udp\nb.example:0/udp\n", 2],
  knockd: ["[a]\nsequence = 1,2,3\n[b]\nsequence = 1,2,70000\n", 4],
  fwknop: [
    `[a]\nSPA_SERVER a.example\nACCESS tcp/22\nALLOW_IP source\n${KEYS}` +
    `[b]\nSPA_SERVER b.example\nACCESS tcp/22\nALLOW_IP source\n${KEYS}USE_GPG Y\n`,
    13,
  ],
  shell: ["knock a.example 1 2 3\nknock b.example 1 2 $PORT\n", 2],
  knockonports: [
    '[{"name":"a","host":"a.example","steps":[{"type":"tcp","port":1}]},\n' +
    '{"name":"b","host":"b.example","steps":[{"type":"tcp","port":0}]}]\n',
    2,
  ],
  toml: [
    '[targets.a]\nhost = "a.example"\nprotocol = "fwknop"\nopens = [22]\n' +
    '[targets.a.fwknop]\nkey = "one"\nhmac_key = "two"\n[targets.b]\nhost = "b.example"\nknocks = [0]\n',
    10,
  ],
};

table("import: a file with one mistake leaves no trace", FILES, async ([text, line], from) => {
  await using world = new World();
  await world.write(BEFORE);
  const file = `${world.home}/file`;
  await Deno.writeTextFile(file, text, { mode: 0o600 });
  const listFiles = () => Array.from(Deno.readDirSync(world.config.replace(/\/[^/]*$/, "")));
  const names = listFiles().map(({ name }) => name).sort();
  const ended = await world.run("import", file, "--from", from, "--host", "c.example", "--json");
  assertEquals([ended.code, ended.stdout, await world.read()], [2, "", BEFORE]);
  assertMatch(errorOf(ended).message, new RegExp(`^${file}:${line}: `));
  assertEquals(listFiles().map(({ name }) => name).sort(), names);
  // With the good entries alone it is another matter: the mistake was the only one.
  const kept = await world.run("import", file, "--from", from, "--host", "c.example", "-k");
  assertEquals(kept.code, 0, kept.stderr);
  assert((await world.read()).startsWith(BEFORE));
});

Deno.test("import: each format has such a file", () => {
  assertEquals(Object.keys(FILES).sort(), Object.keys(IMPORT_FORMATS).sort());
});
