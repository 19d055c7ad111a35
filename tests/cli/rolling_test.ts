/** Targets with one-time codes in every command that knocks or shows them, with nothing but fakes. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KEY } from "../rules/fixtures.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const DAY_MS = 86_400_000;
/** A moment that many days from now, as TOML writes it. */
const inDays = (days: number) =>
  new Date(Math.round(Date.now() / 1_000) * 1_000 + days * DAY_MS).toISOString();

const makeTargets = (rolling: string) =>
  `version = 1
[targets.home]
host = "192.0.2.1"
knocks = ["62201/udp"]
secret = { file = "home.key" }
opens = ["22/tcp"]
open_for = "10s"
rolling = ${rolling}
[targets.home.close]
knocks = ["9000/udp"]
[targets.other]
host = "192.0.2.2"
knocks = ["7000/tcp"]
`;

async function inWorld(
  rolling: string,
  options: WorldOptions,
  work: (world: World) => Promise<void>,
  key: string | undefined = KEY,
): Promise<void> {
  await using world = new World(options);
  await world.write(makeTargets(rolling));
  const path = world.config.replace("targets.toml", "home.key");
  if (key !== "") await Deno.writeTextFile(path, `${key}\n`, { mode: 0o600 });
  await work(world);
}

const OVER = `{ until = ${inDays(-3)} }`;
const LAST = `{ from = ${inDays(-335)}, until = ${inDays(30)} }`;
const GOOD = `{ from = ${inDays(0)}, until = ${inDays(365)} }`;
const DAY = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC";
const AGAIN = "write the rules again: spknock rules home --for ... --until 1y --save";

table<string[]>("horizon over: nothing is sent, and no secret is read", {
  knock: ["knock", "home"],
  "knock without a probe": ["knock", "home", "--no-probe"],
  connect: ["connect", "home", "22"],
  keep: ["keep", "home"],
}, async (argv) => {
  // There is no key: reading it would be exit code 4.
  await inWorld(OVER, {}, async (world) => {
    const ended = await world.run(...argv);
    assertEquals([ended.code, world.net.sent.length], [2, 0]);
    assertMatch(
      ended.stderr,
      new RegExp(
        `^error: "home": the firewall's codes ended on ${DAY} \\(3 days ago\\), so nothing is sent\n` +
          `hint: ${AGAIN.replaceAll(".", "\\.")}\n$`,
      ),
    );
    assertEquals(world.lookedUp, []);
    const json = await world.run(...argv, "--json");
    assertEquals([json.code, errorOf(json).code, errorOf(json).hint], [2, "horizon_over", AGAIN]);
  }, "");
});

Deno.test("horizon over: the hint names the file of -c", async () => {
  await inWorld(OVER, {}, async (world) => {
    const { stderr } = await world.run("knock", "home", "-c", world.config);
    assertStringIncludes(stderr, `--until 1y --save -c ${world.config}\n`);
  });
});

Deno.test("horizon over: of many targets only that one fails", async () => {
  await inWorld(OVER, {}, async (world) => {
    const ended = await world.run("knock", "--all", "--json");
    const { targets } = valueOf<{ targets: { target: string; status: string }[] }>(ended);
    assertEquals(targets.map(({ target, status }) => [target, status]), [
      ["home", "error"],
      ["other", "sent"],
    ]);
    assertEquals([ended.code, errorOf(ended).code], [2, "horizon_over"]);
    assertEquals(world.net.sent.map(({ address }) => address), ["192.0.2.2"]);
  }, "");
});

Deno.test("horizon over: connect needs no code where the door is open, and close and probe none at all", async () => {
  await inWorld(OVER, { open: [22] }, async (world) => {
    assertEquals((await world.run("connect", "home", "22")).code, 0);
    assertEquals((await world.run("probe", "home")).code, 0);
    assertEquals(world.net.sent.length, 0);
  }, "");
  await inWorld(OVER, {}, async (world) => {
    const ended = await world.run("close", "home");
    assertEquals([ended.code, ended.stderr], [0, ""]);
    assertEquals(world.net.sent.map(({ port, payload }) => [port, payload]), [[9000, ""]]);
  }, "");
});

table<[WorldOptions, string[], code: number]>("horizon: its last tenth is a warning, once", {
  knock: [{ open: [22], opensAfter: 1 }, ["knock", "home"], 0],
  "knock, several tries": [{}, ["knock", "home", "--tries", "3"], 1],
  connect: [{ open: [22], opensAfter: 1 }, ["connect", "home", "22"], 0],
  doctor: [{ open: [22], opensAfter: 1 }, ["doctor", "home"], 0],
}, async ([options, argv, code]) => {
  await inWorld(LAST, options, async (world) => {
    const ended = await world.run(...argv);
    assertEquals([ended.code, world.net.sent.length > 0], [code, true]);
    const warnings = ended.stderr.split("\n").filter((line) => line.startsWith("warning: "));
    assertEquals(warnings.length, 1);
    assertMatch(
      warnings[0] ?? "",
      new RegExp(
        `^warning: "home": the firewall's codes end on ${DAY} \\(in 30 days\\): write the`,
      ),
    );
  });
});

Deno.test("horizon: keep warns once, whatever it renews", async () => {
  await inWorld(LAST, { open: [22], opensAfter: 1 }, async (world) => {
    const { clock } = world;
    const sleep = clock.sleepUntil.bind(clock);
    clock.sleepUntil = async (at, signal) => {
      if (world.net.sent.length > 4) world.interrupt();
      return await sleep(at, signal);
    };
    const { stderr } = await world.run("keep", "home");
    assertEquals(stderr.match(/^warning: /gm)?.length, 1);
    assertEquals(world.net.sent.filter(({ port }) => port === 62201).length > 1, true);
  });
});

Deno.test("horizon: nothing is said before its last tenth, nor where the door is open", async () => {
  await inWorld(GOOD, { open: [22], opensAfter: 1 }, async (world) => {
    assertEquals((await world.run("knock", "home")).stderr, "");
  });
  await inWorld(LAST, { open: [22] }, async (world) => {
    assertEquals((await world.run("connect", "home", "22")).stderr, "");
  });
});

table<[key: string, message: RegExp]>("a key that cannot be used: exit code 4, nothing is sent", {
  "not base64": [
    "hunter2hunter2",
    /not the key of one-time codes: it has to be 32 .*\nhint: look at its file: spknock doctor/,
  ],
  "too short": ["AAAA", /has to be 32 bytes in base64/],
  "an empty line": ["\n", /not the key of one-time codes/],
  "no file": ["", /no such file|cannot be read/i],
}, async ([key, message]) => {
  await inWorld(GOOD, {}, async (world) => {
    for (const argv of [["knock", "home"], ["connect", "home", "22"], ["keep", "home"]]) {
      const ended = await world.run(...argv);
      assertEquals([ended.code, world.net.sent.length], [4, 0]);
      assertMatch(ended.stderr, message);
      assertEquals(ended.stderr.includes("hunter2"), false);
    }
  }, key);
});

Deno.test("the key by --secrets-from: one line, and no line for the former key", async () => {
  await inWorld('{ former_key = "old.key" }', {}, async (world) => {
    const file = `${world.home}/lines`;
    await Deno.writeTextFile(file, `${KEY}\n`, { mode: 0o600 });
    const argv = ["knock", "home", "--no-probe", "--secrets-from", file];
    assertEquals((await world.run(...argv)).code, 0);
    assertMatch(world.net.sent.map(({ payload }) => payload).join(), /^([0-9a-f]{32}),\1$/);
  }, "");
});

Deno.test("show: codes, horizon, name and former key; no fingerprint for a code", async () => {
  const rolling =
    '{ window = "5m", slots = 2, name = "anna", until = 2127-11-25T00:00:00Z, former_key = "old.key" }';
  await inWorld(rolling, {}, async (world) => {
    const folder = world.config.replace(/\/[^/]*$/, "");
    const { stdout, stderr } = await world.run("show", "home");
    const code = `62201/udp, one-time code, key from the file ${folder}/home.key, and one of the ` +
      `former key in ${folder}/old.key`;
    assertMatch(stdout, new RegExp(`^knock 1 +${code}$`, "m"));
    assertMatch(stdout, /^codes +2 slots for each window of 5m, key of "anna"$/m);
    assertMatch(stdout, /^horizon +until 2127-11-25 \(in \d+ days\)$/m);
    assertMatch(stdout, /^close 1 +9000\/udp, empty$/m);
    assertEquals(stderr, "");
    const json = await world.run("show", "home", "--json", "--fingerprint");
    const { rolling: value, knocks } = valueOf<{ rolling: unknown; knocks: object[] }>(json);
    assertEquals(value, {
      window_ms: 300_000,
      slots: 2,
      name: "anna",
      from: null,
      until: "2127-11-25T00:00:00.000Z",
      former_key: `${folder}/old.key`,
    });
    assertEquals([json.code, knocks.some((knock) => "fingerprint" in knock)], [0, false]);
    const prints = await world.run("show", "home", "--fingerprint");
    assertEquals(
      prints.stderr,
      "a one-time code has no fingerprint: it is another one in each window\n",
    );
    assertEquals(valueOf(await world.run("show", "other", "--json"))["rolling"], null);
  }, "");
});

Deno.test("show: a fixed payload before the code has its fingerprint", async () => {
  await inWorld("{}", {}, async (world) => {
    await world.write(
      makeTargets("{}").replace(
        '["62201/udp"]',
        '[{ port = 7000, protocol = "udp", payload = { text = "x" } }, "62201/udp"]',
      ),
    );
    const json = await world.run("show", "home", "--json", "--fingerprint");
    const { knocks } = valueOf<{ knocks: { fingerprint: string | null }[] }>(json);
    assertEquals(knocks.map(({ fingerprint }) => fingerprint?.length ?? null), [8, null]);
  });
});

Deno.test("list: which targets have one-time codes", async () => {
  await inWorld("{}", {}, async (world) => {
    const { stdout } = await world.run("list");
    assertMatch(stdout, /^home +192\.0\.2\.1 +62201\/udp \(one-time code\)/m);
    assertMatch(stdout, /^other +192\.0\.2\.2 +7000\/tcp *$/m);
    const { targets } = valueOf<{ targets: { rolling: { slots: number } | null }[] }>(
      await world.run("list", "--json"),
    );
    assertEquals(targets.map(({ rolling }) => rolling?.slots), [4, undefined]);
  });
});

Deno.test("--dry-run: no key is read, and the horizon is shown", async () => {
  await inWorld(OVER, {}, async (world) => {
    const { code, stdout } = await world.run("knock", "home", "-n");
    assertEquals(code, 0);
    assertStringIncludes(stdout, '  codes: 4 slots for each window of 10m, key of "home"\n');
    assertMatch(stdout, new RegExp(`^  horizon: until ${DAY} \\(3 days ago\\)$`, "m"));
    assertStringIncludes(stdout, "62201/udp  one-time code, key from the file ");
    const json = await world.run("knock", "home", "-n", "--json");
    const { targets: [target] } = valueOf<{ targets: { rolling: { slots: number } }[] }>(json);
    assertEquals(target?.rolling.slots, 4);
    assertStringIncludes((await world.run("close", "home", "-n")).stdout, "9000/udp  empty\n");
  }, "");
});

Deno.test("remove: the key file stays, and where", async () => {
  await inWorld('{ former_key = "old.key" }', {}, async (world) => {
    const folder = world.config.replace(/\/[^/]*$/, "");
    const { stdout } = await world.run("remove", "home", "--yes");
    assertEquals(
      stdout,
      `removed home\nthe key file stays: ${folder}/home.key\nthe key file stays: ${folder}/old.key\n`,
    );
    assertEquals((await Deno.stat(`${folder}/home.key`)).isFile, true);
    assertEquals((await world.run("remove", "other", "--yes")).stdout, "removed other\n");
  });
});

table<[argv: string[], from: string, to: string]>("edit: a target keeps its codes", {
  "another key": [["--delay", "70ms"], "secret = {", 'delay = "70ms"\nsecret = {'],
  "other knocks": [
    ["--knock", "7000/udp,62201/udp"],
    '["62201/udp"]',
    '[{ port = 7000, protocol = "udp", payload = "none" }, "62201/udp"]',
  ],
  "another key file": [["--secret", "file:/k/new.key"], '"home.key"', '"/k/new.key"'],
  "no codes any more": [["--unset", "rolling"], "rolling = { slots = 2 }\n", ""],
}, async ([argv, from, to]) => {
  await inWorld("{ slots = 2 }", {}, async (world) => {
    const ended = await world.run("edit", "home", ...argv);
    assertEquals([ended.code, ended.stderr], [0, ""]);
    const text = await world.read();
    const expected = makeTargets("{ slots = 2 }").replace(from, to);
    const sort = (lines: string) => lines.split("\n").toSorted();
    assertEquals(sort(text), sort(expected));
  });
});

Deno.test("edit: a sub-table stays byte for byte, and can be unset", async () => {
  await inWorld("{}", {}, async (world) => {
    const text = makeTargets("").replace(/rolling = \n/, "") +
      '\n[targets.home.rolling]\nwindow   = "10m" # mine\n';
    await world.write(text);
    await world.run("edit", "home", "--host", "192.0.2.9");
    assertEquals(await world.read(), text.replace("192.0.2.1", "192.0.2.9"));
    await world.run("edit", "home", "--unset", "rolling");
    assertEquals((await world.read()).includes("rolling"), false);
  });
});

Deno.test("edit: a passphrase that is typed is refused for a target with codes", async () => {
  await inWorld("{}", {}, async (world) => {
    const before = await world.read();
    const ended = await world.run("edit", "home", "--secret", "prompt");
    assertEquals([ended.code, await world.read()], [2, before]);
    assertStringIncludes(ended.stderr, "needs a key, which is not typed");
  });
});

Deno.test("edit by questions: new knocks keep the key", async () => {
  const keys = ["", "7000/udp 7001/tcp 62201/udp", "", "", ""].map((line) => `${line}\n`);
  await inWorld("{}", { keys }, async (world) => {
    const ended = await world.run("edit", "home");
    assertEquals(ended.code, 0);
    assertStringIncludes(
      await world.read(),
      'knocks = [{ port = 7000, protocol = "udp", payload = "none" }, "7001/tcp", "62201/udp"]',
    );
  });
});

Deno.test("add by questions names one-time codes where a passphrase is asked for", async () => {
  const answer = async (...lines: string[]) => {
    await using world = new World({ keys: lines.map((line) => `${line}\n`) });
    return (await world.run("add")).stderr;
  };
  const rest = ["none", "none", ""];
  assertEquals(
    await answer("192.0.2.1", "home", "7000/udp", "", ...rest),
    "hint: a copy of a passphrase's packet opens the door again, a one-time code does not: " +
      "spknock rolling new home\n",
  );
  assertEquals(await answer("192.0.2.1", "home", "7000/udp", "n", ...rest), "");
});

table<string[]>("a door with codes that does not open: the hint asks for the clocks", {
  connect: ["connect", "home", "22", "--tries", "1"],
  keep: ["keep", "home", "--tries", "1"],
}, async (argv) => {
  await inWorld(GOOD, { isSilent: true }, async (world) => {
    const ended = await world.run(...argv);
    assertEquals(ended.code, 1);
    const hint = "hint: are both clocks right? find out more with: spknock doctor home\n";
    assertStringIncludes(ended.stderr, hint);
  });
});

interface Examined {
  cause: { code: string; fix: string };
  evidence: {
    codes: { target: string; skew_ms: number; horizon: string }[];
    clocks: {
      is_synchronized: boolean | null;
      others: { ahead_ms: number }[];
      failure: string | null;
    };
  };
}

const printed = (stdout: string, code = 0) => ({ code, stdout, stderr: "" });
/** What doctor starts in the fake world: timedatectl, ping, ip route. */
const LOOKS = [printed("yes\n"), printed("time=1 ms"), printed("", 1)];

Deno.test("doctor --ssh compares with the clock of the server, after the knocks", async () => {
  const server = () => `${Math.floor(Date.now() / 1_000) + 840}\n`;
  const options = { open: [22], opensAfter: 1, programs: [...LOOKS, printed(server())] };
  await inWorld(GOOD, options, async (world) => {
    const ended = await world.run("doctor", "home", "--ssh", "root@192.0.2.1", "--json");
    const { cause, evidence: { clocks, codes } } = valueOf<Examined>(ended);
    assertEquals([ended.code, cause.code, clocks.is_synchronized], [0, "clock_differs", true]);
    assertEquals(codes.map(({ target, skew_ms, horizon }) => [target, skew_ms, horizon]), [
      ["home", 60_000, "good"],
    ]);
    assertEquals(Math.round((clocks.others[0]?.ahead_ms ?? 0) / 10_000), 84);
    const calls = world.programs.calls.map(({ command }) => command[0]);
    assertEquals([calls[0], calls.at(-1)], ["timedatectl", "ssh"]);
    assertEquals(world.dropped.includes("run"), true);
    const [drop] = world.drops.filter(({ name }) => name === "run");
    assertEquals(drop?.programs, calls.length);
  });
});

Deno.test("doctor: no login without --ssh, and the clock of an http probe", async () => {
  const date = new Date(Date.now() - 840_000).toUTCString();
  const says = [`HTTP/1.1 200 OK\r\nDate: ${date}\r\n\r\n`];
  await inWorld(GOOD, { open: [22, 80], opensAfter: 1, says, programs: LOOKS }, async (world) => {
    await world.write(
      makeTargets(GOOD).replace("open_for", 'probes = ["tcp:22", "http://192.0.2.1/"]\nopen_for'),
    );
    const { code, stdout } = await world.run("doctor", "home");
    assertEquals(code, 0);
    assertMatch(stdout, /^clock +\S+, set by the network$/m);
    assertMatch(stdout, /^other clock +the Date of http:\/\/192\.0\.2\.1\/: \d+s|14m behind this/m);
    assertMatch(
      stdout,
      /^codes +home: taken while the clocks differ by up to 1m, never from 11m on; the/m,
    );
    assertStringIncludes(stdout, "The door opens now, but the clock of the server");
    assertEquals(world.programs.calls.some(({ command }) => command[0] === "ssh"), false);
  });
});

table<[argv: string[], message: string]>("doctor --ssh: what is refused", {
  "no target": [
    ["--ssh", "fw"],
    "--ssh has no effect without a TARGET of one-time codes or of fwknop",
  ],
  "no codes": [["other", "--ssh", "fw"], "--ssh has no effect without a TARGET of one-time"],
  "an option": [["home", "--ssh=-oProxyCommand=x"], "--ssh: is not a place to log in to"],
  "an option after a user": [["home", "--ssh", "root@-x"], "--ssh: is not a place to log in to"],
  "words": [["home", "--ssh", "fw reboot"], "--ssh: is not a place to log in to"],
}, async ([argv, message]) => {
  await inWorld(GOOD, {}, async (world) => {
    const ended = await world.run("doctor", ...argv);
    assertEquals([ended.code, world.programs.calls.some(({ command }) => command[0] === "ssh")], [
      2,
      false,
    ]);
    assertStringIncludes(ended.stderr, message);
  });
});

table<[key: string, found: string, cause: RegExp]>("doctor looks at keys", {
  "one that is right": [`${KEY}\n`, "mode 0600", /^$/],
  "one with the line ends of Windows": [`${KEY}\r\n`, "mode 0600", /^$/],
  "not base64": [
    "hunter2",
    "mode 0600, not a key",
    /has no key of one-time codes: it has to be 32 bytes/,
  ],
  "missing": ["", "missing", /does not exist/],
}, async ([key, found, cause]) => {
  await inWorld('{ former_key = "old.key" }', {}, async (world) => {
    const old = world.config.replace("targets.toml", "old.key");
    await Deno.writeTextFile(old, KEY, { mode: 0o600 });
    const ended = await world.run("doctor", "home", "--no-knock", "--json");
    const { evidence: { files }, cause: { fix } } = valueOf<{
      evidence: { files: { role: string; found: string; problem: string | null }[] };
      cause: { fix: string };
    }>(ended);
    const [file] = files.filter(({ role }) => role === "key of home");
    assertEquals(file?.found, found);
    assertMatch(file?.problem ?? "", cause);
    assertEquals(files.some(({ role }) => role === "former key of home"), true);
    assertEquals(ended.code, cause.test("") ? 0 : 4);
    // The former key is the one that is left.
    if (!cause.test("")) assertMatch(fix, /^ls -ld .*home\.key/);
    assertEquals(ended.stdout.includes("hunter2"), false);
  }, key);
});

table<[rolling: string, key: string, fix: string]>("doctor: the command that mends a key does it", {
  "not base64": ["{}", "hunter2", "spknock rolling rotate home"],
  "missing": ["{}", "", "spknock rolling rotate home"],
  "a former one that is missing": [
    '{ former_key = "old.key" }',
    KEY,
    "spknock rolling rotate home --finish",
  ],
}, async ([rolling, key, fix]) => {
  await inWorld(rolling, {}, async (world) => {
    const { cause } = valueOf<Examined>(await world.run("doctor", "home", "--no-knock", "--json"));
    assertEquals(cause.fix, fix);
    assertEquals((await world.run(...fix.split(" ").slice(1))).code, 0);
  }, key);
});

Deno.test("doctor without a target judges the horizons of all", async () => {
  await inWorld(OVER, {}, async (world) => {
    const ended = await world.run("doctor", "--json");
    const { cause } = valueOf<Examined>(ended);
    const fix = "spknock rules home --for nftables --until 1y --save";
    assertEquals([ended.code, cause.code, cause.fix], [2, "horizon_over", fix]);
    const other = valueOf<Examined>(await world.run("doctor", "other", "--no-knock", "--json"));
    assertEquals(other.cause.code, "not_knocked");
    assertEquals("codes" in other.evidence, false);
  });
});
