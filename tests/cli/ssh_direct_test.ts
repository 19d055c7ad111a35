/** `ssh-config --direct`: what the blocks have, and what the real ssh makes of them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { valueOf, World } from "./harness.ts";

const target = (rest = "", name = "home") =>
  `[targets.${name}]\nhost = "fw.example.com"\nknocks = ["7000/udp"]\nsecret = { env = "X" }\n${rest}`;

interface Host {
  host: string;
  port: number;
  proxy_command: string | null;
  exec_command: string;
  text: string;
}

async function render(lines: string, ...argv: string[]): Promise<Host> {
  await using world = new World();
  await world.write(lines);
  const ended = await world.run("ssh-config", "--all", "--direct", "--json", ...argv);
  const [host] = valueOf<{ hosts: Host[] }>(ended).hosts;
  if (host === undefined) throw new Error(ended.stderr);
  return host;
}

Deno.test("ssh-config --direct: the blocks, one for each target", async () => {
  await using world = new World();
  await world.write(target() + target('family = "ipv4"\n', "cabin"));
  const { code, stdout } = await world.run("ssh-config", "home", "cabin", "--direct");
  assertEquals(code, 0);
  const [header = "", ...blocks] = stdout.split("\n\n");
  assertEquals(header.split("\n").every((line) => line.startsWith("# ")), true);
  const render = (name: string, family: string) =>
    `Host ${name}
    HostName fw.example.com
    AddressFamily ${family}
    ConnectTimeout 10
Match originalhost ${name} !canonical exec "spknock knock ${name} -q --probe %p/tcp"
    ProxyCommand none
Match originalhost ${name}
    ProxyCommand false`;
  assertEquals(blocks, [render("home", "any"), `${render("cabin", "inet")}\n`]);
});

const KNOCK = "spknock knock home -q --probe %p/tcp";
const OTHER_HOST = '[targets.home.connect]\nhost = "nas.example.com"\nport = 2200\n';

table<[lines: string, exec: string]>("ssh-config --direct runs", {
  "a knock": [target(), KNOCK],
  "a knock, whatever the target's probes": [target('probes = ["https://fw.example.com"]\n'), KNOCK],
  "a look first, where it would ask": [
    target().replace(/secret.*\n/, ""),
    "spknock probe home -q --probe %p/tcp --timeout 500ms 2>/dev/null || " + KNOCK,
  ],
  "a look first, where it would use up a one-time code": [
    target("rolling = { until = 2127-11-25T00:00:00Z }\n"),
    "spknock probe home -q --probe %p/tcp --timeout 500ms 2>/dev/null || " + KNOCK,
  ],
  "the target's probes, where ssh goes to another host": [
    target('probes = ["ssh"]\n' + OTHER_HOST),
    "spknock knock home -q",
  ],
  "a look by them": [
    target('probes = ["ssh"]\n' + OTHER_HOST).replace(/secret.*\n/, ""),
    "spknock probe home -q --timeout 500ms 2>/dev/null || spknock knock home -q",
  ],
  "no look, where it has none": [
    target(OTHER_HOST).replace(/secret.*\n/, ""),
    "spknock knock home -q",
  ],
}, async ([lines, exec]) => {
  const { exec_command, proxy_command } = await render(lines);
  assertEquals([exec_command, proxy_command], [exec, null]);
});

table<[lines: string, keys: string[]]>("ssh-config --direct pins", {
  "nothing": [target(), ["AddressFamily any"]],
  "both": [target('family = "both"\n'), ["AddressFamily any"]],
  "the family": [target('family = "ipv6"\n'), ["AddressFamily inet6"]],
  "that of the host": [
    target().replace("fw.example.com", "fe80::1%eth0"),
    ["HostName fe80::1%%eth0", "AddressFamily inet6"],
  ],
  "that of the host that is knocked on": [
    target(OTHER_HOST).replace("fw.example.com", "192.0.2.1"),
    ["HostName nas.example.com", "Port 2200", "AddressFamily inet"],
  ],
  "the source, and its family": [
    target('source = "fe80::2%eth0"\n'),
    ["AddressFamily inet6", "BindAddress fe80::2%eth0"],
  ],
  "the interface": [
    target('family = "ipv4"\nsource = "eth0"\n'),
    ["AddressFamily inet", "BindInterface eth0"],
  ],
  "the interface, with spaces": [
    target('source = "Local Area Connection"\n'),
    ['BindInterface "Local Area Connection"'],
  ],
  "the port of an ssh probe": [target('probes = ["ssh:2022"]\n'), ["Port 2022"]],
}, async ([lines, keys]) => {
  const { text } = await render(lines);
  const set = text.split("\nMatch")[0]?.split("\n    ").slice(1);
  assertEquals(keys.filter((key) => set?.includes(key)), keys);
});

Deno.test("ssh-config --direct is refused where each ssh would run programs", async () => {
  await using world = new World();
  await world.write(target('after = [{ run = ["true"] }]\n'));
  const { code, stdout, stderr } = await world.run("ssh-config", "home", "--direct");
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, '"home" has "after", which would run with each ssh');
  assertEquals((await world.run("ssh-config", "home")).code, 0);
});

table("ssh-config --direct: a name that ssh reads in two ways is refused", {
  "it's.toml": 2,
  'a "file".toml': 2,
  "a\\\\b.toml": 2,
  "a\\": 2,
  "a\\b #1 $HOME 100%.toml": 0,
}, async (expected, name) => {
  await using world = new World();
  const file = `${world.home}/${name}`;
  await Deno.writeTextFile(file, target().replace(/secret.*/, 'secret = "none"'));
  const { code, stderr } = await world.run("ssh-config", "home", "--direct", "-c", file);
  assertEquals(code, expected, stderr);
  if (expected !== 0) assertStringIncludes(stderr, "give the file another name");
  assertEquals((await world.run("ssh-config", "home", "-c", file)).code, 0);
});

Deno.test("ssh-config --install: one way, then the other, in the same file", async () => {
  await using world = new World();
  await world.write(target());
  const file = `${world.home}/.ssh/config.d/spknock-home.conf`;
  const install = async (...argv: string[]) => {
    assertEquals((await world.run("ssh-config", "home", "--install", "-y", ...argv)).code, 0);
    return await Deno.readTextFile(file);
  };
  assertStringIncludes(await install("--direct"), "\nMatch originalhost home !canonical exec ");
  const plain = await install();
  assertEquals([plain.includes("Match"), plain.includes("ProxyCommand spknock")], [false, true]);
  assertEquals(Array.from(Deno.readDirSync(`${world.home}/.ssh/config.d`)).length, 1);
});

/** What `ssh -G` says about the keys, and the words that the program got; the program ends with `code`. */
async function readBySsh(
  { code, ssh = [], sshConfig = "" }: { code: number; ssh?: string[]; sshConfig?: string },
): Promise<{ keys: string[]; runs: string[] }> {
  await using world = new World();
  const folder = `${world.home}/a #1 100% $HOME`;
  await Deno.mkdir(folder);
  const file = `${folder}/targets.toml`;
  await Deno.writeTextFile(file, target('probes = ["ssh:2022"]\nsource = "192.0.2.9"\n'));
  await Deno.writeTextFile(
    `${folder}/spknock`,
    `#!/bin/sh\nprintf '%s|' "$@" >>'${world.home}/runs'\necho >>'${world.home}/runs'\nexit ${code}\n`,
    { mode: 0o755 },
  );
  const argv = ["ssh-config", "home", "--direct", "-c", file, "--program", `${folder}/spknock`];
  const { stdout } = await world.run(...argv);
  await Deno.writeTextFile(`${world.home}/config`, stdout + sshConfig);
  const read = await new Deno.Command("ssh", {
    args: ["-F", `${world.home}/config`, ...ssh, "-G", "home"],
    env: { SHELL: "/bin/sh" },
  }).output();
  const lines = new TextDecoder().decode(read.stdout).split("\n");
  const runs = (await Deno.readTextFile(`${world.home}/runs`)).trimEnd().split("\n");
  const wanted = /^(hostname|port|addressfamily|bindaddress|connecttimeout|proxy(command|jump)) /;
  return {
    keys: lines.filter((line) => wanted.test(line)),
    runs: runs.map((line) => line.replace(folder, "FOLDER")),
  };
}

const HAS_SSH = !lacks("sh") &&
  await new Deno.Command("ssh", { args: ["-V"] }).output().then(() => true, () => false);
const KEYS = [
  "hostname fw.example.com",
  "addressfamily inet",
  "bindaddress 192.0.2.9",
  "connecttimeout 10",
];
const RUN = (port: number) => `knock|--config|FOLDER/targets.toml|home|-q|--probe|${port}/tcp|`;
const WIDE = "\nHost *\n    ProxyJump bastion\n    AddressFamily any\n    ConnectTimeout 99\n";

table<[Parameters<typeof readBySsh>[0], keys: string[], port: number]>(
  HAS_SSH ? "ssh -G reads the block" : "ssh -G reads the block (skipped: no ssh)",
  HAS_SSH
    ? {
      "after a knock": [{ code: 0 }, ["port 2022"], 2022],
      "after a knock that failed": [{ code: 1 }, ["port 2022", "proxycommand false"], 2022],
      "with another port": [{ code: 0, ssh: ["-p", "443"] }, ["port 443"], 443],
      "above other blocks": [{ code: 0, sshConfig: WIDE }, ["port 2022"], 2022],
      "twice, and knocks once": [
        { code: 0, sshConfig: "\nMatch final all\n    Port 1\n" },
        ["port 2022"],
        2022,
      ],
      "twice, after a knock that failed": [
        { code: 1, sshConfig: "\nMatch final all\n    Port 1\n" },
        ["port 2022", "proxycommand false"],
        2022,
      ],
    }
    : {},
  async ([given, keys, port]) => {
    const found = await readBySsh(given);
    assertEquals(found.runs, [RUN(port)]);
    assertEquals(found.keys.toSorted(), [...KEYS, ...keys].toSorted());
  },
);
