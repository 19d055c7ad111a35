import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createRandom, shuffle } from "../../src/model/random.ts";

function take(seed: number, count: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random());
}

Deno.test("the seed decides", () => {
  assertEquals(take(7, 100), take(7, 100));
  assertNotEquals(take(7, 100), take(8, 100));
});

Deno.test("the numbers lie evenly between 0 and 1", () => {
  const numbers = take(1, 10_000);
  assert(numbers.every((number) => number >= 0 && number < 1));
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    assert(count > 850 && count < 1_150, `${count} in tenth ${tenth}`);
  }
});

Deno.test("shuffle keeps every item, leaves its argument, and reaches every order", () => {
  const items = [1, 2, 3];
  const random = createRandom(5);
  const orders = new Map<string, number>();
  for (let round = 0; round < 6_000; round++) {
    const order = shuffle(items, random);
    assertEquals(order.toSorted(), items);
    orders.set(order.join(), (orders.get(order.join()) ?? 0) + 1);
  }
  assertEquals(items, [1, 2, 3]);
  assertEquals(orders.size, 6);
  for (const count of orders.values()) assert(count > 850 && count < 1_150);
});
