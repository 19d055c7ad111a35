/** `rolling`: what is read, every mistake with its line, and what is written back. */
import { assertEquals, assertMatch } from "@std/assert";
import { addTargets, changeTargets } from "../../../src/config/changes.ts";
import { parseConfig } from "../../../src/config/read.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import type { Target } from "../../../src/core/target.ts";
import { table } from "../../table.ts";

const FILE = "/etc/spknock/t.toml";

/** A target whose `rolling` is on line 5. */
const makeText = (rolling: string, knocks = '["62201/udp"]', secret = '{ file = "home.key" }') =>
  `[targets.home]\nhost = "h"\nknocks = ${knocks}\nsecret = ${secret}\nrolling = ${rolling}\n`;

async function read(text: string): Promise<Target> {
  const target = (await parseConfig(text, { file: FILE })).targets.get("home");
  if (target === undefined) throw new Error("no target");
  return target;
}

table(
  "rolling: what is read",
  {
    "nothing but defaults": ["{}", { windowMs: 600_000, slots: 4 }],
    "everything": [
      '{ window = "5m", slots = 1, name = "anna", from = 2026-11-25T00:00:00Z, ' +
      'until = 2027-11-25T01:00:00+01:00, former_key = "old.key" }',
      {
        windowMs: 300_000,
        slots: 1,
        name: "anna",
        from: Date.UTC(2026, 10, 25),
        until: Date.UTC(2027, 10, 25),
        formerKey: "/etc/spknock/old.key",
      },
    ],
    "the shortest and the longest window": ['{ window = "1m" }', { windowMs: 60_000, slots: 4 }],
    "a day": ['{ window = "24h", slots = 16 }', { windowMs: 86_400_000, slots: 16 }],
  } as const,
  async ([text, expected]) => {
    const { rolling } = await read(makeText(text));
    const known = Object.entries(rolling ?? {}).filter(([, value]) => value !== undefined);
    assertEquals(Object.fromEntries(known), expected);
  },
);

table<[text: string, key: string, problem: RegExp]>("rolling: mistakes", {
  "no table": ["true", "rolling", /is not a table: use \{ window = "10m", slots = 4 \}/],
  "an unknown key": ["{ windw = 1 }", "rolling", /unknown key "windw"/],
  "a window that is no duration": ['{ window = "x" }', "rolling.window", /is not a duration/],
  "a window of less than a minute": ['{ window = "59s" }', "rolling.window", /1m/],
  "a window of half seconds": [
    '{ window = "60.5s" }',
    "rolling.window",
    /is not a window: use whole seconds, at most 24h/,
  ],
  "a window of more than a day": ['{ window = "25h" }', "rolling.window", /at most 24h/],
  "no slots": ["{ slots = 0 }", "rolling.slots", /1 to 16/],
  "too many slots": ["{ slots = 17 }", "rolling.slots", /1 to 16/],
  "half a slot": ["{ slots = 1.5 }", "rolling.slots", /1 to 16/],
  "a name that cannot be one": ['{ name = "a b" }', "rolling.name", /letters, digits/],
  "a date in quotes": ['{ until = "2027-11-25" }', "rolling.until", /without quotes/],
  "a number": ["{ from = 5 }", "rolling.from", /is not a date/],
  "until before from": [
    "{ from = 2027-11-25T00:00:00Z, until = 2026-11-25T00:00:00Z }",
    "rolling.until",
    /is not after from/,
  ],
  "a former key that is no path": ["{ former_key = 5 }", "rolling.former_key", /./],
}, async ([text, key, problem]) => {
  const message = await readError(makeText(text));
  assertMatch(message, new RegExp(`^${FILE}:5: targets\\.home\\.${key}: `));
  assertMatch(message, problem);
});

table<[knocks: string, secret: string, problem: RegExp]>(
  "rolling: knocks and secrets that cannot be",
  {
    "two secret knocks": [
      '["1/udp", "2/udp"]',
      '{ file = "k" }',
      /needs one secret knock, the last one/,
    ],
    "a secret knock before the last": [
      '["1/udp", "2/tcp"]',
      '{ file = "k" }',
      /needs one secret knock, the last one/,
    ],
    "no secret knock": ['["1/tcp"]', '{ file = "k" }', /needs one secret knock, the last one/],
    "no secret": ['["1/udp"]', '"none"', /needs one secret knock, the last one/],
    "a passphrase that is typed": ['["1/udp"]', '"prompt"', /needs a key, which is not typed/],
    "a hash": [
      '["1/udp"]',
      `{ hash = "${"0".repeat(64)}" }`,
      /needs a key, which is not typed: use secret = \{ file = "keys\/NAME.key" \}/,
    ],
  },
  async ([knocks, secret, problem]) => {
    const message = await readError(makeText("{}", knocks, secret));
    assertMatch(message, new RegExp(`^${FILE}:5: targets\\.home\\.rolling: `));
    assertMatch(message, problem);
  },
);

async function readError(text: string): Promise<string> {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("it is right");
}

Deno.test("rolling: knocks before the code are regular ones, those of close carry nothing", async () => {
  const knocks = '["7000/tcp", { port = 8000, protocol = "udp", payload = "none" }, "62201/udp"]';
  const target = await read(
    `${makeText("{}", knocks)}[targets.home.close]\nknocks = ["9500/udp"]\n`,
  );
  assertEquals(target.knocks.map(({ payload }) => payload.kind), ["none", "none", "secret"]);
  assertEquals(target.close?.map(({ payload }) => payload.kind), ["none"]);
});

Deno.test("rolling: a default of all targets, and a date without a time", async () => {
  const text = `[defaults]\nrolling = { until = 2027-11-25 }\n${makeText("{ slots = 2 }")}`;
  assertEquals((await read(text)).rolling?.until, undefined);
  const inherited = text.replace(/^rolling = \{ slots.*\n/m, "");
  assertEquals((await read(inherited)).rolling?.until, Date.UTC(2027, 10, 25));
});

Deno.test("rolling: what is written is read as the same", async () => {
  const { name: _name, ...before } = await read(
    makeText(
      '{ window = "5m", slots = 2, name = "anna", from = 2026-11-25T00:00:00Z, ' +
        'until = 2027-11-25T12:00:00Z, former_key = "/k/old.key" }',
    ),
  );
  const text = addTargets("", [{ ...before, name: "home" }], { file: FILE });
  assertMatch(text, /until = 2027-11-25T12:00:00(?:\.000)?Z/);
  assertEquals((await read(text)).rolling, before.rolling);
});

const SUB_TABLE = `[targets.home] # mine
host = "h"
knocks = ["62201/udp"]
secret = { file = "home.key" }

[targets.home.rolling] # codes
window   = "10m"   # spaces
until = 2027-11-25T00:00:00Z # end
# below

[targets.other]
host = "o"
knocks = [1]
`;

Deno.test("rolling: a table of its own stays byte for byte where other keys change", () => {
  const text = changeTargets(SUB_TABLE, () => [{ name: "home", delayMs: 70, host: "new" }], {
    file: FILE,
  });
  assertEquals(text.replace('delay = "70ms"\n', "").replace('"new"', '"h"'), SUB_TABLE);
});

Deno.test("rolling: one key changes in place, in a table of its own", async () => {
  const until = Date.UTC(2028, 0, 1);
  const choose = (targets: ReadonlyMap<string, Target>) => {
    const { rolling } = targets.get("home") ?? {};
    return rolling === undefined ? [] : [{ name: "home", rolling: { ...rolling, until } }];
  };
  const text = changeTargets(SUB_TABLE, choose, { file: FILE });
  assertEquals((await read(text)).rolling?.until, until);
  assertMatch(
    text,
    /window {3}= "10m" {3}# spaces\nuntil = 2028-01-01T00:00:00(?:\.000)?Z # end\n/,
  );
});

Deno.test("rolling: unset takes the table away", async () => {
  const text = changeTargets(SUB_TABLE, () => [{ name: "home", unset: ["rolling"] }], {
    file: FILE,
  });
  assertEquals((await read(text)).rolling, undefined);
  assertEquals(text.includes("rolling"), false);
  assertMatch(text, /^\[targets\.other\]\n/m);
});
