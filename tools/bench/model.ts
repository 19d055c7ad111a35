/** The model and the kernel, at the same random packets: how many were compared, over many seeds. */
import { labSkipReason } from "../../tests/kernel/lab.ts";
import { PLAYED_MIKROTIK } from "../../tests/kernel/routeros_player.ts";
import { FIREWALLS, TOOLS } from "../../tests/kernel/rules_lab.ts";
import { playTraces } from "../../tests/kernel/traces.ts";
import type { Outcome, Section } from "./report.ts";

const SEEDS = 10;
const TRACES = 200;

/** A difference ends the run with the packets and their seed. */
async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason(TOOLS);
  if (leftOut !== undefined) return { leftOut };
  const rows: string[][] = [];
  for (const firewall of [...FIREWALLS, PLAYED_MIKROTIK]) {
    let [exact, stricter] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const total = await playTraces(firewall, { seed, count: TRACES });
      exact += total.exact;
      stricter += total.stricter;
    }
    rows.push([firewall.name, `${SEEDS}`, `${exact}`, `${stricter}`, "0"]);
  }
  return { head: ["firewall", "seeds", "as the model", "at most the model", "differences"], rows };
}

/** See the header. */
export const model: Section = {
  title: "The model and the kernel",
  aim: "no packet about which they differ",
  run,
};
