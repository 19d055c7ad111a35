/**
 * Does what breaks programs, very often: kills in mid-write, writers at the same time, mutated files, full
 * sweeps. Prints the seed; the same seed does the same again (the moments of kills aside).
 *
 *   deno task torture                        everything, as often as it says below
 *   deno task torture --fuzz 500000          only this, so often
 *   deno task torture --sweeps 50 --seed 7
 *   sudo deno task torture --firewalls 45    real firewalls; only when it is asked for
 */
import { parseArgs } from "@std/cli/parse-args";
import { TORTURES } from "./torture/tortures.ts";

const names = Object.keys(TORTURES);
const args = parseArgs(Deno.args, {
  string: [...names, "seed"],
  unknown: (arg: string) => {
    throw new Error(`"${arg}" is not known: use ${names.map((name) => `--${name} N`).join(", ")}`);
  },
}) as Record<string, unknown>;

const isChosen = names.some((name) => args[name] !== undefined);
const seed = Number(args["seed"] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const print = (text: string) => Deno.stdout.write(new TextEncoder().encode(text));

await print(`seed ${seed}\n`);
for (const [name, torture] of Object.entries(TORTURES)) {
  const count = Number(args[name] ?? (isChosen ? 0 : torture.count));
  if (!Number.isInteger(count)) throw new Error(`--${name} needs a whole number`);
  if (count === 0) continue;
  await print(`${name}: ${torture.summary}\n`);
  const start = performance.now();
  const result = await torture.run(count, { seed });
  await print(`  ${result}, ${((performance.now() - start) / 1_000).toFixed(1)} s\n`);
}
