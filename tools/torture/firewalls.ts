/**
 * Full sweeps by nmap against real firewalls of random plans, in namespaces of their own; needs root on
 * Linux. All kinds of rules watch the same sweep, each with a door of its own.
 */
import { runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { createLab, labSkipReason } from "../../tests/kernel/lab.ts";
import { givePlanToEach, isOpened, sweepPorts } from "../../tests/kernel/nmap_sweep.ts";
import { createRange, TOOLS } from "../../tests/kernel/rules_lab.ts";
import { makeRandomPlan } from "./plans.ts";
import { requireRule, type Torture } from "./torture.ts";
import { getDoor } from "../../tests/plans.ts";

/** The torture. */
export const firewalls: Torture = {
  summary: "full TCP sweeps by nmap on real firewalls (as root; IPv4 and IPv6)",
  count: 0,
  async run(count, { seed: first }) {
    const reason = count > 0 ? await labSkipReason(TOOLS) : undefined;
    if (reason !== undefined) throw new Error(reason);
    let done = 0;
    for (let seed = first; done < count; seed++) {
      const plan = makeRandomPlan(seed);
      if (plan === undefined || getDoor(plan).stages.some(({ protocol }) => protocol === "udp")) {
        continue;
      }
      await using lab = await createLab();
      const range = await createRange(lab);
      const attack = listAttacks(plan, { seed }).find(({ name }) => name === "sweep-ascending");
      const expected = attack !== undefined && runAttack(plan, attack).opened;
      for (const [firewall, own] of givePlanToEach(plan)) await firewall.load(lab.server, own);
      await sweepPorts(lab, ["-sS", "-r", "-p1-65535"]);
      for (const [firewall, own] of givePlanToEach(plan)) {
        const opened = await isOpened(range, own);
        const isRight = opened.every((one) => one === expected);
        requireRule(isRight, seed, `${firewall.name}: open ${opened}, the model says ${expected}`);
        done++;
      }
    }
    return `${done} doors were as the model says`;
  },
};
