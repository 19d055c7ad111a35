/** One-time codes for nftables: what is streamed, and what is refused. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { findValidity } from "../../src/core/rolling.ts";
import { computeCode } from "../../src/plan/codes.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Backend } from "../../src/rules/backend.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { renderRules, streamRules } from "../../src/rules/render.ts";
import { change, getDoor } from "../plans.ts";
import { table } from "../table.ts";
import { codePlan, CODES_FROM, KEY } from "./fixtures.ts";

const HOST = { host: "fw.example.com" };
const BACKENDS = { nftables, "nftables-openwrt": nftablesOpenwrt };
const DAY = 86_400_000;

function planUntil(until: number, windowMs = 600_000): Plan {
  const plan = codePlan({ horizon: { from: CODES_FROM, until } });
  const stages = getDoor(plan).stages.map((stage) =>
    stage.codes === undefined ? stage : { ...stage, codes: { ...stage.codes, windowMs } }
  );
  return change(plan, { stages });
}

function* streamLines({ rolling }: Backend, plan: Plan): Iterable<string> {
  yield* rolling?.streamCodes?.({ plan, variant: undefined, file: "home.nft" }) ?? [];
}

/** The elements of a map or a set, as they are written. */
function listElements(plan: Plan, name: string): string[] {
  return [...streamLines(nftables, plan)].flatMap((line) =>
    line.startsWith(`add element inet spknock_home ${name} {`)
      ? /\{ (.*) \}/.exec(line)?.[1]?.split(", ") ?? []
      : []
  );
}

table("one-time codes for nftables: an end is required", {
  "none": Infinity,
  "not a number": NaN,
  "before the beginning": CODES_FROM - DAY,
}, (until) => {
  for (const backend of Object.values(BACKENDS)) {
    const plan = planUntil(until);
    const error = assertThrows(() => renderRules(backend, plan, HOST), UsageError, `"home"`);
    assertStringIncludes(error.hint ?? "", "--until 1y");
    assertThrows(() => [...streamLines(backend, plan)], UsageError, error.message);
  }
});

table("one-time codes for nftables: the maps have the window of each moment", {
  "10 minutes": 600_000,
  "1 minute": 60_000,
  "61 s, of which a quarter is no whole second": 61_000,
  "1 day": DAY,
}, (windowMs) => {
  const plan = planUntil(CODES_FROM + 5 * DAY, windowMs);
  const maps = ["home.early", "home.late"].map((name) =>
    listElements(plan, name).map((text) => {
      const [start = 0, end = 0, window = 0] = text.split(/[-: ]+/).map(Number);
      return { start, end, window };
    })
  );
  const first = Math.floor(CODES_FROM / windowMs);
  for (let window = first; window < first + 5; window++) {
    const { from, until } = findValidity({ windowMs }, window);
    // The last second of an interval is a moment only, in nanoseconds.
    for (let at = from; at < until; at += 250) {
      const found = maps.some((map) =>
        map.some((each) =>
          each.window === window && 1_000 * each.start <= at && at <= 1_000 * each.end
        )
      );
      assert(found, `${window} at ${at - from} of ${until - from} ms`);
    }
  }
});

Deno.test("one-time codes for nftables: all codes, at most 500 in one command, in a stream", () => {
  const plan = planUntil(CODES_FROM + 5 * DAY - 1);
  const windows = 5 * 144;
  const lines = [...streamLines(nftables, plan)];
  for (const line of lines) assert(line.split(", ").length <= 500);
  assertEquals(listElements(plan, "home.early").length, windows);
  const codes = listElements(plan, "home.codes.home");
  assertEquals(codes.length, 4 * windows);
  const first = CODES_FROM / 600_000;
  const ascii = new TextEncoder().encode(computeCode(KEY, first + 1, 2)).toHex();
  assertEquals(codes[6], `0x${ascii.slice(0, 32)} . 0x${ascii.slice(32)} . ${first + 1}`);
});

table("one-time codes for nftables: a thousand years begin at once", BACKENDS, (backend) => {
  const pieces = streamRules(backend, planUntil(CODES_FROM + 365_000 * DAY, 60_000), HOST);
  const [rules = "", next = ""] = [...takeFirst(pieces, 2)];
  assertStringIncludes(rules, "Loading takes about");
  assert(next.length > 0 && next.length < 100_000);
});

function* takeFirst(pieces: Iterable<string>, count: number): Iterable<string> {
  let taken = 0;
  for (const piece of pieces) {
    yield piece;
    if (++taken === count) return;
  }
}

Deno.test("one-time codes for nftables: what takes the codes of a key out", () => {
  const request = { plan: codePlan(), variant: undefined, file: "home.nft" };
  const [first, ...more] =
    nftables.rolling?.renderRevoke(request, { door: "home", name: "anna" }) ??
      [];
  assertEquals(first, "nft flush set inet spknock_home home.codes.anna");
  assert(more.every((line) => line.startsWith("# ")), "one command only");
});
