/**
 * Which targets are doors of one machine: one rule set is for one machine, and a machine has one rule set.
 *
 * A machine is the host of a place to log in to (that of `--hosts`, else the target's `admin`), or the host of the
 * target where there is none. Targets of one host are doors of one machine, unless each has a place of its own.
 */
import { UsageError } from "../../core/errors.ts";
import { isSameHost, type Target } from "../../core/target.ts";

/** A machine and its doors. */
interface FleetGroup {
  /** Where ssh logs in; undefined where no target of the machine says it. */
  place: string | undefined;
  /** At least one, in their order. */
  targets: readonly Target[];
}

/** A machine that can be logged in to. */
export interface FleetPlace extends FleetGroup {
  place: string;
}

/** The places of a hosts file, by the names of targets. */
type Places = ReadonlyMap<string, string>;

/**
 * Returns the machines of targets, in the order of their first doors.
 *
 * @throws {UsageError} where two of one machine have different logins.
 */
export function groupTargets(
  targets: readonly Target[],
  places: Places = new Map(),
): FleetGroup[] {
  const findOwn = ({ name, admin }: Target) => places.get(name) ?? admin;
  // A door of the same host says it for the others.
  const findPlace = (target: Target) =>
    findOwn(target) ??
      targets.filter(({ host }) => isSameHost(host, target.host)).map(findOwn)
        .find((place) => place !== undefined);
  const groups: { place: string | undefined; host: string; targets: Target[] }[] = [];
  for (const target of targets) {
    const place = findPlace(target);
    const host = place === undefined ? target.host : parseLoginHost(place);
    const group = groups.find((each) => isSameHost(each.host, host));
    if (group === undefined) {
      groups.push({ place, host, targets: [target] });
      continue;
    }
    if (place !== undefined && group.place !== undefined && place !== group.place) {
      if (!isSameLogin(place, group.place)) {
        throw refuseLogins(group.targets, target, [group.place, place]);
      }
    }
    group.place ??= place;
    group.targets.push(target);
  }
  return groups.map(({ place, targets }) => ({ place, targets }));
}

/**
 * As {@linkcode groupTargets}, where each machine is logged in to.
 *
 * @throws {UsageError} for a target without a place, too.
 */
export function groupByPlace(targets: readonly Target[], places?: Places): FleetPlace[] {
  return groupTargets(targets, places).map(({ place, targets }) => {
    if (place !== undefined) return { place, targets };
    const names = targets.map(({ name }) => name);
    throw new UsageError(`where is the firewall of "${names.join('", "')}" administered?`, {
      hint:
        `save it: spknock edit ${names.join(" ")} --admin root@${
          targets[0]?.host
        }, or name a file with ` +
        `--hosts`,
    });
  });
}

/** The host of `[USER@]HOST` or `ssh://[USER@]HOST[:PORT]`, with the port of the latter. */
function parseLoginHost(place: string): string {
  return place.replace(/^ssh:\/\//, "").replace(/^[^@]*@/, "");
}

/** Host names do not differ by case; users do. */
function isSameLogin(one: string, other: string): boolean {
  const user = (place: string) => place.includes("@") ? place.replace(/@[^@]*$/, "") : "";
  return user(one) === user(other);
}

function refuseLogins(
  [first]: readonly Target[],
  { name }: Target,
  places: readonly string[],
): UsageError {
  return new UsageError(
    `"${first?.name}" and "${name}" are doors of one machine with two logins: ${places.join(", ")}`,
    { hint: "use the same login for both" },
  );
}
