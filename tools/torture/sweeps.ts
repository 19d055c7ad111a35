/** Full port sweeps against the models of random plans: none opens that a plan claims to withstand. */
import { runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { makeRandomPlan } from "./plans.ts";
import { requireRule, type Torture } from "./torture.ts";

/** The torture. */
export const sweeps: Torture = {
  summary: "full sweeps (65,535 ports, once or three times) on models of random plans",
  count: 1_000,
  run(count, { seed: first }) {
    let done = 0;
    let opened = 0;
    for (let seed = first; done < count; seed++) {
      const plan = makeRandomPlan(seed);
      if (plan === undefined) continue;
      const attacks = listAttacks(plan, { seed }).filter(({ name }) => name.startsWith("sweep-"));
      for (const attack of attacks.slice(0, count - done)) {
        const result = runAttack(plan, attack);
        requireRule(result.holds, seed, `${attack.name}, ${attack.claim}: ${attack.reason}`);
        done++;
        if (result.opened) opened++;
      }
    }
    return Promise.resolve(`${done} sweeps; ${opened} opened doors that claim to be weak`);
  },
};
