/** The options of `rules` for one-time codes: until when, whose keys, only codes, and a second way in. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeKey } from "../../src/core/rolling.ts";
import { computeCode, findWindows } from "../../src/plan/codes.ts";
import { assertMode, lacks } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const DAY = 86_400_000;
const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["62201/udp"]
opens = ["22/tcp"]
secret = { file = "home.key" }
rolling = { window = "10m", slots = 2 }

[targets.saved]
host = "fw.example.com"
knocks = ["7000/tcp", "62202/udp"]
opens = ["443/tcp"]
secret = { file = "home.key" }
rolling = { window = "1h", slots = 1, until = 2999-01-01T00:00:00Z, former_key = "gone.key" }

[targets.over]
host = "fw.example.com"
knocks = ["62203/udp"]
opens = ["443/tcp"]
secret = { file = "home.key" }
rolling = { until = 2020-01-01T00:00:00Z }

[targets.static]
host = "fw.example.com"
knocks = ["1234/udp", "4321/udp"]

[targets.regular]
host = "fw.example.com"
knocks = ["7001", "9001", "8001"]
`;
const KEYS = { home: makeKey(), anna: makeKey(), bob: makeKey() };
const NFT = ["--for", "nftables"];

/** A world with keys, unless they are not to be read. */
async function createWorld(
  { hasKeys = true, ...options }: WorldOptions & { hasKeys?: boolean } = {},
): Promise<World> {
  const world = new World(options);
  await world.write(TARGETS);
  if (!hasKeys) return world;
  await writeKey(world.config.replace("targets.toml", "home.key"), KEYS.home);
  for (const name of ["anna", "bob"] as const) {
    await writeKey(`${world.home}/${name}.key`, KEYS[name]);
  }
  return world;
}

async function writeKey(path: string, key: string, mode = 0o600): Promise<void> {
  await Deno.writeTextFile(path, `${key}\n`);
  await Deno.chmod(path, mode);
}

interface StageValue {
  knock: string;
  secret: boolean;
  one_time: boolean;
  window_ms?: number;
  slots?: number;
  keys?: string[];
  from?: string;
  until?: string | null;
}

interface RulesValue {
  file: string | null;
  plan: { doors: { target: string; open: string[]; stages: StageValue[] }[] };
  rules: string | null;
}

/** The codes of a key at a moment, as nftables' elements have them. */
function renderCode(key: string, at: number): string {
  const { first } = findWindows({ windowMs: 600_000, slots: 2, keys: [], from: at, until: at + 1 });
  return `0x${new TextEncoder().encode(computeCode(key, first, 0)).toHex().slice(0, 32)}`;
}

table<[argv: string[], message: RegExp, hint: RegExp]>(
  "rules: options of one-time codes that are refused before a secret is read",
  {
    "no end": [
      ["home", ...NFT],
      /^missing option --until: until when should the firewall have one-time codes for "home"\?$/,
      /--until 1y/,
    ],
    "an end that is over": [
      ["over", ...NFT],
      /^the one-time codes of "over" end at 2020-01-01T00:00:00Z, before 2\d{3}-.*Z$/,
      /--until 1y/,
    ],
    "until in the past": [
      ["home", ...NFT, "--until", "2020-01-01"],
      /^--until: is not after the present moment$/,
      /--until 1y/,
    ],
    "until before from": [
      ["home", ...NFT, "--from", "30d", "--until", "20d"],
      /^--until: is not after --from$/,
      /--until 1y/,
    ],
    "from after the end that is saved": [
      ["saved", ...NFT, "--from", "2999-02-01"],
      /^the one-time codes of "saved" end at 2999/,
      /--until 1y/,
    ],
    "until is not a time": [["home", ...NFT, "--until", "soon"], /^--until: is not a time: /, /^$/],
    "a firewall without codes": [
      ["home", "--for", "knockd", "--until", "1y"],
      /^knockd does not support one-time codes \(rolling\)$/,
      /another firewall/,
    ],
    "a firewall that makes codes itself": [
      ["home", "--for", "iptables", "--until", "1y"],
      /^--until has no effect with iptables: it makes the one-time codes itself, without an end$/,
      /leave out --until/,
    ],
    "no target with codes": [
      ["static", ...NFT, "--open", "22", "--until", "1y"],
      /^--until has no effect: no target has one-time codes \(rolling\)$/,
      /spknock rolling new/,
    ],
    "--save without codes": [
      ["static", ...NFT, "--open", "22", "--save"],
      /^--save has no effect: no target has one-time codes/,
      /rolling new/,
    ],
    "--keys without codes": [
      ["static", ...NFT, "--open", "22", "--keys", "anna.key"],
      /^--keys has no effect/,
      /rolling new/,
    ],
    "--grace-static without codes": [
      ["regular", ...NFT, "--open", "22", "--grace-static", "static"],
      /^--grace-static has no effect/,
      /rolling new/,
    ],
    "--grace-static with regular knocks": [
      ["home", ...NFT, "--until", "1y", "--grace-static", "regular"],
      /^--grace-static: "regular" has no secret knock: 7001\/tcp 9001\/tcp 8001\/tcp$/,
      /secret knocks/,
    ],
    "--grace-static with codes": [
      ["home", ...NFT, "--until", "1y", "--grace-static", "saved"],
      /^--grace-static: "saved" has one-time codes itself$/,
      /without rolling/,
    ],
    "--grace-static with a target of the rules": [
      ["home", "static", ...NFT, "--open", "static=22", "--until", "1y"].concat(
        ["--grace-static", "static"],
      ),
      /^--grace-static: "static" is one of the targets already$/,
      /leave out/,
    ],
    "--grace-static without a target": [
      ["home", ...NFT, "--until", "1y", "--grace-static", "statik"],
      /^unknown target "statik"$/,
      /static/,
    ],
    "codes cannot be compared": [
      ["saved", ...NFT, "--diff", "x.nft"],
      /^--diff cannot compare rules with one-time codes/,
      /--output/,
    ],
    "--save with --diff": [
      ["saved", ...NFT, "--diff", "x.nft", "--save"],
      /^--save has no effect with --diff/,
      /^$/,
    ],
    "--codes-only with a part of the plan": [
      ["saved", ...NFT, "--codes-only", "--trust", "192.0.2.0/24"],
      /^--trust has no effect with --codes-only$/,
      /running rules/,
    ],
    "--codes-only with a proof": [
      ["saved", "--prove", "--codes-only"],
      /^--codes-only has no effect with --prove$/,
      /proof/,
    ],
    "--until without a firewall": [
      ["home", "--until", "1y"],
      /^--until has no effect without --for$/,
      /usage/,
    ],
    "--codes-only without a firewall": [
      ["home", "--codes-only"],
      /^--codes-only has no effect without --for$/,
      /usage/,
    ],
    "codes that JSON cannot hold": [
      ["home", ...NFT, "--until", "99y"],
      /^--json cannot hold 104\d{5} one-time codes: save them with --output$/,
      /longer window/,
    ],
    "keys of two files of one name": [
      ["home", ...NFT, "--until", "1y", "--keys", "a/anna.key", "b/anna.key"],
      /^--keys: "a\/anna.key" and "b\/anna.key" have the same name$/,
      /rename/,
    ],
    "a key whose file names no person": [
      ["home", ...NFT, "--until", "1y", "--keys", "keys/anna b.key"],
      /^--keys: /,
      /^$/,
    ],
    "a pattern that the shell has left": [
      ["home", ...NFT, "--until", "1y", "--keys", "keys/*.key"],
      /^--keys: no file matches "keys\/\*.key"$/,
      /present folder/,
    ],
    "keys of which of several targets": [
      ["home", "saved", ...NFT, "--until", "1y", "--keys", "anna.key"],
      /^--keys with several targets needs the target$/,
      /^--keys home=FILE$/,
    ],
  },
  async ([argv, message, hint]) => {
    await using world = await createWorld({ hasKeys: false });
    const ended = await world.run("rules", ...argv, "--json");
    assertEquals(ended.code, 2, ended.stderr);
    const error = errorOf(ended);
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
  },
);

Deno.test("rules: codes from now until --until, or until the target's own end", async () => {
  await using world = await createWorld();
  const before = Date.now();
  const ended = await world.run("rules", "home", ...NFT, "--until", "1d", "--json");
  const { plan, rules } = valueOf<RulesValue & { rules: string }>(ended);
  const stage: Partial<StageValue> = plan.doors[0]?.stages[0] ?? {};
  const { from = "", until = "", ...rest } = stage;
  assertEquals(
    rest,
    {
      knock: "62201/udp",
      secret: true,
      one_time: true,
      window_ms: 600_000,
      slots: 2,
      keys: ["home"],
    } as unknown as typeof rest,
  );
  assert(Math.abs(Date.parse(from) - before) < 60_000);
  assertEquals(Date.parse(until ?? "") - Date.parse(from), DAY);
  assertStringIncludes(rules, renderCode(KEYS.home, before));
  assertEquals(rules.includes(KEYS.home), false);
  assertMatch(rules, /# {3}codes: {3}for home, 1 key \(home\), from \S+Z until \S+Z\n/);
  const later = await world.run(
    ...["rules", "saved", ...NFT, "--from", "2998-12-30", "--json"],
  );
  const saved = valueOf<RulesValue>(later).plan.doors[0]?.stages;
  assertEquals(saved?.map(({ one_time }) => one_time), [false, true]);
  assertEquals([saved?.[1]?.from, saved?.[1]?.until], [
    "2998-12-30T00:00:00.000Z",
    "2999-01-01T00:00:00.000Z",
  ]);
});

Deno.test("rules: --save writes the time into the target, after the rules", async () => {
  await using world = await createWorld();
  const file = `${world.home}/home.nft`;
  const argv = ["rules", "home", ...NFT, "--from", "2990-01-01", "--until", "2990-01-02"];
  await Deno.mkdir(file);
  assertEquals((await world.run(...argv, "--save", "--output", file)).code, 2);
  assertEquals(await world.read(), TARGETS);
  await Deno.remove(file);
  const ended = await world.run(...argv, "--save", "--output", file);
  assertEquals(ended.code, 0, ended.stderr);
  assertMatch(ended.stderr, /saved in \S+: home has one-time codes until 2990-01-02T00:00:00Z\n/);
  await assertMode(file, 0o600);
  const changed = TARGETS.replace(
    `slots = 2 }`,
    `slots = 2, from = 2990-01-01T00:00:00Z, until = 2990-01-02T00:00:00Z }`,
  );
  assertEquals(await world.read(), changed);
  const more = ["--codes-only", "--from", "2990-01-02", "--until", "2990-01-03", "--save"];
  assertEquals((await world.run("rules", "home", ...NFT, ...more)).code, 0);
  const later = changed.replace("until = 2990-01-02", "until = 2990-01-03");
  assertEquals(await world.read(), later);
  const fewer = ["--codes-only", "--from", "2990-01-01", "--until", "2990-01-02", "--save"];
  const kept = await world.run("rules", "home", ...NFT, ...fewer);
  assertMatch(kept.stderr, /home has one-time codes until 2990-01-03T00:00:00Z\n/);
  assertEquals(await world.read(), later);
});

Deno.test("rules: --codes-only has only elements, and needs only the keys", async () => {
  await using world = await createWorld();
  const from = Date.now();
  const argv = ["rules", "static", "home", ...NFT, "--codes-only", "--until", "1d"];
  const { code, stdout, stderr } = await world.run(...argv);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert(lines.length > 2);
  for (const line of lines) assertMatch(line, /^add element inet spknock_static home\./);
  assertStringIncludes(stdout, renderCode(KEYS.home, from));
  assertStringIncludes(
    stdout,
    "#   0 4 1 * * spknock rules home --for nftables --codes-only --until 1y --save --name static | ssh HOST nft -f -\n",
  );
  const value = valueOf<{ count: number; codes: string; doors: { target: string }[] }>(
    await world.run(...argv, "--json"),
  );
  assertEquals(value.count, 2 * 145);
  assertEquals(value.doors.map(({ target }) => target), ["static", "home"]);
  assertStringIncludes(value.codes, "add element");
});

Deno.test("rules: --keys has a key a person, and not the target's own", async () => {
  await using world = await createWorld();
  const now = Date.now();
  const [anna, bob] = [`${world.home}/anna.key`, `${world.home}/bob.key`];
  await Deno.remove(world.config.replace("targets.toml", "home.key"));
  const argv = ["rules", "home", ...NFT, "--until", "1d", "--keys", anna, bob];
  const { plan, rules } = valueOf<RulesValue>(await world.run(...argv, "--json"));
  assertEquals(plan.doors[0]?.stages[0]?.keys, ["anna", "bob"]);
  for (const key of [KEYS.anna, KEYS.bob]) assertStringIncludes(rules ?? "", renderCode(key, now));
  assertEquals(rules?.includes(renderCode(KEYS.home, now)), false);
  const only = await world.run(...argv, "--codes-only");
  assertStringIncludes(only.stdout, "--codes-only --until 1y --save --keys keys/*.key | ssh");
  assertStringIncludes(only.stdout, renderCode(KEYS.bob, now));
  const one = ["rules", "home", "saved", ...NFT, "--until", "1d", "--keys", `home=${anna}`];
  const ended = await world.run(...one, "--json");
  assertEquals([ended.code, errorOf(ended).code], [4, "secret"], "the key of saved is its own");
});

table<[prepare: (world: World) => Promise<void>, code: number, message: RegExp]>(
  "rules: --keys: a file that cannot be used",
  {
    "is missing": [({ home }) => Deno.remove(`${home}/bob.key`), 4, /bob\.key" cannot be read/],
    ...(lacks("modes") ? {} : {
      "others can read it": [
        ({ home }) => Deno.chmod(`${home}/bob.key`, 0o644),
        4,
        /bob\.key" can be read by others \(mode 0644\)/,
      ] as [(world: World) => Promise<void>, number, RegExp],
    }),
    "has no key": [
      ({ home }) => Deno.writeTextFile(`${home}/bob.key`, "MikroTik\n"),
      4,
      /bob\.key": the secret is not the key of one-time codes/,
    ],
    "has the key of another": [
      ({ home }) => Deno.writeTextFile(`${home}/bob.key`, `${KEYS.anna}\n`),
      2,
      /anna\.key" and ".*\/bob\.key" have the same key/,
    ],
  },
  async ([prepare, code, message]) => {
    await using world = await createWorld();
    await prepare(world);
    const keys = ["--keys", `${world.home}/anna.key`, "--keys", `${world.home}/bob.key`];
    const ended = await world.run("rules", "home", ...NFT, "--until", "1d", ...keys, "--json");
    assertEquals(ended.code, code);
    const { message: text } = errorOf(ended);
    assertMatch(text, message);
    assertEquals(text.includes("MikroTik") || text.includes(KEYS.anna), false);
  },
);

Deno.test("rules: --grace-static opens the same services by static secrets", async () => {
  await using world = await createWorld({ stdin: `${KEYS.home}\none\ntwo\n` });
  const argv = ["rules", "home", ...NFT, "--open", "22/tcp,8080/tcp", "--forward", "9000/tcp"];
  const ended = await world.run(
    ...[...argv, "--until", "1d", "--grace-static", "static", "--secrets-from", "-", "--json"],
  );
  const { plan } = valueOf<RulesValue>(ended);
  assertEquals(plan.doors.map(({ target, open }) => [target, open]), [
    ["home", ["22/tcp", "8080/tcp"]],
    ["static", ["22/tcp", "8080/tcp"]],
  ]);
  assertEquals(plan.doors[1]?.stages.map(({ one_time }) => one_time), [false, false]);
});

Deno.test("rules: the line for a crontab names the rule set and the keys", async () => {
  await using world = await createWorld({ stdin: `one\ntwo\n` });
  const keys = ["--keys", `${world.home}/anna.key`, `${world.home}/bob.key`];
  const argv = ["static", "home", ...NFT, "--open", "static=443", "--until", "1d"];
  const ended = await world.run("rules", ...argv, ...keys, "--secrets-from", "-");
  assertStringIncludes(
    ended.stdout,
    "spknock rules home --for nftables --codes-only --until 1y --save --name static --keys keys/*.key | ssh",
  );
});

Deno.test("rules: a proof, and a firewall that makes codes itself, need no end", async () => {
  await using world = await createWorld();
  const proof = await world.run("rules", "home", "--prove", "--keys", `${world.home}/anna.key`);
  assertEquals(proof.code, 0, proof.stdout);
  const ended = await world.run("rules", "saved", "--for", "iptables", "--json");
  assertEquals(valueOf<RulesValue>(ended).plan.doors[0]?.stages[1]?.until, null);
});

Deno.test("rules: very many codes are warned of, with their number", async () => {
  await using world = await createWorld({ hasKeys: false });
  const { code, stderr } = await world.run("rules", "home", ...NFT, "--until", "10y");
  assertEquals(code, 4);
  assertMatch(stderr, /^warning: 10512\d\d one-time codes are about 150 MB of rules: use a longer/);
});

Deno.test("rules: the weakness of one-time codes is not that of static payloads", async () => {
  await using world = await createWorld();
  const ended = await world.run("rules", "home", ...NFT, "--until", "1d", "--json");
  const { weaknesses } = valueOf<{ weaknesses: { code: string }[] }>(ended);
  assertEquals(weaknesses.map(({ code }) => code), ["stolen-code", "clocks"]);
});

Deno.test("the wizard asks until when there are codes, and saves it", async () => {
  const before = Array.from({ length: 9 }, () => "");
  const answers = ["1", "n", ...before, "2020-01-01", "30d", "~/home.nft", "y"];
  await using world = await createWorld({ keys: answers.map((answer) => `${answer}\r`) });
  const { code, stderr } = await world.run("rules", "home", "--plain");
  assertEquals(code, 0, stderr);
  const screen = (world.terminal?.output ?? "").replace(/\s+/g, " ");
  assertStringIncludes(screen, "Until when are there one-time codes");
  assertStringIncludes(screen, '"2020-01-01" is over');
  const day = new Date(Date.now() + 30 * DAY).toISOString().slice(0, 10);
  assertStringIncludes(stderr, `knocks     62201/udp (one-time code until ${day})`);
  assertStringIncludes(await Deno.readTextFile(`${world.home}/home.nft`), "home.codes.home");
  assertMatch(await world.read(), new RegExp(`slots = 2, from = \\S+Z, until = ${day}T`));
});

table(
  "rules: Ctrl-C ends a long stream of codes",
  { "to standard output": [], "to a file": ["--output", "home.nft"] },
  async (argv) => {
    await using world = await createWorld();
    const placed = argv.map((word) => word.replace("home.nft", `${world.home}/home.nft`));
    setTimeout(() => world.interrupt());
    const ended = await world.run("rules", "home", ...NFT, "--until", "90y", ...placed);
    assertEquals(ended.code, 130, ended.stderr);
    const left = await Array.fromAsync(Deno.readDir(world.home));
    assertEquals(left.filter(({ name }) => name.includes("nft")), []);
  },
);

Deno.test("rules: a full disk ends the stream", async () => {
  await using world = await createWorld({ isFull: true });
  const ended = await world.run("rules", "home", ...NFT, "--until", "90y");
  assertEquals(ended.code, 5);
});
