/** `edit`: bulk changes, what is taken away, and changes that another program makes meanwhile. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { valueOf, World } from "./harness.ts";

const TARGETS = `[defaults]
tries = 7

[targets.home]   # mine
host = "192.0.2.1"
description = "the house"
tags = ["family", "x"]
knocks = ["1/udp", "2"]
delay = "9ms" # quick
source = "192.0.2.9"
admin = "root@192.0.2.1"
secret = { env = "FW" }
tries = 2
probes = ["tcp:22"]
[targets.home.close]
knocks = ["9/udp"]
[targets.home.connect]
host = "nas"
[[targets.home.after]]
run = ["true"]

[targets.cabin]
host = "192.0.2.2"
tags = ["family"]
knocks = ["1/udp"]

[targets.office]
host = "192.0.2.3"
knocks = ["7"]
`;

async function open(options: { keys?: readonly string[] } = {}): Promise<World> {
  const world = new World(options);
  await world.write(TARGETS);
  return world;
}

async function show(world: World, name: string): Promise<Record<string, unknown>> {
  return valueOf(await world.run("show", name, "--json"));
}

table("edit: many targets at once", [
  ["--tag without a TARGET selects", [["--tag", "family"], ["home", "cabin"]]],
  ["--all", [["--all"], ["home", "cabin", "office"]]],
  ["several names", [["office", "cabin"], ["office", "cabin"]]],
] as [string, [string[], string[]]][], async ([selection, names]) => {
  await using world = await open();
  const ended = await world.run("edit", ...selection, "--tries", "5", "--secret", "none", "--json");
  assertEquals([ended.code, valueOf(ended)], [0, { changed: names, file: world.config }]);
  for (const name of ["home", "cabin", "office"]) {
    const tries = { home: 2, cabin: 7, office: 7 }[name];
    assertEquals((await show(world, name))["tries"], names.includes(name) ? 5 : tries);
  }
  assertEquals((await show(world, "home"))["tags"], ["family", "x"]);
});

Deno.test("edit: with a TARGET --tag sets, and other bytes stay", async () => {
  await using world = await open();
  const ended = await world.run("edit", "home", "--tag", "y");
  assertEquals(ended.stdout, `changed home in ${world.config}\n`);
  assertEquals(await world.read(), TARGETS.replace('["family", "x"]', '["y"]'));
});

table("edit: takes away", [
  ["--probe none", [["--probe", "none"], 'probes = ["tcp:22"]\n']],
  ["--tag of nothing", [["--tag", ""], 'tags = ["family", "x"]\n']],
  ["--source of nothing", [["--source", ""], 'source = "192.0.2.9"\n']],
  ["--admin of nothing", [["--admin", ""], 'admin = "root@192.0.2.1"\n']],
  ["--unset admin", [["--unset", "admin"], 'admin = "root@192.0.2.1"\n']],
  ["--description of nothing", [["--description="], 'description = "the house"\n']],
  ["--unset", [["--unset", "delay"], 'delay = "9ms" # quick\n']],
  ["--unset secret", [["--unset", "secret"], 'secret = { env = "FW" }\n']],
  ["--unset tries", [["--unset", "tries"], "tries = 2\n"]],
  ["--unset close", [["--unset", "close"], '[targets.home.close]\nknocks = ["9/udp"]\n']],
  ["--unset connect", [["--unset", "connect"], '[targets.home.connect]\nhost = "nas"\n']],
  ["--unset after", [["--unset", "after"], '[[targets.home.after]]\nrun = ["true"]\n\n']],
  ["--unset what is not there", [["--unset", "open-for"], ""]],
] as [string, [string[], string]][], async ([argv, gone]) => {
  await using world = await open();
  assertEquals((await world.run("edit", "home", ...argv)).code, 0);
  assertEquals(await world.read(), TARGETS.replace(gone, ""));
});

Deno.test("edit: --unset can be repeated, beside other changes", async () => {
  await using world = await open();
  await world.run("edit", "--all", "--unset", "delay", "--unset", "tags", "--copies", "1");
  const home = await show(world, "home");
  assertEquals([home["tags"], home["copies"]], [[], 1]);
  assertEquals((await world.read()).match(/tags|delay/g), null);
});

table("edit: refuses", {
  'error: --unset: is not a key that can be removed, did you mean "delay"?': [
    "home",
    "--unset",
    "dealy",
  ],
  "error: --unset: cannot be removed: a target needs its host": ["home", "--unset", "host"],
  "error: choose one: a new delay, or --unset delay": ["home", "--unset", "delay", "-d", "1"],
  "error: choose one: a new secret, or --unset secret": [
    "home",
    "--unset",
    "secret",
    "--secret",
    "none",
  ],
  "error: choose one: --all or --tag\nhint: to set tags, name the targets": [
    "--all",
    "--tag",
    "x",
    "-d",
    "1",
  ],
  "error: choose one: names, or --all or --tag": ["home", "--all", "-d", "1"],
  "error: missing argument TARGET": ["-d", "1"],
  "error: missing option: what should change?\nhint: name a change, such as: spknock edit --all --d":
    [
      "--all",
    ],
  'error: no target has the tag "zzz"': ["--tag", "zzz", "-d", "1"],
  'error: choose one: --tag "", or other tags': ["home", "--tag", "", "--tag", "x"],
  "error: choose one: --probe none, or other probes": ["home", "--probe", "none", "--probe", "ssh"],
  "error: --admin: is not a place to log in to: use [USER@]HOST": [
    "home",
    "--admin",
    "root@fw uptime",
  ],
  "error: --source needs a value": [],
}, async (argv, message) => {
  await using world = await open();
  const ended = argv.length === 0
    ? await world.run("knock", "office", "--source", "")
    : await world.run("edit", ...argv);
  assertEquals(ended.code, 2);
  assertStringIncludes(ended.stderr, message);
  assertEquals(await world.read(), TARGETS);
});

Deno.test("edit: one bad target of many, and none is changed", async () => {
  await using world = await open();
  const { code } = await world.run("edit", "home", "gone", "--tries", "5");
  assertEquals([code, await world.read()], [2, TARGETS]);
});

/** A file that another program changes once, while a question is asked. */
async function editWith(
  { keys, at, change }: {
    keys: readonly string[];
    /** The question during which it happens. */
    at: string;
    change: (text: string) => string;
  },
) {
  const world = await open({ keys });
  const terminal = world.terminal;
  if (terminal === undefined) throw new Error("no terminal");
  const write = terminal.write.bind(terminal);
  let isDone = false;
  terminal.write = (text) => {
    write(text);
    if (isDone || !terminal.output.includes(at)) return;
    isDone = true;
    Deno.writeTextFileSync(world.config, change(Deno.readTextFileSync(world.config)));
  };
  const ended = await world.run("edit", "cabin");
  return { world, ...ended, screen: terminal.output };
}

const NEW_HOST = (text: string) => text.replace("192.0.2.2", "192.0.2.77");

Deno.test("edit by answers: what changed meanwhile is asked again, and Enter keeps it", async () => {
  const { world, code, stderr, screen } = await editWith({
    keys: ["\r\r\r\rnew words\r", "\r"],
    at: "Host name",
    change: NEW_HOST,
  });
  await using _ = world;
  assertEquals(code, 0);
  assertStringIncludes(stderr, "cabin was changed by another spknock meanwhile: host\n");
  assertEquals(screen.match(/Host name or address \[[^\]]*\]/g), [
    "Host name or address [192.0.2.2]",
    "Host name or address [192.0.2.77]",
  ]);
  assertEquals((await show(world, "cabin"))["host"], "192.0.2.77");
  assertEquals((await show(world, "cabin"))["description"], "new words");
});

Deno.test("edit by answers: what is not asked and changed meanwhile stays, and nothing is asked again", async () => {
  const { world, code, screen } = await editWith({
    keys: ["192.0.2.5\r\r\r\r\r"],
    at: "Knocks in order",
    change: (text) => text.replace('tags = ["family"]\n', 'tags = ["cold"]\ndelay = "3ms"\n'),
  });
  await using _ = world;
  assertEquals([code, screen.match(/Host name/g)?.length], [0, 1]);
  const text = await world.read();
  for (const part of ['tags = ["cold"]', 'delay = "3ms"', '"192.0.2.5"']) {
    assertStringIncludes(text, part);
  }
});

Deno.test("edit by answers: a target that is gone meanwhile is an error", async () => {
  const { world, code, stderr } = await editWith({
    keys: ["\r\r\r\rwords\r"],
    at: "Host name",
    change: (text) => text.replace("targets.cabin", "targets.hut"),
  });
  await using _ = world;
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'there is no target "cabin"');
});

Deno.test("add by answers: a name that is taken meanwhile is asked again, the rest is kept", async () => {
  await using world = new World({ keys: ["fw.example.com\rden\r7\r\rnone\rwords\r", "lair\r"] });
  await world.write(TARGETS);
  const terminal = world.terminal;
  if (terminal === undefined) throw new Error("no terminal");
  const write = terminal.write.bind(terminal);
  terminal.write = (text) => {
    write(text);
    if (!terminal.output.includes("Description") || terminal.output.includes("meanwhile")) return;
    const other = '[targets.den]\nhost = "192.0.2.4"\nknocks = ["1"]\n';
    Deno.writeTextFileSync(world.config, TARGETS + other);
  };
  const { code, stderr } = await world.run("add");
  assertEquals(code, 0);
  assertStringIncludes(stderr, '"den" was saved meanwhile by another spknock');
  const lair = await show(world, "lair");
  assertEquals([lair["host"], lair["description"]], ["fw.example.com", "words"]);
  assertEquals((await show(world, "den"))["host"], "192.0.2.4");
});

Deno.test("edit by answers: Enter keeps echo requests and handshakes", async () => {
  await using world = new World({ keys: ["192.0.2.5\r\r\r\r\r"] });
  const knocks = 'knocks = [{ protocol = "icmp", size = 64 }, { port = 7, handshake = "9ms" }]\n';
  await world.write(`[targets.cabin]\nhost = "192.0.2.2"\n${knocks}`);
  const { code, stderr } = await world.run("edit", "cabin");
  assertEquals(code, 0, stderr);
  const text = await world.read();
  assertStringIncludes(text, '"192.0.2.5"');
  assertStringIncludes(text, knocks);
});

table("edit: what changes nothing says so, and the file is not written", [
  ["the same value", [["home", "--tries", "2"], "home", null]],
  ["the same as the default", [["cabin", "--tries", "7"], "cabin", null]],
  ["--unset of what is not there", [["cabin", "--unset", "description"], "cabin", null]],
  ["--tag of nothing where there is none", [["office", "--tag", ""], "office", null]],
  ["--probe none where there is none", [["office", "--probe", "none"], "office", null]],
  ["the same knocks", [["cabin", "--knock", "1/udp"], "cabin", null]],
  ["the same secret", [["home", "--secret", "env:FW"], "home", null]],
  ["many", [["cabin", "office", "--unset", "delay"], "2 targets", []]],
] as [string, [string[], string, unknown]][], async ([argv, what, changed]) => {
  await using world = await open();
  const before = await Deno.stat(world.config);
  assertEquals(await world.run("edit", ...argv), {
    code: 0,
    stdout: `nothing to change: ${what} in ${world.config}\n`,
    stderr: "",
  });
  assertEquals(valueOf(await world.run("edit", ...argv, "--json")), {
    changed,
    file: world.config,
  });
  assertEquals((await Deno.stat(world.config)).ino, before.ino);
});

Deno.test("edit: of many targets those that change are counted", async () => {
  await using world = await open();
  const { stdout } = await world.run("edit", "--all", "--unset", "delay");
  assertEquals(stdout, `changed 1 target in ${world.config}, nothing to change in 2\n`);
  const ended = await world.run("edit", "--all", "--tries", "2", "--json");
  assertEquals(valueOf(ended)["changed"], ["cabin", "office"]);
});

Deno.test("edit by answers: Enter at every question changes nothing, and says so", async () => {
  await using world = await open({ keys: ["\r\r\r\r\r"] });
  const { code, stdout } = await world.run("edit", "home");
  assertEquals([code, stdout], [0, `nothing to change: home in ${world.config}\n`]);
  assertEquals(await world.read(), TARGETS);
});
