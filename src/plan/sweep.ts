/**
 * What a port scan does to a sequence of regular knocks. A scan in one direction passes every port
 * of one transport in order; with a guard, any port in between that is neither guarded nor public
 * resets the sequence. The knocks that the source has passed already do not: they are accepted again.
 */
import { type Door, isSecret, listNeutral, listOtherKnocks, type Plan } from "./plan.ts";
import { isAmong, type PortSpec } from "../core/service.ts";

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
  return !door.stages.some(isSecret);
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

/**
 * Returns the check whether a sweep in this direction passes from one knock to the next without a mistake: a sweep
 * of one transport after the other, or of both at each port.
 */
export function createStepCheck(
  door: Door,
  plan: Plan,
): (step: Step, direction: Direction) => boolean {
  const services = listNeutral(plan);
  const others = listOtherKnocks(plan, door);
  const isNeutral = (spec: PortSpec, passed: readonly PortSpec[]) =>
    isAmong(services, spec) ||
    [...others, ...passed].some((knock) => isSamePort(knock, spec));
  return ({ from, to, passed }, direction) =>
    isSamePort(from, to) || LAYOUTS.some((layout) => {
      const order = { layout, direction };
      const end = findPlace(to, order);
      for (let place = findPlace(from, order) + 1; place < end; place++) {
        if (!isNeutral(readPlace(place, order), passed)) return false;
      }
      return findPlace(from, order) < end;
    });
}

function isSamePort(a: PortSpec, b: PortSpec): boolean {
  return a.port === b.port && a.protocol === b.protocol;
}

/** In which order a sweep visits the ports of both transports. */
interface Order {
  layout: typeof LAYOUTS[number];
  direction: Direction;
}

/** The transport that comes first, and whether the other follows at each port, or after all ports. */
const LAYOUTS = [
  { first: "tcp", isMixed: false },
  { first: "udp", isMixed: false },
  { first: "tcp", isMixed: true },
  { first: "udp", isMixed: true },
] as const;

const PORTS = 65_535;

/** Returns when a sweep comes to a port, as a number from 0. */
function findPlace({ port, protocol }: PortSpec, { layout, direction }: Order): number {
  const rank = direction === "ascending" ? port - 1 : PORTS - port;
  const second = protocol === layout.first ? 0 : 1;
  return layout.isMixed ? 2 * rank + second : rank + second * PORTS;
}

/** The reverse of {@linkcode findPlace}. */
function readPlace(place: number, { layout, direction }: Order): PortSpec {
  const isSecond = layout.isMixed ? place % 2 === 1 : place >= PORTS;
  const rank = layout.isMixed ? Math.floor(place / 2) : place % PORTS;
  const second = layout.first === "tcp" ? "udp" : "tcp";
  return {
    port: direction === "ascending" ? rank + 1 : PORTS - rank,
    protocol: isSecond ? second : layout.first,
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
