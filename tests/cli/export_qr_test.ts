import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripStyles } from "../../src/output/width.ts";
import { assertMode } from "../systems.ts";
import { World } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["7000/udp", "8000/udp"]
secret = { env = "SPKNOCK_TEST" }
[targets.plain]
host = "192.0.2.7"
knocks = [7000, 8000]
`;

async function makeWorld(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World({
    isLive: true,
    keys: [],
    columns: 80,
    rows: 50,
    env: { SPKNOCK_TEST: "pässphrase", NO_COLOR: "" },
    ...options,
  });
  await world.write(TARGETS);
  return world;
}

const HOME = ["export", "home", "--as", "knockonports", "--qr", "--with-secrets"] as const;

Deno.test("export --qr: black on white, with a warning where it is a secret", async () => {
  await using world = await makeWorld();
  const { code, stdout, stderr } = await world.run(...HOME);
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assert(lines.every((line) => line.startsWith("\x1b[38;5;16;48;5;231m")));
  assert(lines.every((line) => stripStyles(line).length <= 80));
  const notes = stripStyles(stderr).replaceAll("\n  ", " ");
  assertStringIncludes(notes, "this has secrets in it");
  assertStringIncludes(notes, "the QR code stays on the screen: enter clear");
  const plain = await world.run("export", "plain", "--as", "knock", "--qr");
  assertEquals([plain.code, plain.stderr], [0, ""]);
});

Deno.test("export --qr: without colours it says where it is right", async () => {
  await using world = await makeWorld({ env: { NO_COLOR: "1" } });
  const { code, stdout, stderr } = await world.run("export", "plain", "--as", "knock", "--qr");
  assertEquals([code, /^[ ▀▄█\n]+$/.test(stdout)], [0, true]);
  assertStringIncludes(stderr, "without colours it is right on a dark background");
});

Deno.test("export --qr: half a code is never drawn", async () => {
  for (const size of [{ columns: 60, rows: 50 }, { columns: 80, rows: 24 }]) {
    await using world = await makeWorld(size);
    const { code, stdout, stderr } = await world.run(...HOME);
    assertEquals([code, stdout], [2, ""]);
    const has = `and the terminal has ${size.columns} and ${size.rows}`;
    assertStringIncludes(stderr.replaceAll("\n  ", " "), has);
    assertStringIncludes(stderr, "--output");
  }
});

Deno.test("export --qr: elsewhere than on a terminal it needs a file, which is private", async () => {
  await using world = await makeWorld({ isLive: false });
  for (const argv of [HOME, [...HOME, "--json"]]) {
    const { code, stderr } = await world.run(...argv);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--qr draws on a terminal");
  }
  const file = `${world.home}/home.svg`;
  assertEquals((await world.run(...HOME, "--output", file)).code, 0);
  assertStringIncludes(await Deno.readTextFile(file), "<svg ");
  await assertMode(file, 0o600);
});
