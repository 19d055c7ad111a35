import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Chunk, FakeTerminal } from "../prompt/fake_terminal.ts";
import { World } from "./harness.ts";

const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";
const TARGETS = `[targets.home]
host = "192.0.2.1"
description = "the\\u001b house"
knocks = ["1234/udp"]
probes = ["tcp:22"]

[targets.office]
host = "192.0.2.9"
knocks = ["7000"]
`;

async function menu(text: string, keys: Chunk[], { open = [22] }: { open?: number[] } = {}) {
  const world = new World({ keys, open });
  if (text !== "") await world.write(text);
  const ended = await world.run("--plain");
  return { world, ...ended, screen: world.terminal?.output ?? "" };
}

Deno.test("the menu offers what can be done", async () => {
  const empty = await menu("", ["x\r"]);
  await using _ = empty.world;
  assertEquals(empty.code, 0);
  assertEquals(
    empty.screen,
    " spknock, no targets yet:\n [U] Set up a door on a server\n [A] Add a target\n [I] Import targets from a file\n [H] Generate a SHA-256 hash\n [X] Exit\n\n" +
      " Choice: x\n",
  );
  const full = await menu(TARGETS, ["x\r"]);
  await using __ = full.world;
  for (
    const text of [
      " spknock, 2 targets in ~/.config/spknock/targets.toml:\n",
      " [1] Knock on home (the\\u{1b} house)\n [2] Knock on office (192.0.2.9)\n",
      "[P] Probe",
      "[E] Edit",
      "[R] Remove",
      "[C] Close",
      "[D] Diagnose",
      "[S] Print ssh",
    ]
  ) assertStringIncludes(full.screen, text);
});

Deno.test("a knock from the menu ends it with the knock's exit code", async () => {
  for (const [open, code] of [[[22], 0], [[], 1]] as const) {
    const { world, ...ended } = await menu(TARGETS, ["1\r", "MikroTik\r"], { open: [...open] });
    await using _ = world;
    assertEquals(ended.code, code);
    assertEquals(world.net.sent[0]?.payload, HASH);
    assertStringIncludes(ended.screen, "Passphrase for home (1234/udp): ********\n");
  }
});

Deno.test("a target is added by answers; what cannot be is asked again", async () => {
  const { world, code, screen } = await menu("", [
    "a\r",
    "a b\rfw.example.com\r",
    "9\rden\r",
    "80x\r1234/udp, 22\r",
    "y\r",
    "22/sctp\rnone\r",
    "\r",
    "\r",
    "x\r",
  ]);
  await using _ = world;
  assertEquals(code, 0);
  for (const text of ['"a b" is not a host', '"9" cannot name', '"80x" is not a port', "[fw]"]) {
    assertStringIncludes(screen, text);
  }
  assertEquals((await world.run("list")).stdout, "den  fw.example.com  1234/udp 22/tcp\n");
});

Deno.test("a target is edited and removed by answers", async () => {
  const { world, code, stdout } = await menu(TARGETS, [
    "e\roffice\r192.0.2.10\r\r\r443\rthe office\r",
    "r\rhome\rn\r",
    "r\rhome\ry\r",
    "x\r",
  ]);
  await using _ = world;
  assertEquals(code, 0);
  assertStringIncludes(stdout, "changed office in ");
  assertStringIncludes(stdout, "removed home\n");
  assertEquals((await world.run("list")).stdout, "office  192.0.2.10  7000/tcp  the office\n");
});

Deno.test("probe, hash, and a mistake bring the menu back", async () => {
  const { world, code, stdout, stderr, screen } = await menu(TARGETS, [
    "p\rhome\r",
    "p\roffice\r",
    "h\rMikroTik\rmikrotik\rMikroTik\rMikroTik\r",
    "99\rx\r",
  ]);
  await using _ = world;
  assertEquals(code, 0);
  assertStringIncludes(stdout, "home (192.0.2.1)\n  probe  tcp 22 open");
  assertStringIncludes(stdout, `${HASH}\n`);
  assertStringIncludes(stderr, 'error: "office" has no probes\n');
  assertStringIncludes(screen, '"99" is not a choice');
  assertEquals(screen.includes("MikroTik"), false);
  assertEquals(screen.split("[X] Exit").length - 1, 4);
});

Deno.test("the old file is imported from the menu, which then can edit", async () => {
  const world = new World({ keys: ["i\r", "\r", "x\r"] });
  await using _ = world;
  await Deno.mkdir(`${world.home}/.secrets`);
  await Deno.writeTextFile(`${world.home}/.secrets/spknock-targets.conf`, "192.0.2.7:22\n");
  assertEquals((await world.run("--plain")).code, 0);
  const [before = "", after = ""] = (world.terminal?.output ?? "").split(" Choice: i\n");
  assertEquals([before.includes("[E] Edit"), after.includes("[E] Edit")], [false, true]);
});

Deno.test("close, diagnose and ssh configuration of a target, and then the menu again", async () => {
  const { world, code, stdout, stderr } = await menu(
    `${TARGETS}\n[targets.attic]\nhost = "192.0.2.3"\nknocks = ["7"]\nclose = { knocks = ["9"] }\n`,
    ["c\r", "d\roffice\r", "s\rhome\r", "x\r"],
  );
  await using _ = world;
  assertEquals(code, 0, stderr);
  // Only attic can be closed.
  assertEquals(world.net.sent.length > 0, true);
  assertStringIncludes(stdout, "attic");
  assertStringIncludes(stdout, "192.0.2.9");
  assertStringIncludes(stdout, "Host home\n    HostName 192.0.2.1\n");
});

Deno.test("close without a closing sequence brings the menu back", async () => {
  const { world, code, stderr } = await menu(TARGETS, ["c\r", "x\r"]);
  await using _ = world;
  assertEquals(code, 0);
  assertStringIncludes(stderr, "error: no target has a closing sequence\nhint: add one");
});

Deno.test("any file is imported from the menu, ~ is the home folder", async () => {
  const world = new World({ keys: ["i\r", "~/old.conf\r", "i\r", "~/no.conf\r", "x\r"] });
  await using _ = world;
  await Deno.writeTextFile(`${world.home}/old.conf`, "192.0.2.7:22\n");
  const { code, stdout, stderr } = await world.run("--plain");
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "saved 1 target in ");
  assertStringIncludes(stderr, "no.conf");
});

Deno.test("200 targets are searched, not listed", async () => {
  const targets = Array.from(
    { length: 200 },
    (_, index) => `[targets.host${index}]\nhost = "192.0.2.${index}"\nknocks = ["7"]\n`,
  );
  const { world, code, screen } = await menu(targets.join(""), [
    "host19\r",
    "nowhere\r",
    "p\r",
    "host7\r",
    "8\r",
    "x\r",
  ]);
  await using _ = world;
  assertEquals(code, 0);
  assertStringIncludes(screen, "[1-200] 200 targets: type part of a name to find one\n");
  assertStringIncludes(screen, "[20] Knock on host19 (192.0.2.19)\n");
  assertStringIncludes(screen, 'No target matches "nowhere"');
  assertEquals(screen.includes("Knock on host2 "), false);
});

Deno.test("a pasted second line does not answer the menu", async () => {
  const world = new World();
  await using _ = world;
  await world.write(TARGETS);
  const terminal = new FakeTerminal(["h\r", "MikroTik\r1\r", 30, "MikroTik\r", "x\r"]);
  const { code, stdout } = await world.runOn(terminal, "--plain");
  assertEquals(code, 0);
  assertStringIncludes(stdout, `${HASH}\n`);
  assertStringIncludes(terminal.output, " * only the first line of the pasted text was used\n");
  assertEquals(world.net.sent, []);
});

Deno.test("Ctrl-C and Escape in a question go back to the menu, in the menu they end", async () => {
  for (const key of ["\x03", "\x1b"]) {
    for (const keys of [["a\r", "fw\r"], ["r\r"], ["1\r", "half"], ["h\rx\r"], ["f\r1\r"]]) {
      const { world, code, screen } = await menu(TARGETS, [...keys, key, 150, "x\r"]);
      await using _ = world;
      assertEquals([code, screen.split("[X] Exit").length], [0, 3], `${keys}`);
      assertEquals([world.net.sent, await world.read()], [[], TARGETS]);
    }
    const { world, code } = await menu(TARGETS, [key, 150, "x\r"]);
    await using _ = world;
    assertEquals(code, 130);
  }
});

Deno.test("Ctrl-C, Ctrl-D and the end of the input are 130 wherever they come", async () => {
  const places = [
    [],
    ["a\r"],
    ["a\rfw\r"],
    ["a\rfw\rden\r7/udp\r"],
    ["e\rhome\r"],
    ["r\rhome\r"],
    ["h\r"],
    ["h\rx\r"],
    ["1\r"],
  ];
  for (const keys of places) {
    for (const end of ["\x03", "\x04", undefined]) {
      const { world, code, stderr } = await menu(TARGETS, [...keys, ...(end ? [end] : [])]);
      await using _ = world;
      assertEquals([code, stderr.includes("error")], [130, false], `${keys} ${end}`);
      assertEquals([world.terminal?.isRaw, world.net.sent], [false, []]);
      assertEquals(await world.read(), TARGETS);
    }
  }
});

Deno.test("remove asks on a terminal, and no is a cancellation", async () => {
  for (const [keys, code, left] of [["n\r", 130, 2], ["\r", 130, 2], ["y\r", 0, 1]] as const) {
    await using world = new World({ keys: [keys] });
    await world.write(TARGETS);
    assertEquals((await world.run("remove", "home", "--plain")).code, code);
    assertEquals((await world.read()).match(/^\[targets\./gm)?.length, left);
  }
});

Deno.test("the menu is not for scripts", async () => {
  await using world = new World({ keys: ["x\r"] });
  assertEquals((await world.run("--json")).code, 2);
  assertEquals(world.terminal?.output, "");
});

Deno.test("the menu sets up a door: Ctrl-C at a question goes back", async () => {
  const { world, code, screen } = await menu("", ["u\r", "\x03", "x\r"]);
  await using _ = world;
  assertEquals(code, 0, screen);
  assertStringIncludes(screen, "Where ssh logs in, such as root@fw.example.com");
});

Deno.test("the menu asks for the host of a file that names none", async () => {
  const world = new World({ keys: ["i\r", "~/knockd.conf\r", "a b\r", "fw.example.com\r", "x\r"] });
  await using _ = world;
  await Deno.writeTextFile(`${world.home}/knockd.conf`, "[ssh]\nsequence = 7000,8000\n");
  const { code, stderr } = await world.run("--plain");
  assertEquals(code, 0, stderr);
  assertStringIncludes(world.terminal?.output ?? "", " Host name or address:");
  assertStringIncludes(await world.read(), '[targets.ssh]\nhost = "fw.example.com"\n');
});
