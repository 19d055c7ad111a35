import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BACKEND_NAMES } from "../../src/rules/backends.ts";
import { loadBackends } from "../../src/rules/mod.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const PHRASES = "MikroTik\nis\nawesome\n";
const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["1234/udp", "9876/udp", "5555/udp"]
probes = ["tcp:22"]

[targets.office]
host = "192.0.2.7"
knocks = ["7000", "9000", "8000"]

[targets.stairs]
host = "192.0.2.8"
knocks = ["1", "2", "3"]
probes = ["tcp:22"]
`;

async function createWorld(options: WorldOptions = {}): Promise<World> {
  const world = new World({ stdin: PHRASES, ...options });
  await world.write(TARGETS);
  return world;
}

Deno.test("rules go to standard output, what is weak to standard error, passphrases nowhere", async () => {
  await using world = await createWorld();
  const { code, stdout, stderr } = await world.run(
    ...["rules", "home", "--for", "nftables", "--secrets-from", "-"],
  );
  assertEquals(code, 0);
  assertStringIncludes(stdout, "table inet spknock_home {");
  assertMatch(
    stderr,
    /danger: anyone who records a knock can guess the passphrase of knock 1 .*\n {2}remedy: /,
  );
  for (const phrase of ["MikroTik", "awesome"]) {
    assertEquals([stdout.includes(phrase), stderr.includes(phrase)], [false, false]);
  }
});

Deno.test("with --json the rules are a value, with the plan and its weaknesses", async () => {
  await using world = await createWorld();
  const argv = ["rules", "office", "--for", "iptables", "--open", "tcp/22,443", "--json"];
  const value = valueOf<
    {
      plan: { doors: [{ open: string[]; guard: boolean }]; interface: unknown };
      rules: string;
      backend: string;
    }
  >(await world.run(...argv));
  assertEquals(value.backend, "iptables");
  assertEquals([value.plan.doors[0].open, value.plan.doors[0].guard], [
    ["22/tcp", "443/tcp"],
    true,
  ]);
  assertEquals(value.plan.interface, null);
  assertStringIncludes(value.rules, "#!/bin/sh");
  const only = valueOf<typeof value>(await world.run(...argv, "--interface", "eth0, ppp*,eth0"));
  assertEquals(only.plan.interface, "eth0,ppp*");
  assertStringIncludes(only.rules, "#   also:    only on eth0, ppp*\n");
});

table(
  "rules: a back end writes what it supports, without more options",
  (await loadBackends()).map((backend) => [backend.name, backend] as const),
  async ({ name, supports }) => {
    await using world = await createWorld();
    const argv = supports.secretKnocks
      ? ["home", "--secrets-from", "-"]
      : ["office", "--open", "22"];
    const ended = await world.run("rules", ...argv, "--for", name, "--json");
    const { plan, rules, weaknesses } = valueOf<{
      plan: { doors: [{ guard: boolean; stages: unknown[] }] };
      rules: string;
      weaknesses: { code: string }[];
    }>(ended);
    const ports = supports.secretKnocks ? [1234, 9876, 5555, 22] : [7000, 9000, 8000, 22];
    const body = rules.split("\n").filter((line) => !line.startsWith("#")).join("\n");
    for (const port of ports) assertMatch(body, new RegExp(`\\b${port}\\b`));
    assertEquals(plan.doors[0].stages.length, 3);
    assertEquals(plan.doors[0].guard, !supports.secretKnocks && supports.guard);
    const codes = weaknesses.map(({ code }) => code);
    assertEquals(codes.includes("weak-passphrase"), supports.secretKnocks);
  },
);

Deno.test("the commands in the header name the file that the rules are saved in", async () => {
  await using world = await createWorld();
  const file = `${world.home}/my-door.nft`;
  const argv = ["rules", "office", "--for", "nftables", "--open", "22", "--output", file];
  assertEquals((await world.run(...argv)).code, 0);
  const rules = await Deno.readTextFile(file);
  assertStringIncludes(rules, `#   nft -c -f ${file}\n`);
  assertStringIncludes(rules, "copy it to /etc/my-door.nft");
});

const REFUSED: readonly [argv: string[], code: string, message: RegExp][] = [
  [["office", "--for", "nftables"], "usage", /what should the knocks on "office" open/],
  [["stairs", "--for", "nftables"], "consecutive", /one ascending port scan/],
  [["home", "--for", "knockd"], "unsupported", /knockd does not support the payload of knock 1/],
  [["office", "--for", "knockd", "--open", "22", "--guard"], "unsupported", /the guard/],
  [["home", "--for", "nftabels"], "usage", /unknown firewall: use nftables/],
  [["home", "--for", "mikrotik", "--variant", "x"], "usage", /variant/],
  [["home", "--guard", "--no-guard", "--for", "nftables"], "usage", /choose one/],
  [["home", "--prove", "--output", "x"], "usage", /--output has no effect with --prove/],
  [["--for", "nftables"], "usage", /missing argument TARGET/],
  [["home", "--for", "nftables", "--interface", "list:WAN"], "unsupported", /interface list "WAN"/],
  [
    ["office", "--for", "knockd", "--open", "22", "--interface", "eth0,eth1"],
    "unsupported",
    /several interfaces/,
  ],
  [["home", "--for", "nftables", "--interface", "eth0,"], "usage", /has an empty item 2/],
];

table(
  "rules: refused before a passphrase is asked for",
  REFUSED.map((row) => [row[0].join(" "), row] as const),
  async ([argv, code, message]) => {
    await using world = await createWorld();
    const ended = await world.run("rules", ...argv, "--json");
    const error = errorOf(ended);
    assertEquals([ended.code, error.code], [2, code]);
    assertMatch(error.message, message);
  },
);

Deno.test("a file is private, is not written over by chance, and is a regular one", async () => {
  await using world = await createWorld();
  const file = `${world.home}/office.nft`;
  const argv = ["rules", "office", "--for", "nftables", "--open", "22", "--output", file];
  assertEquals((await world.run(...argv)).code, 0);
  const { mode } = await Deno.stat(file);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assertMatch(errorOf(await world.run(...argv, "--json")).message, /already exists/);
  await Deno.writeTextFile(file, "old");
  assertEquals((await world.run(...argv, "--force")).code, 0);
  assertStringIncludes(await Deno.readTextFile(file), "table inet spknock_office");
  const link = `${world.home}/link.nft`;
  await Deno.symlink(`${world.home}/nowhere`, link);
  const linked = await world.run(...argv.slice(0, -1), link, "--force", "--json");
  assertMatch(errorOf(linked).message, /is not a regular file/);
  assertEquals(
    (await world.run(...argv.slice(0, -1), "-")).stdout.startsWith("#!/usr/sbin/nft"),
    true,
  );
});

Deno.test("the proof ends with 0 where everything is as claimed, and names what falls", async () => {
  await using world = await createWorld();
  const argv = ["rules", "home", "--prove", "--secrets-from", "-", "--seed", "7"];
  const { code, stdout } = await world.run(...argv);
  assertEquals(code, 0);
  assertMatch(stdout, /all recorded knocks.* +opened +weak/);
  assertMatch(stdout, /a wrong hash as knock 2 +shut +yes/);
  assertMatch(stdout, /cases, all as claimed \(seed 7\)/);
});

Deno.test("the proof counts with attackers that are not trusted", async () => {
  await using world = await createWorld();
  const argv = ["rules", "home", "--prove", "--secrets-from", "-", "--json"];
  const networks = "203.0.113.0/24,198.18.0.0/15,0.0.0.0/2";
  const ended = await world.run(...argv, "--trust", networks);
  assertEquals([ended.code, valueOf<{ ok: boolean }>(ended).ok], [0, true]);
});

Deno.test("the proof ends with 1 where an attack opens what the plan claims to withstand", async () => {
  await using world = await createWorld();
  // Every attacker is trusted.
  const trust = ["--trust", "0.0.0.0/1,128.0.0.0/1", "--ipv4"];
  const { code, stdout } = await world.run("rules", "office", "--open", "22", "--prove", ...trust);
  assertEquals(code, 1);
  assertMatch(stdout, /a sweep of all ports, ascending, once +opened +NO/);
});

table(
  "rules --help lists the back end",
  BACKEND_NAMES.map((name) => [name, name] as const),
  async (name) => {
    await using world = await createWorld();
    const { stdout } = await world.run("rules", "--help");
    assertMatch(stdout, new RegExp(`[ \\n]${name}[,.]`));
  },
);

Deno.test("--diff: 0 where a file has the same rules, 1 where it differs; comments do not count", async () => {
  await using world = await createWorld();
  const file = `${world.home}/office.nft`;
  const argv = ["rules", "office", "--open", "22", "--for", "nftables"];
  assertEquals((await world.run(...argv, "--output", file)).code, 0);
  const old = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, old.replace("# spknock rules", "# my own words\n# spknock rules"));
  const same = await world.run(...argv, "--diff", file);
  assertEquals([same.code, same.stdout], [
    0,
    `${file} has the rules that would be written now\n`,
  ]);
  const other = await world.run(
    "rules",
    "office",
    "--open",
    "22,443",
    ...argv.slice(4),
    "--diff",
    file,
  );
  assertEquals(other.code, 1);
  assertMatch(other.stdout, /^-\t+tcp dport \{ 22 \} drop$/m);
  assertMatch(other.stdout, /^\+\t+tcp dport \{ 22, 443 \} drop$/m);
  assertEquals(
    await Deno.readTextFile(file),
    old.replace("# spknock", "# my own words\n# spknock"),
  );
  const value = valueOf<{ differs: boolean; diff: string | null }>(
    await world.run(...argv, "--diff", file, "--json"),
  );
  assertEquals([value.differs, value.diff], [false, null]);
});

table<string[]>("--diff: refused", {
  "cannot be read": ["--for", "nftables", "--diff", "/nosuch/file"],
  "it needs --for BACKEND": ["--diff", "/nosuch/file"],
  "and writes no file": ["--for", "nftables", "--diff", "/nosuch/file", "--force"],
  "--diff has no effect with --prove": ["--prove", "--diff", "/nosuch/file"],
}, async (argv, part) => {
  await using world = await createWorld();
  const { code, stderr } = await world.run("rules", "office", "--open", "22", ...argv);
  assertEquals(code, 2);
  assertStringIncludes(stderr, part);
});
