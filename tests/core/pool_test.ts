import { assertEquals, assertRejects } from "@std/assert";
import { mapPool } from "../../src/core/pool.ts";
import { FakeClock, settle } from "../fakes.ts";

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

/** An elastic pool of work that ends when the test says so. */
function startElastic({ items = 1_000, first = 4, most = 20 } = {}) {
  const clock = new FakeClock();
  let onScarce = () => {};
  let isWatched = false;
  const running: (() => void)[] = [];
  const watch = (call: () => void) => {
    onScarce = call;
    isWatched = true;
    return () => isWatched = false;
  };
  const all = mapPool(Array.from({ length: items }), { first, most, clock, watch }, {
    work: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      running.push(resolve);
      return promise;
    },
  });
  return {
    clock,
    running,
    all,
    end: async (count: number) => {
      for (const resolve of running.splice(0, count)) resolve();
      await settle();
    },
    lackRoom: () => onScarce(),
    isWatched: () => isWatched,
  };
}

Deno.test("an elastic pool grows by a quarter while its work waits, up to its bound", async () => {
  const { clock, running } = startElastic();
  const sizes = [running.length];
  for (let look = 0; look < 10; look++) {
    await clock.advance(20);
    sizes.push(running.length);
  }
  assertEquals(sizes, [4, 5, 6, 7, 8, 10, 12, 15, 18, 20, 20]);
});

Deno.test("an elastic pool does not grow where answers come at once, nor where the loop is busy", async () => {
  const { clock, running, end } = startElastic();
  for (let look = 0; look < 5; look++) {
    await end(4);
    await clock.advance(20);
  }
  assertEquals(running.length, 4);
  for (let look = 0; look < 5; look++) {
    clock.pass(30);
    await clock.advance(0);
  }
  assertEquals(running.length, 4);
});

Deno.test("an elastic pool shrinks where the loop is far behind, not below its first size", async () => {
  const { clock, running, end } = startElastic({ first: 4, most: 8 });
  await clock.advance(200);
  assertEquals(running.length, 8);
  for (const size of [6, 5, 4, 4]) {
    clock.pass(150);
    await clock.advance(0);
    await end(8);
    assertEquals(running.length, size);
  }
});

Deno.test("an elastic pool halves where there is no room, once for all that found none, then grows by one", async () => {
  const { clock, running, end, lackRoom } = startElastic();
  await clock.advance(200);
  assertEquals(running.length, 20);
  for (let call = 0; call < 5; call++) lackRoom();
  await end(12);
  assertEquals(running.length, 10);
  await clock.advance(60);
  assertEquals(running.length, 12);
});

Deno.test("an elastic pool of one place goes on, and stops looking at its end", async () => {
  const { clock, running, end, lackRoom, all, isWatched } = startElastic({ items: 6, first: 2 });
  lackRoom();
  await end(2);
  assertEquals(running.length, 1);
  lackRoom();
  while (running.length > 0) await end(1);
  assertEquals((await all).length, 6);
  assertEquals([isWatched(), clock.sleeping], [false, 0]);
});

Deno.test("a failure ends the pool: nothing more is started", async () => {
  let started = 0;
  await assertRejects(
    () =>
      mapPool([1, 2, 3, 4], 2, {
        work: () => ++started === 1 ? Promise.reject(new Error("no")) : Promise.resolve(),
      }),
    Error,
    "no",
  );
  await settle();
  assertEquals(started <= 2, true);
});
