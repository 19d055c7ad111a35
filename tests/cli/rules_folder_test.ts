/** `rules --output-dir`: a file for each machine, all or none of what can be refused. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `[targets.home]
host = "fw.example.com"
tags = ["fw"]
knocks = ["1234/udp", "9876/udp"]
secret = { hash = "${"a1".repeat(32)}" }
opens = ["22/tcp"]

[targets.web]
host = "FW.example.com."
knocks = ["7001", "9001", "8001"]
opens = ["443/tcp"]

[targets.office]
host = "192.0.2.7"
admin = "root@10.0.0.7"
tags = ["fw"]
knocks = ["7000", "9000", "8000"]
opens = ["22/tcp"]

[targets.annex]
host = "192.0.2.8"
admin = "root@10.0.0.7"
knocks = ["7100", "9100", "8100"]
opens = ["80/tcp"]

[targets.asked]
host = "192.0.2.9"
knocks = ["1234/udp", "9876/udp"]
opens = ["22/tcp"]
`;

const FOR = ["--for", "nftables"];

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** By name. */
  files: Record<string, string>;
  modes: number[];
  screen: string;
}

/** Runs `rules` with `DIR` in place of a folder, which has the given files before. */
async function runRules(
  argv: readonly string[],
  { before = {}, ...options }: WorldOptions & { before?: Record<string, string> } = {},
): Promise<Ran> {
  await using world = new World(options);
  await world.write(TARGETS);
  const folder = `${world.home}/rules`;
  for (const [name, text] of Object.entries(before)) {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const ended = await world.run("rules", ...argv.map((word) => word.replace("DIR", folder)));
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const names = entries.map(({ name }) => name).sort();
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const stats = await Promise.all(names.map((name) => Deno.stat(`${folder}/${name}`)));
  return {
    code: ended.code,
    stdout: ended.stdout.replaceAll(folder, "DIR"),
    stderr: ended.stderr.replaceAll(folder, "DIR"),
    files: Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await read(name)])),
    ),
    modes: stats.map(({ mode }) => (mode ?? 0) & 0o777),
    screen: world.terminal?.output ?? "",
  };
}

Deno.test("rules --output-dir: a file for each machine, by host and by admin", async () => {
  const names = ["home", "web", "office", "annex"];
  const ran = await runRules([...names, ...FOR, "--output-dir", "DIR"]);
  assertEquals(ran.code, 0, ran.stderr);
  assertEquals(Object.keys(ran.files), ["home.nft", "office.nft"]);
  assertEquals(ran.modes, [0o600, 0o600]);
  assertMatch(ran.files["home.nft"] ?? "", /table inet spknock_home[^]*443/);
  assertMatch(ran.files["office.nft"] ?? "", /table inet spknock_office[^]*7100/);
  assert(!ran.files["office.nft"]?.includes("1234"));
  assertEquals(
    ran.stdout,
    "home: saved the rules for fw.example.com in DIR/home.nft\n" +
      "office: saved the rules for 192.0.2.7, 192.0.2.8 in DIR/office.nft\n" +
      "2 files; each header says how to apply it\n",
  );
  assert(!ran.stderr.includes("different hosts"), ran.stderr);
});

Deno.test("rules --output-dir: the file is what --output writes", async () => {
  const folder = await runRules(["office", "annex", ...FOR, "--output-dir", "DIR/"]);
  const single = await runRules(["office", "annex", ...FOR, "-o", "DIR/office.nft"], {
    before: { "x": "" },
  });
  const withoutFile = (text = "") => text.replaceAll(/\\S*office\\.nft/g, "FILE");
  assertEquals(
    withoutFile(folder.files["office.nft"]).replace(/^#.*$/gm, ""),
    withoutFile(single.files["office.nft"]).replace(/^#.*$/gm, ""),
  );
});

Deno.test("rules --output-dir: JSON lists the files", async () => {
  const ran = await runRules(["--tag", "fw", ...FOR, "--output-dir", "DIR", "--json"]);
  const { files, ...value } = valueOf<{ files: Record<string, unknown>[] }>(ran);
  assertEquals(value, { backend: "nftables", variant: null } as Record<string, unknown>);
  assertEquals(files.map(({ weaknesses: _, ...file }) => file), [
    {
      name: "home",
      targets: ["home"],
      host: "fw.example.com",
      admin: null,
      file: "DIR/home.nft",
    },
    {
      name: "office",
      targets: ["office"],
      host: "192.0.2.7",
      admin: "root@10.0.0.7",
      file: "DIR/office.nft",
    },
  ]);
});

Deno.test("rules --all --output-dir asks for each passphrase, twice, and writes then", async () => {
  const keys = ["one phrase\n", "one phrase\n", "two phrases\n", "two phrases\n"];
  const ran = await runRules(["--all", ...FOR, "--output-dir", "DIR"], { keys });
  assertEquals(ran.code, 0, ran.stderr + ran.screen);
  assertEquals(Object.keys(ran.files), ["asked.nft", "home.nft", "office.nft"]);
});

const OLD = { "office.nft": "old" };

Deno.test("rules --output-dir: one file that exists, and nothing is asked or written", async () => {
  const ran = await runRules(["--all", ...FOR, "--output-dir", "DIR"], { keys: [], before: OLD });
  assertEquals([ran.code, ran.files, ran.screen], [2, OLD, ""]);
  assertStringIncludes(ran.stderr, 'error: "DIR/office.nft" already exists\nhint: use --force');
});

Deno.test("rules --output-dir --force overwrites", async () => {
  const ran = await runRules(["office", "home", ...FOR, "--output-dir", "DIR", "-f"], {
    before: { ...OLD, "other.nft": "stays" },
  });
  assertEquals([ran.code, Object.keys(ran.files)], [0, ["home.nft", "office.nft", "other.nft"]]);
  assert(ran.files["office.nft"] !== "old");
  assertEquals(ran.files["other.nft"], "stays");
});

table<[argv: string[], message: string]>("rules --output-dir refuses", {
  "what is of one rule set": [
    ["--all", ...FOR, "--output-dir", "DIR", "--name", "x"],
    "error: --name is for one rule set, --output-dir for one of each machine",
  ],
  "--output": [["--all", ...FOR, "--output-dir", "DIR", "-o", "x"], "error: --output is for one"],
  "no --for": [["--all", "--output-dir", "DIR"], "error: --output-dir has no effect without --for"],
  "a proof": [["home", "--prove", "--output-dir", "DIR"], "error: --output-dir has no effect with"],
  "--secrets-from": [
    ["--all", ...FOR, "--output-dir", "DIR", "--secrets-from", "DIR"],
    "error: --secrets-from is for one machine",
  ],
  "what one back end cannot do, before a question": [
    ["--all", "--for", "knockd", "--output-dir", "DIR"],
    "error: ",
  ],
}, async ([argv, message]) => {
  const ran = await runRules(argv, { keys: [] });
  assertEquals([ran.code, ran.files, ran.screen], [2, {}, ""], ran.stderr);
  assertStringIncludes(ran.stderr, message);
});

Deno.test("rules --output-dir: a file in the place of the folder", async () => {
  const ran = await runRules(["home", ...FOR, "--output-dir", "DIR/x"], { before: { x: "" } });
  assertEquals(ran.code, 2);
  assertStringIncludes(ran.stderr, "DIR/x");
});
