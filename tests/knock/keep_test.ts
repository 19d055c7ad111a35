import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import { type KeepEvent, keepOpen } from "../../src/knock/keep.ts";
import { FakeClock } from "../fakes.ts";
import { table } from "../table.ts";

/** Milliseconds between two checks, and until a failed knock is retried at most. */
const CHECK_MS = 30_000;
const MAX_RETRY_MS = 60_000;

const MINUTE = 60_000;

/** A door that a test shuts, and a network that it takes away. */
function setUp({ openForMs = 5 * MINUTE, hasProbe = true } = {}) {
  const clock = new FakeClock();
  const wall = { ahead: 0 };
  const cancel = new AbortController();
  const door = { isOpen: true, isReachable: true };
  const story: (string | number)[][] = [];
  const looks: number[] = [];
  const tell = (event: KeepEvent) =>
    story.push([
      clock.now(),
      event.kind,
      ...(event.kind === "failed" ? [event.retryInMs] : []),
    ]);
  const running = keepOpen({
    wallNow: () => clock.now() + wall.ahead,
    openForMs,
    onEvent: tell,
    knock() {
      if (!door.isReachable) return Promise.resolve("no route");
      door.isOpen = true;
      return Promise.resolve(undefined);
    },
    ...(hasProbe ? { look: () => (looks.push(clock.now()), Promise.resolve(door.isOpen)) } : {}),
  }, { clock, signal: cancel.signal });
  running.catch(() => {});
  return { clock, wall, cancel, door, story, looks, running };
}

Deno.test("keepOpen knocks again at 80 % of the open time", async () => {
  const { clock, story } = setUp();
  await clock.advance(13 * MINUTE);
  assertEquals(story, [
    [0, "opened"],
    [4 * MINUTE, "renewed"],
    [8 * MINUTE, "renewed"],
    [12 * MINUTE, "renewed"],
  ]);
});

for (const [openForMs, renewMs] of [[20, 16], [10, 8], [8, 6], [4, 2], [3, 1.5]] as const) {
  Deno.test(`keepOpen knocks again after ${renewMs} s of ${openForMs} s: ends may be early`, async () => {
    const { clock, story } = setUp({ openForMs: openForMs * 1_000 });
    await clock.advance(openForMs * 1_000);
    assertEquals(story[1], [renewMs * 1_000, "renewed"]);
  });
}

Deno.test("keepOpen knocks again without a probe", async () => {
  const { clock, story, looks } = setUp({ hasProbe: false, openForMs: 1_000 });
  await clock.advance(2_500);
  assertEquals(story.map(([at]) => at), [0, 500, 1_000, 1_500, 2_000, 2_500]);
  assertEquals(looks, []);
});

Deno.test("keepOpen knocks at once when a probe finds the port closed", async () => {
  const { clock, door, story, looks } = setUp();
  await clock.advance(MINUTE);
  door.isOpen = false;
  await clock.advance(3 * MINUTE);
  assertEquals(story, [[0, "opened"], [3 * CHECK_MS, "shut"], [3 * CHECK_MS, "renewed"]]);
  assertEquals(looks.slice(0, 4), [1, 2, 3, 4].map((count) => count * CHECK_MS));
});

Deno.test("keepOpen looks again when the previous open time is over", async () => {
  const { clock, door, story } = setUp({ openForMs: 10 * MINUTE });
  await clock.advance(8 * MINUTE);
  // The packets of minute 8 were lost: the door shuts at minute 10, by its own clock.
  await clock.advance(2 * MINUTE + 500);
  door.isOpen = false;
  await clock.advance(1_000);
  assertEquals(story.slice(1), [
    [8 * MINUTE, "renewed"],
    [10 * MINUTE + 1_000, "shut"],
    [10 * MINUTE + 1_000, "renewed"],
  ]);
});

Deno.test("keepOpen looks more often during a short open time", async () => {
  const { clock, looks } = setUp({ openForMs: 10_000 });
  await clock.advance(7_000);
  assertEquals(looks, [2_000, 4_000, 6_000]);
});

Deno.test("keepOpen tries a failed knock again, with growing delays", async () => {
  const { clock, door, story, looks } = setUp({ openForMs: MINUTE });
  await clock.advance(47_000);
  door.isReachable = false;
  const before = looks.length;
  await clock.advance(10 * MINUTE);
  const failed = story.filter(([, kind]) => kind === "failed");
  assertEquals(failed.slice(0, 4), [
    [48_000, "failed", 2_000],
    [50_000, "failed", 4_000],
    [54_000, "failed", 8_000],
    [62_000, "failed", 16_000],
  ]);
  assertEquals(failed.at(-1)?.[2], MAX_RETRY_MS);
  assertEquals(looks.length, before);
  door.isReachable = true;
  await clock.advance(2 * MINUTE);
  assertEquals(story.at(-1)?.[1], "renewed");
});

table<(world: ReturnType<typeof setUp>) => void>("keepOpen knocks at once after a sleep", {
  "the wall clock ran on": ({ wall }) => wall.ahead += 10 * MINUTE,
  "a timer is late": ({ clock }) => clock.pass(10 * MINUTE),
}, async (sleep) => {
  const world = setUp({ hasProbe: false });
  await world.clock.advance(63_000);
  sleep(world);
  await world.clock.advance(5_000);
  const [, slept, renewed] = world.story;
  assertEquals([slept?.[1], renewed?.[1], world.story.length], ["slept", "renewed", 3]);
});

Deno.test("keepOpen: the wall clock may be set by a few seconds, or back", async () => {
  const { clock, wall, story } = setUp({ hasProbe: false });
  await clock.advance(20_000);
  wall.ahead += 5_000;
  await clock.advance(20_000);
  wall.ahead -= 60 * MINUTE;
  await clock.advance(20_000);
  assertEquals(story.length, 1);
});

Deno.test("keepOpen ends when it is cancelled", async () => {
  const { clock, cancel, running } = setUp();
  await clock.advance(5_000);
  cancel.abort(new CancelledError());
  await assertRejects(() => running, CancelledError);
  assertEquals(clock.sleeping, 0);
});
