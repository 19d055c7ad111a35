/**
 * What a port scan does to a sequence of regular knocks. A scan in one direction passes every port
 * of one transport in order; with a guard, any port in between that is neither protected nor public
 * resets the sequence.
 */
import type { Plan, PortSpec } from "./plan.ts";

/** The direction of a scan. */
export type Direction = "ascending" | "descending";

const DIRECTIONS = { ascending: 1, descending: -1 } as const;

/** Whether no knock has a payload: a scanner can send all of them. */
export function isRegular(plan: Pick<Plan, "stages">): boolean {
  return plan.stages.every((stage) => stage.payload === undefined);
}

/** Returns the direction in which one sweep passes all stages in order, guard or not; undefined if none. */
export function findOrderedDirection(plan: Pick<Plan, "stages">): Direction | undefined {
  return listDirections().find((direction) =>
    listSteps(plan).every(([from, to]) =>
      from.protocol === to.protocol && (to.port - from.port) * DIRECTIONS[direction] >= 0
    )
  );
}

/** Returns the direction in which one sweep passes all stages without a mistake; undefined if none. */
export function findSmoothDirection(
  plan: Pick<Plan, "stages" | "protectedPorts" | "publicPorts">,
): Direction | undefined {
  return listDirections().find((direction) =>
    listSteps(plan).every((step) => isSmooth(plan, step, direction))
  );
}

/** Returns the first two knocks in a row that a sweep passes without a mistake; undefined if none. */
export function findSmoothStep(
  plan: Pick<Plan, "stages" | "protectedPorts" | "publicPorts">,
): [PortSpec, PortSpec] | undefined {
  return listSteps(plan).find((step) =>
    listDirections().some((direction) => isSmooth(plan, step, direction))
  );
}

/** Whether a sweep in this direction passes from one knock to the next without a mistake. */
export function isSmooth(
  plan: Pick<Plan, "protectedPorts" | "publicPorts">,
  [from, to]: [PortSpec, PortSpec],
  direction: Direction,
): boolean {
  const sign = DIRECTIONS[direction];
  if (from.protocol !== to.protocol || (to.port - from.port) * sign < 0) return false;
  const neutral = [...plan.protectedPorts, ...plan.publicPorts]
    .filter((spec) => spec.protocol === from.protocol)
    .map((spec) => spec.port);
  for (let port = from.port + sign; (to.port - port) * sign > 0; port += sign) {
    if (!neutral.includes(port)) return false;
  }
  return true;
}

/** Returns each knock with the next. */
export function listSteps(plan: Pick<Plan, "stages">): [PortSpec, PortSpec][] {
  return plan.stages.slice(1).map((to, index) => [plan.stages[index] as PortSpec, to]);
}

function listDirections(): Direction[] {
  return ["ascending", "descending"];
}
