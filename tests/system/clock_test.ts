import { assert, assertEquals, assertRejects } from "@std/assert";
import { realClock } from "../../src/system/clock.ts";

Deno.test("sleeping ends at its moment and never before", async () => {
  for (const ms of [0.5, 3, 12.3]) {
    const at = realClock.now() + ms;
    await realClock.sleepUntil(at);
    assert(realClock.now() >= at);
  }
});

Deno.test("a moment in the past is no wait", async () => {
  await realClock.sleepUntil(realClock.now() - 1_000);
  await realClock.sleepUntil(-Infinity);
});

Deno.test("time does not go back", () => {
  const times = Array.from({ length: 1_000 }, () => realClock.now());
  assertEquals(times, times.toSorted((a, b) => a - b));
});

Deno.test("sleeping ends with the reason when it is cancelled, and leaves no timer", async () => {
  const cancel = new AbortController();
  const sleeping = realClock.sleepUntil(realClock.now() + 1e6, cancel.signal);
  cancel.abort(new Error("stop"));
  await assertRejects(() => sleeping, Error, "stop");
  const { signal } = cancel;
  await assertRejects(() => realClock.sleepUntil(realClock.now() + 1e6, signal), Error, "stop");
});
