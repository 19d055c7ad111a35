/** `export --as knockd`: sections of knockd.conf, and the same target from them again. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/mod.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const PLAIN = `[targets.home]
host = "fw.example.com"
knocks = ["9000/tcp", "7000/udp", "8000/tcp"]
secret = "none"
opens = ["22/tcp", "60000-60010/udp"]
copies = 1
open_for = "90s"
stage_timeout = "3s"
`;
const CLOSE = `[targets.home.close]\nknocks = ["9100/tcp", "7000/udp"]\n`;

/** The targets of a configuration, exported and imported again. */
async function carry(text: string): Promise<{ before: unknown; after: unknown; lost: string[] }> {
  await using world = new World();
  await world.write(text);
  const names = [...text.matchAll(/^\[targets\.(\w+)\]/gm)].map(([, name = ""]) => name);
  const ended = await world.run("export", ...names, "--as", "knockd", "--json");
  assertEquals(ended.code, 0, ended.stderr);
  const value = valueOf<{ text: string; lost: string[] }>(ended);
  const file = `${world.home}/knockd.conf`;
  await Deno.writeTextFile(file, value.text);
  const before = (await parseConfig(text, { file: "f" })).targets;
  await world.write("");
  const imported = await world.run("import", file, "--host", "fw.example.com");
  assertEquals([imported.code, imported.stderr], [0, ""]);
  const after = (await parseConfig(await world.read(), { file: "f" })).targets;
  return { before, after, lost: value.lost };
}

table("a target that is exported and imported is the same", {
  "an opening": PLAIN,
  "with closing knocks": PLAIN + CLOSE,
  "over IPv4 only": PLAIN.replace("copies", 'family = "ipv4"\ncopies'),
  "two of them": PLAIN + PLAIN.replaceAll("home", "work").replace("9000", "9001"),
}, async (text) => {
  const { before, after } = await carry(text);
  assertEquals(after, before);
});

Deno.test("what the file has no place for is listed", async () => {
  const text = PLAIN.replace(
    "copies = 1",
    'description = "the house"\ntags = ["x"]\ndelay = "70ms"\ntries = 5\ntimeout = "3s"\nprobes = ["443/tcp"]',
  );
  const { lost } = await carry(text);
  assertEquals(lost, [
    "home: host (fw.example.com): import it with --host",
    "home: description, tags, delay, tries, timeout, probes",
    "home: copies: knockd needs 1, a packet that comes twice is two knocks",
    "home: stage_timeout of each knock: knockd has 6s for all of them",
  ]);
});

Deno.test("the stock doors of Debian leave as they came", async () => {
  await using world = new World();
  const rule = (verb: string) => `/sbin/iptables ${verb} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`;
  const file = `${world.home}/knockd.conf`;
  const section = (name: string, sequence: string, verb: string) =>
    `[${name}]\n\tsequence = ${sequence}\n\tseq_timeout = 5\n\tcommand = ${
      rule(verb)
    }\n\ttcpflags = syn\n`;
  await Deno.writeTextFile(
    file,
    section("openSSH", "7000,8000,9000", "-A") + section("closeSSH", "9000,8000,7000", "-D"),
  );
  assertEquals((await world.run("import", file, "--host", "fw.example.com")).code, 0);
  const { stdout, code } = await world.run("export", "openSSH", "--as", "knockd");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Sequence        = 9000:tcp,8000:tcp,7000:tcp");
});

Deno.test("the probes that the import makes of opens again are not lost", async () => {
  const { lost } = await carry(PLAIN);
  assertEquals(lost.filter((text) => text.includes("probes")), []);
});

Deno.test("a door of fwknopd is refused with the form that carries it", async () => {
  await using world = new World();
  const keys = 'key = "open sesame"\nhmac_key = "staple"\n';
  await world.write(
    `[targets.work]\nhost = "192.0.2.1"\nprotocol = "fwknop"\nopens = ["22/tcp"]\n[targets.work.fwknop]\n${keys}`,
  );
  for (const form of ["knockd", "knockonports", "nc"]) {
    const ended = await world.run("export", "work", "--as", form, "--json");
    assertEquals([ended.code, errorOf(ended).hint], [
      2,
      "use: spknock export work --as fwknoprc",
    ], form);
  }
});

table("what knockd cannot do is refused", {
  "a secret knock": PLAIN.replace('secret = "none"\n', ""),
  "an icmp knock": PLAIN.replace('"8000/tcp"', '{ protocol = "icmp", size = 64 }'),
  "nothing to open": PLAIN.replace(/opens.*\n/, ""),
}, async (text) => {
  await using world = new World();
  await world.write(text);
  const ended = await world.run("export", "home", "--as", "knockd", "--json");
  assertEquals([ended.code, ended.stdout], [2, ""]);
  assert(errorOf(ended).hint !== null);
});
