import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Knock } from "../../src/core/knock.ts";
import {
  buildSequence,
  findFirstPace,
  listGaps,
  parseDelay,
  renderDelay,
  type SequencePlan,
} from "../../src/core/sequence.ts";
import { table } from "../table.ts";

const udp = (port: number, delayMs?: number): Knock => ({
  port,
  protocol: "udp",
  payload: { kind: "none" },
  delayMs,
});
const plan = (more: Partial<SequencePlan> = {}): SequencePlan => ({
  knocks: [udp(1), udp(2), udp(3)],
  delayMs: 50,
  stageTimeoutMs: 5_000,
  copies: "auto",
  ...more,
});
const payloads = (count: number) => Array.from({ length: count }, (_, i) => new Uint8Array([i]));
const times = (plan: SequencePlan, attempt: number) =>
  buildSequence(plan, payloads(plan.knocks.length), { attempt }).map(({ port, at }) => [port, at]);

Deno.test("the first try goes once, at the target's own pace", () => {
  assertEquals(times(plan(), 1), [[1, 0], [2, 50], [3, 100]]);
  assertEquals(times(plan({ delayMs: 0 }), 1), [[1, 0], [2, 0], [3, 0]]);
  assertEquals(times(plan({ knocks: [udp(1, 500), udp(2), udp(3)] }), 1), [[1, 0], [2, 500], [
    3,
    550,
  ]]);
});

Deno.test("from the second try on each packet goes twice, and the gap has doubled", () => {
  assertEquals(times(plan(), 2), [[1, 0], [1, 25], [2, 100], [2, 125], [3, 200], [3, 225]]);
  assertEquals(times(plan({ knocks: [udp(1), udp(2)] }), 3), [[1, 0], [1, 25], [2, 200], [
    2,
    225,
  ]]);
});

Deno.test("a number of copies holds for every try", () => {
  for (const attempt of [1, 2, 3]) {
    assertEquals(times(plan({ copies: 1 }), attempt).length, 3);
    assertEquals(times(plan({ copies: 3 }), attempt).length, 9);
  }
});

Deno.test("a packet carries its knock's payload and place", () => {
  const packets = buildSequence(plan({ knocks: [udp(7), udp(7)] }), payloads(2), { attempt: 2 });
  assertEquals(packets.map(({ knock, payload }) => [knock, payload[0]]), [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
  assertThrows(() => buildSequence(plan(), payloads(2)), TypeError, "knock 3 has no payload");
});

/** Milliseconds between the first two knocks of a try. */
function measureGap(attempt: number, more: Partial<SequencePlan>): number {
  const packets = buildSequence(plan({ copies: 1, ...more }), payloads(3), { attempt });
  return (packets[1]?.at ?? NaN) - (packets[0]?.at ?? NaN);
}

table("buildSequence: a gap of zero grows too", {
  "first try": { attempt: 1, gap: 0 },
  "second try": { attempt: 2, gap: 50 },
  "third try": { attempt: 3, gap: 100 },
}, ({ attempt, gap }) => assertEquals(measureGap(attempt, { delayMs: 0 }), gap));

Deno.test("no try, however late, chooses a gap that nears the stage timeout", () => {
  for (const stageTimeoutMs of [40, 200, 1_000, 5_000, 60_000]) {
    for (const delayMs of [0, 1, 50, 500, 4_000]) {
      for (let attempt = 1; attempt <= 2_000; attempt += attempt < 20 ? 1 : 499) {
        const gap = measureGap(attempt, { delayMs, stageTimeoutMs });
        assert(gap <= Math.max(stageTimeoutMs / 4, delayMs), `${delayMs} ${attempt} gives ${gap}`);
        assert(gap >= delayMs);
      }
    }
  }
});

Deno.test("moments never go back, and there is no limit to the knocks", () => {
  const knocks = Array.from({ length: 1_000 }, (_, i) => udp(i + 1, i % 3 === 0 ? 0 : undefined));
  for (const attempt of [1, 2, 5]) {
    const packets = buildSequence(plan({ knocks }), payloads(1_000), { attempt });
    assertEquals(packets.length, attempt === 1 ? 1_000 : 2_000);
    packets.reduce((before, { at }) => (assert(at >= before), at), 0);
  }
});

const secret = (port: number): Knock => ({
  port,
  protocol: "udp",
  payload: { kind: "secret", source: { kind: "prompt" } },
});

/** The moments of the packets of each knock of a try: what would be sent. */
const schedule = (knocks: Knock[], place: { attempt?: number; pace?: number }, more = {}) =>
  buildSequence(plan({ knocks, delayMs: "auto", ...more }), payloads(knocks.length), place)
    .map(({ knock, at }) => [knock, at]);

table<[{ attempt?: number; pace?: number }, number[][]]>("auto: a regular sequence", {
  "a bold first try": [{ attempt: 1, pace: 0 }, [[0, 0], [1, 5], [2, 10]]],
  "a first try that has to be right": [{}, [[0, 0], [1, 50], [2, 100]]],
  "the second try": [
    { attempt: 2, pace: 1 },
    [[0, 0], [0, 25], [1, 50], [1, 75], [2, 100], [2, 125]],
  ],
  "the third": [
    { attempt: 3, pace: 2 },
    [[0, 0], [0, 25], [1, 100], [1, 125], [2, 200], [2, 225]],
  ],
  "the first of a run that has learned": [{ attempt: 1, pace: 2 }, [[0, 0], [1, 100], [2, 200]]],
}, ([place, moments]) => assertEquals(schedule([udp(1), udp(2), udp(3)], place), moments));

table<[Knock[], object, number[][]]>("auto: copies on a bold first try", {
  "secret knocks go twice": [[secret(1), secret(2)], {}, [[0, 0], [0, 5], [1, 5], [1, 10]]],
  "regular ones before them once": [[udp(1), secret(2)], {}, [[0, 0], [1, 5], [1, 10]]],
  "copies = 1": [[secret(1), secret(2)], { copies: 1 }, [[0, 0], [1, 5]]],
  "copies = 3": [[secret(1), udp(2)], { copies: 3 }, [
    ...[[0, 0], [0, 2.5], [0, 5]],
    ...[[1, 5], [1, 7.5], [1, 10]],
  ]],
  "a delay of a knock": [[{ ...secret(1), delayMs: 80 }, secret(2)], {}, [
    [0, 0],
    [0, 25],
    [1, 80],
    [1, 85],
  ]],
}, ([knocks, more, moments]) => assertEquals(schedule(knocks, { pace: 0 }, more), moments));

Deno.test("auto: no gap that nears the stage timeout, however late the try", () => {
  for (const pace of [0, 1, 2]) {
    const [, [, at = 0] = []] = schedule([udp(1), udp(2)], { pace }, { stageTimeoutMs: 16 });
    assert(at <= 4, `pace ${pace} gives ${at}`);
  }
  for (let pace = 2; pace < 2_000; pace += 333) {
    const [, [, at = 0] = []] = schedule([udp(1), udp(2)], { attempt: 1, pace });
    assert(at <= 1_250, `pace ${pace} gives ${at}`);
  }
});

table<[{ probes: unknown[]; tries: number }, number]>("the pace of a first try", {
  "with a probe and another try": [{ probes: [1], tries: 2 }, 0],
  "the only try": [{ probes: [1], tries: 1 }, 1],
  "nothing can tell": [{ probes: [], tries: 3 }, 1],
}, ([request, pace]) => assertEquals(findFirstPace(request), pace));

Deno.test("a delay as people write it", () => {
  assertEquals(["auto", "1500ms", "2s", "0"].map(parseDelay), ["auto", 1_500, 2_000, 0]);
  assertEquals((["auto", 1_500, 0] as const).map(renderDelay), ["auto", "1500ms", "0ms"]);
  assertThrows(() => parseDelay("fast"), RangeError, "5m, 1h, or auto");
  const knocks = [{ delayMs: 7 }, {}];
  const gaps = (delayMs: "auto" | number, stageTimeoutMs = 5_000) =>
    listGaps({ knocks, delayMs, stageTimeoutMs });
  assertEquals([gaps("auto"), gaps(200)], [[7, 50], [7, 200]]);
  assertEquals([gaps("auto", 40), gaps(200, 40)], [[7, 10], [7, 200]]);
});
