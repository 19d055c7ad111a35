/** What the knocks of one door do at the others of the same rule set. */
import { canCoincide, type Door, isWithin } from "../../plan/plan.ts";
import type { Attack } from "../attack.ts";
import { type AttackContext, createAttack, createKnocks } from "./attack_context.ts";

/** Returns the attacks on a door by the knocks of the others; none where it is alone. */
export function listDoors(context: AttackContext): Attack[] {
  const { plan, door } = context;
  const knocks = createKnocks(context);
  return plan.doors.filter((other) => other !== door).flatMap((other) => {
    const others = createKnocks(context, { stages: other.stages });
    const mixed = knocks.flatMap((knock, index) => [knock, ...others.slice(index, index + 1)]);
    return [
      ...(isWithin(door.stages, [...other.stages, ...other.stages])
        ? []
        : [createAttack(context, "closed", {
          name: `knocks-of-${other.name.toLowerCase()}`,
          description: `the knocks of ${other.name}, twice`,
          reason: "each door has its own stages",
          packets: [...others, ...others],
        })]),
      ...(isClosedBy(door, other) ? [] : [createAttack(context, "opens", {
        name: `mixed-with-${other.name.toLowerCase()}`,
        description: `the right knocks, with those of ${other.name} in between`,
        reason: "knocks of another door reset nothing",
        packets: mixed,
      })]),
    ];
  });
}

function isClosedBy({ closing }: Door, { stages }: Door): boolean {
  const last = closing.at(-1);
  return last !== undefined && stages.some((stage) => canCoincide(stage, last));
}
