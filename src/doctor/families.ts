/**
 * A target of the family `both` has two doors: one over IPv4, one over IPv6. Each is diagnosed, and the
 * worse one decides.
 */
import { renderFamily } from "../core/address/syntax.ts";
import type { Family } from "../core/target.ts";
import type { AddressEvidence, DoorEvidence } from "./evidence.ts";
import type { Diagnosis } from "./finding.ts";

/** Returns the addresses that have to open, each with those that stand in for it. */
export function groupByDoor<T extends Pick<AddressEvidence, "family">>(
  addresses: readonly T[],
  family: Family,
): T[][] {
  if (family !== "both") return addresses.length === 0 ? [] : [[...addresses]];
  return [...Map.groupBy(addresses, (each) => each.family).values()];
}

/** Diagnoses each door of a target, and returns the worst with what was found over each family. */
export function diagnoseFamilies(
  door: DoorEvidence,
  diagnose: (door: DoorEvidence) => Diagnosis | undefined,
): Diagnosis | undefined {
  const [first, ...others] = groupByDoor(door.addresses, door.family).flatMap((addresses) => {
    const diagnosis = diagnose({ ...door, addresses });
    const [taken] = addresses;
    return diagnosis === undefined || taken === undefined ? [] : [{ taken, diagnosis }];
  });
  if (first === undefined) return diagnose(door);
  const found = [first, ...others].toSorted((a, b) => rate(b.diagnosis) - rate(a.diagnosis));
  const worst = (found[0] ?? first).diagnosis;
  const isSame = found.every(({ diagnosis }) => diagnosis.cause === worst.cause);
  const cause = isSame
    ? worst.cause
    : found.map(({ taken, diagnosis }) =>
      `Over ${renderFamily(taken.family)} (${taken.address}): ${diagnosis.cause}`
    ).join(" ");
  const scope = worst.kind === "fine" && isSame ? describeScope(door) : "";
  return { ...worst, cause: `${cause}${scope}` };
}

/**
 * How bad it is. A network without one of the families is nothing that is wrong: the knocks over the other
 * are sent all the same.
 */
function rate({ code, kind }: Diagnosis): number {
  if (code === "no_route") return 0;
  if (kind === "fine") return code === "fine" ? 1 : 2;
  return code === "open_already" ? 3 : 4;
}

/** Which addresses a good end is about, where that is not clear. */
function describeScope({ family, addresses }: DoorEvidence): string {
  const [taken, ...rest] = addresses;
  if (taken?.after === undefined) return "";
  if (family === "both") {
    const names = [...new Set(addresses.map((each) => renderFamily(each.family)))];
    if (names.length > 1) return ` Both ${names.join(" and ")} were tried.`;
    const other = renderFamily(taken.family === "ipv4" ? "ipv6" : "ipv4");
    return ` Only ${names.join()} was tried: there is no ${other} address to use.`;
  }
  return rest.length === 0 || rest.some(({ after }) => after !== undefined)
    ? ""
    : ` Only ${taken.address} was tried: the others are used where it cannot be reached.`;
}
