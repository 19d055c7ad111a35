import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const VECTORS = [
  ["MikroTik", "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad"],
  ["is", "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6"],
  ["awesome", "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c"],
] as const;
const PHRASES = VECTORS.map(([phrase]) => phrase).join("\n") + "\n";

const HOME = `[targets.home]
host = "fw.example.com"
tags = ["all", "own"]
knocks = ["1234/udp", "9876/udp", "5555/udp"]
probes = ["tcp:22"]
timeout = "2s"
delay = "50ms"
copies = 1
`;
const OFFICE = `[targets.office]
host = "192.0.2.9"
tags = ["all"]
knocks = ["7000/tcp", { port = 8000, protocol = "udp", payload = { hex = "00ff" } }]
`;
const LOST = `[targets.lost]\nhost = "lost.example.com"\nknocks = ["7"]\n`;

interface Value {
  targets: {
    target: string;
    status: string;
    address: string | null;
    addresses: string[];
    tries: number;
    packets: number;
    probes: { probe: string; status: string; ms: number; detail: string }[];
    after: { command: string; ok: boolean; detail: string }[];
    error?: { code: string };
  }[];
}

Deno.test("the first try is bold, and its secret knocks go twice", async () => {
  await using world = new World({
    open: [22],
    names: { "fw.example.com": ["192.0.2.1"] },
    stdin: PHRASES,
  });
  await world.write(HOME.replace(/^(delay|copies) = .*\n/gm, ""));
  const { code } = await world.run("knock", "home", "--secrets-from", "-");
  const sent = world.net.sent.map(({ port, at }) => [port, at]);
  assertEquals([code, sent], [0, [
    ...[[1234, 0], [1234, 5], [9876, 5], [9876, 10], [5555, 10], [5555, 15]],
  ]]);
});

Deno.test("a saved sequence leaves in order, paced, with the hashes as its payloads", async () => {
  await using world = new World({
    open: [22],
    names: { "fw.example.com": ["192.0.2.1", "192.0.2.2"] },
    stdin: PHRASES,
  });
  await world.write(HOME);
  const { code, stdout, stderr } = await world.run("knock", "home", "--secrets-from", "-");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    world.net.sent,
    [1234, 9876, 5555].map((port, index) => ({
      protocol: "udp" as const,
      address: "192.0.2.1",
      source: undefined,
      port,
      payload: VECTORS[index]?.[1] ?? "",
      at: index * 50,
    })),
  );
  assertEquals(stdout.split("\n"), [
    "home fw.example.com (192.0.2.1)",
    "  it has 2 addresses; used where it cannot be reached: 192.0.2.2",
    "  knock  1234/udp  9876/udp  5555/udp  sent in 100 ms",
    "  probe  tcp 22 open 0.0 ms",
    ...stdout.split("\n").slice(4),
  ]);
  assertEquals(world.lookedUp, ["fw.example.com"]);
});

Deno.test("an ad hoc sequence takes every way to write a port", async () => {
  await using world = new World();
  await world.run("knock", "::1", "7000", "7001/udp", "7002:tcp", "7003", "-u", "-d", "200");
  assertEquals(
    world.net.sent.map(({ port, protocol, at, payload }) => [port, protocol, at, payload]),
    [[7000, "udp", 0, ""], [7001, "udp", 200, ""], [7002, "tcp", 400, ""], [7003, "udp", 600, ""]],
  );
  assertEquals(world.net.opened, 1);
});

Deno.test("an ad hoc sequence that cannot be is told apart from a target", async () => {
  const cases: [string[], string][] = [
    [["192.0.2.1"], '"192.0.2.1" is not a saved target, and as a host it needs ports'],
    [["fw.example.com"], '"fw.example.com" is not a saved target'],
    [["192.0.2.1", "7000", "abc"], '"abc" is not a port'],
    [["fw", "80x"], '"80x" is not a port'],
    [["fw", "0"], '"0" is not a port'],
    [["fw", "65536"], '"65536" is not a port'],
    [["fw", "7/icmp"], '"7/icmp" names an unknown protocol'],
    [["300.1.1.1", "7"], '"300.1.1.1" is not a host'],
    [["a\x07b", "7"], '"a\\u0007b" is not a host'],
    [["fw", "lab"], 'unknown target "fw"'],
    [
      ["::1", "7", "-d", "soon"],
      "--delay: is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h, or auto",
    ],
    [["::1", "7", "-s", "he:re"], "--source: is not a source"],
    [
      ["::1", "7", "-s", "fe80::2"],
      "--source: is link-local and needs its interface: use ADDRESS%INTERFACE",
    ],
    [
      ["::1", "7", "-s", "eth9"],
      "the source is neither an address nor an interface of this machine: use an address or eth0",
    ],
    [["fe80::1", "7"], 'the link-local address "fe80::1" needs its interface: fe80::1%eth0'],
    [
      ["::1", "7", "--handshake", "1s"],
      "--handshake: is not a time for a handshake: use 1ms to 900ms",
    ],
    [["::1", "7", "--tries", "0"], "--tries: is not a whole number from 1 to 100"],
    [["::1", "7", "--jobs", "x"], "--jobs: is not a whole number from 1 to 10000"],
    [["::1", "7", "--timeout", "-"], "--timeout: is not a duration"],
    [["::1", "7", "--probe", "tpc:22"], "--probe: is not a probe"],
    [["--all"], "there are no targets"],
    [["--tag", "x"], 'no target has the tag "x"'],
  ];
  for (const [argv, message] of cases) {
    await using world = new World();
    const { code, stdout, stderr } = await world.run("knock", ...argv);
    assertEquals([code, stdout], [2, ""], argv.join(" "));
    assertStringIncludes(stderr, `error: ${message}`);
    assertEquals([world.net.sent, world.lookedUp], [[], []]);
  }
});

table("a host of saved targets is not one of them: the hint names them", [
  ["knock", [
    ["knock", "FW.example.com."],
    '"FW.example.com." is not a saved target, and as a host it needs ports\n' +
    "hint: spknock knock fw-example-com, or spknock knock second\n",
  ]],
  ["knock, another host", [
    ["knock", "fw.example.org"],
    '"fw.example.org" is not a saved target, and as a host it needs ports\n' +
    "hint: spknock knock fw.example.org PORT[/PROTO]..., or see the targets with: spknock list\n",
  ]],
  ["probe", [
    ["probe", "fw.example.com"],
    'unknown target "fw.example.com"\nhint: did you mean fw-example-com or second?\n',
  ]],
  ["edit", [
    ["edit", "fw.example.com", "-d", "1"],
    'unknown target "fw.example.com"\nhint: did you mean fw-example-com or second?\n',
  ]],
] as [string, [string[], string]][], async ([argv, message]) => {
  await using world = new World();
  const target = (name: string) =>
    `[targets.${name}]\nhost = "fw.example.com"\nknocks = ["7"]\nprobes = ["ping"]\n`;
  await world.write(target("fw-example-com") + target("second") + OFFICE);
  const { code, stderr } = await world.run(...argv);
  assertEquals([code, stderr], [2, `error: ${message}`]);
});

Deno.test("exit codes: closed is 1, an unknown name 3, no secret 4, and the worst decides", async () => {
  const world = () => new World({ names: { "fw.example.com": ["192.0.2.1"] }, stdin: PHRASES });
  const cases: [argv: string[], code: number, statuses: string[]][] = [
    [["office"], 0, ["sent"]],
    [["home", "--secrets-from", "-"], 1, ["closed"]],
    [["office", "home", "--secrets-from", "-"], 1, ["sent", "closed"]],
    [["lost"], 3, ["error"]],
    [["home", "lost", "office", "--secrets-from", "-"], 3, ["closed", "error", "sent"]],
    [["--all", "--secrets-from", "-", "--jobs", "1"], 3, ["closed", "sent", "error"]],
    [["--tag", "own", "--secrets-from", "-"], 1, ["closed"]],
    [["--tag", "own", "--tag", "all", "--secrets-from", "-"], 1, ["closed", "sent"]],
    [["home"], 4, []],
  ];
  for (const [argv, code, statuses] of cases) {
    await using each = world();
    await each.write(HOME + OFFICE + LOST);
    const ended = await each.run("knock", ...argv, "--json");
    assertEquals(ended.code, code, argv.join(" "));
    const value = ended.stdout === "" ? { targets: [] } : valueOf<Value>(ended);
    assertEquals(value.targets.map(({ status }) => status), statuses);
    if (code >= 3) assertEquals(errorOf(ended).code, code === 3 ? "resolve" : "secret");
    else assertEquals(ended.stderr, "");
    if (code === 4) assertEquals(each.net.sent, []);
  }
});

Deno.test("of several targets each failure is told, each hint once, also when quiet", async () => {
  await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] } });
  await world.write(OFFICE + LOST + LOST.replaceAll("lost", "gone"));
  const errors = 'error: lost: the name "lost.example.com" does not resolve\n' +
    "hint: check the spelling, the network, or use an address\n" +
    'error: gone: the name "gone.example.com" does not resolve\n';
  assertEquals(await world.run("knock", "--all"), {
    code: 3,
    stdout: "office  sent   192.0.2.9\nlost    error  lost.example.com\n" +
      "gone    error  gone.example.com\n",
    stderr: errors,
  });
  assertEquals(await world.run("knock", "--all", "-q"), { code: 3, stdout: "", stderr: errors });
});

Deno.test("names and --all exclude each other", async () => {
  await using world = new World();
  await world.write(OFFICE);
  for (const argv of [["office", "--all"], ["office", "--tag", "all"]]) {
    const ended = await world.run("knock", ...argv, "--json");
    assertEquals([ended.code, errorOf(ended).message], [
      2,
      "choose one: names, or --all or --tag",
    ]);
  }
});

Deno.test("a target that is named twice is knocked on once", async () => {
  await using world = new World();
  await world.write(OFFICE);
  await world.run("knock", "office", "office");
  assertEquals(world.net.sent.map(({ payload }) => payload.length), [0, 2]);
});

Deno.test("tries go on until the probe passes, and the report says how many", async () => {
  await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] }, stdin: PHRASES });
  await world.write(HOME.replace("copies = 1\n", ""));
  const argv = ["knock", "home", "--secrets-from", "-", "--tries", "2"];
  const [door] = valueOf<Value>(await world.run(...argv, "--json")).targets;
  assertEquals([door?.tries, door?.packets, door?.status], [2, 12, "closed"]);
  assertEquals(door?.probes.map(({ probe, status, detail }) => [probe, status, detail]), [
    ["tcp 22", "refused", "connection refused"],
  ]);
  assertStringIncludes((await world.run(...argv)).stdout, "  try 2  1234/udp  9876/udp  5555/udp");
});

Deno.test("--verbose tells every packet of every try with its moment, but no content", async () => {
  await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] }, stdin: PHRASES });
  await world.write(HOME + OFFICE);
  const argv = ["knock", "home", "--secrets-from", "-", "--tries", "2", "-v"];
  const { stdout, stderr } = await world.run(...argv);
  assertEquals(
    stderr,
    `2 targets in ${world.config}\nhint: find out why: spknock doctor home\n`,
  );
  assertEquals(stdout.split("\n").slice(1, 12), [
    "  try 1 of 2",
    "       0.0 ms  1234/udp  64 bytes",
    "      50.0 ms  9876/udp  64 bytes",
    "     100.0 ms  5555/udp  64 bytes",
    "  sent in 100 ms",
    "  probe  tcp 22 refused 300 ms  connection refused",
    "  try 2 of 2",
    "       0.0 ms  1234/udp  64 bytes",
    "     100.0 ms  9876/udp  64 bytes",
    "     200.0 ms  5555/udp  64 bytes",
    "  sent in 200 ms",
  ]);
  const several = await world.run("knock", "--all", "--secrets-from", "-", "--tries", "1", "-v");
  for (
    const line of ["home:     50.0 ms  9876/udp  64 bytes", "office:      0.0 ms  7000/tcp  SYN"]
  ) {
    assertStringIncludes(several.stdout, `${line}\n`);
  }
  assertEquals(/MikroTik|862b/.test(stdout + several.stdout), false);
});

Deno.test("an error in the middle of a line starts on a new one", async () => {
  await using world = new World({ isLive: true, keys: [] });
  const { net } = world;
  const send = net.sendSyn.bind(net);
  net.sendSyn = async (knock) => {
    await send(knock);
    net.failure = new Deno.errors.NotConnected("x");
  };
  const { stdout } = await world.run("knock", "::1", "7", "8", "-d", "0");
  assertEquals(stdout, "::1\n  knock  7/tcp\n");
});

Deno.test("a long sequence is counted after a dozen", async () => {
  await using world = new World();
  const ports = Array.from({ length: 1_000 }, (_, index) => `${index + 1}`);
  const { stdout } = await world.run("knock", "::1", ...ports, "-d", "0");
  assertEquals(world.net.sent.length, 1_000);
  assertStringIncludes(stdout, "  11/tcp  12/tcp  and 988 more  sent in");
});

Deno.test("a dry run resolves, asks and sends nothing", async () => {
  await using world = new World();
  await world.write(HOME);
  const { code, stdout } = await world.run("knock", "home", "-n", "-d", "1s");
  assertEquals([code, world.lookedUp, world.net.sent], [0, [], []]);
  assertEquals(stdout.split("\n"), [
    "home (fw.example.com), nothing is sent",
    "  after 0ms  1234/udp  secret, asked for",
    "  after 1s  9876/udp  secret, asked for",
    "  after 2s  5555/udp  secret, asked for",
    "  then probe: tcp 22, at most 3 tries",
    "",
  ]);
  const value = valueOf(await world.run("knock", "home", "-n", "--json"));
  assertEquals(value["dry_run"], true);
});

Deno.test("secrets are collected before the first packet, and then permissions go", async () => {
  const after = '[[targets.home.after]]\nrun = ["true"]\n';
  const cases: [text: string, argv: string[], dropped: string[]][] = [
    [HOME, [], ["write", "run"]],
    [HOME + after, [], ["write"]],
    [HOME, ["--probe", "ping"], ["write"]],
    [HOME.replace('"tcp:22"', '{ type = "exec", run = ["true"] }'), [], ["write"]],
    [HOME.replace('"tcp:22"', '{ type = "exec", run = ["true"] }'), ["--no-probe"], [
      "write",
      "run",
    ]],
    [`${HOME}secret = { command = ["pass"] }\n`, [], ["write", "run"]],
  ];
  for (const [text, argv, dropped] of cases) {
    await using world = new World({
      names: { "fw.example.com": ["192.0.2.1"] },
      stdin: PHRASES,
      open: [22],
      programs: [{ code: 0, stdout: "ok\n", stderr: "" }],
    });
    await world.write(text);
    const isCommand = text.includes("command");
    const from = isCommand ? [] : ["--secrets-from", "-"];
    const ended = await world.run("knock", "home", ...from, ...argv);
    assertEquals([ended.code, ended.stderr], [0, ""]);
    assertEquals(world.dropped, dropped, text + argv.join(" "));
    assertEquals(world.drops.map(({ sent }) => sent), dropped.map(() => 0));
    assertEquals(world.net.sent.length, 3);
  }
});

Deno.test("a name that does not resolve asks for no passphrase", async () => {
  await using world = new World({ keys: ["never read\r"] });
  await world.write(HOME);
  assertEquals((await world.run("knock", "home")).code, 3);
  assertEquals(world.terminal?.output, "");
});

Deno.test("typed passphrases are masked, asked in order, and go out as hashes", async () => {
  await using world = new World({
    names: { "fw.example.com": ["192.0.2.1"] },
    keys: ["MikroTik\r", "is\rawesome\r"],
    open: [22],
  });
  await world.write(HOME);
  const { code, stdout, stderr } = await world.run("knock", "home");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(world.net.sent.map(({ payload }) => payload), VECTORS.map(([, hash]) => hash));
  const shown = world.terminal?.output ?? "";
  assertEquals(shown.split("\n").map((line) => line.trim()), [
    "Passphrase for home (1234/udp): ********",
    "Passphrase for home (9876/udp): **",
    "Passphrase for home (5555/udp): *******",
    "",
  ]);
  assertEquals(/MikroTik|awesome|862b|fa51|705d/.test(stdout + shown), false);
});

Deno.test("probe asks and does not knock", async () => {
  await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] }, open: [22] });
  await world.write(HOME + OFFICE);
  assertEquals((await world.run("probe", "home")).code, 0);
  const [door] = valueOf<Value>(await world.run("probe", "home", "--json")).targets;
  assertEquals([door?.status, door?.tries, door?.packets], ["open", 0, 0]);
  assertEquals((await world.run("probe", "home", "--probe", "tcp:23")).code, 1);
  const none = await world.run("probe", "office", "--json");
  assertEquals([none.code, errorOf(none).message], [2, '"office" has no probes']);
  assertEquals(world.net.sent, []);
  assertEquals(world.dropped.includes("run"), true);
});

Deno.test("after the door has opened programs run, and a failure is exit code 1", async () => {
  const text =
    `${HOME}[[targets.home.after]]\nrun = ["mount", "{target}", "{address}", "{port}"]\n` +
    '[[targets.home.after]]\nrun = ["notify"]\n';
  const names = { "fw.example.com": ["192.0.2.1"] };
  const argv = ["knock", "home", "--secrets-from", "-"];
  await using world = new World({
    names,
    stdin: PHRASES,
    open: [22],
    programs: [{ code: 0, stdout: "a\nmounted\n", stderr: "" }, {
      code: 3,
      stdout: "",
      stderr: "no\x1b bus\n",
    }],
  });
  await world.write(text);
  const { code, stdout } = await world.run(...argv);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "  after  mount home 192.0.2.1 22 ok  mounted\n");
  assertStringIncludes(stdout, "  after  notify failed  exit code 3: no\\u{1b} bus\n");
  assertEquals(world.programs.calls.map(({ options }) => options.env?.["SPKNOCK_ADDRESS"]), [
    "192.0.2.1",
    "192.0.2.1",
  ]);

  await using missing = new World({
    names,
    stdin: PHRASES,
    open: [22],
    programs: [new Deno.errors.NotFound("no such program")],
  });
  await missing.write(text);
  const [door] = valueOf<Value>(await missing.run(...argv, "--json")).targets;
  assertEquals([door?.status, door?.after.map(({ ok }) => ok)], ["open", [false, false]]);

  await using closed = new World({ names, stdin: PHRASES });
  await closed.write(text);
  assertEquals((await closed.run(...argv)).code, 1);
  assertEquals(closed.programs.calls, []);
});

Deno.test("knock: without a terminal, SSH_ASKPASS is asked, one question a secret", async () => {
  const programs = [{ code: 0, stdout: "MikroTik\n", stderr: "" }];
  const cancelled = [{ code: 1, stdout: "", stderr: "" }];
  const asking = { SSH_ASKPASS: "/bin/ask", DISPLAY: ":0" };
  const forced = { SSH_ASKPASS: "/bin/ask", SSH_ASKPASS_REQUIRE: "force" };
  const cases: [WorldOptions, asked: number, code: number][] = [
    [{ env: asking, programs }, 3, 0],
    [{ env: { ...asking, SSH_ASKPASS_REQUIRE: "never" }, programs }, 0, 4],
    [{ env: { SSH_ASKPASS: "/bin/ask" }, programs }, 0, 4],
    [{ env: forced, programs, keys: [] }, 3, 0],
    [{ env: asking, programs, keys: ["MikroTik\n", "is\n", "awesome\n"] }, 0, 0],
    [{ env: asking, programs: cancelled }, 1, 4],
  ];
  for (const [options, asked, wanted] of cases) {
    await using world = new World({ names: { "fw.example.com": ["192.0.2.1"] }, ...options });
    await world.write(HOME);
    const { code, stderr } = await world.run("knock", "home", "--no-probe");
    const { calls } = world.programs;
    assertEquals([code, calls.length], [wanted, asked], `${JSON.stringify(options)} ${stderr}`);
    assertEquals(world.net.sent.length, wanted === 0 ? 3 : 0);
    if (asked > 0) {
      assertEquals(calls[0]?.command, ["/bin/ask", "Passphrase for home (1234/udp): "]);
    } else if (wanted === 4) {
      assertMatch(stderr, /hint: .*--secrets-from.*SSH_ASKPASS.*command = \[/);
    }
  }
});

Deno.test("knock: --secrets-from - on a terminal asks masked, one a secret knock", async () => {
  await using world = new World({ keys: ["one\n", "two\n"] });
  const argv = ["192.0.2.3", "7000/udp", "8000/udp", "--secrets-from", "-", "--no-probe"];
  assertEquals((await world.run("knock", ...argv)).code, 0);
  const output = world.terminal?.output ?? "";
  assertEquals(output.match(/Passphrase for .*: \*\*\*\n/g)?.length, 2, output);
  assertEquals(world.net.sent.length, 4);
});

Deno.test("knock: an empty passphrase is refused before the first packet, unless it is meant", async () => {
  await using world = new World({ stdin: "\n\n" });
  const argv = ["knock", "192.0.2.3", "7/udp", "8/udp", "--secrets-from", "-", "--no-probe"];
  const { code, stderr } = await world.run(...argv);
  assertEquals([code, world.net.sent.length], [4, 0]);
  assertStringIncludes(stderr, "error: line 1 of standard input is empty\nhint: if it is meant");
  assertEquals((await world.run(...argv, "--allow-empty")).code, 0);
});

Deno.test('knock: prompt = "once" survives an edit, and asks once', async () => {
  await using world = new World({ keys: ["MikroTik\n"] });
  await world.write(
    '[targets.a]\nhost = "192.0.2.3"\nknocks = ["7/udp", "8/udp"]\nsecret = { prompt = "once" }\n',
  );
  assertEquals((await world.run("edit", "a", "--tag", "x")).code, 0);
  assertStringIncludes(await world.read(), 'secret = { prompt = "once" }');
  assertEquals((await world.run("knock", "a", "--no-probe")).code, 0);
  const [first, second] = world.net.sent;
  assertEquals(first?.payload, second?.payload);
  assertStringIncludes((await world.run("show", "a")).stdout, "asked for once");
});

table("ports are written in any way, for knocks", {
  "7000,8000/udp": ["7000", "8000/udp"],
  "tcp/7000 UDP:8000": ["TCP/7000", "UDP:8000"],
  "7000 udp/8000": ["7000", "udp/8000"],
}, async (ports) => {
  await using world = new World();
  const ended = await world.run("knock", "::1", ...ports, "--dry-run", "--json");
  const [target] = valueOf<{ targets: { packets: { port: number; protocol: string }[] }[] }>(ended)
    .targets;
  assertEquals(target?.packets.map(({ port, protocol }) => `${port}/${protocol}`), [
    "7000/tcp",
    "8000/udp",
  ]);
});

Deno.test("knock: a saved target with ports behind it has knocks of its own", async () => {
  await using world = new World({ names: { box: ["192.0.2.9"] } });
  await world.write('[targets.home]\nhost = "fw.example.com"\nknocks = ["7"]\n');
  const ended = await world.run("knock", "home", "7000/udp", "--json");
  assertEquals([ended.code, errorOf(ended)], [2, {
    code: "usage",
    message: '"home" is a saved target with knocks of its own',
    hint: "spknock knock home, or with these ports: spknock knock fw.example.com 7000/udp",
  }]);
  assertEquals(world.net.sent, []);
  assertEquals((await world.run("knock", "box", "7000")).code, 0);
  await world.write("this is not TOML");
  assertEquals((await world.run("knock", "box", "7000")).code, 0);
});

const SLOW = '[targets.slow]\nhost = "::1"\nknocks = ["7"]\ntries = 1\nprobes = ["22", "443"]\n';

table("knock: the last try says what it waits for, and how long", {
  "on a terminal it counts down": true,
  "elsewhere one line": false,
}, async (isLive) => {
  await using world = new World({ isLive, isSilent: true, ...isLive ? { keys: [] } : {} });
  await world.write(SLOW.replace("::1", "192.0.2.1"));
  const { code, stdout, stderr } = await world.run("knock", "slow", "--no-color");
  assertEquals(code, 1);
  const told = isLive ? stderr.split("\r\x1b[2K") : stdout.split("\n");
  const lines = told.filter((line) => /waiting/.test(line));
  assertEquals(
    lines.slice(0, 2),
    isLive
      ? ["waiting for tcp 22, tcp 443, 9 s left", "waiting for tcp 22, tcp 443, 8 s left"]
      : ["  waiting for tcp 22, tcp 443, 9 s left"],
  );
  assertEquals(stderr.endsWith("hint: find out why: spknock doctor slow\n"), true, stderr);
});

Deno.test("the hint to doctor finds the same file and the same passphrases", async () => {
  await using world = new World({ isSilent: true, stdin: "x\n" });
  await world.write(SLOW.replace("::1", "192.0.2.1").replace(/^knocks.*$/m, 'knocks = ["7/udp"]'));
  const argv = ["knock", "slow", "-c", world.config, "--trust-config", "--secrets-from", "-"];
  const { stderr } = await world.run(...argv);
  assertStringIncludes(stderr, `spknock doctor slow -c ${world.config} --trust-config\n`);
});

Deno.test("knock -q: a closed door is one line on stderr; nothing says so of an open one", async () => {
  await using world = new World({ open: [443] });
  await world.write(SLOW);
  assertEquals(await world.run("knock", "slow", "-q"), {
    code: 1,
    stdout: "",
    stderr: "error: slow: the door is not open\n",
  });
  assertEquals(await world.run("probe", "slow", "-q"), {
    code: 1,
    stdout: "",
    stderr: "error: slow: the door is not open\n",
  });
  const open = await world.run("knock", "slow", "-q", "--probe", "443");
  assertEquals(open, { code: 0, stdout: "", stderr: "" });
  // The doctor knows saved targets only.
  assertEquals((await world.run("knock", "::1", "7", "--probe", "22", "--tries", "1")).stderr, "");
});

table("knock --dry-run looks at the file of --secrets-from", {
  "right": ["one\ntwo\n", 0o600, 0, ""],
  "a line is missing": ["one\n", 0o600, 4, "has 1 line, but 2 secret knocks need one each"],
  "others can read it": ["one\ntwo\n", 0o644, 4, "can be read by others (mode 0644)"],
  "there is none": [undefined, 0o600, 4, "there is no such file"],
} as Record<string, [string | undefined, number, number, string]>, async (row) => {
  const [text, mode, expected, message] = row;
  await using world = new World();
  await world.write('[targets.a]\nhost = "::1"\nknocks = ["7/udp", "8/udp"]\n');
  const file = `${world.home}/lines`;
  if (text !== undefined) await Deno.writeTextFile(file, text, { mode });
  const { code, stderr } = await world.run("knock", "a", "-n", "--secrets-from", file);
  assertEquals(code, expected, stderr);
  assertStringIncludes(stderr, message);
  assertEquals(world.net.sent, []);
  assertEquals((await world.run("knock", "a", "-n", "--secrets-from", "-")).code, 0);
});
