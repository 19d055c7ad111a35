/** Until when the firewall has codes, and what each knock says of it. */
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/core/errors.ts";
import { describeHorizon, watchHorizon } from "../../../src/use_cases/rolling/horizon.ts";
import { table } from "../../table.ts";

const DAY_MS = 86_400_000;
const UNTIL = Date.UTC(2027, 10, 25);
const FROM = Date.UTC(2026, 10, 25);
const RULES = "write the rules again: spknock rules home --for ... --until 1y --save -c t.toml";

/** What is said of as many knocks at a moment. */
function watch(
  now: number,
  { from, knocks = 1 }: { from?: number; knocks?: number } = {},
): string[] {
  const warnings: string[] = [];
  const check = watchHorizon(
    { name: "home", rolling: { windowMs: 600_000, slots: 4, from, until: UNTIL } },
    {
      globals: ["-c", "t.toml"],
      onWarning: (text) => void warnings.push(text),
      wallNow: () => now,
    },
  );
  for (let knock = 0; knock < knocks; knock++) check();
  return warnings;
}

table<[now: number, warnings: string[]]>("horizon: a warning in its last tenth", {
  "before it": [UNTIL - 37 * DAY_MS, []],
  "30 days before the end": [
    UNTIL - 30 * DAY_MS,
    [`"home": the firewall's codes end on 2027-11-25 (in 30 days): ${RULES}`],
  ],
  "hours before the end": [
    UNTIL - 5 * 3_600_000,
    [`"home": the firewall's codes end on 2027-11-25 (in 5 hours): ${RULES}`],
  ],
  "a minute before the end": [
    UNTIL - 60_000,
    [`"home": the firewall's codes end on 2027-11-25 (in 1 minute): ${RULES}`],
  ],
  "a clock that was never set": [
    7_000,
    [
      '"home": the clock of this machine says 1970-01-01 00:00 UTC, and one-time codes need the ' +
      "right time: see what spknock doctor says of it",
    ],
  ],
}, ([now, warnings]) => {
  assertEquals(watch(now, { from: FROM, knocks: 3 }), warnings);
});

Deno.test("horizon: a short one has a short last tenth", () => {
  const from = UNTIL - 10 * DAY_MS;
  assertEquals(watch(UNTIL - 2 * DAY_MS, { from }), []);
  assertEquals(watch(UNTIL - DAY_MS / 2, { from }).length, 1);
});

table<[now: number, message: string]>("horizon: nothing is sent after it", {
  "at its end": [UNTIL, "(0 minutes ago)"],
  "two days later": [UNTIL + 2 * DAY_MS, "(2 days ago)"],
}, ([now, ago]) => {
  const error = assertThrows(() => watch(now), UsageError);
  assertEquals([error.code, error.message, error.hint], [
    "horizon_over",
    `"home": the firewall's codes ended on 2027-11-25 ${ago}, so nothing is sent`,
    RULES,
  ]);
});

Deno.test("horizon: one that is not known, and a target without codes, are not judged", () => {
  const options = { globals: [], onWarning: () => Deno.exit(1), wallNow: () => UNTIL * 2 };
  watchHorizon({ name: "home", rolling: { windowMs: 600_000, slots: 4 } }, options)();
  watchHorizon({ name: "home" }, { ...options, wallNow: () => 0 })();
});

Deno.test("horizon: for people", () => {
  const rolling = { windowMs: 600_000, slots: 4 };
  assertEquals(describeHorizon(rolling, 0), "not known: spknock rules --save keeps it");
  assertEquals(
    describeHorizon({ ...rolling, from: FROM, until: UNTIL + 90 * 60_000 }, FROM),
    "from 2026-11-25 until 2027-11-25 01:30 UTC (in 365 days)",
  );
});
