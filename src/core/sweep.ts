/**
 * What a port scan does to a sequence of regular knocks. A scan in one direction passes every port
 * of one transport in order; with a guard, any port in between that is neither open nor public
 * resets the progress.
 */
import type { Plan, PortSpec } from "./plan.ts";

/** The direction of a scan. */
export type Direction = "ascending" | "descending";

const DIRECTIONS = { ascending: 1, descending: -1 } as const;

/** Whether the plan holds nothing that a scanner lacks. */
export function isRegular(plan: Pick<Plan, "stages">): boolean {
  return plan.stages.every((stage) => stage.payload === undefined);
}

/** The direction in which one sweep passes all stages in order, guard or not; undefined if none. */
export function orderedDirection(plan: Pick<Plan, "stages">): Direction | undefined {
  return directions().find((direction) =>
    steps(plan).every(([from, to]) =>
      from.protocol === to.protocol && (to.port - from.port) * DIRECTIONS[direction] >= 0
    )
  );
}

/** The direction in which one sweep passes all stages without a mistake; undefined if none. */
export function smoothDirection(
  plan: Pick<Plan, "stages" | "open" | "public">,
): Direction | undefined {
  return directions().find((direction) =>
    steps(plan).every((step) => isSmooth(plan, step, direction))
  );
}

/** The first two knocks in a row that a sweep passes without a mistake; undefined if none. */
export function smoothStep(
  plan: Pick<Plan, "stages" | "open" | "public">,
): [PortSpec, PortSpec] | undefined {
  return steps(plan).find((step) =>
    directions().some((direction) => isSmooth(plan, step, direction))
  );
}

/** Whether a sweep in this direction passes from one knock to the next without a mistake. */
export function isSmooth(
  plan: Pick<Plan, "open" | "public">,
  [from, to]: [PortSpec, PortSpec],
  direction: Direction,
): boolean {
  const sign = DIRECTIONS[direction];
  if (from.protocol !== to.protocol || (to.port - from.port) * sign < 0) return false;
  const neutral = [...plan.open, ...plan.public]
    .filter((spec) => spec.protocol === from.protocol)
    .map((spec) => spec.port);
  for (let port = from.port + sign; (to.port - port) * sign > 0; port += sign) {
    if (!neutral.includes(port)) return false;
  }
  return true;
}

/** Each knock with the next. */
export function steps(plan: Pick<Plan, "stages">): [PortSpec, PortSpec][] {
  return plan.stages.slice(1).map((to, index) => [plan.stages[index] as PortSpec, to]);
}

function directions(): Direction[] {
  return ["ascending", "descending"];
}
