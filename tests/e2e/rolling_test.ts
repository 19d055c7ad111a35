/** One-time codes by the real program: a socket of the test receives the code of now. */
import { assertEquals, assertMatch } from "@std/assert";
import { makeCode, makeKey } from "../../src/core/rolling.ts";
import { textOf } from "../fakes.ts";
import { testWith } from "../systems.ts";
import { table } from "../table.ts";
import { errorOf, Home } from "./program.ts";
import { Receivers } from "./receivers.ts";

const KEY = makeKey();
const OTHER = makeKey();

/** Every code of a key that can have been sent from a moment until now, by slot. */
async function listCodes(key: string, since: number): Promise<string[]> {
  const windows = new Set([since, Date.now()].map((at) => Math.floor(at / 600_000)));
  const codes = [...windows].flatMap((window) =>
    [0, 1, 2, 3].map((slot) => makeCode(key, window, slot))
  );
  return await Promise.all(codes);
}

async function writeKey(
  home: Home,
  text: string,
  name = "home.key",
  mode = 0o600,
): Promise<string> {
  const path = home.config.replace("targets.toml", name);
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, mode);
  return path;
}

async function writeTarget(
  home: Home,
  port: number,
  { rolling = "{}", more = "" }: { rolling?: string; more?: string } = {},
): Promise<void> {
  await home.write(`[targets.home]
host = "127.0.0.1"
knocks = ["${port}/udp"]
secret = { file = "home.key" }
rolling = ${rolling}
${more}`);
}

const makeTexts = (there: Receivers) => there.arrivals.map(({ payload }) => textOf(payload));

Deno.test("knock sends the code of now, each run one of the slots", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await writeTarget(home, there.udp());
  await writeKey(home, `${KEY}\n`);
  const since = Date.now();
  const ended = await home.run(["knock", "home"]);
  assertEquals([ended.code, ended.stderr], [0, ""]);
  await there.wait(1);
  const [code = "", ...more] = makeTexts(there);
  assertEquals(more, []);
  assertMatch(code, /^[0-9a-f]{32}$/);
  assertEquals((await listCodes(KEY, since)).includes(code), true);
});

Deno.test("knock: the next try takes the next slot; a former key sends its code too", async () => {
  await using home = new Home();
  await using there = new Receivers();
  // Nothing listens there: each try fails at once.
  await writeTarget(home, there.udp(), {
    rolling: '{ former_key = "old.key" }',
    more: 'tries = 2\ncopies = 1\nprobes = ["tcp:1"]\n',
  });
  await writeKey(home, KEY);
  await writeKey(home, OTHER, "old.key");
  const since = Date.now();
  assertEquals((await home.run(["knock", "home"])).code, 1);
  await there.wait(4);
  const [codes, former] = [await listCodes(KEY, since), await listCodes(OTHER, since)];
  const slots = makeTexts(there).map((text) => [codes.indexOf(text) % 4, former.indexOf(text) % 4]);
  const [first = -1] = slots[0] ?? [];
  const next = (first + 1) % 4;
  assertEquals(slots, [[first, -1], [-1, first], [next, -1], [-1, next]]);
});

testWith("sh", "connect sends a code where the door is closed, keep at each renewal", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await writeTarget(home, there.udp(), { more: 'open_for = "500ms"\n' });
  await writeKey(home, KEY);
  const since = Date.now();
  const connected = await home.run(["connect", "home", "1", "--tries", "1", "--timeout", "200ms"]);
  assertEquals(connected.code, 1);
  await there.wait(1);
  await home.run(["keep", "home", "--", "sleep", "1"]);
  await there.wait(3);
  const codes = await listCodes(KEY, since);
  assertEquals(makeTexts(there).length >= 3, true);
  assertEquals(makeTexts(there).every((text) => codes.includes(text)), true);
});

Deno.test("--secrets-from: the key in a file and on standard input", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await writeTarget(home, there.udp());
  const file = await writeKey(home, `${KEY}\n`, "lines");
  const since = Date.now();
  assertEquals((await home.run(["knock", "home", "--secrets-from", file])).code, 0);
  assertEquals(
    (await home.run(["knock", "home", "--secrets-from", "-"], { stdin: `${KEY}\n` })).code,
    0,
  );
  await there.wait(2);
  const codes = await listCodes(KEY, since);
  assertEquals(makeTexts(there).map((text) => codes.includes(text)), [true, true]);
});

table<[key: string | undefined, mode: number, message: RegExp]>(
  "a key file that cannot be used: exit code 4, nothing is sent",
  {
    "not base64": ["hunter2 hunter2\n", 0o600, /not the key of one-time codes/],
    "a hash": ["0".repeat(64), 0o600, /not the key of one-time codes/],
    "of others": [KEY, 0o644, /0644|other users can read/],
    "missing": [undefined, 0, /no such file|does not exist|cannot be read/i],
  },
  async ([key, mode, message]) => {
    await using home = new Home();
    await using there = new Receivers();
    await writeTarget(home, there.udp());
    if (key !== undefined) await writeKey(home, key, "home.key", mode);
    const ended = await home.run(["knock", "home", "--json"]);
    assertEquals([ended.code, errorOf(ended).code], [4, "secret"]);
    assertMatch(errorOf(ended).message, message);
    assertEquals(ended.stderr.includes("hunter2"), false);
    const other = await home.run(["doctor", "home", "--no-knock"]);
    assertEquals(other.code, 4);
    assertEquals(there.arrivals.length, 0);
  },
);

Deno.test("horizon over: exit code 2, nothing is sent, and no key is needed", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await writeTarget(home, there.udp(), { rolling: "{ until = 2026-01-01 }" });
  const ended = await home.run(["knock", "home"]);
  assertEquals(ended.code, 2);
  assertMatch(
    ended.stderr,
    /^error: "home": the firewall's codes ended on 2026-01-01 \(\d+ days ago\)/,
  );
  assertEquals(there.arrivals.length, 0);
});
