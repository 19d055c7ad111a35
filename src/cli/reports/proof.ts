/** `rules --prove`: every attack against the plan's model, a line each. */
import type { Plan } from "../../plan/plan.ts";
import { renderFamily } from "../../core/address/syntax.ts";
import {
  type Attack,
  type AttackResult,
  BARE_WORLD,
  listAttacks,
  runAttack,
} from "../../model/mod.ts";
import { renderTable } from "../../output/table.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

/** An attack, its result, and the families over which it was the same. */
interface ProofRow {
  attack: Attack;
  result: AttackResult;
  families: Plan["families"][number][];
}

/** Milliseconds of attacks without a look at anything else. */
const TURN_MS = 100;

/** Runs the attacks and prints the table; returns 1 when an attack that must fail opens the door. */
export async function reportProof(
  plan: Plan,
  { out, ports }: Context,
  { seed }: { seed: number },
): Promise<number> {
  const rows = await runAll(plan, { seed, out, ports });
  const failed = rows.filter(({ result }) => !result.holds);
  const { good, bad, warn, faint } = out.style;
  out.print(renderTable([
    ["attack", "door", "as claimed", "why"],
    ...rows.map(({ attack, result, families }) => [
      attack.description + nameFamilies(plan, families),
      describeDoor(attack.claim, result),
      result.holds ? attack.claim === "vulnerable" ? warn("weak") : good("yes") : bad("NO"),
      faint(attack.reason),
    ]),
  ], { maxWidth: Infinity }));
  out.print(
    `tried over ${plan.families.map(renderFamily).join(" and ")}, with ${
      listWorldNames(rows).join(", ")
    }\n`,
  );
  out.print(
    failed.length === 0
      ? `${rows.length} cases, all as claimed (seed ${seed})\n`
      : `${failed.length} of ${rows.length} cases not as claimed (seed ${seed})\n`,
  );
  out.value({
    seed,
    ok: failed.length === 0,
    cases: rows.map(({ attack: { packets: _, world, ...attack }, result, families }) => ({
      name: attack.name,
      target: attack.door,
      description: attack.description,
      families,
      world: (world ?? BARE_WORLD).name,
      claim: attack.claim,
      reason: attack.reason,
      opened: result.opened,
      open_at_end: result.openAtEnd,
      reached: result.visited,
      holds: result.holds,
      packets: result.packets,
    })),
  });
  return failed.length === 0 ? EXIT.done : EXIT.closed;
}

/** An attack that ends alike over both families is one row. */
async function runAll(
  plan: Plan,
  { seed, out, ports: { clock, signal } }: { seed: number } & Pick<Context, "out" | "ports">,
): Promise<ProofRow[]> {
  const rows: ProofRow[] = [];
  const attacks = plan.families.flatMap((family) =>
    listAttacks(plan, { seed, family }).map((attack) => ({ family, attack }))
  );
  let done = 0;
  let paused = clock.now();
  const work = async () => {
    for (const { family, attack } of attacks) {
      // Ctrl-C and the status line have their turn.
      if (clock.now() - paused > TURN_MS) {
        await clock.sleepUntil(clock.now() + 1, signal);
        paused = clock.now();
      }
      done++;
      const result = runAttack(plan, attack);
      const same = rows.find((row) =>
        row.attack.name === attack.name && isSame(row, attack, result)
      );
      if (same === undefined) rows.push({ attack, result, families: [family] });
      else same.families.push(family);
    }
  };
  await out.status.during((s) => `attack ${done} of ${attacks.length}, ${s} s`, work);
  return rows;
}

function isSame({ attack, result }: ProofRow, other: Attack, ended: AttackResult): boolean {
  return attack.claim === other.claim && result.holds === ended.holds &&
    describeDoor(attack.claim, result) === describeDoor(other.claim, ended);
}

function nameFamilies(plan: Plan, families: readonly Plan["families"][number][]): string {
  return families.length === plan.families.length
    ? ""
    : ` (${families.map(renderFamily).join(", ")})`;
}

function listWorldNames(rows: readonly ProofRow[]): string[] {
  return [...new Set(rows.map(({ attack: { world = BARE_WORLD } }) => world.name))];
}

/** What the claim asks: the door at the end, the service, or whether the door ever opened. */
function describeDoor(
  claim: Attack["claim"],
  { opened, openAtEnd, visited, reached }: AttackResult,
): string {
  if (claim === "passes") return reached ? "passes" : "dropped";
  const isAsked = claim === "vulnerable" || claim === "refused";
  if (!opened) return visited || (isAsked && reached) ? "reached" : "shut";
  if (claim === "reaches" || claim === "blocked") return reached ? "opened" : "open, blocked";
  if (claim === "closes" || claim === "stays-open") {
    return openAtEnd ? "stays open" : "closed again";
  }
  return "opened";
}
