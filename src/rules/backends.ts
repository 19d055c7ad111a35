/** Every back end, in the order in which people are asked. */
import { closestString } from "@std/text/closest-string";
import { UsageError } from "../core/errors.ts";
import type { Backend } from "./backend.ts";
import { iptables } from "./iptables.ts";
import { knockd } from "./knockd.ts";
import { mikrotik } from "./mikrotik.ts";
import { nftables } from "./nftables.ts";
import { nftablesOpenwrt } from "./nftables_openwrt.ts";

/** Adding a back end is one file and one row here. */
export const BACKENDS: readonly Backend[] = [
  nftables,
  nftablesOpenwrt,
  iptables,
  mikrotik,
  knockd,
];

/**
 * The back end of this name.
 *
 * @throws {UsageError} that names the nearest one.
 */
export function backendOf(name: string): Backend {
  const found = BACKENDS.find((backend) => backend.name === name);
  if (found !== undefined) return found;
  const names = BACKENDS.map((backend) => backend.name);
  throw new UsageError(`"${name}" is no firewall that spknock knows: use ${names.join(", ")}`, {
    hint: `did you mean ${closestString(name, names)}?`,
  });
}
