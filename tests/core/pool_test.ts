import { assertEquals, assertRejects } from "@std/assert";
import { mapPool } from "../../src/core/pool.ts";

Deno.test("at most so many at a time, results in order", async () => {
  for (const jobs of [1, 3, 100]) {
    let [running, most] = [0, 0];
    const results = await mapPool([5, 1, 4, 2, 3], jobs, {
      async work(turns, index) {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        running--;
        return `${index}:${turns}`;
      },
    });
    assertEquals(results, ["0:5", "1:1", "2:4", "3:2", "4:3"]);
    assertEquals(most, Math.min(jobs, 5));
  }
});

Deno.test("nothing to do is done, and a failure is passed on", async () => {
  assertEquals(await mapPool([], 4, { work: () => Promise.resolve(1) }), []);
  await assertRejects(() => mapPool([1], 4, { work: () => Promise.reject(new Error("no")) }));
});
