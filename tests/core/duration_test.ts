import { assertEquals, assertThrows } from "@std/assert";
import { parseDuration, renderDuration, renderElapsed } from "../../src/core/duration.ts";
import { table } from "../table.ts";

const GOOD: [string | number, number][] = [
  ["250ms", 250],
  ["2s", 2_000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["1.5s", 1_500],
  ["200", 200],
  [200, 200],
  ["0", 0],
  [" 5s ", 5_000],
  ["2147483647", 2 ** 31 - 1],
];

Deno.test("durations are numbers with a unit, milliseconds where there is none", () => {
  for (const [text, ms] of GOOD) assertEquals(parseDuration(text), ms, String(text));
});

const BAD = ["", "-1", "5 s", "1d", "s", "1e3", "0x10", "1m30s", "5S", NaN];

Deno.test("what is no duration is an error that says what is allowed", () => {
  for (const text of BAD) {
    const error = assertThrows(() => parseDuration(text), RangeError, undefined, String(text));
    assertEquals(
      error.message,
      `"${text}" is not a duration: use a number with ms, s, m or h, such as 250ms, 2s, 5m, 1h`,
    );
  }
});

table(
  "parseDuration: over the limit, which is named",
  ["2147483648", "597h", "9999h", "3e400".replace("e400", "0".repeat(400))].map((text) =>
    [text.slice(0, 12), text] as const
  ),
  (text) => {
    const error = assertThrows(() => parseDuration(text), RangeError);
    assertEquals(error.message, `"${text}" is too long: use at most 596h (24 days)`);
  },
);

Deno.test("parseDuration: the limit that is named is allowed", () => {
  assertEquals(parseDuration("596h"), 596 * 3_600_000);
});

Deno.test("durations are written short and exact, and read back the same", () => {
  const cases: [number, string][] = [
    [0, "0ms"],
    [50, "50ms"],
    [1_500, "1500ms"],
    [2_000, "2s"],
    [90_000, "90s"],
    [300_000, "5m"],
    [3_600_000, "1h"],
  ];
  for (const [ms, text] of cases) {
    assertEquals(renderDuration(ms), text);
    assertEquals(parseDuration(text), ms);
  }
});

Deno.test("elapsed time is rounded to what matters", () => {
  const cases: [number, string][] = [
    [0.4321, "0.4 ms"],
    [12.4, "12 ms"],
    [1_234, "1.2 s"],
    [180_000, "3 min"],
  ];
  for (const [ms, text] of cases) assertEquals(renderElapsed(ms), text);
});
