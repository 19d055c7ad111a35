/** Options that can have no effect are refused before anything is written or sent, with the reason. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const TARGETS = `[defaults]
handshake = "100ms"
secret = { env = "FW" }

[targets.tcp]
host = "192.0.2.1"
knocks = ["1", "2"]

[targets.udp]
host = "192.0.2.2"
knocks = ["1/udp", "2/udp"]
tags = ["u"]
probes = ["22/tcp"]

[targets.own]
host = "192.0.2.3"
knocks = [{ port = 1, delay = "1s", handshake = "9ms" }]

[targets.closing]
host = "192.0.2.4"
knocks = ["1/udp"]
secret = "none"
[targets.closing.close]
knocks = ["2"]
`;

const SECRET = "--secret has no effect: only udp knocks carry a secret, and there is none\n" +
  "hint: leave it out, or write a knock as 7000/udp";
const HANDSHAKE =
  "--handshake has no effect: there is no tcp knock without a handshake of its own\n" +
  "hint: leave it out, or write a knock as 7000/tcp";
const DELAY = "--delay has no effect: each knock has a delay of its own\n" +
  "hint: leave it out, or change the knocks in the file of targets";
const UDP = "--udp has no effect: each port names its protocol, and none is udp\n" +
  "hint: leave it out, or write a port without a protocol: -u 7000";
const NO_PROBE = "hint: leave it out, or name what opens, such as --probe 22/tcp";
const TRIES = `--tries has no effect: without a probe there is one try\n${NO_PROBE}`;
const NO_SECRET = "has no effect: no knock carries a secret\n" +
  "hint: leave it out, or write a knock as 7000/udp";

table(
  "an option that cannot act is refused, and nothing is written or sent",
  [
    ["add", "f", "h", "1/tcp", "--secret", "env:X", SECRET],
    ["add", "f", "h", "1/tcp", "--secret", "none", SECRET],
    ["add", "f", "h", "1/udp", "--handshake", "250ms", HANDSHAKE],
    ["add", "f", "h", "1/tcp", "-u", UDP],
    [
      "add",
      "--tag",
      "x",
      "--tries",
      "2",
      "--tag has no effect without NAME HOST PORT[/PROTO]...\nhint: usage: spknock add NAME HOST",
    ],
    ["edit", "tcp", "--secret", "env:X", SECRET],
    ["edit", "udp", "--knock", "7,8", "--secret", "prompt", SECRET],
    ["edit", "udp", "--handshake", "250ms", HANDSHAKE],
    ["edit", "own", "--handshake", "250ms", HANDSHAKE],
    ["edit", "--tag", "u", "--handshake", "250ms", HANDSHAKE],
    ["edit", "own", "--delay", "1s", DELAY],
    ["edit", "udp", "--knock", "7/tcp", "-u", UDP],
    ["edit", "udp", "--tries", "2", "-u", "--udp has no effect without --knock"],
    ["knock", "192.0.2.1", "7/udp", "--handshake", "250ms", HANDSHAKE],
    ["knock", "192.0.2.1", "7/tcp", "-u", UDP],
    ["knock", "192.0.2.1", "7", "--tries", "3", TRIES],
    ["knock", "udp", "--no-probe", "--tries", "3", TRIES],
    ["knock", "192.0.2.1", "7", "--secrets-from", "-", `--secrets-from ${NO_SECRET}`],
    ["knock", "udp", "--handshake", "9ms", HANDSHAKE],
    ["knock", "own", "--delay", "1s", DELAY],
    [
      "knock",
      "udp",
      "-u",
      "--udp has no effect on saved targets: their knocks name their protocols",
    ],
    ["knock", "udp", "--probe", "22", "--no-probe", "choose one: --probe or --no-probe"],
  ].map((row) => [row.slice(0, -1).join(" "), row]) as [string, string[]][],
  async (row) => {
    await using world = new World({ stdin: "a\nb\n" });
    await world.write(TARGETS);
    const { code, stdout, stderr } = await world.run(...row.slice(0, -1));
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `error: ${row.at(-1)}`);
    assertEquals([await world.read(), world.net.sent, world.lookedUp], [TARGETS, [], []]);
  },
);

table("an option that acts on one of the knocks or targets, and [defaults], are not refused", {
  "add, one of two": ["add", "f", "h", "1/tcp", "2/udp", "--secret", "env:X", "--handshake", "9ms"],
  "add, what [defaults] says": ["add", "f", "h", "1/udp", "--tries", "9"],
  "edit, one of many": ["edit", "--all", "--secret", "none", "--handshake", "9ms"],
  "edit, of the closing sequence": ["edit", "closing", "--handshake", "9ms"],
  "edit, knocks that are new": ["edit", "tcp", "--knock", "7/udp", "--secret", "none"],
  "edit, a list": ["edit", "tcp", "--knock", "7,8/tcp", "-u"],
  "knock, one try": ["knock", "192.0.2.1", "7", "--tries", "1"],
  "knock, one knock at a pace": ["knock", "192.0.2.1", "7", "-d", "200"],
  "knock, redundant": ["knock", "192.0.2.1", "7/udp", "-u"],
  "knock, one of two targets": [
    ...["knock", "tcp", "udp", "--handshake", "9ms", "--tries", "2"],
    ...["--secrets-from", "-", "-n"],
  ],
}, async (argv) => {
  await using world = new World({ stdin: "a\nb\n" });
  await world.write(TARGETS);
  const { code, stderr } = await world.run(...argv);
  assertEquals([code, stderr], [0, ""]);
});

table("what is saved is shown, as a list of ports can be read in two ways", [
  ["add", [["add", "f", "h", "7000,8000/udp"], "saved f in FILE: 7000/tcp 8000/udp\n"]],
  ["add -u", [["add", "f", "h", "-u", "7000,8000"], "saved f in FILE: 7000/udp 8000/udp\n"]],
  ["edit", [["edit", "tcp", "--knock", "9,8/udp"], "changed tcp in FILE: 9/tcp 8/udp\n"]],
  ["edit -u", [["edit", "tcp", "-u", "--knock", "9,8"], "changed tcp in FILE: 9/udp 8/udp\n"]],
  ["edit, no knocks", [["edit", "tcp", "-d", "1"], "changed tcp in FILE\n"]],
] as [string, [string[], string]][], async ([argv, text]) => {
  await using world = new World();
  await world.write(TARGETS);
  const { code, stdout } = await world.run(...argv);
  assertEquals([code, stdout.replace(world.config, "FILE")], [0, text]);
});

Deno.test("the help of add, edit and knock says how a list of ports is read", async () => {
  await using world = new World();
  for (const name of ["add", "edit", "knock"]) {
    const text = (await world.run(name, "--help")).stdout.replace(/\s+/g, " ");
    assertStringIncludes(text, "7000,8000/udp is 7000/tcp and 8000/udp", name);
  }
});

Deno.test("rename to its own name changes nothing, and says so", async () => {
  await using world = new World();
  await world.write(TARGETS);
  const { code, stdout } = await world.run("rename", "tcp", "tcp");
  assertEquals([code, stdout], [0, `nothing to change: tcp in ${world.config}\n`]);
});
