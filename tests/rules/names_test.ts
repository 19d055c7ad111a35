import { assertEquals, assertNotEquals } from "@std/assert";
import { shortenName } from "../../src/rules/backends/names.ts";

Deno.test("a name that fits stays", () => {
  assertEquals(shortenName("home", 20), "home");
  assertEquals(shortenName("x".repeat(20), 20), "x".repeat(20));
});

Deno.test("a long name is cut, and told apart from its like", () => {
  const [one, two] = ["a", "b"].map((end) => shortenName(`${"x".repeat(63)}${end}`, 20));
  assertEquals(one?.length, 20);
  assertEquals(/^x{11}\.[0-9a-f]{8}$/.test(one ?? ""), true);
  assertNotEquals(one, two);
});
