/** The questions of `rules`: their order, what each back end is asked, and what comes of the answers. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["1234/udp", "9876/udp", "5555/udp"]
probes = ["tcp:22"]
[targets.home.close]
knocks = ["9500/udp", "7000/tcp"]

[targets.nas]
host = "FW.example.com"
knocks = ["7100", "9100", "8100"]
opens = ["22/tcp"]
open_for = "1m"
connect = { host = "192.168.1.7", port = 2022 }

[targets.twin]
host = "fw.example.com"
knocks = ["7100", "9100", "8100"]
opens = ["443/tcp"]

[targets.office]
host = "192.0.2.7"
knocks = ["7000", "9000", "8000"]

[targets.attic]
host = "192.0.2.9"
knocks = ["7000", "9000", "8000"]
opens = ["5000-5010/udp"]
family = "ipv4"
open_for = "90500ms"
connect = { host = "nas.example.com" }

[targets.stairs]
host = "192.0.2.8"
knocks = ["1", "2", "3"]
`;

/** The words of each question, in the order of the questions. */
const QUESTIONS = {
  firewall: "Which firewall",
  neighbours: "Same host: ",
  services: "opens on the machine itself",
  published: "Does the machine forward or redirect",
  which: "Which ports, as the client sees them",
  behind: "Hosts behind it that",
  trusted: "never locked out",
  public: "stay public",
  interfaces: "Interfaces of the packets",
  families: "Address families",
  guard: "Guard: ",
  ban: "Ban: ",
  openFor: "Open for",
  stage: "Longest time between two knocks",
  file: "Save to which file",
} as const;

type Question = keyof typeof QUESTIONS;

/** Returns the questions on a screen of plain prompts, each time that one is asked. */
function listAsked(screen: string): Question[] {
  const places = Object.entries(QUESTIONS).flatMap(([name, words]) =>
    Array.from(screen.matchAll(new RegExp(` ${words}|\\w ${words}`, "g")), ({ index }) => ({
      name: name as Question,
      index,
    }))
  );
  return places.sort((a, b) => a.index - b.index).map(({ name }) => name);
}

/** Runs the wizard for a target, with the answers in order. */
async function runWizard(answers: readonly string[], {
  targets = ["office"],
  argv = [],
  ...options
}: WorldOptions & { targets?: readonly string[]; argv?: readonly string[] } = {}) {
  const keys = answers.map((answer) => `${answer}\r`);
  const world = new World({ keys, ...options });
  await world.write(TARGETS);
  await Deno.writeTextFile(`${world.home}/old.nft`, "old");
  await Deno.mkdir(`${world.home}/folder`);
  const ended = await world.run("rules", ...targets, "--plain", ...argv);
  const screen = world.terminal?.output ?? "";
  return {
    ...ended,
    screen,
    asked: listAsked(screen),
    home: world.home,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Answers of office for nftables up to the file: Enter each. */
const OFFICE = ["1", ...Array.from({ length: 11 }, () => "")];
const ALL: Question[] = [
  ...["firewall", "services", "published", "behind", "trusted", "public"] as const,
  ...["interfaces", "families", "guard", "ban", "openFor", "stage", "file"] as const,
];

Deno.test("the wizard asks in the order in which people think, and only what the back end can use", async () => {
  await using all = await runWizard([...OFFICE, "-"]);
  assertEquals(all.code, 0, all.stderr);
  assertEquals(all.asked, ALL);
  await using knockd = await runWizard(["5", ...Array.from({ length: 5 }, () => ""), "-"]);
  assertEquals(knockd.code, 0, knockd.stderr);
  assertEquals(knockd.asked, [
    ...["firewall", "services", "interfaces", "families", "openFor", "stage", "file"] as const,
  ]);
  assertEquals(knockd.screen.includes("IPv6 only"), false);
});

Deno.test("the wizard: secret knocks have no guard and no ban", async () => {
  const answers = ["1", "n", ...Array.from({ length: 9 }, () => "")];
  await using run = await runWizard(answers, { targets: ["home"] });
  assertEquals(run.asked, [
    ...["firewall", "neighbours", "services", "published", "behind", "trusted", "public"] as const,
    ...["interfaces", "families", "openFor", "stage"] as const,
  ]);
});
Deno.test("the wizard asks for the target first, and draws the plan before it writes", async () => {
  await using run = await runWizard(["4", ...OFFICE, "~/office.nft"], { targets: [] });
  assertEquals(run.code, 0, run.stderr);
  const lines = run.stderr.split("\n").map((line) => line.trimEnd());
  const picture = lines.slice(lines.indexOf("  Closed to everyone who did not knock"));
  assertEquals(picture.slice(0, 14), [
    "  Closed to everyone who did not knock",
    "    here       22/tcp",
    "",
    "  Door of office",
    "    knocks     7000/tcp, 9000/tcp, 8000/tcp, each within 5s",
    "    opens      22/tcp",
    "    for        the address that knocked",
    "    closes     5m after the last knock",
    "    guard      a packet to any other port resets the knocks",
    "",
    "  Stays open",
    "    to all     every port that is not named here, as your other rules have it",
    "    trusted    no network",
    "    connected  connections that are made stay, also when the door closes",
  ]);
  assertStringIncludes(await Deno.readTextFile(`${run.home}/office.nft`), "7000");
});

Deno.test("the wizard: a published port, ranges, a host behind, and who stays in", async () => {
  await using run = await runWizard([
    ...[
      "1",
      "22,8080,60000-61000/udp,icmp",
      "y",
      "",
      "8080,icmp",
      "8080,9090",
      "192.168.1.7:80,nas:80",
      "192.168.1.7:80,8443",
      "192.168.1.7:80",
    ],
    ...["192.168.0.0/24", "22", "443", "eth0,a b", "eth0,ppp0", "1", "n", "y", "90s", "2s", "-"],
  ]);
  assertEquals(run.code, 0, run.stderr);
  for (
    const said of [
      '"8080,icmp" is not only ports: use 8080/tcp, 60000-61000/udp',
      "is not a forwarded port: use 8080/tcp",
      "has a port without its host: use 192.168.1.7:22/tcp or [2001:db8::7]:22/tcp",
      '"22/tcp" is in both --open and --public',
      '"a b" is not the name of an interface',
      "such as eth0,ppp0 (all: every one)",
    ]
  ) assertStringIncludes(run.screen.replace(/\s+/g, " "), said);
  assertStringIncludes(
    run.stdout,
    "#   opens:   22/tcp, 60000-61000/udp, icmp, forwarded 8080/tcp, forwarded 9090/tcp, " +
      "forwarded 192.168.1.7:80/tcp for 90s; a stage waits 2s\n",
  );
  for (
    const line of [
      "    here       22/tcp, 60000-61000/udp, icmp (ping)",
      "    forwarded  8080/tcp",
      "    behind     192.168.1.7:80/tcp",
      "    opens      22/tcp, 60000-61000/udp, icmp, 8080/tcp (forwarded),",
      "    to all     443/tcp; every port that is not named here, as your other rules have it",
      "    trusted    192.168.0.0/24: everything",
      "    elsewhere  packets that do not arrive on eth0, ppp0",
      "    banned     a source (over IPv6 its /64) for 10m after more than 5 wrong packets",
    ]
  ) {
    assertMatch(
      run.stderr.replace(/ \n/g, "\n"),
      new RegExp(`^${line.slice(0, 70).replaceAll(/[()[\]/.]/g, "\\$&")}`, "m"),
    );
  }
});

Deno.test("the wizard: the targets of a host are offered together; one with the same knocks is not", async () => {
  const rest = Array.from({ length: 6 }, () => "");
  const secrets = ["a", "a", "b", "b", "c", "c", "d", "d"];
  const answers = ["1", "", "22", "n", "", "", "n", "", "192.168.0.0/16", ...rest.slice(0, 3)];
  await using run = await runWizard([...answers, ...secrets, "-"], { targets: ["home"] });
  assertEquals(run.code, 0, run.stderr);
  assertStringIncludes(run.screen, "Same host: nas. One rule set for all of them?");
  assertStringIncludes(run.screen, "Passphrase for closing home (9500/udp)");
  assertStringIncludes(run.stdout, '# spknock rules for targets "home", "nas" (fw.example.com)');
  assertStringIncludes(run.stdout, "#   opens:   forwarded 192.168.1.7:2022/tcp");
  // Their open times differ: each keeps its own.
  assertEquals(run.asked.includes("openFor"), false);
  assertMatch(
    run.stderr,
    /Door of home\n(?:.+\n)+ {4}closes {5}5m after the last knock, or by the knocks/,
  );
  assertMatch(run.stderr, /Door of nas\n(?:.+\n)+ {4}closes {5}1m after the last knock\n/);
});

Deno.test("the wizard: several targets are asked about one after the other", async () => {
  const answers = ["1", "", "", "", "443", "", "", "", "", "", "", "", "", "-"];
  await using run = await runWizard(answers, { targets: ["nas", "office"] });
  assertEquals(run.code, 0, run.stderr);
  assertEquals(run.asked.includes("neighbours"), false);
  assertEquals(run.asked.filter((name) => name === "services").length, 2);
  assertStringIncludes(run.stderr, "note: the targets have different hosts");
});

Deno.test("the wizard refuses knocks that no answer can mend before it asks", async () => {
  await using run = await runWizard(["1"], { targets: ["stairs"] });
  assertEquals(run.code, 2);
  assertStringIncludes(run.stderr, "one ascending port scan sends the knocks 1, 2, 3");
  assertEquals(run.asked, ["firewall"]);
});

Deno.test("the wizard offers no default that the back end refuses, and says why an answer is", async () => {
  const answers = ["5", "", "", "", "", "90500ms", "90s", "", "-"];
  await using run = await runWizard(answers, { targets: ["attic"] });
  assertEquals(run.code, 0, run.stderr);
  assertStringIncludes(run.screen, " Open for: ");
  assertStringIncludes(run.screen, "knockd does not support the open time 90500ms");
});

Deno.test("the wizard names a host behind that has no address, and the family of the target", async () => {
  await using run = await runWizard([
    "1",
    "",
    "n",
    "[2001:db8::7]:22",
    "192.168.1.7:22",
    ...OFFICE.slice(4),
    "-",
  ], {
    targets: ["attic"],
  });
  assertEquals(run.code, 0, run.stderr);
  assertStringIncludes(
    run.screen.replace(/\s+/g, " "),
    "opens (nas.example.com, by its address), such as",
  );
  assertStringIncludes(run.stdout, "#   covers:  IPv4\n");
});

Deno.test("the wizard: a port that Docker publishes can be all that a door opens", async () => {
  await using run = await runWizard(["1", "icmp", "y", "8080", ...OFFICE.slice(3), "-"]);
  assertEquals(run.code, 0, run.stderr);
  assertStringIncludes(run.stdout, "#   opens:   icmp, forwarded 8080/tcp for ");
  await using none = await runWizard(["1", "none", "y", "8080", ...OFFICE.slice(3), "-"]);
  assertEquals(none.code, 0, none.stderr);
  assertStringIncludes(none.stdout, "#   opens:   forwarded 8080/tcp for ");
});

Deno.test("a path that cannot be written is asked for again, and ~ is the home folder", async () => {
  const answers = ["~/nowhere/office.nft", "~/folder", "~", "~/office.nft"];
  await using run = await runWizard([...OFFICE, ...answers]);
  assertEquals(run.code, 0, run.stderr);
  assertStringIncludes(run.stderr, "nowhere/office.nft: cannot be written: ");
  assertStringIncludes(run.stderr, 'folder" is not a regular file');
  assertStringIncludes(await Deno.readTextFile(`${run.home}/office.nft`), "7000");
});

Deno.test("no to Overwrite asks for another name, yes overwrites", async () => {
  await using run = await runWizard([...OFFICE, "~/old.nft", "n", "~/new.nft"]);
  assertEquals(run.code, 0, run.stderr);
  assertEquals(await Deno.readTextFile(`${run.home}/old.nft`), "old");
  assertStringIncludes(await Deno.readTextFile(`${run.home}/new.nft`), "7000");
  await using other = await runWizard([...OFFICE, "~/old.nft", "y"]);
  assertEquals(other.code, 0, other.stderr);
  assertStringIncludes(await Deno.readTextFile(`${other.home}/old.nft`), "7000");
});

Deno.test("an --output that exists is refused before the first question", async () => {
  for (const argv of [[], ["--for", "nftables"]]) {
    await using run = await runWizard([], {
      targets: ["attic"],
      argv: [...argv, "--output", "/etc/passwd"],
    });
    assertEquals(run.code, 2);
    assertStringIncludes(run.stderr, 'error: "/etc/passwd" already exists\nhint: use --force');
    assertEquals(run.screen, "");
  }
});

table<readonly [typed: string[], said: string[], openFor: string]>("the wizard: Open for", {
  "a bare number that is absurd": [["10", "10m"], ["10 ms? a bare number is milliseconds"], "10m"],
  "a duration that is absurd": [["10ms", "10m"], ["10 ms? use 1s or more"], "10m"],
  "a bare number": [["90000", "y"], ["90000 ms, which is 2 min?"], "90s"],
  "a bare number that was not meant": [["5000", "n", "5h"], ["5000 ms, which is 5.0 s?"], "5h"],
}, async ([typed, said, openFor]) => {
  await using run = await runWizard([...OFFICE.slice(0, -2), ...typed, "", "-"]);
  assertEquals(run.code, 0, run.stderr);
  for (const text of said) assertStringIncludes(run.screen, text);
  assertStringIncludes(run.stdout, `#   opens:   22/tcp for ${openFor}; a stage waits 5s\n`);
});

table<string>("the wizard: what it asks for itself is no option without --for", {
  "--open": "22",
  "--forward": "22",
  "--trust": "192.0.2.1",
  "--name": "x",
  "--variant": "recent",
}, async (value, option) => {
  await using run = await runWizard([], { argv: [option, value] });
  assertEquals(run.code, 2);
  assertStringIncludes(run.stderr, `error: ${option} has no effect without --for\n`);
  assertEquals(run.screen, "");
});
