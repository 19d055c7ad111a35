import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertMode, makeFolder } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const TARGETS = `# mine
[targets.home]                # the house
host = "fw.example.com"
description = "the\\u001b house"
tags = ["family"]
knocks = ["1234/udp", "9876/udp", { port = 7, delay = "1s" }]
probes = ["tcp:22"]

[targets.office]
host = "2001:db8::1"
knocks = ["1", "2", "3", "4", "5", "6", "7"]
`;

async function worldWith(text: string, options = {}): Promise<World> {
  const world = new World(options);
  await world.write(text);
  return world;
}

Deno.test("list shows a line each, with what comes from the file escaped", async () => {
  await using world = await worldWith(TARGETS);
  assertEquals((await world.run("list")).stdout.split("\n"), [
    "home    fw.example.com  1234/udp 9876/udp 7/tcp                   #family  the\\u{1b} house",
    "office  2001:db8::1     1/tcp 2/tcp 3/tcp 4/tcp 5/tcp and 2 more",
    "",
  ]);
  const { targets, file } = valueOf<{ file: string; targets: { name: string; tags: string[] }[] }>(
    await world.run("list", "--json"),
  );
  assertEquals(file, world.config);
  assertEquals(targets.map(({ name }) => name), ["home", "office"]);
  const tagged = valueOf(await world.run("list", "--tag", "family", "--json"));
  assertEquals(tagged["targets"], targets.slice(0, 1));
});

Deno.test("one long host does not spread the lines of the others", async () => {
  const host = `${"long.".repeat(20)}example.com`;
  await using world = await worldWith(
    `[targets.a]\nhost = "${host}"\nknocks = ["1"]\n[targets.b]\nhost = "::1"\nknocks = ["1"]\n`,
  );
  assertEquals((await world.run("list")).stdout, `a  ${host}  1/tcp\nb  ::1  1/tcp\n`);
});

Deno.test("without targets list says how to add one; quiet and JSON do not", async () => {
  await using world = new World();
  const { code, stdout, stderr } = await world.run("list");
  assertEquals([code, stdout], [0, ""]);
  assertStringIncludes(stderr, "spknock add");
  assertEquals(await world.run("list", "-q"), { code: 0, stdout: "", stderr: "" });
  assertEquals(valueOf(await world.run("list", "--json"))["targets"], []);
});

Deno.test("show tells every setting, and a secret only by its source", async () => {
  const hash = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";
  await using world = await worldWith(
    `[targets.a]\nhost = "::1"\nsource = "::2"\nadmin = "root@::1"\nknocks = [
      "1", "2/udp", { port = 3, protocol = "udp", payload = { text = "TOPSECRET" } },
      { port = 4, protocol = "udp", secret = { hash = "${hash}" } },
      { port = 5, protocol = "udp", secret = { env = "FW" } },
      { port = 6, protocol = "udp", secret = { command = ["pass", "show"] } },
      { port = 7, protocol = "udp", payload = "none" }]\n`,
  );
  for (const argv of [["show", "a"], ["show", "a", "--json"], ["knock", "a", "-n"]]) {
    const { code, stdout } = await world.run(...argv);
    assertEquals(code, 0);
    if (argv[0] === "show") assertStringIncludes(stdout, "root@::1");
    for (const text of ["9 fixed bytes", "variable FW", "command pass", "empty", "asked for"]) {
      assertStringIncludes(stdout, text);
    }
    assertEquals(/TOPSECRET|862b/.test(stdout), false);
  }
  const value = valueOf(await world.run("show", "a", "--json"));
  assertEquals([value["source"], value["delay_ms"], value["tries"]], ["::2", undefined, 3]);
  assertEquals(value["admin"], "root@::1");
});

Deno.test("show and --dry-run name handshakes and the sizes of echo requests", async () => {
  await using world = await worldWith(
    `[targets.a]\nhost = "::1"\nhandshake = "250ms"\nknocks = [
      "1", "2/udp", { port = 3, handshake = "50ms" }, { protocol = "ICMP", size = 64 }]\n`,
  );
  for (const argv of [["show", "a"], ["knock", "a", "-n"]]) {
    const { stdout } = await world.run(...argv);
    assertMatch(stdout, / 1\/tcp\W+SYN, handshake up to 250ms\n/);
    assertMatch(stdout, / 3\/tcp\W+SYN, handshake up to 50ms\n/);
    assertMatch(stdout, / icmp\/64\W+echo request\n/);
  }
  const { knocks } = valueOf(await world.run("show", "a", "--json")) as {
    knocks: Record<string, unknown>[];
  };
  assertEquals(knocks.map(({ handshake_ms, size }) => [handshake_ms, size]), [
    [250, undefined],
    [undefined, undefined],
    [50, undefined],
    [undefined, 64],
  ]);
});

Deno.test("an unknown target is answered with the nearest", async () => {
  await using world = await worldWith(TARGETS);
  for (
    const argv of [
      ["show", "hom"],
      ["edit", "hom", "-d", "1"],
      ["remove", "office", "hom"],
      ["rename", "hom", "x"],
      ["probe", "hom"],
      ["knock", "office", "hom"],
      ["simulate", "hom"],
    ]
  ) {
    const ended = await world.run(...argv, "--json");
    assertEquals([ended.code, ended.stdout], [2, ""], argv.join(" "));
    assertEquals(errorOf(ended), {
      code: "unknown_target",
      message: 'unknown target "hom"',
      hint: "did you mean home?",
    });
  }
  assertEquals(await world.read(), TARGETS);
});

Deno.test("add, edit, rename and remove change their own lines only", async () => {
  await using world = await worldWith(TARGETS);
  const steps: [argv: string[], said: string, key: string][] = [
    [
      ["add", "lab", "192.0.2.7", "7000:udp", "22", "--secret", "env:LAB", "--probe", "ssh"],
      "saved lab in",
      "added",
    ],
    [["edit", "lab", "--host", "192.0.2.8", "-d", "200ms", "--tag", "x"], "changed lab", "changed"],
    [["edit", "lab", "--secret", "none", "-6"], "changed lab", "changed"],
    [["rename", "lab", "den"], "lab is now den", "renamed"],
  ];
  for (const [argv, said] of steps) {
    const { code, stdout } = await world.run(...argv);
    assertEquals(code, 0, argv.join(" "));
    assertStringIncludes(stdout, said);
    assertEquals((await world.read()).startsWith(TARGETS), true);
  }
  const den = valueOf(await world.run("show", "den", "--json"));
  assertEquals(
    [den["host"], den["family"], den["tags"], den["probes"]],
    ["192.0.2.8", "ipv6", ["x"], ["ssh 22"]],
  );
  assertEquals((den["knocks"] as { payload: string }[])[0]?.payload, "empty");
  assertEquals(valueOf(await world.run("remove", "den", "--json", "--yes")), {
    removed: ["den"],
    file: world.config,
  });
  assertEquals(await world.read(), TARGETS);
});

Deno.test("an edit that says nothing, or what cannot be, changes nothing", async () => {
  await using world = await worldWith(TARGETS);
  for (
    const [argv, message] of [
      [["edit", "home"], "there is no terminal to ask on"],
      [["edit", "home", "-u"], "--udp has no effect without --knock"],
      [["edit", "home", "--delay", "soon"], "--delay: is not a duration"],
      [["edit", "home", "--host", "a b"], "--host: is not a host"],
      [["edit", "home", "--knock", "80x"], "--knock: is not a port"],
      [
        ["edit", "home", "--secret", "sesame"],
        "--secret: not a source of secrets: use prompt, none, ",
      ],
      [["rename", "home", "office"], '"office" is saved already'],
      [["rename", "home", "9x"], '"9x" cannot name a target'],
      [["add", "home", "::1", "7"], '"home" is saved already'],
      [["add", "a\x1bb", "::1", "7"], '"a\\u001bb" cannot name a target'],
      [["add", "a", "x y", "7"], '"x y" is not a host'],
      [["add", "a", "::1", "0"], '"0" is not a port'],
      [["add", "a", "::1", "65536"], '"65536" is not a port'],
      [["add", "a", "::1", "80x"], '"80x" is not a port'],
      [["add", "a", "::1", "7/sctp"], '"7/sctp" names an unknown protocol'],
      [["add", "a", "::1"], "missing argument PORT"],
      [["add"], "there is no terminal to ask on"],
    ] as const
  ) {
    const ended = await world.run(...argv);
    assertEquals([ended.code, ended.stdout], [2, ""], argv.join(" "));
    assertStringIncludes(ended.stderr, message);
    assertEquals(await world.read(), TARGETS);
  }
});

Deno.test("a new sequence keeps the secret that the udp knocks had", async () => {
  await using world = await worldWith(
    '[targets.a]\nhost = "::1"\nknocks = ["1/udp"]\nsecret = { env = "FW" }\n',
  );
  await world.run("edit", "a", "--knock", "2/udp", "--knock", "3");
  const { knocks } = valueOf<{ knocks: { port: number; payload: string }[] }>(
    await world.run("show", "a", "--json"),
  );
  assertEquals(knocks.map(({ port, payload }) => [port, payload]), [
    [2, "secret from the environment variable FW"],
    [3, "SYN"],
  ]);
});

Deno.test("add makes the file of --config; other commands want it to exist", async () => {
  await using world = new World();
  const file = `${world.home}/new/targets.toml`;
  assertEquals((await world.run("list", "-c", file)).code, 2);
  assertEquals((await world.run("add", "a", "::1", "7", "-c", file)).code, 0);
  await assertMode(file, 0o600);
  await assertMode(`${world.home}/new`, 0o700);
  assertEquals((await world.run("list", "-c", file)).stdout, "a  ::1  7/tcp\n");
});

Deno.test("$SPKNOCK_CONFIG and XDG_CONFIG_HOME say where the targets are", async () => {
  for (const name of ["SPKNOCK_CONFIG", "XDG_CONFIG_HOME"]) {
    const folder = makeFolder();
    const file = name === "SPKNOCK_CONFIG" ? `${folder}/x.toml` : `${folder}/spknock/targets.toml`;
    await using world = new World({ env: { [name]: name === "SPKNOCK_CONFIG" ? file : folder } });
    assertEquals(valueOf(await world.run("add", "a", "::1", "7", "--json"))["file"], file);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("hash reads one line, and its hash is the original's", async () => {
  const cases = [
    ["MikroTik\n", "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad"],
    ["is", "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6"],
    ["awesome\r\nrest\n", "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c"],
    ["\ufeffMikroTik\n", "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad"],
    ["žluťoučký", "ebde13e62a6c7cbec252867d7711d37ae252562d3fbca5f537e74a2f90f01e6b"],
  ] as const;
  for (const [stdin, hash] of cases) {
    await using world = new World({ stdin });
    assertEquals((await world.run("hash")).stdout, `${hash}\n`);
    assertEquals(valueOf(await world.run("hash", "--json")), { hash });
  }
});

Deno.test("hash refuses an empty passphrase, unless that is meant", async () => {
  for (const stdin of ["", "\n", "\ufeff\n"]) {
    await using world = new World({ stdin });
    const { code, stderr } = await world.run("hash");
    assertEquals(code, 4);
    assertStringIncludes(stderr, "error: standard input is empty\nhint: if it is meant");
    assertEquals(
      (await world.run("hash", "--allow-empty")).stdout,
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
    );
  }
  await using world = new World({ keys: ["\n", "a\n", "a\n"] });
  const { code, stdout } = await world.run("hash");
  assertEquals([code, stdout.slice(0, 8)], [0, "ca978112"]);
  assertStringIncludes(world.terminal?.output ?? "", "* the passphrase is empty; if it is meant");
});

Deno.test("remove without a terminal needs --yes", async () => {
  await using world = await worldWith(TARGETS);
  const ended = await world.run("remove", "office", "--json");
  assertEquals([ended.code, errorOf(ended)], [2, {
    code: "usage",
    message: "there is no terminal to ask on",
    hint: "remove without a question: spknock remove office --yes",
  }]);
  assertEquals(await world.read(), TARGETS);
});

Deno.test("edit: a string that lists several knocks, and --knock with a list", async () => {
  await using world = await worldWith(
    '[targets.a]\nhost = "::1" # here\nknocks = ["1,2/udp", "3"] # mine\n',
  );
  assertEquals((await world.run("edit", "a", "--knock", "1,tcp/3", "--knock", "UDP:4")).code, 0);
  const { knocks } = valueOf<{ knocks: { port: number; protocol: string }[] }>(
    await world.run("show", "a", "--json"),
  );
  assertEquals(knocks.map(({ port, protocol }) => `${port}/${protocol}`), [
    "1/tcp",
    "3/tcp",
    "4/udp",
  ]);
  const text = await world.read();
  assertStringIncludes(text, 'host = "::1" # here\n');
  assertStringIncludes(text, "# mine\n");
});

table("tags are separated by commas, where they are set and where they select", [
  ["add", [["add", "new", "::1", "7", "--tag", "y, z", "--tag", "x"], ["y", "z", "x"]]],
  ["add, the same twice", [["add", "new", "::1", "7", "--tag", "y,y"], ["y"]]],
  ["edit", [["edit", "new", "--tag", "y,z"], ["y", "z"]]],
  ["edit of those with one of the tags", [["edit", "--tag", "b,c", "-d", "1"], ["a", "b"]]],
] as [string, [string[], string[]]][], async ([argv, tags]) => {
  await using world = await worldWith(
    argv[0] === "add" ? "" : '[targets.new]\nhost = "::1"\nknocks = ["7"]\ntags = ["a", "b"]\n',
  );
  assertEquals((await world.run(...argv)).code, 0);
  assertEquals(valueOf(await world.run("show", "new", "--json"))["tags"], tags);
});

table("--tag selects the targets with one of its tags", [
  ["one", [["family"], ["home"]]],
  ["two", [["family,x"], ["home", "odd"]]],
  ["a tag with a comma of its own", [["x,y"], ["odd", "pair"]]],
  ["repeated", [["family", "--tag", "x"], ["home", "odd"]]],
] as [string, [string[], string[]]][], async ([tags, names]) => {
  const more = ["odd", "pair"].map((name) =>
    `[targets.${name}]\nhost = "::1"\nknocks = ["7"]\ntags = ["${name === "odd" ? "x" : "x,y"}"]\n`
  );
  await using world = await worldWith(`${TARGETS}${more.join("")}`);
  const { targets } = valueOf<{ targets: { name: string }[] }>(
    await world.run("list", "--json", "--tag", ...tags),
  );
  assertEquals(targets.map(({ name }) => name), names);
});

table("a list of tags with an empty item is refused", {
  add: ["add", "new", "::1", "7", "--tag", "y,,z"],
  edit: ["edit", "home", "--tag", "y,"],
  list: ["list", "--tag", ",y"],
}, async (argv) => {
  await using world = await worldWith(TARGETS);
  const { code, stderr } = await world.run(...argv);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: --tag: has an empty item [123]: use A,B,C\n/);
  assertEquals(await world.read(), TARGETS);
});

table("--help names the default of an option only where one applies", [
  ["add", ["auto", "3"]],
  ["edit", []],
  ["knock", ["the target's, or auto", "the target's, or 3", "as many as wait"]],
] as [string, string[]][], async (defaults, name) => {
  await using world = new World();
  const text = (await world.run(name, "--help")).stdout.replace(/\s+/g, " ");
  assertEquals([...text.matchAll(/\(default: ([^)]*)\)/g)].map((match) => match[1]), defaults);
});
