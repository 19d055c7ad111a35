/** `setup`: what it asks, picks, saves and prints; that it goes on where it was; what it refuses. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { runSetup } from "../../src/cli/commands/server/run_setup.ts";
import { SETUP_OPTIONS } from "../../src/cli/commands/server/setup_options.ts";
import type { Look } from "../../src/apply/look.ts";
import { NetworkError } from "../../src/core/errors.ts";
import { FakeTerminal } from "../prompt/fake_terminal.ts";
import { assertMode } from "../systems.ts";
import { table } from "../table.ts";
import { fakeApply } from "./fake_apply.ts";
import { type Ended, errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const IN = { code: 0, stdout: "", stderr: "" };
const NOT_IN = { code: 255, stdout: "", stderr: "root@fw: Permission denied (publickey).\n" };

function settings(more = ""): typeof IN {
  return {
    ...IN,
    stdout: `host fw.example.com\nuser root\nhostname fw.example.com\nport 22\n${more}`,
  };
}

const PLACE = ["home", "root@fw.example.com"] as const;
const SURE = [...PLACE, "--yes"] as const;

function makeWorld(options: WorldOptions = {}): World {
  return new World({
    programs: [settings(), IN],
    names: { "fw.example.com": ["192.0.2.1"], "knock.example.com": ["192.0.2.1"] },
    isSilent: true,
    ...options,
  });
}

function setUp(
  world: World,
  { apply }: Pick<ReturnType<typeof fakeApply>, "apply">,
  ...argv: string[]
): Promise<Ended> {
  return world.call(argv, SETUP_OPTIONS, (context) => runSetup(context, apply));
}

async function listKeys(world: World): Promise<string[]> {
  const folder = world.config.replace(/[^/]*$/, "keys");
  const names = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return names.map(({ name }) => name).toSorted();
}

function keyPath(world: World, name: string): string {
  return world.config.replace(/[^/]*$/, `keys/${name}`);
}

function readBlock(world: World): Promise<string> {
  return Deno.readTextFile(`${world.home}/.ssh/config.d/spknock-home.conf`).catch(() => "");
}

Deno.test("setup --yes: a key, a target, rules, an ssh block, a login, and what to keep on paper", async () => {
  await using world = makeWorld();
  const server = fakeApply();
  const ended = await setUp(world, server, ...SURE);
  assertEquals([ended.code, ended.stderr.match(/error/)], [0, null], ended.stderr);
  const text = await world.read();
  assertMatch(
    text,
    /^version = 1\n\n\[targets.home\]\nhost = "fw.example.com"\nknocks = \["\d{5}\/udp"\]\n/,
  );
  assertStringIncludes(text, 'secret = { file = "keys/home.key" }\n');
  assertStringIncludes(text, 'opens = ["22/tcp"]\n');
  assertStringIncludes(text, 'admin = "root@fw.example.com"\n');
  assertMatch(text, /rolling = \{ window = "10m", slots = 4, from = 2\S+Z, until = 2\S+Z \}/);
  assertMatch(text, /\[targets.home.close\]\nknocks = \[.*file = "keys\/home.secret".*\]\n/s);
  assertEquals(await listKeys(world), ["home.key", "home.secret"]);
  for (const name of await listKeys(world)) {
    await assertMode(keyPath(world, name), 0o600);
  }
  assertStringIncludes(
    await readBlock(world),
    "    User root\n    ProxyCommand spknock connect home",
  );
  assertEquals(world.programs.calls.map(({ command }) => command.join(" ")), [
    "ssh -G -o RemoteCommand=none -- root@fw.example.com true",
    "ssh -o ControlMaster=no -o ControlPath=none home true",
  ]);
  const [look, load] = server.jobs;
  assertEquals([server.jobs.length, look?.isDry, load?.isDry], [2, true, false]);
  assertStringIncludes(
    ended.stdout,
    "nft delete table inet spknock_home\n    rm -f /etc/spknock/home.nft",
  );
  assertStringIncludes(ended.stdout, keyPath(world, "home.key"));
  assertEquals(ended.stdout.match(/^ *[0-9a-f]{32} {2}2/gm)?.length, 5);
  assertStringIncludes(ended.stdout, "Done: a login came through the closed door: ssh home\n");
});

Deno.test("setup: no secret is printed, and each setup has its own", async () => {
  const texts = [];
  for (const name of ["home.key", "home.secret"]) {
    await using world = makeWorld();
    const { stdout, stderr } = await setUp(world, fakeApply(), ...SURE, "--json");
    const secret = (await Deno.readTextFile(keyPath(world, name))).trim();
    assertEquals((stdout + stderr).includes(secret), false, name);
    texts.push(await world.read());
  }
  assertNotEquals(texts[0], texts[1]);
});

Deno.test("setup --json: one value", async () => {
  await using world = makeWorld();
  const value = valueOf(await setUp(world, fakeApply(), ...SURE, "--json"));
  const { codes, secret_files, ...rest } = value;
  assertEquals((codes as { codes: unknown[] }).codes.length, 5);
  assertEquals(secret_files, [keyPath(world, "home.key"), keyPath(world, "home.secret")]);
  assertEquals(rest, {
    target: "home",
    place: "root@fw.example.com",
    host: "fw.example.com",
    status: "done",
    done: ["saved", "applied", "installed", "checked"],
    is_new: true,
    kind: "codes",
    reason: null,
    file: world.config,
    apply: "applied",
    backend: "nftables",
    rules_files: ["/etc/spknock/home.nft"],
    way_back: ["nft delete table inet spknock_home", "rm -f /etc/spknock/home.nft"],
    ssh_files: [
      `${world.home}/.ssh/config.d/spknock-home.conf`,
      `${world.home}/.ssh/config`,
    ],
    login: { command: "ssh home", is_in: true, was_shut: true, detail: "" },
    problem: null,
    next: null,
  });
});

const ROOMY: Partial<Look> = { nft: undefined, hasSha512sum: true };
const IPTABLES: NonNullable<Look["iptables"]> = {
  version: "1.8.9",
  kind: "nft",
  hasIpset: true,
  hasIpv6: true,
  isSaved: false,
};

/** What the server says, its back end, and what a door on it gets, and why. */
type KindRow = readonly [Partial<Look>, string, "codes" | "passphrases", string | null];

table(
  "setup: one-time codes where the server can check them",
  {
    "nftables": [{}, "nftables", "codes", null],
    "OpenWrt": [{ kind: "openwrt" }, "nftables-openwrt", "codes", null],
    "iptables with ipset and sha512sum": [
      { ...ROOMY, iptables: IPTABLES },
      "iptables",
      "codes",
      null,
    ],
    "iptables without ipset": [
      { ...ROOMY, iptables: { ...IPTABLES, hasIpset: false } },
      "iptables",
      "passphrases",
      "it has no ipset",
    ],
    "iptables without sha512sum": [
      { iptables: IPTABLES, hasSha512sum: false },
      "iptables",
      "passphrases",
      "it has no sha512sum",
    ],
    "a clock that nothing sets": [
      { clock: { at: Date.now(), isSynchronized: false } },
      "nftables",
      "passphrases",
      "the network does not set the clock of the server",
    ],
    "a clock that is an hour late": [
      { clock: { at: Date.now() - 3_600_000, isSynchronized: undefined } },
      "nftables",
      "passphrases",
      "the clocks of the server and of this machine differ by 60 min",
    ],
  } as Readonly<Record<string, KindRow>>,
  async ([look, backend, kind, reason]) => {
    await using world = makeWorld();
    const server = fakeApply({ look, backend });
    const ended = await setUp(world, server, ...SURE, "--json");
    const value = valueOf(ended);
    assertEquals([value["kind"], value["reason"]], [kind, reason]);
    assertEquals(
      await listKeys(world),
      kind === "codes"
        ? ["home.key", "home.secret"]
        : ["home-2.secret", "home-3.secret", "home-4.secret", "home.secret"],
    );
    const hasEnd = kind === "codes" && backend !== "iptables";
    assertEquals((await world.read()).includes("until"), hasEnd);
  },
);

Deno.test("setup --passphrases: each of 128 random bits, none of them weak", async () => {
  await using world = makeWorld();
  const { code, stderr } = await setUp(world, fakeApply(), ...SURE, "--passphrases");
  assertEquals(code, 0, stderr);
  const texts = await Promise.all(
    (await listKeys(world)).map((name) => Deno.readTextFile(keyPath(world, name))),
  );
  for (const text of texts) assertMatch(text, /^[0-9a-f]{32}\n$/);
  assertEquals(new Set(texts).size, 4);
  assertEquals(stderr.includes("weak"), false);
});

Deno.test("setup: knock ports are high, and nothing uses them", async () => {
  const listeners = Array.from({ length: 12_700 }, (_, index) => ({
    protocol: "tcp" as const,
    address: "::",
    port: 20_000 + index,
  }));
  await using world = makeWorld();
  const ended = await setUp(
    world,
    fakeApply({ look: { listeners } }),
    ...SURE,
    "--open",
    "32700-32760/udp",
  );
  assertEquals(ended.code, 0, ended.stderr);
  const ports = [...(await world.read()).matchAll(/(\d{5})\/udp|port = (\d{5})/g)]
    .map(([, a, b]) => Number(a ?? b)).filter((port) => port !== 32_760);
  assertEquals(ports.length, 2);
  for (const port of ports) assert(port > 32_760 && port <= 32_767, `${port}`);
});

Deno.test("setup again: nothing is made, saved or written anew, and the rules are the same", async () => {
  await using world = makeWorld({ programs: [settings(), IN, settings(), IN] });
  const first = fakeApply();
  await setUp(world, first, ...SURE);
  const before = [await world.read(), await readBlock(world), await listKeys(world)];
  const again = fakeApply({ ends: [{ status: "unchanged" }] });
  const { code, stdout } = await setUp(world, again, ...SURE);
  assertEquals([code, again.jobs.length], [0, 1]);
  assertEquals([await world.read(), await readBlock(world), await listKeys(world)], before);
  assertEquals(again.jobs[0]?.planOptions, first.jobs[1]?.planOptions);
  assertEquals(again.jobs[0]?.doors, first.jobs[1]?.doors);
  assertStringIncludes(stdout, `found home in ${world.config}: one-time codes`);
  assertEquals(/^(?:made|wrote)/m.test(stdout), false, stdout);
});

Deno.test("setup NAME: a saved target knows where ssh logs in", async () => {
  await using world = makeWorld({ programs: [settings(), IN, settings(), IN] });
  await setUp(world, fakeApply(), ...SURE);
  const again = fakeApply();
  const { code } = await setUp(world, again, "home", "--yes");
  assertEquals([code, again.jobs[0]?.place], [0, "root@fw.example.com"]);
});

const UNDONE = {
  status: "undone",
  problem: { text: "the knock did not open port 22", hint: "see: spknock doctor home" },
} as const;

Deno.test("setup --json that does not end: one value, and one error on stderr", async () => {
  await using world = makeWorld({ programs: [settings(), settings(), IN] });
  const ended = await setUp(world, fakeApply({ ends: [UNDONE] }), ...SURE, "--json");
  assertEquals([ended.code, valueOf(ended)["status"]], [1, "not-applied"]);
  const { text: message, hint } = UNDONE.problem;
  assertEquals(errorOf(ended), { code: "not-applied", message, hint });
});

table("setup that does not end: what is done, how to go on, and it goes on", {
  "ssh does not log in": {
    server: { lookEnd: new NetworkError("ssh: no route") },
    code: 3,
    keys: 0,
    says: "error: ssh: no route",
  },
  "the server is none of ours": {
    server: { lookEnd: { status: "refused" as const, problem: { text: "RouterOS" } } },
    code: 1,
    keys: 0,
    says: "error: RouterOS",
  },
  "the rules are undone": {
    server: { ends: [UNDONE] },
    code: 1,
    keys: 2,
    says: "error: the knock did not open port 22\nhint: see: spknock doctor home\n" +
      "done: the target is saved; go on with: spknock setup home root@fw.example.com --open 22/tcp --yes",
  },
  "ssh breaks while it loads": {
    server: { ends: [new NetworkError("ssh: connection closed")] },
    code: 3,
    keys: 2,
    says: "done: the target is saved; go on with: spknock setup home root@fw.example.com " +
      "--open 22/tcp --yes\nerror: ssh: connection closed",
  },
}, async ({ server, code, keys, says }) => {
  await using world = makeWorld({ programs: [settings(), settings(), IN] });
  const ended = await setUp(world, fakeApply(server), ...SURE, "--open", "22/tcp");
  assertEquals(ended.code, code);
  assertStringIncludes(ended.stderr, says);
  assertEquals([(await listKeys(world)).length, await readBlock(world)], [keys, ""]);
  const before = keys === 0 ? undefined : await world.read();
  assertEquals((await setUp(world, fakeApply(), ...SURE, "--open", "22/tcp")).code, 0);
  assertEquals((await listKeys(world)).length, 2);
  if (before !== undefined) assertEquals(await world.read(), before);
  assertNotEquals(await readBlock(world), "");
});

Deno.test("setup: ssh that does not log in at the end leaves the rules, and says what to do", async () => {
  await using world = makeWorld({ programs: [settings(), NOT_IN] });
  const { code, stderr } = await setUp(world, fakeApply(), ...SURE);
  assertEquals(code, 1);
  assertEquals(
    stderr.split("\n").slice(-4).join("\n"),
    "error: the rules are proven and in force, but ssh did not log in through the door: " +
      "root@fw: Permission denied (publickey).\nhint: look why with: ssh home -v\n" +
      "done: the target is saved, the rules are proven and in force, ssh knows the target; " +
      "go on with: spknock setup home root@fw.example.com --yes\n",
  );
});

Deno.test("setup: rules that do not stay after a reboot are a warning", async () => {
  await using world = makeWorld();
  const problem = { text: "the rules are in force until the next reboot" };
  const { code, stderr } = await setUp(world, fakeApply({ ends: [{ problem }] }), ...SURE);
  assertEquals(code, 0);
  assertStringIncludes(stderr, `warning: ${problem.text}\n`);
});

Deno.test("setup: sudo's password of the look serves the load, and is asked for again if it was wrong", async () => {
  await using world = makeWorld({ keys: ["one\n", "two\n"] });
  const { apply } = fakeApply();
  const given: unknown[] = [];
  const asking: typeof apply = async (job, ports, hooks) => {
    given.push(await hooks.askPassword("Password of sudo at root@fw.example.com"));
    if (!job.isDry) given.push(await hooks.askPassword("Password of sudo at root@fw.example.com"));
    return await apply(job, ports, hooks);
  };
  const { code, stderr } = await setUp(world, { apply: asking }, ...SURE);
  assertEquals([code, given], [0, ["one", "one", "two"]], stderr);
});

Deno.test("setup: a key and a secret that an interrupted run left are used, not made again", async () => {
  await using world = makeWorld();
  const [key, secret] = [`${btoa("k".repeat(32))}\n`, `${"ab".repeat(16)}\n`];
  await Deno.mkdir(keyPath(world, "").slice(0, -1), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(keyPath(world, "home.key"), key, { mode: 0o600 });
  await Deno.writeTextFile(keyPath(world, "home.secret"), secret, { mode: 0o600 });
  assertEquals((await setUp(world, fakeApply(), ...SURE)).code, 0);
  assertEquals(await listKeys(world), ["home.key", "home.secret"]);
  assertEquals(await Deno.readTextFile(keyPath(world, "home.key")), key);
  assertEquals(await Deno.readTextFile(keyPath(world, "home.secret")), secret);
});

Deno.test("setup: the key of another target, and a file that is not a key, are left alone", async () => {
  await using world = makeWorld();
  await world.write(
    '[targets.old]\nhost = "192.0.2.7"\nknocks = ["7/udp"]\nsecret = { file = "keys/home.key" }\nrolling = {}\n',
  );
  await Deno.mkdir(keyPath(world, "").slice(0, -1), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(keyPath(world, "home.key"), `${btoa("k".repeat(32))}\n`, {
    mode: 0o600,
  });
  await Deno.writeTextFile(keyPath(world, "home-2.key"), "mine", { mode: 0o600 });
  assertEquals((await setUp(world, fakeApply(), ...SURE)).code, 0);
  assertEquals(await listKeys(world), ["home-2.key", "home-3.key", "home.key", "home.secret"]);
  assertEquals(await Deno.readTextFile(keyPath(world, "home-2.key")), "mine");
});

const STATIC =
  '# mine\n[targets.home]\nhost = "fw.example.com"\nknocks = ["7000/udp", "8000/udp"]\n' +
  'secret = { env = "PASS" }\n';

table(
  "setup refuses",
  {
    "another host": [
      STATIC.replace("fw.", "old."),
      [],
      'error: "home" is saved already, with the host "old.example.com"\n' +
      "hint: choose another name than home, or use --host old.example.com if that is the same machine\n",
    ],
    "codes of a target without": [
      STATIC,
      ["--rolling"],
      'error: --rolling: "home" is saved already, without one-time codes\n' +
      "hint: change it first: spknock rolling new home\n",
    ],
    "another secret": [
      STATIC,
      ["--secret", "env:OTHER"],
      'error: --secret: "home" is saved already, with another secret\n' +
      "hint: leave it out, or change the target first: spknock edit home --secret ...\n",
    ],
    "a typed secret": [
      "",
      ["--secret", "prompt"],
      "error: --secret: not where a secret is saved: use command:'pass fw/{target}', env:NAME or file:PATH\n",
    ],
    "two kinds": [
      "",
      ["--rolling", "--passphrases"],
      "error: choose one: --rolling or --passphrases\n",
    ],
    "a weak passphrase": [
      STATIC,
      [],
      'error: "home" is too weak to protect a port: anyone who records a knock can guess',
    ],
  } as Readonly<Record<string, readonly [string, readonly string[], string]>>,
  async ([text, argv, says]) => {
    await using world = makeWorld({ env: { PASS: "hunter2" } });
    if (text !== "") await world.write(text);
    const server = fakeApply();
    const { code, stderr } = await setUp(world, server, ...SURE, ...argv);
    assertEquals([code, await readBlock(world), await listKeys(world)], [2, "", []]);
    assertStringIncludes(stderr, says);
  },
);

Deno.test("setup --rolling where the server cannot check codes: nothing is saved", async () => {
  await using world = makeWorld();
  const server = fakeApply({
    look: { iptables: { ...IPTABLES, hasIpset: false } },
    backend: "iptables",
  });
  const { code, stderr } = await setUp(world, server, ...SURE, "--rolling");
  assertEquals([code, await world.read(), await listKeys(world)], [2, "", []]);
  assertStringIncludes(stderr, "error: the server cannot check one-time codes: it has no ipset\n");
});

Deno.test("setup of a saved target: it is used as it is, and its comments stay", async () => {
  await using world = makeWorld({ env: { PASS: "correct horse battery staple 42 mule" } });
  await world.write(STATIC);
  const server = fakeApply();
  const { code, stdout } = await setUp(world, server, ...SURE, "--tag", "family");
  assertEquals(code, 0);
  // Without closing knocks the door may still be open from the proof.
  assertStringIncludes(stdout, "Done: a login came through the door: ssh home\n");
  assertEquals(
    await world.read(),
    STATIC + 'tags = ["family"]\nopens = ["22/tcp"]\nadmin = "root@fw.example.com"\n',
  );
  assertEquals([server.jobs.length, await listKeys(world)], [1, []]);
});

Deno.test("setup --secret: the key is where it is, and no file is made", async () => {
  const key = btoa("k".repeat(32));
  await using world = makeWorld({ programs: [settings(), { ...IN, stdout: `${key}\n` }] });
  const { code, stderr } = await setUp(
    world,
    fakeApply(),
    ...SURE,
    "--secret",
    "command:'pass' fw/{target}",
  );
  assertEquals(code, 0, stderr);
  assertStringIncludes(await world.read(), 'secret = { command = ["pass", "fw/{target}"] }');
  assertEquals(await listKeys(world), []);
});

Deno.test("setup: ssh's port and words of --ssh; a file of -F is not where the block is", async () => {
  await using world = makeWorld({
    programs: [{ ...IN, stdout: "user root\nhostname fw.example.com\nport 2222\n" }, IN],
  });
  const ended = await setUp(
    world,
    fakeApply(),
    ...SURE,
    "--open",
    "2222/tcp",
    "--ssh",
    "ssh -F my.conf",
  );
  assertEquals(ended.code, 0, ended.stderr);
  assertStringIncludes(await world.read(), "[targets.home.connect]\nport = 2222\n");
  assertStringIncludes(await readBlock(world), "    Port 2222\n    User root\n");
  assertEquals(world.programs.calls.at(-1)?.command, [
    "ssh",
    "-F",
    "my.conf",
    "-o",
    "ControlMaster=no",
    "-o",
    "ControlPath=none",
    "-o",
    "ProxyCommand=spknock connect home %h %p",
    "root@fw.example.com",
    "true",
  ]);
});

Deno.test("setup: ssh's block keeps ssh's port where only another one opens", async () => {
  await using world = makeWorld({ programs: [settings(), IN] });
  assertEquals((await setUp(world, fakeApply(), ...SURE, "--open", "443/tcp")).code, 0);
  assertStringIncludes(await world.read(), "[targets.home.connect]\nport = 22\n");
  assertEquals((await readBlock(world)).includes("443"), false);
});

Deno.test("setup --no-ssh-config: ssh's files stay as they are", async () => {
  await using world = makeWorld();
  const ended = await setUp(world, fakeApply(), ...SURE, "--no-ssh-config", "--json");
  assertEquals([ended.code, await readBlock(world), valueOf(ended)["ssh_files"]], [0, "", null]);
  assertEquals(world.programs.calls.at(-1)?.command.at(-2), "root@fw.example.com");
});

/** The words of each question, in the order of the questions. */
const QUESTIONS = {
  place: "Where ssh logs in",
  host: "Where to knock",
  name: "Name of the target",
  ports: "Ports to protect",
  trusted: "Networks that are never locked out",
  block: "Write the block for ssh",
  load: "Load these rules on",
} as const;

function listAsked(screen: string): string[] {
  return Object.entries(QUESTIONS).map(([name, words]) => ({ name, at: screen.indexOf(words) }))
    .filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at).map(({ name }) => name);
}

Deno.test("setup asks what people know, and picks the rest", async () => {
  const keys = [
    "root@fw.example.com\n",
    "\n",
    "\n",
    "22/tcp,443/tcp\n",
    "10.0.0.0/8\n",
    "\n",
    "\n",
  ];
  await using world = makeWorld({ keys, programs: [settings(), settings(), IN] });
  const server = fakeApply();
  const ended = await setUp(world, server);
  assertEquals(ended.code, 0, ended.stderr);
  assertEquals(listAsked(world.terminal?.output ?? ""), Object.keys(QUESTIONS));
  assertEquals(server.jobs[1]?.planOptions.trusted, ["10.0.0.0/8"]);
  assertStringIncludes(await world.read(), '[targets.fw]\nhost = "fw.example.com"');
  assertStringIncludes(await world.read(), 'opens = ["22/tcp", "443/tcp"]');
});

Deno.test("setup: answers that were given are options of the command that goes on", async () => {
  const keys = [
    "root@fw.example.com\n",
    "knock.example.com\n",
    "home\n",
    "\n",
    "10.0.0.0/8\n",
    "n\n",
    "n\n",
  ];
  await using world = makeWorld({ keys, programs: [settings(), settings(), IN] });
  const { code, stderr } = await setUp(world, fakeApply(), "--tag", "family");
  assertEquals([code, await readBlock(world)], [130, ""]);
  assertStringIncludes(
    stderr,
    "done: the target is saved; go on with: spknock setup home root@fw.example.com --tag family " +
      "--host knock.example.com --open 22/tcp --trust 10.0.0.0/8 --no-ssh-config\n",
  );
});

Deno.test("setup NAME USER@HOST without --yes: one question", async () => {
  await using world = makeWorld();
  world.terminal = new FakeTerminal(["\n"]);
  const { code } = await setUp(world, fakeApply(), ...PLACE);
  assertEquals([code, listAsked(world.terminal.output)], [0, ["load"]]);
});

Deno.test("setup without a terminal and without --yes: nothing is loaded", async () => {
  await using world = makeWorld();
  const { code, stderr } = await setUp(world, fakeApply(), ...PLACE);
  assertEquals([code, await readBlock(world)], [2, ""]);
  assertStringIncludes(stderr, "error: there is no terminal to ask on\n");
});
