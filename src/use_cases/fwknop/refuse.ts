/** What cannot be done to a door of fwknopd: the daemon watches for packets, and writes the rules, itself. */
import { UsageError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";

/**
 * Refuses the doors of fwknopd.
 *
 * @throws {UsageError}
 */
export function refuseFwknop(targets: readonly Pick<Target, "name" | "fwknop">[]): void {
  const door = targets.find(({ fwknop }) => fwknop !== undefined);
  if (door === undefined) return;
  throw new UsageError(
    `"${door.name}" is a door of fwknopd, which writes the firewall's rules itself`,
    { hint: `what its access.conf needs: spknock fwknop access ${door.name}` },
  );
}
