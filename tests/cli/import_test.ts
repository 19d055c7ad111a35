import { assertEquals, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const GOOD = "# old\nfw.example.com: 1234/udp, 9876/udp\n192.0.2.7:22\n";
const BAD = "fw.example.com:1234/udp\nnonsense\n192.0.2.7:0\n192.0.2.8:7,80x\n";

async function legacy(world: World, text: string): Promise<string> {
  const file = `${world.home}/.secrets/spknock-targets.conf`;
  await Deno.mkdir(`${world.home}/.secrets`, { recursive: true });
  await Deno.writeTextFile(file, text);
  return file;
}

Deno.test("where only the old file is, it is read and never written", async () => {
  await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] } });
  const file = await legacy(world, GOOD);
  const { code, stdout, stderr } = await world.run("list");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "fw-example-com  fw.example.com  1234/udp 9876/udp\n");
  assertEquals(stderr, `reading the old ${file}; to edit targets: spknock import ${file}\n`);
  assertEquals((await world.run("knock", "host-192-0-2-7")).code, 0);
  for (
    const argv of [
      ["add", "a", "::1", "7"],
      ["edit", "host-192-0-2-7", "-d", "1"],
      ["rename", "host-192-0-2-7", "x"],
      ["remove", "host-192-0-2-7"],
    ]
  ) {
    const ended = await world.run(...argv, "--json");
    assertEquals([ended.code, ended.stdout], [2, ""], argv.join(" "));
    assertEquals(errorOf(ended).hint, `import its targets first: spknock import ${file}`);
  }
  assertEquals([await Deno.readTextFile(file), await world.read()], [GOOD, ""]);
});

Deno.test("import takes everything over, once", async () => {
  await using world = new World();
  const file = await legacy(world, GOOD);
  const first = valueOf(await world.run("import", file, "--json"));
  assertEquals(first["added"], ["fw-example-com", "host-192-0-2-7"]);
  const saved = await world.read();
  const again = valueOf(await world.run("import", file, "--json"));
  assertEquals([again["added"], again["already_there"]], [[], 2]);
  assertEquals(await world.read(), saved);
  assertEquals((await world.run("list")).stderr, "");
});

Deno.test("one bad line, and nothing is taken over; all of them are named", async () => {
  await using world = new World();
  const file = await legacy(world, BAD);
  const { code, stdout, stderr } = await world.run("import", file);
  assertEquals([code, stdout, await world.read()], [2, "", ""]);
  for (const line of [2, 3, 4]) assertStringIncludes(stderr, `error: ${file}:${line}: `);
  assertStringIncludes(stderr, "hint: nothing was imported; --keep-going takes the good lines");
  const kept = await world.run("import", file, "--keep-going");
  assertEquals(kept.code, 0);
  const lines = kept.stderr.trim().split("\n");
  assertEquals(lines.map((line) => line.slice(0, `left out: ${file}:2:`.length)), [
    `left out: ${file}:2:`,
    `left out: ${file}:3:`,
    `left out: ${file}:4:`,
  ]);
  assertEquals((await world.read()).match(/^\[targets\./gm)?.length, 1);
});

Deno.test("a dry run shows what would be saved, and a wrong file is told", async () => {
  await using world = new World();
  const file = await legacy(world, GOOD);
  const { code, stdout } = await world.run("import", file, "-n");
  assertEquals([code, await world.read()], [0, ""]);
  assertStringIncludes(stdout, "would save 2 targets");
  for (
    const [argv, message] of [
      [["import", `${file}.not`], "there is no such file"],
      [["import", file, "--from", "legcy"], "unknown format, did you mean"],
      [["import", `${file}.not`, "--from", "legcy"], "unknown format, did you mean"],
      [["import", ""], "the name of the file is empty"],
      [["import", "knock a 7"], "a command line needs --from shell"],
      [["import", "--from", "shell", "knock", "a", "7"], "put it in quotes: "],
      [["import"], "missing argument FILE"],
    ] as const
  ) {
    const ended = await world.run(...argv);
    assertEquals(ended.code, 2);
    assertStringIncludes(ended.stderr, message);
  }
});

Deno.test("import: a knockd.conf is found from its text, and needs a host", async () => {
  await using world = new World();
  const file = `${world.home}/knockd.conf`;
  await Deno.writeTextFile(file, "[options]\n  UseSyslog\n[openSSH]\n  sequence = 7000,8000\n");
  const without = await world.run("import", file);
  assertEquals([without.code, await world.read()], [2, ""]);
  assertStringIncludes(without.stderr, `${file}:3: the file names no host: use --host HOST`);
  assertStringIncludes(without.stderr, "hint: nothing was imported; for example: --host fw.");
  const { code } = await world.run("import", file, "--host", "fw.example.com");
  assertEquals(code, 0);
  assertStringIncludes(await world.read(), 'knocks = ["7000/tcp", "8000/tcp"]\ncopies = 1\n');
});

Deno.test("import shows which knocks close a door", async () => {
  await using world = new World();
  const file = `${world.home}/knockd.conf`;
  const section = (name: string, ports: string, verb: string) =>
    `[${name}]\n sequence = ${ports}\n tcpflags = syn\n` +
    ` command = iptables -${verb} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT\n`;
  await Deno.writeTextFile(
    file,
    section("in", "7000,8000", "A") + section("out", "9000,7000", "D"),
  );
  const { stdout } = await world.run("import", file, "--host", "192.0.2.1", "-n");
  assertEquals(stdout.split("\n").slice(0, 2), [
    "  in  192.0.2.1  7000/tcp 8000/tcp",
    "                 close: 9000/tcp 7000/tcp",
  ]);
});

table("import: a file that is another thing is named by what it looks like", {
  '{ "targets": [] }\n': "JSON",
  '[a]\nb = "c"\n': "TOML",
}, async (what, text) => {
  await using world = new World();
  const file = await legacy(world, text);
  const ended = await world.run("import", file, "--json");
  assertEquals([ended.code, errorOf(ended).message], [
    2,
    `"${file}" looks like ${what}, which cannot be imported`,
  ]);
});

table(
  "import: no target is an error",
  { "an empty file": "", "only a comment": "# x\n" },
  async (text) => {
    await using world = new World();
    const file = await legacy(world, text);
    const { code, stdout, stderr } = await world.run("import", file);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `error: "${file}" has no targets\n`);
  },
);

table("import: a protocol that reads as tcp is named", {
  "h:1/udp # first,2/udp":
    "the first port reads as tcp, as in the original: a comment needs a line of its own",
  "h:1/UDP": 'the first port reads as tcp, as in the original: only "udp" means udp',
}, async (remark, line) => {
  await using world = new World();
  const file = await legacy(world, `${line}\n`);
  const { code, stderr } = await world.run("import", file);
  assertEquals([code, stderr], [0, `note: ${file}:1: ${remark}\n`]);
  assertStringIncludes(await world.read(), '"1/tcp"');
});

Deno.test("import: what is saved already is not saved again", async () => {
  await using world = new World();
  const file = await legacy(world, GOOD);
  await world.run("import", file);
  const { code, stdout } = await world.run("import", file);
  assertEquals([code, stdout], [0, `nothing to save: 2 targets already in ${world.config}\n`]);
});
