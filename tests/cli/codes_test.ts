/** `codes`: which ones, when they are valid, what sends them, and what is doubtful. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeCode } from "../../src/core/rolling.ts";
import { measureWidth } from "../../src/output/width.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

/** The bytes 0 to 31. */
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const FORMER = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

interface Settings {
  knocks?: string;
  rolling?: string;
  more?: string;
}

async function makeWorld({ knocks = '"62201/udp"', rolling = "", more = "" }: Settings = {}) {
  const world = new World();
  await world.write(
    `[targets.home]\nhost = "fw.example.com"\nknocks = [${knocks}]\n` +
      `secret = { file = "home.key" }\nrolling = { window = "10m", slots = 4${rolling} }\n${more}` +
      '[targets.plain]\nhost = "::1"\nknocks = ["7/tcp"]\n',
  );
  const folder = world.config.replace(/[^/]*$/, "");
  await Deno.writeTextFile(`${folder}home.key`, `${KEY}\n`, { mode: 0o600 });
  await Deno.writeTextFile(`${folder}former.key`, `${FORMER}\n`, { mode: 0o600 });
  return world;
}

interface Value {
  slot: number;
  codes: Record<"code" | "from" | "until" | "taken_from" | "taken_until" | "command", string>[];
}

/** The first codes of 2026-11-27T00:00:00Z. */
const WINDOW = Date.UTC(2026, 10, 27) / 600_000;

Deno.test("codes: the last slot of five windows, and a line that sends one", async () => {
  await using world = await makeWorld();
  const { code, stdout, stderr } = await world.run("codes", "home", "--from", "2026-11-27");
  assertEquals([code, stderr], [0, ""]);
  const expected = await Promise.all([0, 1, 2, 3, 4].map((n) => makeCode(KEY, WINDOW + n, 3)));
  assertEquals(stdout.match(/^[0-9a-f]{32}(?= {2})/gm), expected);
  assertMatch(
    stdout,
    /^One-time codes of home \(fw\.example\.com\), slot 3\. Times: \S+ \(UTC[+-]\d\d:\d\d\), /,
  );
  assertStringIncludes(
    stdout,
    `\nTo send one, here the first:\nprintf %s ${expected[0]} | nc -u -w1 fw.example.com 62201\n`,
  );
  assertEquals(stdout.split("\n").filter((line) => measureWidth(line) > 80), []);
});

Deno.test("codes --json: all fields, and no key", async () => {
  await using world = await makeWorld();
  const ended = await world.run("codes", "home", "--window", `${WINDOW}`, "--count", "1", "--json");
  const code = await makeCode(KEY, WINDOW, 3);
  assertEquals(ended.stdout.includes(KEY), false);
  const { time_zone, ...value } = valueOf<Record<string, unknown>>(ended);
  assertEquals(typeof time_zone, "string");
  assertEquals(value, {
    target: "home",
    host: "fw.example.com",
    port: 62_201,
    slot: 3,
    window_ms: 600_000,
    skew_ms: 60_000,
    until: null,
    codes: [{
      code,
      window: WINDOW,
      from: "2026-11-27T00:00:00Z",
      until: "2026-11-27T00:10:00Z",
      taken_from: "2026-11-26T23:59:00Z",
      taken_until: "2026-11-27T00:11:00Z",
      command: `printf %s ${code} | nc -u -w1 fw.example.com 62201`,
    }],
  });
});

Deno.test("codes: of another slot, and of now", async () => {
  await using world = await makeWorld();
  const before = Math.floor(Date.now() / 600_000);
  const { slot, codes } = valueOf<Value>(await world.run("codes", "home", "--slot", "0", "--json"));
  const after = Math.floor(Date.now() / 600_000);
  const known = await Promise.all([before, after].map((window) => makeCode(KEY, window, 0)));
  assertEquals([slot, codes.length, known.includes(codes[0]?.code ?? "")], [0, 5, true]);
});

table<[settings: Settings, before: string]>("codes: what is sent before the code", {
  "tcp": [{ knocks: '"7000/tcp", "62201/udp"' }, "nc -z -w1 fw.example.com 7000; "],
  "udp without a payload": [
    { knocks: '{ port = 7, protocol = "udp", secret = "none" }, "62201/udp"' },
    "printf x | nc -u -w1 fw.example.com 7; ",
  ],
  "fixed bytes": [
    {
      knocks: `{ port = 7, protocol = "udp", payload = { text = "a '%" } }, "62201/udp"`,
    },
    "printf 'a\\040\\047\\045' | nc -u -w1 fw.example.com 7; ",
  ],
  "an echo request": [
    { knocks: '{ protocol = "icmp", size = 64 }, "62201/udp"' },
    "ping -c1 -W1 -s 64 fw.example.com > /dev/null; ",
  ],
}, async ([settings, before]) => {
  await using world = await makeWorld(settings);
  const { codes } = valueOf<Value>(await world.run("codes", "home", "--count", "1", "--json"));
  const [one] = codes;
  assertEquals(
    one?.command,
    `${before}printf %s ${one?.code} | nc -u -w1 fw.example.com 62201`,
  );
});

Deno.test("codes: one family, where the target has one", async () => {
  await using world = await makeWorld({ more: 'family = "ipv6"\n', knocks: '"7/tcp", "9/udp"' });
  const { codes } = valueOf<Value>(await world.run("codes", "home", "--count", "1", "--json"));
  assertMatch(codes[0]?.command ?? "", /^nc -6 -z -w1 \S+ 7; .* \| nc -6 -u -w1 \S+ 9$/);
});

table<[settings: Settings, argv: readonly string[], code: string, message: string, hint: string]>(
  "codes is refused",
  {
    "no codes": [
      {},
      ["plain"],
      "usage",
      '"plain" has no one-time codes',
      "give it a key: spknock rolling new plain",
    ],
    "unknown target": [{}, ["hom"], "unknown_target", 'unknown target "hom"', "did you mean home?"],
    "past the horizon": [
      { rolling: ", until = 2020-01-01T00:00:00Z" },
      ["home"],
      "horizon_over",
      'the firewall has codes of "home" until 2020-01-01T00:00:00Z only',
      "write and load new rules: spknock rules home --for BACKEND --until 1y --save",
    ],
    "two first windows": [
      {},
      ["home", "--from", "1d", "--window", "7"],
      "usage",
      "choose one: --from or --window",
      "",
    ],
    "a slot too many": [
      {},
      ["home", "--slot", "4"],
      "usage",
      "--slot: is not a slot: use a whole number from 0 to 3",
      "",
    ],
    "no former key": [
      {},
      ["home", "--former"],
      "usage",
      '--former has no effect: "home" has no former key',
      "leave it out",
    ],
    "none at all": [
      {},
      ["home", "--count", "0"],
      "usage",
      "--count: is not a whole number from 1 to 10000",
      "",
    ],
  },
  async ([settings, argv, code, message, hint]) => {
    await using world = await makeWorld(settings);
    const ended = await world.run("codes", ...argv, "--json");
    assertEquals(ended.code, 2);
    assertEquals(errorOf(ended), { code, message, hint: hint || null });
  },
);

/** A moment in TOML, so many days from now. */
function inDays(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;
}

table<[settings: Settings, argv: readonly string[], count: number, note: RegExp]>("codes warns", {
  "the last tenth of the horizon": [
    { rolling: `, from = ${inDays(-95)}, until = ${inDays(5)}` },
    [],
    5,
    /^warning: the firewall has codes until \S+Z only; write new rules: spknock rules home /,
  ],
  "the horizon ends among them": [
    { rolling: `, until = ${inDays(300)}` },
    ["--from", `${inDays(299.99)}`],
    2,
    /^warning: the firewall has codes until \S+Z: [123] codes? only\n$/,
  ],
  "before the horizon": [
    { rolling: `, from = ${inDays(10)}, until = ${inDays(300)}` },
    [],
    5,
    /^warning: the first of these codes are from before the rules: the firewall has none\n$/,
  ],
  "a rotation that is not finished": [
    { rolling: ', former_key = "former.key"' },
    [],
    5,
    /^note: the rotation of home is not finished: .* from --former\n$/,
  ],
}, async ([settings, argv, count, note]) => {
  await using world = await makeWorld(settings);
  const { code, stdout, stderr } = await world.run("codes", "home", ...argv);
  assertEquals(code, 0);
  const given = stdout.match(/^[0-9a-f]{32} /gm)?.length ?? 0;
  // The moment is in some part of its window.
  assertEquals(Math.abs(given - count) <= 1, true, `${given}`);
  assertMatch(stderr, note);
});

Deno.test("codes --former: of the key that the firewall still has", async () => {
  await using world = await makeWorld({ rolling: ', former_key = "former.key"' });
  const argv = ["codes", "home", "--window", "7", "--count", "1", "--former", "--json"];
  const { codes } = valueOf<Value>(await world.run(...argv));
  assertEquals(codes[0]?.code, await makeCode(FORMER, 7, 3));
});

Deno.test("codes: the seconds of a window of 90 s", async () => {
  await using world = await makeWorld();
  await world.write((await world.read()).replace("10m", "90s"));
  const { stdout } = await world.run("codes", "home", "--window", "1", "--count", "1");
  assertMatch(stdout, /^[0-9a-f]{32} {2}\S+ \d\d:\d\d:30 - \d\d:\d\d$/m);
});

table<[window: string, first: string, code: number]>("codes: no window after the year 9999", {
  "the last one of 10 minutes": ["10m", "422337023", 0],
  "the next one": ["10m", "422337024", 2],
  "the last one of a day": ["24h", "2932895", 0],
  "the next one of a day": ["24h", "2932896", 2],
  "one that no date has": ["24h", "999999999", 2],
}, async ([window, first, code]) => {
  await using world = await makeWorld();
  await world.write((await world.read()).replace("10m", window));
  const ended = await world.run("codes", "home", "--window", first, "--count", "1");
  assertEquals(ended.code, code);
  assertEquals(/bug/.test(ended.stderr), false);
});
