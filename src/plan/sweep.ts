/**
 * What a port scan does to a sequence of regular knocks. A scan in one direction passes every port
 * of one transport in order; with a guard, any port in between that is neither guarded nor public
 * resets the sequence. The knocks that the source has passed already do not: they are accepted again.
 */
import { type Door, listKnocks, listNeutral, type Plan } from "./plan.ts";
import { type PortSpec } from "../core/service.ts";
import { covers } from "../core/service.ts";

/** The direction of a scan. */
export type Direction = "ascending" | "descending";

/** From one knock to the next. */
interface Step {
  from: PortSpec;
  to: PortSpec;
  /** The knocks before the next one. */
  passed: readonly PortSpec[];
}

const DIRECTIONS = { ascending: 1, descending: -1 } as const;

/** Whether no knock has a payload: a scanner can send all of them. */
export function isRegular(door: Pick<Door, "stages">): boolean {
  return door.stages.every((stage) => stage.payload === undefined);
}

/** Returns the direction in which one sweep passes all stages in order, guard or not; undefined if none. */
export function findOrderedDirection(door: Pick<Door, "stages">): Direction | undefined {
  return listDirections().find((direction) =>
    listSteps(door).every(({ from, to }) =>
      from.protocol === to.protocol && (to.port - from.port) * DIRECTIONS[direction] >= 0
    )
  );
}

/**
 * Returns how sweeps pass all stages without a mistake: one in a direction, or `repeated` sweeps of the
 * ports between the knocks; undefined if none does.
 */
export function findFreeWalk(door: Door, plan: Plan): Direction | "repeated" | undefined {
  const isFree = createStepCheck(door, plan);
  const steps = listSteps(door);
  const smooth = listDirections().find((direction) =>
    steps.every((step) => isFree(step, direction))
  );
  if (smooth !== undefined) return smooth;
  return steps.every((step) => listDirections().some((direction) => isFree(step, direction)))
    ? "repeated"
    : undefined;
}

/** Returns the first two knocks in a row that a sweep passes without a mistake; undefined if none. */
export function findSmoothStep(door: Door, plan: Plan): Step | undefined {
  const isFree = createStepCheck(door, plan);
  return listSteps(door).find((step) =>
    listDirections().some((direction) => isFree(step, direction))
  );
}

/** Returns the check whether a sweep passes from one knock to the next without a mistake. */
export function createStepCheck(
  door: Door,
  plan: Plan,
): (step: Step, direction: Direction) => boolean {
  const services = listNeutral(plan);
  const others = listKnocks({ doors: plan.doors.filter(({ name }) => name !== door.name) });
  const isNeutral = (spec: PortSpec, passed: readonly PortSpec[]) =>
    services.some((service) => covers(service, spec)) ||
    [...others, ...passed].some(({ port, protocol }) =>
      port === spec.port && protocol === spec.protocol
    );
  return ({ from, to, passed }, direction) => {
    const sign = DIRECTIONS[direction];
    const { protocol } = from;
    if (protocol !== to.protocol || (to.port - from.port) * sign < 0) return false;
    for (let port = from.port + sign; (to.port - port) * sign > 0; port += sign) {
      if (!isNeutral({ port, protocol }, passed)) return false;
    }
    return true;
  };
}

/** Returns each knock with the next. */
export function listSteps({ stages }: Pick<Door, "stages">): Step[] {
  return stages.slice(1).map((to, index) => ({
    from: stages[index] as PortSpec,
    to,
    passed: stages.slice(0, index + 1),
  }));
}

function listDirections(): Direction[] {
  return ["ascending", "descending"];
}
