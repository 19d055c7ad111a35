/** What a target opens: saved, shown, and the default of rules, probes and the rest. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

/** Runs a command line with the target `home`, which has these lines, and `lodge` behind the same host. */
async function runIn(lines: string, argv: readonly string[], options: WorldOptions = {}) {
  await using world = new World(options);
  await world.write(
    `[targets.home]\nhost = "192.0.2.1"\nknocks = ["7000", "9000"]\ndelay = 0\n${lines}\n` +
      `[targets.lodge]\nhost = "192.0.2.1"\nknocks = ["7001"]\nopens = ["2200"]\n`,
  );
  const ended = await world.run(...argv);
  const text = (await world.read()).split("[targets.lodge]")[0];
  const screen = world.terminal?.output ?? "";
  const sent = world.net.sent.map(({ port }) => port);
  const asked = world.connections.map(({ port }) => port);
  return { ...ended, text, screen, sent, asked };
}

const OPENS = 'opens = ["22/tcp,udp:53"]';

table("opens: rules open", {
  "what the target says": [OPENS, [], ["22/tcp", "53/udp"]],
  "not what it probes, where it says": [
    `${OPENS}\nprobes = ["443/tcp"]`,
    [],
    ["22/tcp", "53/udp"],
  ],
  "what it probes, where it does not say": ['probes = ["443/tcp"]', [], ["443/tcp"]],
  "what it says without a probe": [`${OPENS}\nprobes = []`, [], ["22/tcp", "53/udp"]],
  "what --open says": [OPENS, ["--open", "8080"], ["8080/tcp"]],
} as Record<string, [string, string[], string[]]>, async ([lines, options, open]) => {
  const argv = ["rules", "home", "--for", "nftables", "--json", ...options];
  const ended = await runIn(lines, argv);
  assertEquals(valueOf<{ plan: { doors: [{ open: string[] }] } }>(ended).plan.doors[0].open, open);
});

Deno.test("opens: rules that know nothing to open name the option and the key", async () => {
  const { code, stderr } = await runIn("", ["rules", "home", "--for", "nftables"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'missing option --open: what should the knocks on "home" open?\n');
  assertStringIncludes(stderr, "spknock edit home --opens 22/tcp");
});

interface Door {
  status: string;
  probes: { probe: string }[];
}

/** Lines of the target, options, what is probed, and the status with an open port 22. */
table("opens: knock probes", {
  "the first tcp port": ['opens = ["53/udp", 22, 443]', [], ["tcp 22"], "open"],
  "a port that is closed": ['opens = ["443"]', ["--tries", "1"], ["tcp 443"], "closed"],
  "no udp port": ['opens = ["53/udp"]', [], [], "sent"],
  "no range": ['opens = ["20-30/tcp", "icmp"]', [], [], "sent"],
  "the tcp port beside a range": ['opens = ["20-30/tcp,22"]', [], ["tcp 22"], "open"],
  "nothing where everything opens": ['opens = ["all"]', [], [], "sent"],
  "nothing where that is said": [`${OPENS}\nprobes = []`, [], [], "sent"],
  "nothing with --no-probe": [OPENS, ["--no-probe"], [], "sent"],
  "what --probe says": [OPENS, ["--probe", "ssh"], ["ssh 22"], "open"],
} as Record<string, [string, string[], string[], string]>, async (row) => {
  const [lines, options, probes, status] = row;
  const argv = ["knock", "home", "--json", ...options];
  const ended = await runIn(lines, argv, { open: [22], says: ["SSH-2.0-x\r\n"] });
  const [door] = valueOf<{ targets: Door[] }>(ended).targets;
  assertEquals(door?.status, status);
  assertEquals(door?.probes.map(({ probe }) => probe), probes);
});

Deno.test("opens: probe and close ask the port", async () => {
  const open = await runIn(OPENS, ["probe", "home"], { open: [22] });
  assertEquals([open.code, open.asked, open.sent], [0, [22], []]);
  const close = `${OPENS}\n[targets.home.close]\nknocks = [9500]`;
  const shut = await runIn(close, ["close", "home"], { open: [22], opensAfter: 0, shutsAfter: 1 });
  assertEquals(shut.code, 0, shut.stderr);
  assertMatch(shut.stdout, /tcp 22 refused/);
});

Deno.test("opens: connect knocks on the target that opens the port; any other port is as before", async () => {
  const options = { open: [2200, 2222], opensAfter: 1 };
  const lodge = await runIn('opens = ["22"]', ["connect", "192.0.2.1", "2200"], options);
  assertEquals([lodge.code, lodge.sent], [0, [7001]]);
  const home = await runIn('opens = ["22"]', ["connect", "home", "2222"], {
    ...options,
    opensAfter: 2,
  });
  assertEquals([home.code, home.sent], [0, [7000, 9000]]);
  assertEquals(new Set(home.asked), new Set([2222]));
});

table<[lines: string, port: string | undefined]>("opens: ssh-config leads to", {
  "22 of several": ['opens = ["443", "22"]', undefined],
  "the first one": ['opens = ["53/udp", "2222"]', "2222"],
  "22 where no tcp port opens": ['opens = ["53/udp"]', undefined],
  "an ssh probe": [`${OPENS}\nprobes = ["ssh:2022"]`, "2022"],
}, async ([lines, port]) => {
  const { stdout } = await runIn(lines, ["ssh-config", "home"]);
  assertEquals(/Port (\d+)/.exec(stdout)?.[1], port);
});

table<string | undefined>("opens: doctor examines 22 unless the door opens other ports only", {
  '"20-30/tcp"': undefined,
  '"icmp", "all"': undefined,
  '"60000-61000/tcp", "icmp"': '"home" names no single TCP port',
  '"icmp"': '"home" names no single TCP port',
}, async (refused, opens) => {
  const found = await runIn(`opens = [${opens}]`, ["doctor", "home"], { open: [22] });
  if (refused === undefined) return assertEquals(new Set(found.asked), new Set([22]));
  assertEquals(found.code, 2);
  assertStringIncludes(found.stderr, refused);
});

Deno.test("opens: doctor examines the tcp port, and says so where there is none", async () => {
  const found = await runIn('opens = ["53/udp", "2222"]', ["doctor", "home"], { open: [2222] });
  assertEquals(new Set(found.asked), new Set([2222]));
  const udp = await runIn('opens = ["53/udp"]', ["doctor", "home"]);
  assertEquals(udp.code, 2);
  assertStringIncludes(udp.stderr, '"home" names no single TCP port, and doctor examines one');
});

Deno.test("opens: list and show name the ports", async () => {
  const { targets: [home] } = valueOf<{ targets: { opens: string[] }[] }>(
    await runIn(OPENS, ["list", "--json"]),
  );
  const shown = valueOf<{ opens: string[]; probes: string[] }>(
    await runIn(OPENS, ["show", "home", "--json"]),
  );
  assertEquals([home?.opens, shown.opens], [["22/tcp", "53/udp"], ["22/tcp", "53/udp"]]);
  assertEquals(shown.probes, ["tcp 22"]);
  assertMatch((await runIn(OPENS, ["show", "home"])).stdout, /^opens +22\/tcp, 53\/udp$/m);
  assertEquals((await runIn("", ["show", "home"])).stdout.includes("opens"), false);
});

/** The lines before, the options of `edit home`, and the lines after. */
table("opens: edit", {
  "a list": ["", ["--opens", "22,UDP:53,22/tcp"], 'opens = ["22/tcp", "53/udp"]\n'],
  "none": [OPENS, ["--opens", "none"], ""],
  "unset": [OPENS, ["--unset", "opens"], ""],
  "ranges, icmp, all": [
    "",
    ["--opens", "udp:60000-61000,ICMP,all,22-22"],
    'opens = ["60000-61000/udp", "icmp", "all", "22/tcp"]\n',
  ],
  "no probe": [OPENS, ["--probe", "none"], `${OPENS}\nprobes = []\n`],
  "the probe is back": [`${OPENS}\nprobes = []`, ["--unset", "probes"], `${OPENS}\n`],
} as Record<string, [string, string[], string]>, async ([before, options, after]) => {
  const { code, stderr, text } = await runIn(before, ["edit", "home", ...options]);
  assertEquals(code, 0, stderr);
  const head = '[targets.home]\nhost = "192.0.2.1"\nknocks = ["7000", "9000"]\ndelay = 0\n';
  assertEquals(text?.trimEnd(), (head + after).trimEnd());
});

Deno.test("opens: what cannot be opened is an error that does not repeat it", async () => {
  for (
    const [value, message] of [
      ["hunter2", "--opens: is not a port: use 22/tcp, 60000-61000/udp, icmp or all"],
      ["22,icmp6", "--opens: is not a port: use 22/tcp, 60000-61000/udp, icmp or all"],
      ["70000", "--opens: is not a port: use a whole number from 1 to 65535"],
      ["22/sctp", "--opens: names an unknown protocol: use tcp or udp, such as 22/tcp"],
      ["none,22", "--opens: is not a port"],
    ] as const
  ) {
    const { code, stderr } = await runIn("", ["edit", "home", "--opens", value]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.includes("hunter2"), false);
  }
});

Deno.test("opens: add saves it, and no probe unless it is another one", async () => {
  const add = async (...options: string[]): Promise<string> => {
    await using world = new World();
    const { code, stderr } = await world.run("add", "a", "::1", "7", ...options);
    assertEquals(code, 0, stderr);
    return (await world.read()).split('knocks = ["7/tcp"]\n')[1] ?? "";
  };
  assertEquals(await add("--opens", "22"), 'opens = ["22/tcp"]\n');
  assertEquals(await add("--opens", "22", "--probe", "22"), 'opens = ["22/tcp"]\n');
  assertEquals(await add("--opens", "22", "--probe", "none"), 'opens = ["22/tcp"]\nprobes = []\n');
});

/** The answers of `add` from the knocks on, and the lines that they make. */
table<[answers: string[], lines: string]>("opens: add asks for it", {
  "Enter is ssh, and its probe": [["\r", "\r"], 'opens = ["22/tcp"]\n'],
  "another port": [["2222/sctp\r", "2222,53/udp\r", "\r"], 'opens = ["2222/tcp", "53/udp"]\n'],
  "no probe": [["\r", "none\r"], 'opens = ["22/tcp"]\nprobes = []\n'],
  "only udp": [["53/udp\r", "\r"], 'opens = ["53/udp"]\n'],
  "a range has no probe": [
    ["30-20\r", "20-30,icmp,all\r", "\r"],
    'opens = ["20-30/tcp", "icmp", "all"]\n',
  ],
  "nothing": [["none\r", "\r"], ""],
}, async ([answers, lines]) => {
  await using world = new World({ keys: ["::1\r", "a\r", "7\r", ...answers, "\r"] });
  const { code, stderr } = await world.run("add", "--plain");
  assertEquals(code, 0, stderr);
  assertEquals((await world.read()).split('knocks = ["7/tcp"]\n')[1], lines);
});

/** The lines before, the answers about opens and probes, and the lines after. */
table("opens: edit asks for it", {
  "Enter keeps it": [OPENS, ["\r", "\r"], `${OPENS}\n`],
  "its probe goes with it": [OPENS, ["2222\r", "\r"], 'opens = ["2222/tcp"]\n'],
  "a range takes its probe away": [
    OPENS,
    ["20-30,icmp\r", "\r"],
    'opens = ["20-30/tcp", "icmp"]\n',
  ],
  "the old probe": [
    'opens = ["22/tcp"]',
    ["2222\r", "22\r"],
    'opens = ["2222/tcp"]\n\n[[targets.home.probes]]\ntype = "tcp"\nport = 22\n',
  ],
  "a probe of its own": [
    'probes = ["443/tcp"]',
    ["22\r", "\r"],
    'probes = ["443/tcp"]\nopens = ["22/tcp"]\n',
  ],
} as Record<string, [string, string[], string]>, async ([before, answers, after]) => {
  const keys = ["\r", "\r", ...answers, "\r"];
  const { code, stderr, text } = await runIn(before, ["edit", "home", "--plain"], { keys });
  assertEquals(code, 0, stderr);
  assertEquals(text?.split("delay = 0\n")[1]?.trimEnd(), after.trimEnd());
});

Deno.test("opens: the wizard of rules offers it", async () => {
  const lines = 'opens = ["22/tcp", "60000-61000/udp", "icmp"]';
  const keys = ["1\r", "n\r", ...Array.from({ length: 11 }, () => "\r"), "-\r"];
  const ended = await runIn(lines, ["rules", "home", "--plain"], { keys });
  assertEquals(ended.code, 0, ended.stderr);
  assertStringIncludes(ended.screen.replace(/\s+/g, " "), "[22/tcp,60000-61000/udp,icmp]");
  assertStringIncludes(ended.stdout, "#   opens:   22/tcp, 60000-61000/udp, icmp for 5m;");
});

Deno.test("opens: list and show name ranges, echo requests and everything", async () => {
  const lines = 'opens = ["udp/60000-61000", "ICMP,all"]';
  const opens = ["60000-61000/udp", "icmp", "all"];
  const { targets: [home] } = valueOf<{ targets: { opens: string[] }[] }>(
    await runIn(lines, ["list", "--json"]),
  );
  const shown = valueOf<{ opens: string[]; probes: string[] }>(
    await runIn(lines, ["show", "home", "--json"]),
  );
  assertEquals([home?.opens, shown.opens, shown.probes], [opens, opens, []]);
  assertMatch(
    (await runIn(lines, ["show", "home"])).stdout,
    /^opens +60000-61000\/udp, icmp, all$/m,
  );
});

Deno.test("opens: knock on a range says that no probe tells, as for udp", async () => {
  const { code, stdout } = await runIn('opens = ["20-30/tcp"]', ["knock", "home"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "home: sent; no probe tells whether the door is open\n");
});
