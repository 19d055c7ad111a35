import { assert, assertEquals, assertRejects } from "@std/assert";
import { realClock } from "../../src/system/clock.ts";
import { table } from "../table.ts";

table(
  "clock: a sleep never ends early",
  [["0.5 ms", 0.5], ["3 ms", 3], ["12.3 ms", 12.3]],
  async (ms) => {
    const at = realClock.now() + ms;
    await realClock.sleepUntil(at);
    assert(realClock.now() >= at);
  },
);

Deno.test("clock: a sleep until the past ends at once", async () => {
  await realClock.sleepUntil(realClock.now() - 1_000);
  await realClock.sleepUntil(-Infinity);
});

Deno.test("clock: time does not go back", () => {
  const times = Array.from({ length: 1_000 }, () => realClock.now());
  assertEquals(times, times.toSorted((a, b) => a - b));
});

Deno.test("clock: a cancelled sleep rejects with the reason, and leaves no timer", async () => {
  const cancel = new AbortController();
  const sleeping = realClock.sleepUntil(realClock.now() + 1e6, cancel.signal);
  cancel.abort(new Error("stop"));
  await assertRejects(() => sleeping, Error, "stop");
  const { signal } = cancel;
  await assertRejects(() => realClock.sleepUntil(realClock.now() + 1e6, signal), Error, "stop");
});
