/** The daemon that opens a door, as far as its target shows. */
import type { Target } from "../target.ts";

/** A daemon; nothing but the firewall's own rules where undefined. */
type Daemon = "knockd" | "fwknopd";

/** What a daemon is known by. */
export type DaemonSigns = Pick<Target, "fwknop" | "oneTime" | "copies" | "knocks">;

/**
 * Returns the daemon that opens a target. Only knockd has one-time sequences, and needs each of its regular
 * knocks to be sent once; the rules of a firewall do not mind a copy.
 */
export function findDaemon({ fwknop, oneTime, copies, knocks }: DaemonSigns): Daemon | undefined {
  if (fwknop !== undefined) return "fwknopd";
  const isRegular = knocks.every(({ payload }) => payload.kind === "none");
  return oneTime !== undefined || (copies === 1 && isRegular) ? "knockd" : undefined;
}
