import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  CODE_BYTES,
  findSkew,
  findValidity,
  findWindow,
  type HorizonState,
  judgeHorizon,
  makeCode,
  makeKey,
  parseKey,
  type Rolling,
  WINDOW_LIMITS,
} from "../../src/core/rolling.ts";
import { ValueError } from "../../src/core/errors.ts";
import { computeCode } from "../../src/plan/codes.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A row of the vectors in docs/one-time-codes.md. */
interface Vector {
  key: string;
  windowMs: number;
  at: number;
  window: number;
  slot: number;
  code: string;
}

function parseVector(line: string): Vector {
  const [key = "", seconds, moment = "", window, slot, code = ""] = line.split("|").slice(1, -1)
    .map((cell) => cell.trim().replaceAll("`", ""));
  return {
    key,
    windowMs: Number(seconds) * SECOND,
    at: Date.parse(moment),
    window: Number(window),
    slot: Number(slot),
    code,
  };
}

const page = await Deno.readTextFile(new URL("../../docs/one-time-codes.md", import.meta.url));
const [, block = ""] = page.match(/<!-- begin vectors -->\n([^]*?)<!-- end vectors -->/) ?? [];
const vectors = block.trim().split("\n").slice(2).map(parseVector);
const rows = vectors.map((vector) =>
  [`${vector.key.slice(0, 4)}...:${vector.window}:${vector.slot}`, vector] as const
);

/** What the page says about a shell, with the same words. */
async function computeInShell({ key, window, slot }: Vector): Promise<string> {
  const line = page.match(/^printf %s "\$key:\$n:\$c" \|.*$/m)?.[0] ?? "exit 1";
  const { stdout, success } = await new Deno.Command("sh", {
    args: ["-c", line],
    env: { key, n: String(window), c: String(slot) },
  }).output();
  assert(success);
  return new TextDecoder().decode(stdout).trimEnd();
}

Deno.test("vectors: the page has several keys, windows and slots", () => {
  const count = (read: (vector: Vector) => unknown) => new Set(vectors.map(read)).size;
  assert(vectors.length >= 5);
  assert(count(({ key }) => key) >= 2);
  assert(count(({ windowMs }) => windowMs) >= 3);
  assert(count(({ slot }) => slot) >= 3);
});

table("vectors: the window", rows, ({ windowMs, at, window }) => {
  assertEquals(findWindow({ windowMs }, at), window);
});

table("vectors: makeCode", rows, async ({ key, window, slot, code }) => {
  assertEquals(await makeCode(parseKey(key), window, slot), code);
});

table("vectors: computeCode", rows, ({ key, window, slot, code }) => {
  assertEquals(computeCode(key, window, slot), code);
});

table("vectors: the shell line of the page, with sha512sum", rows, async (vector) => {
  assertEquals(await computeInShell(vector), vector.code);
}, { ignore: lacks("sha512sum") });

Deno.test("makeCode and computeCode: the same code for random keys, windows and slots", async () => {
  for (let run = 0; run < 200; run++) {
    const [key, window] = [makeKey(), Math.floor(Math.random() * 1e8)];
    const code = await makeCode(key, window, run % 16);
    assertEquals(code, computeCode(key, window, run % 16));
    assertMatch(code, /^[0-9a-f]{32}$/);
    assertEquals(code.length, CODE_BYTES);
  }
});

Deno.test("makeKey: 32 bytes, another key each time, which parseKey takes", () => {
  const keys = Array.from({ length: 100 }, makeKey);
  assertEquals(new Set(keys).size, keys.length);
  for (const key of keys) {
    assertEquals(Uint8Array.fromBase64(key).length, 32);
    assertEquals(parseKey(key), key);
  }
});

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

table("parseKey: white space around a key is left out", {
  "a newline": `${KEY}\n`,
  "a newline of Windows": `${KEY}\r\n`,
  "spaces": `  ${KEY} `,
}, (text) => assertEquals(parseKey(text), KEY));

table("parseKey: not a key, and the error does not repeat it", {
  "a passphrase": "MikroTik",
  "nothing": "",
  "31 bytes": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
  "33 bytes": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
  "without =": KEY.slice(0, -1),
  "base64url": "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8=",
  "hex digits": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  "two keys": `${KEY}\n${KEY}`,
  "a space within": `${KEY.slice(0, 20)} ${KEY.slice(20)}`,
  "a word behind": `${KEY} secret`,
}, (text) => {
  const error = assertThrows(() => parseKey(text), ValueError);
  assertEquals(error.problem, "is not a key: it has to be 32 bytes in base64");
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    assert(!`${error.message} ${error.stack}`.includes(word));
  }
});

table<[number, number]>("findSkew: a quarter of the window in whole seconds, at most a minute", {
  "1 min": [MINUTE, 15 * SECOND],
  "61 s": [61 * SECOND, 15 * SECOND],
  "3 min 59 s": [239 * SECOND, 59 * SECOND],
  "4 min": [4 * MINUTE, MINUTE],
  "10 min": [10 * MINUTE, MINUTE],
  "1 day": [DAY, MINUTE],
}, ([windowMs, skew]) => assertEquals(findSkew({ windowMs }), skew));

table<[number, number, number]>("findWindow: the whole part", {
  "1970": [MINUTE, 0, 0],
  "the last ms of a window": [10 * MINUTE, 10 * MINUTE - 1, 0],
  "the first ms of the next": [10 * MINUTE, 10 * MINUTE, 1],
  "before 1970, with a clock that is not set": [MINUTE, -1, -1],
  "windows of 7 s more than a minute": [67 * SECOND, 1_700_000_000_000, 25_373_134],
}, ([windowMs, at, window]) => assertEquals(findWindow({ windowMs }, at), window));

table<[number, number, { from: number; until: number }]>("findValidity: the window and its skew", {
  "10 min": [10 * MINUTE, 100, { from: 999 * MINUTE, until: 1_011 * MINUTE }],
  "1 min": [MINUTE, 10, { from: 10 * MINUTE - 15_000, until: 11 * MINUTE + 15_000 }],
  "window 0 begins before 1970": [MINUTE, 0, { from: -15_000, until: 75_000 }],
}, ([windowMs, window, validity]) => assertEquals(findValidity({ windowMs }, window), validity));

const WINDOWS = { ...WINDOW_LIMITS, "90 s": 90 * SECOND, "usual": 10 * MINUTE, "1 h": HOUR };

table("findValidity: each moment has its own window, and at most one more", WINDOWS, (windowMs) => {
  const start = findWindow({ windowMs }, 1_700_000_000_000) * windowMs;
  for (let at = start; at < start + 2 * windowMs; at += windowMs / 64) {
    const own = findWindow({ windowMs }, at);
    const valid = [-2, -1, 0, 1, 2].map((step) => own + step).filter((window) => {
      const { from, until } = findValidity({ windowMs }, window);
      return from <= at && at < until;
    });
    assert(valid.includes(own));
    assert(valid.length <= 2);
    const skew = findSkew({ windowMs });
    const early = findWindow({ windowMs }, at + skew);
    const late = findWindow({ windowMs }, at - skew);
    assertEquals(new Set([late, own, early]), new Set(valid));
    assert(early === own || late === own);
  }
});

type Clocks = { windowMs: number; aheadMs: number; taken: "all" | "some" | "none" };

table<Clocks>("clocks: which codes are taken when the client's is ahead by", {
  "nothing": { windowMs: 10 * MINUTE, aheadMs: 0, taken: "all" },
  "the skew": { windowMs: 10 * MINUTE, aheadMs: MINUTE, taken: "all" },
  "the skew, behind": { windowMs: 10 * MINUTE, aheadMs: -MINUTE, taken: "all" },
  "more than the skew": { windowMs: 10 * MINUTE, aheadMs: 90 * SECOND, taken: "some" },
  "more than the skew, behind": { windowMs: 10 * MINUTE, aheadMs: -90 * SECOND, taken: "some" },
  "almost window and skew": { windowMs: 10 * MINUTE, aheadMs: 659 * SECOND, taken: "some" },
  "window and skew": { windowMs: 10 * MINUTE, aheadMs: 11 * MINUTE, taken: "none" },
  "window and skew, behind": { windowMs: 10 * MINUTE, aheadMs: -11 * MINUTE, taken: "none" },
  "an hour, a time zone": { windowMs: 10 * MINUTE, aheadMs: HOUR, taken: "none" },
  "15 s, windows of a minute": { windowMs: MINUTE, aheadMs: 15 * SECOND, taken: "all" },
  "16 s, windows of a minute": { windowMs: MINUTE, aheadMs: 16 * SECOND, taken: "some" },
}, ({ windowMs, aheadMs, taken }) => {
  let count = 0;
  const steps = windowMs / SECOND;
  for (let step = 0; step < steps; step++) {
    const now = 1_700_000_400_000 + step * SECOND;
    const { from, until } = findValidity({ windowMs }, findWindow({ windowMs }, now + aheadMs));
    if (from <= now && now < until) count++;
  }
  assertEquals(count === steps ? "all" : count === 0 ? "none" : "some", taken);
});

const YEAR = 365 * DAY;
const [FROM, UNTIL] = [1_000 * DAY, 1_100 * DAY];
type Horizon = [Pick<Rolling, "from" | "until">, at: number, HorizonState];

table<Horizon>("judgeHorizon", {
  "without an end": [{}, FROM, "unknown"],
  "without an end, with a beginning": [{ from: FROM }, FROM, "unknown"],
  "at the beginning": [{ from: FROM, until: UNTIL }, FROM, "good"],
  "before it": [{ from: FROM, until: UNTIL }, FROM - DAY, "good"],
  "1 ms before the last tenth": [{ from: FROM, until: UNTIL }, UNTIL - 10 * DAY - 1, "good"],
  "the last tenth": [{ from: FROM, until: UNTIL }, UNTIL - 10 * DAY, "last"],
  "its last ms": [{ from: FROM, until: UNTIL }, UNTIL - 1, "last"],
  "the end": [{ from: FROM, until: UNTIL }, UNTIL, "over"],
  "long after it": [{ from: FROM, until: UNTIL }, UNTIL + YEAR, "over"],
  "without a beginning: a tenth of a year": [{ until: UNTIL }, UNTIL - YEAR / 10, "last"],
  "without a beginning, 1 ms before": [{ until: UNTIL }, UNTIL - YEAR / 10 - 1, "good"],
}, ([horizon, at, state]) => {
  assertEquals(judgeHorizon({ windowMs: 10 * MINUTE, slots: 4, ...horizon }, at), state);
});
