/** What the options of `rules` name: services, forwarded ports, several doors; and what they refuse. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
tags = ["fw"]
knocks = ["1234/udp", "9876/udp"]
opens = ["22/tcp"]
[targets.home.close]
knocks = ["9500/udp", "7000/tcp"]

[targets.web]
host = "FW.example.com."
tags = ["fw", "site"]
knocks = ["7001/udp", "9001/tcp"]

[targets.office]
host = "192.0.2.7"
knocks = ["7000", "9000", "8000"]

[targets.twin]
host = "192.0.2.7"
knocks = ["7000", "9000", "8000"]
opens = ["443"]

[targets.lab]
host = "192.0.2.8"
family = "ipv4"
knocks = ["7000", "9500", "8000"]
opens = ["60000-61000/udp", "icmp"]
`;

interface DoorValue {
  target: string;
  open: string[];
  forward: string[];
  stages: { knock: string; secret: boolean }[];
  closing: unknown[];
}

interface PlanValue {
  name: string;
  doors: DoorValue[];
  public: string[];
  prefix4: number;
  prefix6: number;
}

async function runRules(argv: readonly string[], options: WorldOptions = {}) {
  await using world = new World(options);
  await world.write(TARGETS);
  const ended = await world.run("rules", ...argv);
  return { ...ended, screen: world.terminal?.output ?? "" };
}

/** Returns the plan of rules for nftables. */
async function makePlan(argv: readonly string[], options: WorldOptions = {}): Promise<PlanValue> {
  const ended = await runRules([...argv, "--for", "nftables", "--json"], options);
  assertEquals(ended.code, 0, ended.stderr);
  return valueOf<{ plan: PlanValue }>(ended).plan;
}

table<[argv: string[], open: string[], forward: string[]]>("rules office: what opens", {
  "ranges, echo requests, everything": [
    ["--open", "60000-61000/UDP,icmp", "--open", "tcp:22,all"],
    ["60000-61000/udp", "icmp", "22/tcp", "all"],
    [],
  ],
  "each once": [["--open", "22,22/tcp", "--open", "22"], ["22/tcp"], []],
  "a forwarded port": [["--forward", "8080/tcp"], [], ["8080/tcp"]],
  "a host behind": [
    ["--forward", "192.168.1.7:22/tcp,[2001:db8::7]:443"],
    [],
    ["192.168.1.7:22/tcp", "[2001:db8::7]:443/tcp"],
  ],
  "both": [
    ["--open", "22", "--forward", "8080-8090", "--forward", "8080-8090/tcp,8000/udp"],
    ["22/tcp"],
    ["8080-8090/tcp", "8000/udp"],
  ],
  "by the name of the target": [["--open", "office=22"], ["22/tcp"], []],
}, async ([argv, open, forward]) => {
  const { doors } = await makePlan(["office", ...argv]);
  assertEquals(doors.map((door) => [door.open, door.forward]), [[open, forward]]);
});

Deno.test("rules: --forward adds to what a target says that it opens, --open takes its place", async () => {
  const own = ["60000-61000/udp", "icmp"];
  const read = async (...options: string[]) => {
    const { doors: [door] } = await makePlan(["lab", ...options]);
    return [door?.open, door?.forward];
  };
  assertEquals(await read(), [own, []]);
  assertEquals(await read("--forward", "8080"), [own, ["8080/tcp"]]);
  assertEquals(await read("--forward", "8080", "--open", "22"), [["22/tcp"], ["8080/tcp"]]);
});

const LINES = { stdin: "1\n2\n3\n4\n" };
const READ = ["--secrets-from", "-"];

Deno.test("rules: several targets are doors of one rule set, each with its own ports", async () => {
  const opens = ["--open", "home=22/tcp", "--open", "web=443/tcp", "--forward", "web=8080"];
  const plan = await makePlan(["home", "web", ...opens, ...READ], LINES);
  assertEquals(
    [plan.name, plan.doors.map(({ target, open, forward }) => [target, open, forward])],
    ["home", [["home", ["22/tcp"], []], ["web", ["443/tcp"], ["8080/tcp"]]]],
  );
  assertEquals(plan.doors.map(({ closing }) => closing.length), [2, 0]);
  const named = await makePlan(
    ["web", "home", "--open", "web=443", "--name", "edge", ...READ],
    LINES,
  );
  assertEquals([named.name, named.doors.map(({ target }) => target)], ["edge", ["web", "home"]]);
  const argv = ["--tag", "fw", "--open", "web=443", "--for", "nftables", ...READ];
  const tagged = await runRules(argv, LINES);
  assertEquals(tagged.code, 0, tagged.stderr);
  assertStringIncludes(tagged.stdout, '# spknock rules for targets "home", "web" (fw.example.com)');
  assertStringIncludes(tagged.stdout, "table inet spknock_home {");
  assertEquals(tagged.stderr.includes("different hosts"), false);
});

Deno.test("rules: the same target twice is one door", async () => {
  assertEquals((await makePlan(["office", "office", "--open", "22"])).doors.length, 1);
});

Deno.test("rules: targets with different hosts are noted, as one rule set is for one machine", async () => {
  const { code, stderr } = await runRules(["twin", "lab", "--for", "nftables"]);
  assertEquals(code, 0, stderr);
  assertStringIncludes(
    stderr,
    "note: the targets have different hosts (192.0.2.7, 192.0.2.8): one rule set is for one machine\n",
  );
});

Deno.test("rules: several targets take one line a secret knock, closing ones too, target after target", async () => {
  const argv = ["home", "web", "--open", "web=443", "--for", "nftables", ...READ];
  const print = async (stdin: string) =>
    (await runRules(argv, { stdin })).stdout.match(/fingerprint [0-9a-f]{8}/g);
  const first = await print("1\n2\n3\n4\n");
  assertEquals(first?.length, 4);
  for (
    const [place, stdin] of ["x\n2\n3\n4\n", "1\nx\n3\n4\n", "1\n2\nx\n4\n", "1\n2\n3\nx\n"]
      .entries()
  ) {
    const other = await print(stdin);
    assertEquals(
      other?.map((each, index) => each === first?.[index]),
      [0, 1, 2, 3].map((index) => index !== place),
    );
  }
  const few = await runRules(argv, { stdin: "1\n2\n3\n" });
  assertEquals(few.code, 4);
  assertStringIncludes(few.stderr, "3 lines, but 4 secret knocks need one each");
});

Deno.test("rules: typed passphrases say for which target they are", async () => {
  const keys = ["a", "b", "c", "d"].flatMap((text) => [`${text}\r`, `${text}\r`]);
  const argv = ["home", "web", "--open", "web=443", "--for", "nftables", "--plain"];
  const { code, stderr, screen } = await runRules(argv, { keys });
  assertEquals(code, 0, stderr);
  assertEquals(screen.match(/Passphrase for [^:]*/g), [
    "Passphrase for home (1234/udp)",
    "Passphrase for home (9876/udp)",
    "Passphrase for closing home (9500/udp)",
    "Passphrase for web (7001/udp)",
  ]);
});

const NOT_COVERED = /is of a family that the rules do not cover/;
const REFUSED: readonly [argv: string, message: RegExp][] = [
  ["home web --open 443", /--open with several targets needs the target: write home=22\/tcp/],
  ["home web --forward 8080", /--forward with several targets needs the target/],
  ["home web --open office=22", /--open names "office", which is none of the targets home, web/],
  ["office --open home=22", /--open names "home", which is none of the targets office/],
  ["home web --open web=", /--open: is not a port/],
  ["home web", /missing option --open: what should the knocks on "web" open/],
  ["office twin --open office=22", /the knocks of "office" open "twin" too: they are the same/],
  ["office --open 22 --public 22", /"22\/tcp" is in both --open and --public/],
  ["office --open 20-30 --public 22-25", /"20-30\/tcp" is in both --open and --public/],
  ["office --forward 8080 --public 8080", /"8080\/tcp" is in both/],
  ["office --open 22 --public all", /"all" cannot be public/],
  ["office --open 70-60/udp", /--open: .*write the lower one first/],
  ["office --open 22/icmp", /--open: /],
  [
    "office --forward 192.0.2.7:22",
    /192\.0\.2\.7:22\/tcp is "office" itself, not a host behind it/,
  ],
  ["office --forward 127.0.0.1:22", /--forward: is not a host behind this machine/],
  ["office --forward [fe80::1]:22", /--forward: is not a host behind this machine/],
  ["office --forward 0.0.0.0:22", /--forward: is not a host behind this machine/],
  ["office --forward icmp", /--forward: is not a forwarded port/],
  ["office --forward nas:22", /--forward: .* by its address/],
  ["office --forward nas.example.com:22", /--forward: .* by its address/],
  ["office --forward 2001:db8::7:22", /--forward: .*\[2001:db8::7\]:22\/tcp/],
  ["office --open 22 --ipv4 --prefix6 64", /--prefix6 has no effect: the rules cover IPv4 only/],
  ["office --open 22 --ipv6 --prefix4 24", /--prefix4 has no effect: the rules cover IPv6 only/],
  ["lab --prefix6 64", /--prefix6 has no effect: the rules cover IPv4 only/],
  ["office --open 22 --ban-prefix 56", /--ban-prefix has no effect without --ban/],
  ["office --open 22 --ban --ipv4 --ban-prefix 56", /--ban-prefix has no effect: the rules cover/],
  [
    "office --forward [2001:db8::7]:22 -4",
    /"\[2001:db8::7\]:22\/tcp" is of a family that the rules/,
  ],
  ["lab --forward [2001:db8::7]:22", NOT_COVERED],
  ["office --forward 192.0.2.1:22 -6", NOT_COVERED],
  ["office --open 22 --force", /--force has no effect without --output FILE/],
  ["office --open 22 --seed 7", /--seed has no effect without --prove/],
  ["office --open 22 --prefix4 8", /--prefix4: is not a prefix length: .* from 16 to 32/],
  ["office --open 22 --name a.b", /--name: cannot name a rule set/],
  ["office --open 22 --interface eth0.100@eth0", /--interface: .*leave out the part after "@"/],
  ["office --open 22 --trust ,", /--trust: has an empty item 1/],
  ["--tag nosuch --open 22", /no target has the tag "nosuch"/],
  ["home --tag fw", /choose one: names, or --all or --tag/],
];

table(
  "rules, refused before a passphrase is asked for",
  REFUSED.map((row) => [row[0], row] as const),
  async ([argv, message]) => {
    const ended = await runRules([...argv.split(" "), "--for", "nftables", "--json"]);
    assertEquals(ended.code, 2);
    assertMatch(errorOf(ended).message, message);
  },
);

table<string>("rules: an option without a value", {
  "--trust": "--trust needs a value",
  "--open": "--open needs a value",
  "--forward": "--forward needs a value",
  "--public": "--public needs a value",
  "--interface": "--interface needs a value",
}, async (message, option) => {
  const ended = await runRules(["office", "--for", "nftables", option, "", "--json"]);
  assertEquals([ended.code, errorOf(ended).message], [2, message]);
});

table<[argv: string, part: string]>("rules for knockd refuses by name", {
  "a forwarded port": ["--forward 8080", "the forwarded port 8080/tcp"],
  "a host behind": ["--forward 192.0.2.1:22", "a host behind this machine (192.0.2.1:22/tcp)"],
}, async ([argv, part]) => {
  const ended = await runRules(["office", ...argv.split(" "), "--for", "knockd", "--json"]);
  const error = errorOf(ended);
  assertEquals([ended.code, error.code], [2, "unsupported"]);
  assertStringIncludes(error.message, `knockd does not support ${part}`);
});
