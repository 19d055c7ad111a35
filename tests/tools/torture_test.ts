/** Some hundreds or thousands of each torture, with the same seed each time; `deno task torture` does more. */
import { assertEquals } from "@std/assert";
import { TORTURES } from "../../tools/torture/tortures.ts";
import { table } from "../table.ts";

const SEED = 20_261_127;

const COUNTS: Record<string, number> = {
  kills: 100,
  writers: 240,
  fuzz: 4_000,
  imports: 20_000,
  sweeps: 200,
  // `tests/kernel` sweeps them.
  firewalls: 0,
};

table("torture", COUNTS, async (count, name) => {
  await TORTURES[name]?.run(count, { seed: SEED });
});

Deno.test("torture: each of them is here", () => {
  assertEquals(Object.keys(COUNTS), Object.keys(TORTURES));
});
