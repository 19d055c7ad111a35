/** One-time sequences: taken right before the first packet, said how many are left, and never sent twice. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertMode, lacks } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const LINES = " 7001,7002:udp\n 7003\n 7004:udp,7005\n 7006\n 7007\n";
const TARGET = '[targets.vault]\nhost = "192.0.2.1"\none_time = "vault.seq"\nprobes = ["tcp:22"]\n';

async function makeWorld(
  options: WorldOptions = {},
  { target = TARGET, lines = LINES, mode = 0o600 } = {},
): Promise<{ world: World; file: string; read(): Promise<string> }> {
  const world = new World(options);
  await world.write(target);
  const file = world.config.replace("targets.toml", "vault.seq");
  await Deno.writeTextFile(file, lines, { mode });
  await Deno.chmod(file, mode);
  return { world, file, read: () => Deno.readTextFile(file) };
}

const listSent = ({ net }: World) => net.sent.map(({ port, protocol }) => `${port}/${protocol}`);

Deno.test("a knock takes the next sequence, marks it as knockd does, and says what is left", async () => {
  const { world, file, read } = await makeWorld({ open: [22] });
  await using _ = world;
  const { ino } = await Deno.stat(file);
  const first = await world.run("knock", "vault");
  assertEquals([first.code, first.stderr], [0, ""]);
  assertStringIncludes(first.stdout, "knock  7001/tcp  7002/udp");
  assertStringIncludes(first.stdout, "vault: 4 one-time sequences left\n");
  assertEquals(listSent(world), ["7001/tcp", "7002/udp"]);
  assertEquals(await read(), LINES.replace(" 7001", "#7001"));
  // A knockd on the same machine has this very file open.
  assertEquals((await Deno.stat(file)).ino, ino);
  const [report] = valueOf<{ targets: Record<string, unknown>[] }>(
    await world.run("knock", "vault", "--json"),
  ).targets;
  assertEquals([report?.["sequence"], report?.["one_time"]], [
    ["7003/tcp"],
    { file, left: 3, line: 2 },
  ]);
  const third = await world.run("knock", "vault");
  assertMatch(third.stderr, /^warning: vault: 2 one-time sequences left in .*vault\.seq; make new/);
});

Deno.test("all tries of a run send the same sequence; a door that stays closed has a way out", async () => {
  const { world, read } = await makeWorld();
  await using _ = world;
  const { code, stderr } = await world.run("knock", "vault", "--tries", "3");
  assertEquals(code, 1);
  assertEquals(listSent(world), Array(3).fill(["7001/tcp", "7002/udp"]).flat());
  assertEquals(await read(), LINES.replace(" 7001", "#7001"));
  assertStringIncludes(stderr, "note: vault: line 1 of ");
});

Deno.test("where no packet can leave, the sequence is not spent", async () => {
  const { world, read } = await makeWorld({ unreachable: { "192.0.2.1": "ENETUNREACH" } });
  await using _ = world;
  for (const argv of [["knock", "vault"], ["connect", "vault", "22", "--grace", "0"]]) {
    assertEquals((await world.run(...argv)).code, 3, argv.join(" "));
    assertEquals(await read(), LINES);
  }
});

Deno.test("connect takes none where the door is open, and one where it is not", async () => {
  const { world, read } = await makeWorld({ open: [22] });
  await using _ = world;
  assertEquals((await world.run("connect", "vault", "22")).code, 0);
  assertEquals([await read(), listSent(world)], [LINES, []]);
  const closed = await makeWorld({ open: [22], opensAfter: 2 });
  await using __ = closed.world;
  assertEquals((await closed.world.run("connect", "vault", "22")).code, 0);
  assertEquals(await closed.read(), LINES.replace(" 7001", "#7001"));
  assertEquals(listSent(closed.world), ["7001/tcp", "7002/udp"]);
});

Deno.test("keep takes one for each renewal, and none for a renewal that cannot be", async () => {
  const target = TARGET.replace("probes", 'open_for = "10s"\nprobes');
  const { world, read } = await makeWorld({ open: [22] }, { target, lines: " 7001\n 7002\n" });
  await using _ = world;
  const sleepUntil = world.clock.sleepUntil.bind(world.clock);
  world.clock.sleepUntil = (at, signal) => {
    if (at >= 60_000) world.interrupt();
    return sleepUntil(at, signal);
  };
  const { stdout } = await world.run("keep", "vault", "--json");
  const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const shown = events.filter(({ event }) => event !== "opened" && event !== "renewed")
    .map(({ event, left, reason }) => left ?? reason ?? event);
  assertEquals(shown.slice(0, 2), [1, 0]);
  assertMatch(shown[2], /no one-time sequence is left for "vault" in /);
  assertEquals([await read(), listSent(world)], ["#7001\n#7002\n", ["7001/tcp", "7002/tcp"]]);
});

const OTHERS: [{ mode: number }, RegExp] = [
  { mode: 0o644 },
  /can be read by others \(mode 0644\)$/,
];

table<[options: Parameters<typeof makeWorld>[1], message: RegExp]>(
  "what is wrong with the file: exit code 4, and nothing is sent",
  {
    "none left": [{ lines: "#7001\n\n" }, /^no one-time sequence is left for "vault" in /],
    "a line that is none": [
      { lines: " 7001\n hunter2\n" },
      /: line 2 is not a sequence: the first port/,
    ],
    ...(lacks("modes") ? {} : { "others can read it": OTHERS }),
    "no file": [{ target: TARGET.replace("vault.seq", "other.seq") }, /there is no such file$/],
    "a folder": [
      { target: TARGET.replace("vault.seq", ".") },
      /Is a directory|is a folder|regular file/i,
    ],
  },
  async ([options, message]) => {
    const { world, read } = await makeWorld({ open: [22] }, options);
    await using _ = world;
    const before = await read();
    const ended = await world.run("knock", "vault", "--json");
    assertEquals([ended.code, listSent(world), await read()], [4, [], before]);
    const error = errorOf(ended);
    assertMatch(error.message, message);
    assert(!error.message.includes("hunter2"));
  },
);

Deno.test("two runs at once take two sequences", async () => {
  const { world, read } = await makeWorld({ open: [22] });
  await using _ = world;
  await Promise.all([world.run("knock", "vault"), world.run("knock", "vault")]);
  assertEquals((await read()).match(/^#/gm)?.length, 2);
  assertEquals(new Set(listSent(world)).size, 3);
});

Deno.test("show, list, --dry-run, probe and doctor take none, and say what is left", async () => {
  const { world, file, read } = await makeWorld({ open: [22] });
  await using _ = world;
  assertStringIncludes((await world.run("list")).stdout, "5 one-time sequences left");
  assertStringIncludes(
    (await world.run("show", "vault")).stdout,
    `5 one-time sequences left in ${file}`,
  );
  assertEquals(valueOf(await world.run("show", "vault", "--json"))["one_time"], { file, left: 5 });
  assertStringIncludes(
    (await world.run("knock", "vault", "-n")).stdout,
    "5 one-time sequences left",
  );
  assertEquals((await world.run("probe", "vault")).code, 0);
  assertEquals((await world.run("doctor", "vault")).code !== 70, true);
  assertEquals([await read(), listSent(world)], [LINES, []]);
  await Deno.remove(file);
  assertStringIncludes((await world.run("show", "vault")).stdout, "there is no such file");
  assertEquals((await world.run("list")).code, 0);
});

table<string>(
  "what needs knocks that stay the same refuses",
  [
    "rules vault --for nftables --open 22/tcp",
    "simulate vault",
    "codes vault",
    "export vault --as knock",
    "export vault --as knockd",
    "apply vault root@192.0.2.1 --open 22/tcp --yes",
    "rolling rotate vault",
  ].map((argv) => [argv, argv] as const),
  async (argv) => {
    const { world, read } = await makeWorld({ open: [22] });
    await using _ = world;
    const { code, stderr } = await world.run(...argv.split(" "));
    assertEquals([code, await read()], [2, LINES], stderr);
  },
);

table<[text: string, message: RegExp]>("the configuration is checked", {
  "both": [`${TARGET}knocks = ["1/tcp"]\n`, /choose one: knocks, or one_time/],
  "copies": [`${TARGET}copies = 2\n`, /copies: has to be 1 with one_time/],
  "not a path": [TARGET.replace('"vault.seq"', "7"), /one_time: is not a file: use a path/],
  "of the defaults": [`[defaults]\none_time = "x"\n${TARGET}`, /each target has its own one_time/],
}, async ([text, message]) => {
  const { world } = await makeWorld({}, { target: text });
  await using _ = world;
  const { code, stderr } = await world.run("list");
  assertEquals(code, 2);
  assertMatch(stderr, message);
});

Deno.test("edit keeps the file of sequences, and new knocks replace it", async () => {
  const { world } = await makeWorld();
  await using _ = world;
  assertEquals((await world.run("edit", "vault", "--tries", "2", "--delay", "20ms")).code, 0);
  assertStringIncludes(await world.read(), 'one_time = "vault.seq"\n');
  const edited = await world.run("edit", "vault", "--knock", "1/tcp", "--knock", "2/tcp");
  assertEquals(edited.code, 0, edited.stderr);
  assert(!(await world.read()).includes("one_time"));
  assertStringIncludes(await world.read(), 'knocks = ["1/tcp", "2/tcp"]');
});

Deno.test("one-time generate saves sequences for both sides", async () => {
  const { world } = await makeWorld();
  await using _ = world;
  const file = `${world.home}/new.seq`;
  const argv = ["one-time", "generate", "--count", "7", "--length", "5"];
  const { code, stderr } = await world.run(...argv, "--output", file);
  assertEquals(code, 0);
  assertStringIncludes(stderr, `one_time = "${file}" in a target`);
  assertStringIncludes(stderr, "One_Time_Sequences = ");
  await assertMode(file, 0o600);
  const text = await Deno.readTextFile(file);
  assertMatch(text, /^(?: \d+:tcp(?:,\d+:tcp){4}\n){7}$/);
  assertEquals((await world.run(...argv, "--output", file)).code, 2);
  const value = valueOf(await world.run(...argv, "--udp", "--json"));
  assertEquals((value["sequences"] as string[]).length, 7);
  assertEquals((await world.run("one-time", "make")).code, 2);
  assertEquals((await world.run("one-time", "generate", "--length", "1")).code, 2);
});

table("a file of one-time sequences that no target names any more is named", {
  "remove": ["remove", "vault", "--yes"],
  "edit": ["edit", "vault", "--knock", "7000"],
}, async (argv) => {
  const { world, file, read } = await makeWorld();
  await using _ = world;
  const { code, stdout } = await world.run(...argv);
  assertEquals([code, await read()], [0, LINES]);
  assertStringIncludes(stdout, `\nthe file of one-time sequences stays: ${file}\n`);
});

Deno.test("an edit that keeps the one-time sequences says nothing of them", async () => {
  const { world } = await makeWorld();
  await using _ = world;
  const { stdout } = await world.run("edit", "vault", "--delay", "100ms");
  assertEquals(stdout.trim().split("\n").length, 1);
});

Deno.test("add saves a target with the sequences of a file, as it is named from the configuration", async () => {
  const { world, file } = await makeWorld({ open: [22] }, { target: "version = 1\n" });
  await using _ = world;
  const added = await world.run("add", "vault", "192.0.2.1", "--one-time", file, "--opens", "22");
  assertEquals([added.code, added.stderr], [0, ""]);
  assertStringIncludes(added.stdout, "one-time sequences of vault.seq\n");
  assertStringIncludes(await world.read(), 'one_time = "vault.seq"\nopens = ["22/tcp"]\n');
  assertEquals((await world.run("knock", "vault")).code, 0);
  assertEquals(listSent(world), ["7001/tcp", "7002/udp"]);
});

table("add: what is no file of sequences is refused before anything is saved", {
  "a missing file": [["vault", "192.0.2.1", "--one-time", "nosuch"], 4, "there is no such file"],
  "ports too": [["vault", "192.0.2.1", "7", "--one-time", "vault.seq"], 2, "unexpected argument"],
  "no host": [["vault", "--one-time", "vault.seq"], 2, "missing argument HOST"],
}, async ([argv, code, message]) => {
  const { world } = await makeWorld({}, { target: "version = 1\n" });
  await using _ = world;
  const ended = await world.run("add", ...argv as string[]);
  assertEquals([ended.code, await world.read()], [code, "version = 1\n"]);
  assertStringIncludes(ended.stderr, message as string);
});
