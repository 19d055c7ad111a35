import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GLOBAL_OPTIONS, parseOptions } from "../../src/cli/options.ts";
import { measureWidth } from "../../src/output/width.ts";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const HINTS: readonly [argv: string[], message: string, hint: string][] = [
  [["knok"], 'unknown command "knok"', "did you mean knock?"],
  [["zzz"], 'unknown command "zzz"', "see the commands with: spknock --help"],
  [["--jsn"], 'unknown option "--jsn"', "did you mean --json?"],
  [["knock", "a", "--dely", "3"], 'unknown option "--dely"', "did you mean --delay?"],
  [["list", "-Z"], 'unknown option "-Z"', "see the options with --help"],
  [["list", "extra"], 'unexpected argument "extra"', "usage: spknock list [--tag TAG]"],
  [["show"], "missing argument TARGET", "usage: spknock show TARGET"],
  [["rename", "a"], "missing argument NEW-NAME", "usage: spknock rename TARGET NEW-NAME"],
  [
    ["one-time"],
    "missing action: use generate",
    "usage: spknock one-time generate [--count N] [--length K] [--output FILE]",
  ],
  [
    ["fwknop"],
    "missing action: use keygen or access",
    "usage: spknock fwknop keygen|access [TARGET]",
  ],
  [
    ["rolling"],
    "missing action: use new, rotate or revoke",
    "usage: spknock rolling new|rotate|revoke TARGET",
  ],
  [["connect", "a"], "missing argument PORT", "usage: spknock connect TARGET [HOST] PORT"],
  [["knock"], "missing argument TARGET", "name one, or use --all or --tag"],
  [["knock", "a", "-d"], "--delay needs a value", "--delay DURATION"],
  [["knock", "a", "-d", "1", "-d", "2"], "--delay was given 2 times", "give it once"],
  [["list", "--json=no"], "--json takes no value", "--json"],
  [["knock", "::1", "7", "-4", "-6"], "choose one: -4 or -6", "leave both out"],
  [["hash", "MikroTik"], "a passphrase is not allowed on the command line", "pipe it in"],
];

const ROWS = HINTS.map((row) => [row[0].join(" "), row] as const);

table("run: usage error with a hint, nothing is sent", ROWS, async ([argv, message, hint]) => {
  await using world = new World();
  const { code, stdout, stderr } = await world.run(...argv);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, `error: ${message}\n`);
  assertStringIncludes(stderr, "hint: ");
  assertStringIncludes(stderr, hint);
  assertEquals(world.net.sent, []);
});

const JSON_ROWS = ROWS.filter(([title]) => !title.includes("--json=no"));

table("run: usage error with --json", JSON_ROWS, async ([argv, message, hint]) => {
  await using world = new World();
  const ended = await world.run(...argv, "--json");
  assertEquals([ended.code, ended.stdout], [2, ""]);
  const error = errorOf(ended);
  assertEquals(error.message, message);
  assertStringIncludes(error.hint ?? "", hint);
  assertMatch(error.code, /^[a-z_]+$/);
});

Deno.test("without a terminal, spknock alone explains itself on stderr", async () => {
  await using world = new World();
  const { code, stdout, stderr } = await world.run();
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "usage: spknock");
  assertEquals(errorOf(await world.run("--json")).code, "usage");
});

Deno.test("help is asked for in every way, and fits 80 columns", async () => {
  await using world = new World();
  const { code, stdout } = await world.run("--help");
  assertEquals(code, 0);
  const wide: string[] = [];
  assertEquals((await world.run("help")).stdout, stdout);
  for (const { name, summary } of COMMANDS) {
    assertStringIncludes(stdout, `  ${name} `);
    const [help, ...others] = await Promise.all(
      [[name, "--help"], [name, "-h"], ["help", name], ["-h", name]].map((it) => world.run(...it)),
    );
    assertStringIncludes(help?.stdout ?? "", `spknock ${name}: ${summary}`);
    for (const other of others) assertEquals(other, help);
    // The folder of this test is of any length.
    const lines = `${stdout}${help?.stdout}`.replaceAll(world.config, "FILE").split("\n");
    wide.push(...lines.filter((line) => line.length > 80).map((line) => `${name}: ${line}`));
  }
  assertEquals(wide, []);
  assertEquals((await world.run("help", "knok")).code, 2);
});

Deno.test("help and version are values with --json", async () => {
  await using world = new World();
  assertEquals(valueOf(await world.run("--version", "--json"))["name"], "spknock");
  assertMatch((await world.run("-V")).stdout, /^spknock \d+\.\d+\.\d+\n$/);
  assertMatch(
    (await world.run("-Vv")).stdout,
    /^spknock .*\ncommit {2}unknown\nform {4}checkout\n/,
  );
  assertEquals(valueOf(await world.run("-Vv", "--json"))["commit"], null);
  assertStringIncludes(String(valueOf(await world.run("list", "-h", "--json"))["help"]), "usage:");
});

Deno.test("run: global options before the command", async () => {
  await using world = new World();
  await world.write('[targets.a]\nhost = "::1"\nknocks = ["7"]\n');
  const after = await world.run("list", "--json", "-c", world.config);
  assertEquals(await world.run("--json", "-c", world.config, "list"), after);
  assertEquals(await world.run("-c", world.config, "list", "--json"), after);
});

Deno.test("Ctrl-C is 130, without words for people", async () => {
  await using world = new World({ open: [22] });
  world.interrupt();
  assertEquals(await world.run("knock", "::1", "7", "--probe", "tcp:22"), {
    code: 130,
    stdout: "::1\n",
    stderr: "",
  });
  assertEquals(world.net.sent, []);
  const ended = await world.run("knock", "::1", "7", "--json");
  assertEquals([ended.code, ended.stdout, errorOf(ended).code], [130, "", "cancelled"]);
});

Deno.test("a bug is an error that asks for a report", async () => {
  await using world = new World();
  world.net.failure = new TypeError("x is not a function");
  const ended = await world.run("knock", "::1", "7", "--json");
  assertEquals([ended.code, errorOf(ended).code], [70, "internal"]);
  assertStringIncludes(errorOf(ended).hint ?? "", "report it");
  assertStringIncludes(errorOf(ended).hint ?? "", "https://");
});

table("run: a word that is not a command, but a target or a host", [
  ["home", "did you mean: spknock knock home"],
  ["hom", "did you mean: spknock knock home"],
  ["knok", "did you mean knock?"],
  ["fw.example.com 7000 8000/udp", "did you mean: spknock knock fw.example.com 7000 8000/udp"],
  ["zzz", "see the commands with: spknock --help"],
  ["rm", "did you mean remove?"],
  ["open", "did you mean knock?"],
  ["exit", "see the commands with: spknock --help"],
  ["block", "see the commands with: spknock --help"],
  ["passphrase", "see the commands with: spknock --help"],
], async (hint, words) => {
  await using world = new World();
  await world.write('[targets.home]\nhost = "::1"\nknocks = ["7"]\n');
  const ended = await world.run(...words.split(" "), "--json");
  assertEquals([ended.code, errorOf(ended).hint], [2, hint]);
  const named = await world.run(...words.split(" "), "-c", world.config, "--json");
  assertEquals(errorOf(named).hint, hint);
});

table("run: a file that SPKNOCK_CONFIG names must exist", {
  "list": 2,
  "show home": 2,
  "knock home": 2,
  "knock ::1 7000": 0,
  "add home ::1 7000": 0,
}, async (code, words) => {
  await using world = new World({ env: { SPKNOCK_CONFIG: "/tmp/spknock-nosuch/x.toml" } });
  await Deno.mkdir(`${world.home}/.secrets`);
  await Deno.writeTextFile(`${world.home}/.secrets/spknock-targets.conf`, "h:7000\n");
  const ended = await world.run(...words.split(" "));
  await Deno.remove("/tmp/spknock-nosuch", { recursive: true }).catch(() => {});
  assertEquals(ended.code, code, ended.stderr);
  if (code === 0) return;
  assertEquals(
    ended.stderr,
    "error: /tmp/spknock-nosuch/x.toml: cannot be read: there is no such file\n" +
      "hint: SPKNOCK_CONFIG names it; spknock add makes it\n",
  );
});

const ALL = COMMANDS.map((row) => [row.name, row] as const);

table("help: two examples that parse, the file and the variable", ALL, async ({ name, load }) => {
  const { command } = await load();
  await using world = new World();
  const { stdout } = await world.run(name, "--help");
  assertStringIncludes(stdout, `\ntargets: ${world.config}\n`);
  assertStringIncludes(stdout, "SPKNOCK_CONFIG");
  for (const example of command.examples) {
    assertStringIncludes(stdout, `\n  spknock ${example}\n`);
    const [first, ...rest] = example.split(" ");
    assertEquals(first, name);
    const args = parseOptions<string>(rest, [...command.options, ...GLOBAL_OPTIONS]);
    assertEquals(args.passthrough === undefined || command.takesCommand, true);
  }
  const other = await world.run(name, "--help", "-c", "/other.toml");
  assertStringIncludes(other.stdout, "\ntargets: /other.toml\n");
});

table("help: wraps at words on a narrow terminal", ALL, async ({ name }) => {
  await using world = new World({ columns: 44 });
  const { stdout } = await world.run(name, "--help");
  const isKept = (line: string) => /^ {2}spknock |^targets: |^ *(?:-\w, )?--\S/.test(line);
  const wide = stdout.split("\n").filter((line) => measureWidth(line) > 44 && !isKept(line));
  assertEquals(wide, []);
});

Deno.test("errors and hints wrap at words; a command stays in one piece", async () => {
  await using world = new World({ columns: 34 });
  await world.write('[targets.home]\nhost = "::1"\nknocks = ["7"]\n');
  const { stderr } = await world.run("knock", "home", "7000/tcp");
  assertEquals(
    stderr,
    `error: "home" is a saved target
  with knocks of its own
hint: spknock knock home, or with
  these ports:
  spknock knock ::1 7000/tcp
`,
  );
});
