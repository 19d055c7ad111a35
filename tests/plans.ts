/** Plans of one door, for tests. */
import type { Door, Plan } from "../src/plan/plan.ts";
import { isPorts, type PortSpec } from "../src/core/service.ts";

/** What can be changed about a plan and its first door. */
export type PlanChanges = Partial<Plan> & Partial<Omit<Door, "name">>;

/** The first door of a plan. */
export function getDoor({ doors: [door] }: Plan): Door {
  if (door === undefined) throw new Error("a plan without a door");
  return door;
}

/** The plan with other values; those of a door go to the first one. */
export function change(plan: Plan, changes: PlanChanges): Plan {
  const door = getDoor(plan);
  const isDoorKey = (key: string) => key !== "name" && key in door;
  const entries = Object.entries(changes);
  const own = Object.fromEntries(entries.filter(([key]) => !isDoorKey(key)));
  const changed = Object.fromEntries(entries.filter(([key]) => isDoorKey(key)));
  return { ...plan, doors: plan.doors.with(0, { ...door, ...changed }), ...own };
}

/** The ports that a service of the plan's first door, or a public one, begins with. */
export function listNamedPorts(plan: Plan): PortSpec[] {
  return [...getDoor(plan).opens, ...plan.publicServices].filter(isPorts)
    .map(({ port, protocol }) => ({ port, protocol }));
}

/** The first port that the plan's first door opens. */
export function getOpenedPort(plan: Plan): PortSpec {
  const [port] = listNamedPorts(plan);
  if (port === undefined) throw new Error("a plan that opens no port");
  return port;
}

/** The first plan, with the doors of the others in its rule set. */
export function joinDoors(plan: Plan, ...others: readonly Plan[]): Plan {
  return { ...plan, doors: [plan, ...others].flatMap(({ doors }) => doors) };
}
