/** `rules --prove`: every attack against the plan's model, a line each. */
import type { Plan } from "../../core/plan.ts";
import { type Attack, type AttackResult, listAttacks, runAttack } from "../../model/mod.ts";
import { renderTable } from "../../output/table.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

/** Runs the attacks and prints the table; returns 1 when an attack that must fail opens the door. */
export function reportProof(plan: Plan, { out }: Context, { seed }: { seed: number }): number {
  const rows = listAttacks(plan, { seed }).map((attack) => ({
    attack,
    result: runAttack(plan, attack),
  }));
  const failed = rows.filter(({ result }) => !result.holds);
  const { good, bad, warn, faint } = out.style;
  out.print(renderTable([
    ["attack", "door", "as claimed", "why"],
    ...rows.map(({ attack, result }) => [
      attack.description,
      describeDoor(attack.claim, result),
      result.holds ? attack.claim === "vulnerable" ? warn("weak") : good("yes") : bad("NO"),
      faint(attack.reason),
    ]),
  ], { maxWidth: Infinity }));
  out.print(
    failed.length === 0
      ? `${rows.length} cases, all as claimed (seed ${seed})\n`
      : `${failed.length} of ${rows.length} cases not as claimed (seed ${seed})\n`,
  );
  out.value({
    seed,
    ok: failed.length === 0,
    cases: rows.map(({ attack: { packets: _, ...attack }, result }) => ({
      name: attack.name,
      description: attack.description,
      claim: attack.claim,
      reason: attack.reason,
      opened: result.opened,
      open_at_end: result.openAtEnd,
      holds: result.holds,
      packets: result.packets,
    })),
  });
  return failed.length === 0 ? EXIT.done : EXIT.closed;
}

/** What is asked of closing knocks is the door at the end; of all others, whether it ever opened. */
function describeDoor(claim: Attack["claim"], { opened, openAtEnd }: AttackResult): string {
  if (!opened) return "shut";
  if (claim === "closes" || claim === "stays-open") {
    return openAtEnd ? "stays open" : "closed again";
  }
  return "opened";
}
