import { assertEquals } from "@std/assert";
import { TimedSet } from "../../src/model/timed_set.ts";

Deno.test("an entry lives for its time, counted from when it was last written", () => {
  const set = new TimedSet<number>({ timeoutMs: 100, size: 10 });
  assertEquals(set.write("a", 1, 0), true);
  assertEquals([set.has("a", 99), set.has("a", 100)], [true, false]);
  assertEquals(set.write("a", 2, 50), true);
  assertEquals([set.until("a", 149), set.until("a", 150)], [150, undefined]);
  assertEquals([set.get("a", 149), set.get("a", 150)], [2, undefined]);
  assertEquals(set.has("b", 0), false);
});

Deno.test("only live entries take room", () => {
  const set = new TimedSet({ timeoutMs: 100, size: 2 });
  set.write("a", undefined, 0);
  set.write("b", undefined, 10);
  assertEquals(set.write("c", undefined, 99), false);
  assertEquals(set.write("b", undefined, 99), true);
  assertEquals(set.write("c", undefined, 100), true);
  assertEquals([set.has("a", 100), set.has("b", 100), set.has("c", 100)], [false, true, true]);
  assertEquals(set.delete("b", 100), true);
  assertEquals(set.delete("b", 100), false);
  assertEquals(set.write("d", undefined, 100), true);
  assertEquals(set.delete("c", 200), false);
});
