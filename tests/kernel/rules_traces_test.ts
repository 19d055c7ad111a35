/**
 * Random packets against the generated rules: for three seeds a firewall, of both families, the
 * kernel lets through what the model lets through. RouterOS' rules, translated, let through no more with a guard, and
 * after a closing sequence. More seeds: `deno task bench model`.
 */
import { assert } from "@std/assert";
import { kernelTest } from "./lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import { type Firewall, FIREWALLS, forEachFirewall, TOOLS } from "./rules_lab.ts";
import { playTraces } from "./traces.ts";

const SEEDS = 3;
const TRACES = 100;
/** The least packets of RouterOS' rules: compared exactly, as at most the model's, and of those let through. */
const LEAST = [150, 200, 20] as const;

await kernelTest(
  "random traces: the kernel's verdict is the model's",
  (_lab, context) => forEachFirewall(context, fireAll, [...FIREWALLS, PLAYED_MIKROTIK]),
  { tools: TOOLS },
);

async function fireAll(firewall: Firewall): Promise<void> {
  // SPKNOCK_SEED repeats a run that failed.
  const given = Deno.env.get("SPKNOCK_SEED");
  const first = Number(given ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const sum = { exact: 0, stricter: 0, opened: 0, skipped: 0 };
  for (let seed = first; seed < first + SEEDS; seed++) {
    const total = await playTraces(firewall, { seed, count: TRACES });
    sum.exact += total.exact;
    sum.stricter += total.stricter;
    sum.opened += total.opened;
    sum.skipped += total.skipped;
  }
  const [exact, stricter, opened] = firewall.isExact === undefined ? [500, 0, 0] : LEAST;
  const where = `${firewall.name}, seeds from ${first}: ${JSON.stringify(sum)}`;
  assert(sum.exact >= exact, where);
  assert(sum.exact + sum.stricter > 4 * sum.skipped, where);
  assert(sum.stricter >= stricter && sum.opened >= opened, where);
}
