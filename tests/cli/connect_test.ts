import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["7000/udp", "8000/tcp"]
secret = "none"
delay = 0

[targets.inner]
host = "fw6.example.com"
knocks = ["7000/udp"]
secret = "prompt"
[targets.inner.connect]
host = "nas.example.com"
port = 2222

[targets.twin]
host = "192.0.2.9"
knocks = ["1/tcp"]
probes = ["tcp:80"]
[targets.other-twin]
host = "192.0.2.9"
knocks = ["2/tcp"]
probes = ["tcp:22"]
`;

const NAMES = {
  "fw.example.com": ["192.0.2.1", "2001:db8::1"],
  "fw6.example.com": ["192.0.2.2", "2001:db8::2"],
  "nas.example.com": ["2001:db8::3"],
  "v4.example.com": ["192.0.2.4"],
};

async function connect(argv: readonly string[], options: WorldOptions = {}) {
  const world = new World({ names: NAMES, ...options });
  await world.write(TARGETS);
  const ended = await world.run("connect", ...argv);
  const { net, data, connections, dropped } = world;
  await world[Symbol.asyncDispose]();
  return { ...ended, sent: net.sent, data, connections, dropped, world };
}

Deno.test("connect: an open door is not knocked on, and nothing is said but data", async () => {
  const { code, sent, data, connections, stdout, stderr, dropped } = await connect(
    ["home", "22"],
    { open: [22], says: ["SSH-2.0-x\r\n", "more"], stdin: "question" },
  );
  assertEquals([code, sent.length, stdout, stderr], [0, 0, "", ""]);
  assertEquals(data, "SSH-2.0-x\r\nmore");
  assertEquals(connections.map(({ address, connection }) => [address, connection.written]), [
    ["192.0.2.1", "question"],
  ]);
  assertEquals(connections[0]?.connection.isClosed, true);
  assertEquals(new Set(dropped), new Set(["write", "run"]));
});

Deno.test("connect: -v says that the port was open already, whether or not a knock has left", async () => {
  for (const more of [[], ["--grace", "1s"]]) {
    const { stderr } = await connect(["home", "22", "-v", ...more], { open: [22] });
    assertStringIncludes(stderr, "connected to 192.0.2.1 port 22, which was open already\n");
  }
});

Deno.test("connect: a shut one is knocked on, at the pinned address, and told of with -v", async () => {
  const options = { open: [22], opensAfter: 2, says: ["hello"] };
  const quiet = await connect(["home", "fw.example.com", "22"], options);
  assertEquals([quiet.code, quiet.data, quiet.stdout, quiet.stderr], [0, "hello", "", ""]);
  assertEquals(quiet.sent.map(({ address, port }) => [address, port]), [
    ["192.0.2.1", 7000],
    ["192.0.2.1", 8000],
  ]);
  const loud = await connect(["home", "22", "-v"], options);
  assertEquals([loud.data, loud.stdout], ["hello", ""]);
  assertStringIncludes(loud.stderr, "connected to 192.0.2.1 port 22\n");
  assertStringIncludes(loud.stderr, "received 5");
});

Deno.test("connect: knocks and connection share the family, also for a host behind", async () => {
  const { connections, sent, code } = await connect(["inner", "22"], {
    open: [22],
    opensAfter: 1,
    keys: ["secret\n"],
  });
  assertEquals(code, 0);
  assertEquals(sent[0]?.address, "2001:db8::2");
  assertEquals(connections[0]?.address, "2001:db8::3");
  const only4 = await connect(["inner", "v4.example.com", "22"], { open: [22] });
  assertEquals(only4.connections[0]?.address, "192.0.2.4");
  const none = await connect(["inner", "v4.example.com", "22", "-6"], { open: [22] });
  assertEquals(none.code, 3);
  assertStringIncludes(none.stderr, 'error: "v4.example.com" has no IPv6 address');
});

Deno.test("connect: a target is found by its host, and HOST may be its name", async () => {
  const found: [string[], string][] = [
    [["FW.example.com.", "22"], "192.0.2.1"],
    [["home", "home", "22"], "192.0.2.1"],
    [["nas.example.com", "22"], "2001:db8::3"],
    [["fw6.example.com", "22"], "192.0.2.2"],
    [["inner", "inner", "22"], "2001:db8::3"],
    [["192.0.2.9", "22"], "192.0.2.9"],
  ];
  for (const [argv, address] of found) {
    const { connections, stderr } = await connect(argv, { open: [22] });
    assertEquals(connections[0]?.address, address, `${argv}: ${stderr}`);
  }
});

Deno.test("connect: bad input is named, and nothing is sent", async () => {
  const cases: [string[], number, string][] = [
    [["home", "ssh"], 2, '"ssh" is not a port'],
    [["home", "0"], 2, '"0" is not a port'],
    [["home", "65536"], 2, '"65536" is not a port'],
    [["home"], 2, "missing argument PORT"],
    [["home", "a", "22", "x"], 2, 'unexpected argument "x"'],
    [["hom", "22"], 2, 'unknown target "hom"'],
    [["home", "a b", "22"], 2, '"a b" is not a host'],
    [["home", "gone.example.com", "22"], 3, 'the name "gone.example.com" does not resolve'],
    [["192.0.2.9", "443"], 2, "belongs to several targets: twin, other-twin"],
    [["home", "22", "--grace", "x"], 2, "--grace: is not a duration"],
    [["home", "22", "--secrets-from", "-"], 2, "standard input carries the data"],
    [["home", "22", "--", "x"], 2, "no arguments are allowed after --"],
  ];
  for (const [argv, wanted, words] of cases) {
    const { code, stderr, stdout, sent, data } = await connect(argv, { open: [] });
    assertEquals([code, stdout, data, sent.length], [wanted, "", "", 0], `${argv}`);
    assertStringIncludes(stderr, words);
  }
});

Deno.test("connect: no terminal to ask on is exit code 4, with the way out", async () => {
  const { code, stderr, sent } = await connect(["inner", "fw6.example.com", "22"]);
  assertEquals([code, sent.length], [4, 0]);
  assertMatch(stderr, /error: there is no terminal to ask on.*\nhint: use --secrets-from/);
});

Deno.test("connect: asks and reports on the terminal that stderr is not", async () => {
  const argv = ["inner", "fw6.example.com", "22", "--tries", "1", "--timeout", "500ms", "-4"];
  const options: WorldOptions = { isRedirected: true, keys: ["\n", "MikroTik\n"] };
  const shut = await connect(argv, options);
  const { terminal } = shut.world;
  assertEquals([shut.code, shut.sent.length], [1, 2]);
  assertStringIncludes(
    terminal?.output ?? "",
    "Passphrase for inner (7000/udp): \n * the passphrase",
  );
  const report = 'error: port 22 of "fw6.example.com" (192.0.2.2) refused';
  assertStringIncludes(shut.stderr, report);
  assertStringIncludes(terminal?.output ?? "", report);
  const open = await connect(argv, { ...options, open: [22], opensAfter: 1, says: ["hello"] });
  assertEquals([open.code, open.data, open.stderr], [0, "hello", ""]);
  assertEquals(open.world.terminal?.isClosed, true, "ssh's terminal is given back");
});

Deno.test("connect: what fails before the first packet is reported there too", async () => {
  for (const argv of [["nowhere", "22"], ["inner", "no.example.com", "22"], ["home", "x"]]) {
    const { code, stderr, world } = await connect(argv, { isRedirected: true, keys: [] });
    assertEquals(code > 1, true);
    assertStringIncludes(world.terminal?.output ?? "", stderr.split("\n")[0] ?? "");
  }
});

Deno.test("connect: a stderr that is the terminal gets the error once", async () => {
  const { stderr, world } = await connect(["nowhere", "22"], { keys: [] });
  assertEquals([stderr.match(/error:/g)?.length, world.terminal?.output], [1, ""]);
});

Deno.test("connect: a door that stays shut, or whose service refuses, is exit code 1", async () => {
  const { code, stderr, data } = await connect(["home", "22", "--tries", "2"]);
  assertEquals([code, data], [1, ""]);
  assertStringIncludes(stderr, 'error: port 22 of "fw.example.com" (192.0.2.1) refused');
  const json = await connect(["home", "22", "--tries", "1", "--json"]);
  assertEquals([json.stdout, errorOf(json).code], ["", "refused"]);
});

Deno.test("connect: --probe asks for more, and a connection that is no use is closed", async () => {
  const options = { open: [22], opensAfter: 2 };
  const argv = ["home", "22", "--tries", "1", "--probe", "tcp:80"];
  const { code, stderr, connections } = await connect(argv, options);
  assertEquals([code, connections[0]?.connection.isClosed], [1, true]);
  assertStringIncludes(stderr, "did not open after 1 try: tcp 80 refused");
  const both = await connect(argv, { ...options, open: [22, 80], says: ["hello"] });
  assertEquals([both.code, both.data], [0, "hello"]);
});

Deno.test("connect: --dry-run shows the knocks", async () => {
  const { stdout, sent } = await connect(["home", "22", "--dry-run"]);
  assertStringIncludes(stdout, "7000/udp");
  assertEquals(sent.length, 0);
});

Deno.test("ssh-config: a block for each target, with its own file quoted for ssh and its shell", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const { stdout, code } = await world.run("ssh-config", "home", "inner");
  assertEquals(code, 0);
  assertStringIncludes(
    stdout,
    `
Host home
    HostName fw.example.com
    ProxyCommand spknock connect home %h %p

Host inner
    HostName nas.example.com
    Port 2222
    ProxyCommand spknock connect inner %h %p
`,
  );
  assertStringIncludes(stdout, "ControlMaster");
  const odd = `${world.home}/it's 100% mine.toml`;
  await Deno.writeTextFile(odd, TARGETS);
  const quoted = await world.run("ssh-config", "home", "--json", "--config", odd);
  const { hosts } = valueOf<{ hosts: { proxy_command: string }[] }>(quoted);
  assertEquals(
    hosts[0]?.proxy_command,
    `spknock connect --config '${world.home}/it'\\''s 100%% mine.toml' home %h %p`,
  );
});

Deno.test("ssh-config: the percent sign of a zone is not a token", async () => {
  await using world = new World();
  await world.write(
    '[targets.lan]\nhost = "fe80::1%eth0"\nknocks = ["1/tcp"]\nprobes = ["ssh:2022"]\n',
  );
  const { stdout } = await world.run("ssh-config", "lan");
  assertStringIncludes(
    stdout,
    "Host lan\n    HostName fe80::1%%eth0\n    Port 2022\n" +
      "    ProxyCommand spknock connect lan %h %p\n",
  );
});

Deno.test("connect -v counts the tries that there are", async () => {
  const { stderr } = await connect(["home", "22", "-v", "--tries", "2"]);
  assertStringIncludes(stderr, "try 1 of 2\n");
  assertStringIncludes(stderr, "try 2 of 2\n");
});

Deno.test("ssh-config: a file's name that would break the block is refused", async () => {
  await using world = new World();
  await Deno.writeTextFile(`${world.home}/a\nb`, '[targets.home]\nhost = "h"\nknocks = ["1"]\n');
  const { code, stdout } = await world.run("ssh-config", "home", "-c", `${world.home}/a\nb`);
  assertEquals([code, stdout], [2, ""]);
});
