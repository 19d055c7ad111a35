/** `rolling new`, `rotate`, `revoke`: files, modes, texts; and that nothing half done stays. */
import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/mod.ts";
import { findBackend } from "../../src/rules/mod.ts";
import { requireRolling } from "../../src/use_cases/rolling/rotate_key.ts";
import { revokeKey } from "../../src/use_cases/rolling/revoke_key.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { assertMode } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const NEW = ["rolling", "new", "home", "--host", "fw.example.com", "--port", "62201"] as const;

const STATIC = `# my doors
[targets.home]  # the house
host = "fw.example.com"
knocks = ["1234/udp", "7000/tcp", "9876/udp", "5555/tcp"] # old
secret = "prompt"
opens = ["22/tcp"]

[targets.office]
host = "192.0.2.7"
knocks = ["7000/tcp"]
`;

const ROLLING = (secret: string, rest = "") =>
  `[targets.home]
host = "fw.example.com"
knocks = ["62201/udp"]
secret = ${secret}
rolling = { window = "10m", slots = 4${rest} } # codes
`;

/** The names in the folder of keys. */
async function listKeys(world: World): Promise<string[]> {
  const folder = world.config.replace(/[^/]*$/, "keys");
  const names = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return names.map(({ name }) => name).toSorted();
}

function keyPath(world: World, name: string): string {
  return world.config.replace(/[^/]*$/, `keys/${name}`);
}

async function writeKey(world: World, name: string): Promise<void> {
  await Deno.mkdir(keyPath(world, "").slice(0, -1), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(keyPath(world, name), `${btoa("k".repeat(32))}\n`, { mode: 0o600 });
}

Deno.test("rolling new: a key of 32 bytes that only its owner can read, and its target", async () => {
  await using world = new World();
  const made = await world.run(...NEW, "--open", "22/tcp");
  assertEquals([made.code, made.stderr], [0, ""]);
  const key = keyPath(world, "home.key");
  assertEquals(
    made.stdout,
    `made the key ${key}: only its owner can read it\n` +
      `saved home in ${world.config}: one-time codes to 62201/udp, 4 codes every 10m\n` +
      "next, the rules for its firewall: spknock rules home --for nftables --until 1y --save\n",
  );
  assertEquals(
    await world.read(),
    'version = 1\n\n[targets.home]\nhost = "fw.example.com"\nknocks = ["62201/udp"]\n' +
      'secret = { file = "keys/home.key" }\nopens = ["22/tcp"]\n' +
      'rolling = { window = "10m", slots = 4 }\n',
  );
  assertMatch(await Deno.readTextFile(key), /^[A-Za-z0-9+/]{43}=\n$/);
  await assertMode(key, 0o600);
  await assertMode(keyPath(world, ""), 0o700);
});

Deno.test("rolling new --json: no key in it, and what is next", async () => {
  await using world = new World();
  const options = ["--window", "90s", "--slots", "16", "--name", "anna", "--json"];
  const ended = await world.run(...NEW, ...options);
  const key = (await Deno.readTextFile(keyPath(world, "home.key"))).trim();
  assertEquals(ended.stdout.includes(key), false);
  assertEquals(valueOf(ended), {
    target: "home",
    is_new: true,
    file: world.config,
    key_file: keyPath(world, "home.key"),
    host: "fw.example.com",
    port: 62_201,
    window_ms: 90_000,
    slots: 16,
    name: "anna",
    next: "spknock rules home --for nftables --open 22/tcp --until 1y --save",
  });
  assertStringIncludes(
    await world.read(),
    'rolling = { window = "90s", slots = 16, name = "anna" }',
  );
});

Deno.test("rolling new of a saved target: one knock with a code, all else stays", async () => {
  await using world = new World();
  await world.write(STATIC);
  const { code, stdout } = await world.run("rolling", "new", "home");
  assertEquals(code, 0);
  assertStringIncludes(stdout, `changed home in ${world.config}: one-time codes to 9876/udp`);
  assertEquals(
    await world.read(),
    STATIC.replace('["1234/udp", "7000/tcp", "9876/udp", "5555/tcp"]', '["9876/udp"]')
      .replace('"prompt"', '{ file = "keys/home.key" }')
      .replace('opens = ["22/tcp"]\n', '$&rolling = { window = "10m", slots = 4 }\n'),
  );
});

Deno.test("rolling new: closing knocks whose secret was the target's carry none", async () => {
  await using world = new World();
  await world.write(`${STATIC}\n[targets.home.close]\nknocks = ["9500/udp"]\n`);
  const { code, stderr } = await world.run("rolling", "new", "home", "--port", "62201");
  assertEquals(code, 0);
  assertEquals(
    stderr,
    "note: the closing knocks of home carry no secret now: they close only for their own source\n",
  );
});

table<[argv: readonly string[], message: string, hint: string]>("rolling new is refused", {
  "no host": [
    ["new", "cabin", "--port", "1"],
    'missing option --host: there is no target "cabin" yet',
    "for example: spknock rolling new cabin --host fw.example.com --port 1",
  ],
  "no port": [
    ["new", "cabin", "--host", "192.0.2.1"],
    'missing option --port: there is no target "cabin" yet',
    "for example: spknock rolling new cabin --host 192.0.2.1 --port 62201",
  ],
  "a slip": [
    ["new", "hom"],
    'missing option --host: there is no target "hom" yet',
    "did you mean home?",
  ],
  "another host": [
    ["new", "home", "--host", "192.0.2.1"],
    '"home" is saved already, with another host',
    "leave out --host, or change it: spknock edit home --host 192.0.2.1",
  ],
  "no udp knock": [
    ["new", "office"],
    'missing option --port: "office" has no udp knock',
    "for example: spknock rolling new office --port 62201",
  ],
  "a window that is too short": [
    ["new", "home", "--window", "10s"],
    "--window: is not a window: use whole seconds from 1m to 24h",
    "",
  ],
  "a slot too many": [
    ["new", "home", "--slots", "17"],
    "--slots: is not a whole number from 1 to 16",
    "",
  ],
  "a name that is none": [
    ["new", "../x", "--host", "h", "--port", "1"],
    '"../x" cannot name a target: use letters, digits, - and _, starting with a letter, at most 64',
    "",
  ],
  "a name of a key that is none": [
    ["new", "home", "--name", "an na"],
    "--name: cannot name who has a key: use letters, digits, - and _, starting with a letter, at most 64",
    "",
  ],
  "the option of another action": [
    ["new", "home", "--finish"],
    '--finish has no effect with "rolling new"',
    "rolling new takes --host, --port, --window, --slots, --open and --name",
  ],
  "another word": [
    ["rotat", "home"],
    'unknown action "rotat", did you mean "rotate"?',
    "usage: spknock rolling new|rotate|revoke TARGET",
  ],
  "no target": [
    ["new"],
    "missing argument TARGET",
    "usage: spknock rolling new|rotate|revoke TARGET",
  ],
}, async ([argv, message, hint]) => {
  await using world = new World();
  await world.write(STATIC);
  const ended = await world.run("rolling", ...argv, "--json");
  assertEquals(ended.code, 2);
  assertEquals(errorOf(ended), { code: "usage", message, hint: hint || null });
  assertEquals([await world.read(), await listKeys(world)], [STATIC, []]);
});

Deno.test("rolling new: a second one is refused, and a key is never overwritten", async () => {
  await using world = new World();
  await world.run(...NEW);
  const key = await Deno.readTextFile(keyPath(world, "home.key"));
  const second = await world.run("rolling", "new", "home");
  assertEquals(
    [second.code, second.stderr],
    [
      2,
      'error: "home" has one-time codes already\n' +
      "hint: for a new key: spknock rolling rotate home\n",
    ],
  );
  await world.run("remove", "home", "--yes");
  const saved = await world.read();
  const third = await world.run(...NEW);
  assertEquals(third.code, 2);
  assertStringIncludes(third.stderr, "home.key: exists already, and is not overwritten\n");
  assertEquals(await Deno.readTextFile(keyPath(world, "home.key")), key);
  assertEquals(await world.read(), saved);
});

Deno.test("rolling new: where the target cannot be saved, the key is removed again", async () => {
  await using world = new World();
  await world.write(STATIC);
  // The lock of the file cannot be made: the key is there by then.
  await Deno.mkdir(`${world.config}.lock`);
  const { code, stderr } = await world.run("rolling", "new", "home");
  assertEquals(code, 2);
  assertStringIncludes(stderr, `${world.config}: cannot be written`);
  assertEquals([await world.read(), await listKeys(world)], [STATIC, []]);
});

Deno.test("rolling rotate: the new key in place of the old one, which goes with --finish", async () => {
  await using world = new World();
  await world.run(...NEW);
  const first = await world.run("rolling", "rotate", "home");
  assertEquals(
    first.stdout,
    `made the key ${
      keyPath(world, "home-2.key")
    }; every knock sends a code of the former one too\n` +
      "next, write the rules again, and load them: spknock rules home --for BACKEND --until 1y --save\n" +
      "then forget the former key: spknock rolling rotate home --finish\n",
  );
  const between = await world.read();
  assertStringIncludes(between, 'secret = { file = "keys/home-2.key" }\n');
  assertStringIncludes(between, ', former_key = "keys/home.key" }\n');
  const again = await world.run("rolling", "rotate", "home");
  assertEquals(
    [again.code, again.stderr],
    [
      2,
      'error: the last rotation of "home" is not finished\n' +
      "hint: when the firewall has the new rules: spknock rolling rotate home --finish\n",
    ],
  );
  assertEquals(await listKeys(world), ["home-2.key", "home.key"]);
  const ended = await world.run("rolling", "rotate", "home", "--finish");
  assertEquals(
    ended.stdout,
    `home has one key now\nremoved the former key ${keyPath(world, "home.key")}\n`,
  );
  assertEquals(await listKeys(world), ["home-2.key"]);
  assertStringIncludes(await world.read(), 'rolling = { window = "10m", slots = 4 }\n');
  await world.run("rolling", "rotate", "home");
  assertEquals(await listKeys(world), ["home-2.key", "home-3.key"]);
});

table<string | undefined>("rolling rotate: a present key that is none is not kept", {
  "its file is lost": undefined,
  "another text": "hunter2\n",
}, async (text) => {
  await using world = new World();
  await world.run(...NEW);
  const lost = keyPath(world, "home.key");
  if (text === undefined) await Deno.remove(lost);
  else await Deno.writeTextFile(lost, text);
  const { code, stdout } = await world.run("rolling", "rotate", "home");
  assertEquals([code, stdout], [
    0,
    `made the key ${
      keyPath(world, "home-2.key")
    }; the former one, ${lost}, is missing or no key, and is not used\n` +
    "next, write the rules again, and load them: spknock rules home --for BACKEND --until 1y --save\n",
  ]);
  assertEquals((await world.read()).includes("former_key"), false);
});

table<[text: string, key: string, status: RegExp]>(
  "rolling rotate --finish leaves what is not ours",
  {
    "outside of keys/": [
      ROLLING('{ file = "keys/home-2.key" }', ', former_key = "mine.key"'),
      "../mine.key",
      /is not in our folder of keys: remove it by hand when nothing needs it: rm \S+\/mine.key\n$/,
    ],
    "out of keys/ by ..": [
      ROLLING('{ file = "keys/home-2.key" }', ', former_key = "keys/../mine.key"'),
      "../mine.key",
      /is not in our folder of keys/,
    ],
    "the secret of another target": [
      ROLLING('{ file = "keys/home-2.key" }', ', former_key = "keys/both.key"') +
      ROLLING('{ file = "keys/both.key" }').replace("home", "cabin"),
      "both.key",
      /is the secret of another knock, and stays\n$/,
    ],
    "by a placeholder": [
      ROLLING('{ file = "keys/home-2.key" }', ', former_key = "keys/cabin.key"') +
      ROLLING('{ file = "keys/{target}.key" }').replace("home", "cabin"),
      "cabin.key",
      /is the secret of another knock, and stays\n$/,
    ],
  },
  async ([text, key, status]) => {
    await using world = new World();
    await world.write(text);
    await writeKey(world, key);
    const { code, stdout } = await world.run("rolling", "rotate", "home", "--finish");
    assertEquals(code, 0);
    assertMatch(stdout, status);
    assertEquals((await Deno.stat(keyPath(world, key))).isFile, true);
    assertEquals((await world.read()).match(/former_key/g), null);
  },
);

table<[text: string, argv: readonly string[], error: string]>("rolling rotate is refused", {
  "a variable": [
    ROLLING('{ env = "FW" }'),
    [],
    'error: the key of "home" is the environment variable FW, which spknock cannot change\n' +
    "hint: by hand: save the present key in a file (mode 0600), name it in rolling.former_key of " +
    '"home", and put a new key in its place: head -c 32 /dev/urandom | base64\n',
  ],
  "a program": [
    ROLLING('{ command = ["pass"] }'),
    [],
    'error: the key of "home" is a program\'s output, which spknock cannot change\n',
  ],
  "no codes": [
    STATIC,
    [],
    'error: "home" has no one-time codes\nhint: give it a key: spknock rolling new home\n',
  ],
  "nothing to finish": [
    ROLLING('{ file = "keys/home.key" }'),
    ["--finish"],
    'error: "home" has no former key: no rotation is begun\n' +
    "hint: for a new key: spknock rolling rotate home\n",
  ],
}, async ([text, argv, error]) => {
  await using world = new World();
  await world.write(text);
  const { code, stderr } = await world.run("rolling", "rotate", "home", ...argv);
  assertEquals(code, 2);
  assertStringIncludes(stderr, error);
  assertEquals([await world.read(), await listKeys(world)], [text, []]);
});

Deno.test("rolling rotate: a key elsewhere stays there, and its path as it is written", async () => {
  await using world = new World();
  await world.write(ROLLING('{ file = "~/fw.key" }'));
  const { code } = await world.run("rolling", "rotate", "home");
  assertEquals(code, 0);
  assertEquals(
    await world.read(),
    ROLLING('{ file = "keys/home-2.key" }', ', former_key = "~/fw.key"'),
  );
});

/** A back end whose lines name what it was given. */
const FAKE: typeof nftables = {
  ...nftables,
  rolling: {
    renderRevoke: ({ plan, variant }, { door, name }) => [
      [
        plan.name,
        variant,
        door,
        name,
        ...plan.doors[0]?.stages[0]?.codes?.keys.map((key) => key.name) ?? [],
      ]
        .join(" "),
    ],
  },
};

table<[options: { keyName?: string; ruleSet?: string }, line: string, isOwn: boolean]>(
  "rolling revoke: the rule set, the door and the key",
  {
    "the target's own": [{}, "home  home owner owner", true],
    "one of others": [{ keyName: "anna" }, "home  home anna anna", false],
    "in a rule set of several doors": [{ ruleSet: "edge" }, "edge  home owner owner", true],
  },
  async ([options, line, isOwn]) => {
    const text = ROLLING('{ file = "nosuch" }', ', name = "owner"');
    const target = (await parseConfig(text, { file: "targets.toml" })).targets.get("home");
    if (target === undefined) throw new Error("no target");
    const revoked = await revokeKey(requireRolling(target), { backend: FAKE, ...options });
    assertEquals(revoked, { keyName: options.keyName ?? "owner", isOwn, lines: [line] });
  },
);

Deno.test("rolling revoke: a firewall without one-time codes is refused by name", async () => {
  await using world = new World();
  await world.write(ROLLING('{ file = "nosuch" }'));
  const ended = await world.run("rolling", "revoke", "home", "--for", "knockd", "--json");
  assertEquals(ended.code, 2);
  const { code, message } = errorOf(ended);
  assertEquals([code, message], ["unsupported", "knockd does not support one-time codes"]);
});

Deno.test({
  name: "rolling revoke: lines for a shell on stdout, the steps on stderr",
  ignore: (await findBackend("nftables")).rolling === undefined,
  async fn() {
    await using world = new World();
    await world.write(ROLLING('{ file = "nosuch" }'));
    const { code, stdout, stderr } = await world.run("rolling", "revoke", "home", "--name", "anna");
    assertEquals(code, 0);
    assertMatch(stdout, /^nft .*anna/);
    assertNotMatch(stdout, /^[^#n]/m);
    assertStringIncludes(stderr, "then write the rules again without this key");
  },
});
