import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EXPORT_FORMS } from "../../src/export/forms.ts";
import { HASH, HMAC_KEY, KEY } from "../export/round_trip.ts";
import { assertMode } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const TARGETS = `
[defaults]
tries = 5
[targets.home]
host = "192.0.2.1"
tags = ["family"]
knocks = ["7000/udp", "8000/tcp"]
secret = { hash = "${HASH}" }
source = "eth0"
[targets.work]
host = "192.0.2.2"
tags = ["job"]
protocol = "fwknop"
opens = ["22/tcp"]
[targets.work.fwknop]
key_base64 = "${KEY}"
hmac_key_base64 = "${HMAC_KEY}"
[targets.plain]
host = "192.0.2.3"
tags = ["family"]
knocks = ["7/tcp"]
`;

Deno.test("export --as toml --tag: a file that another spknock imports", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const file = `${world.home}/family.toml`;
  const { code, stdout, stderr } = await world.run(
    "export",
    "--tag",
    "family",
    "--as",
    "toml",
    "-o",
    file,
  );
  assertEquals([code, stdout], [0, `saved in ${file}\n`]);
  assertEquals(
    stderr,
    "lost: home: source, which is of this machine\nlost: home: where its secret comes from\n",
  );
  await assertMode(file, 0o600);
  const text = await Deno.readTextFile(file);
  assert(!text.includes(HASH) && !text.includes("work"));
  await using other = new World();
  const received = `${other.home}/family.toml`;
  await Deno.writeTextFile(received, text);
  assertEquals(valueOf(await other.run("import", received, "--json"))["added"], ["home", "plain"]);
  const saved = await other.read();
  assertStringIncludes(saved, "tries = 5");
  assertEquals(valueOf(await other.run("import", received, "--json"))["already_there"], 2);
});

Deno.test("export --as toml --with-secrets: the hash travels, and a note says so", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const { stdout, stderr } = await world.run("export", "home", "--as", "toml", "--with-secrets");
  assertStringIncludes(stdout, `secret = { hash = "${HASH}" }`);
  assertStringIncludes(stderr, "note: this has secrets in it: all who read it can knock\n");
  assert(!stderr.includes(HASH));
});

Deno.test("export --as toml --with-secrets: a key of one-time codes lands as a file again", async () => {
  await using world = new World();
  await world.write(
    '[targets.r]\nhost = "192.0.2.1"\nknocks = ["7/udp"]\nsecret = { file = "keys/r.key" }\n' +
      "rolling = { slots = 2 }\n",
  );
  const folder = world.config.replace(/\/[^/]*$/, "");
  await Deno.mkdir(`${folder}/keys`, { mode: 0o700 });
  await Deno.writeTextFile(`${folder}/keys/r.key`, `${KEY}\n`, { mode: 0o600 });
  const { stdout } = await world.run("export", "r", "--as", "toml", "--with-secrets");
  assertStringIncludes(stdout, `secret = { key = "${KEY}" }`);
  await using other = new World();
  const received = `${other.home}/r.toml`;
  await Deno.writeTextFile(received, stdout);
  const value = valueOf(await other.run("import", received, "--json"));
  assertEquals(value["key_files"], [`${other.config.replace(/\/[^/]*$/, "")}/keys/r.key`]);
  const saved = await other.read();
  assertStringIncludes(saved, 'secret = { file = "keys/r.key" }');
  assert(!saved.includes(KEY));
});

Deno.test("export --json: what was written and lost is one value", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const value = valueOf(await world.run("export", "work", "--as", "fwknoprc", "--json"));
  assertEquals(Object.keys(value), ["targets", "as", "file", "holds_secret", "lost", "text"]);
  assertEquals(
    [value["targets"], value["as"], value["file"], value["holds_secret"], value["lost"]],
    [["work"], "fwknoprc", null, false, ["work: tags, tries"]],
  );
  assertStringIncludes(`${value["text"]}`, "[work]\nSPA_SERVER       192.0.2.2\n");
});

Deno.test("export -o -: standard output", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const [dash, none] = [["-o", "-"], []].map((more) =>
    world.run("export", "plain", "--as", "toml", ...more)
  );
  assertEquals((await dash)?.stdout, (await none)?.stdout);
});

Deno.test("export: a file is overwritten by --force only", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const file = `${world.home}/x`;
  await Deno.writeTextFile(file, "mine");
  const argv = ["export", "plain", "--as", "toml", "-o", file];
  const ended = await world.run(...argv);
  assertEquals([ended.code, await Deno.readTextFile(file)], [2, "mine"]);
  assertEquals((await world.run(...argv, "--force")).code, 0);
  assertStringIncludes(await Deno.readTextFile(file), "[targets.plain]");
});

table<readonly [readonly string[], string, string?]>("export: refused", {
  "no form": [["plain"], "--as FORM is missing"],
  "an unknown form": [["plain", "--as", "tomll"], 'unknown form, did you mean "toml"?'],
  "no target": [["--as", "toml"], "missing argument TARGET"],
  "an ad hoc sequence": [
    ["192.0.2.1", "7", "--as", "toml"],
    "only a saved target can be exported",
    "save it first: spknock add NAME HOST PORT[/PROTO]...",
  ],
  "many in a form of one": [["--all", "--as", "knock"], "--as knock takes one target at a time"],
  "secrets without --with-secrets": [
    ["plain", "--as", "toml", "--secrets-from", "-"],
    "--secrets-from has no effect without --with-secrets",
  ],
  "--force without a file": [
    ["plain", "--as", "toml", "--force"],
    "--force has no effect without --output FILE",
  ],
  "another kind of door": [
    ["plain", "--as", "fwknoprc"],
    '"plain" is not a door of fwknopd, which --as fwknoprc needs',
    "spknock export plain --as toml",
  ],
}, async ([argv, message, hint]) => {
  await using world = new World();
  await world.write(TARGETS);
  const ended = await world.run("export", ...argv, "--json");
  assertEquals([ended.code, ended.stdout, errorOf(ended).message], [2, "", message]);
  if (hint !== undefined) assertEquals(errorOf(ended).hint, hint);
});

Deno.test("export --help: each form, in 80 columns", async () => {
  await using world = new World({ columns: 80, isLive: true });
  const { stdout } = await world.run("export", "--help");
  const lines = stdout.split("\n").filter((line) => !line.startsWith("targets: "));
  assertEquals(lines.filter((line) => line.length > 80), []);
  const text = lines.join(" ");
  for (const name of Object.keys(EXPORT_FORMS)) assertStringIncludes(text, `${name} (`);
});

/** What a file of another person must not bring unseen: programs, files and variables of this machine. */
table<readonly [string, number, string]>("import of TOML: refused without --trust", {
  "after": ['[[targets.a.after]]\nrun = ["sh"]\n', 4, "targets.a.after: runs a program"],
  "a probe": [
    'probes = [{ type = "exec", run = ["sh"] }]\n',
    4,
    "targets.a.probes[0]: runs a program",
  ],
  "a command": ['secret = { command = ["sh"] }\n', 4, "targets.a.secret: runs a program"],
  "a file": ['secret = { file = "/etc/shadow" }\n', 4, "targets.a.secret: reads a file"],
  "a variable": ['secret = { env = "TOKEN" }\n', 4, "targets.a.secret: reads a variable"],
  "a closing secret": [
    '[targets.a.close]\nknocks = [{ port = 1, protocol = "udp", secret = { env = "TOKEN" } }]\n',
    3,
    "targets.a.knocks: reads a variable",
  ],
  "a former key": [
    'secret = { key = "KEY" }\nrolling = { former_key = "/etc/shadow" }\n'.replace("KEY", KEY),
    5,
    "targets.a.rolling.former_key: reads a file",
  ],
}, async ([rest, line, message]) => {
  await using world = new World();
  const file = `${world.home}/x.toml`;
  await Deno.writeTextFile(
    file,
    `[targets.a]\nhost = "192.0.2.1"\nknocks = ["7/tcp", "8/udp"]\n${rest}`,
  );
  const ended = await world.run("import", file);
  assertEquals([ended.code, await world.read()], [2, ""]);
  assertStringIncludes(ended.stderr, `error: ${file}:${line}: ${message}`);
  assertEquals((await world.run("import", file, "--trust")).code, 0);
  assertStringIncludes(await world.read(), "[targets.a]");
});

Deno.test("import of TOML --trust: a file of a secret is named from the configuration's folder", async () => {
  await using world = new World();
  await Deno.mkdir(`${world.home}/received`);
  const file = `${world.home}/received/x.toml`;
  await Deno.writeTextFile(
    file,
    '[targets.a]\nhost = "192.0.2.1"\nknocks = ["8/udp"]\nsecret = { file = "s" }\n',
  );
  assertEquals((await world.run("import", file, "--trust")).code, 0);
  assertStringIncludes(await world.read(), `secret = { file = "${world.home}/received/s" }`);
});

Deno.test("import of TOML: mistakes are named as in a configuration; the good targets can be kept", async () => {
  await using world = new World();
  const file = `${world.home}/x.toml`;
  await Deno.writeTextFile(
    file,
    '[targets.a]\nhost = "192.0.2.1"\nknocks = [0]\n[targets.b]\nhost = "192.0.2.2"\nknocks = [7]\n',
  );
  const ended = await world.run("import", file);
  assertEquals(ended.code, 2);
  assertStringIncludes(ended.stderr, `error: ${file}:3: targets.a.knocks[0]: `);
  assertEquals(valueOf(await world.run("import", file, "-k", "--json"))["added"], ["b"]);
});

Deno.test("import of TOML: a name that is taken is numbered", async () => {
  await using world = new World();
  await world.write('[targets.a]\nhost = "192.0.2.9"\nknocks = [7]\n');
  const file = `${world.home}/x.toml`;
  await Deno.writeTextFile(file, '[targets.a]\nhost = "192.0.2.1"\nknocks = [7]\n');
  assertEquals(valueOf(await world.run("import", file, "--json"))["added"], ["a-2"]);
});
