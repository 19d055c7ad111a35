/** Looks at the way to an address with the programs of the system: `ping`, and `ip` on Linux. */
import { isAddress } from "../../core/address/syntax.ts";
import type { PathEvidence } from "../../doctor/evidence.ts";
import { readNeighbour, readRoute } from "../../doctor/path.ts";
import { buildPingCommand } from "../../net/ping/command.ts";
import { type PingReading, readPing } from "../../net/ping/output.ts";
import type { Address } from "../../net/resolve.ts";
import type { Ports } from "../ports.ts";

/** What it takes to run a program of this system, and to wait. */
type ProgramPorts = Pick<Ports, "os" | "runProgram" | "clock" | "signal">;

/** Milliseconds after which a program that only reads tables is given up. */
const PROGRAM_TIMEOUT_MS = 2_000;
/** The kernel asks three times, a second apart (arp(7)), before it gives a neighbour up. */
const NEIGHBOUR_TIMEOUT_MS = 4_000;
const NEIGHBOUR_STEP_MS = 250;

/** Returns whether an echo came back, and what was reported about it. */
export async function askEcho(
  { address, source }: Address & { source: string | undefined },
  ports: Ports,
  { timeoutMs }: { timeoutMs: number },
): Promise<PingReading> {
  const command = buildPingCommand(ports.os, { address, source });
  const printed = await run(command, ports, timeoutMs);
  return printed === undefined ? { ping: undefined } : readPing(printed, ports.os);
}

/**
 * Returns the route to an address, and the next hop where that does not answer this machine. Called
 * after a packet was sent to the address, which makes the kernel ask for the next hop.
 */
export async function lookAtRoute(
  { address, source }: Address & { source: string | undefined },
  ports: ProgramPorts,
): Promise<Pick<PathEvidence, "route" | "noRoute" | "missing">> {
  if (ports.os !== "linux") return {};
  const [bare = "", zone] = address.split("%");
  const isFixed = source !== undefined && isAddress(source);
  const device = zone ?? (isFixed ? undefined : source);
  const printed = await run([
    ...["ip", "route", "get", bare],
    ...(isFixed ? ["from", source.replace(/%.*/, "")] : []),
    ...(device === undefined ? [] : ["oif", device]),
  ], ports);
  if (printed === undefined) return {};
  const found = readRoute(printed);
  if (found.route === undefined) return found;
  const hop = found.route.gateway ?? bare;
  return await isMissing(hop, found.route.device, ports) ? { ...found, missing: hop } : found;
}

/** Whether the kernel gave a neighbour up; waits while it is still asking. */
async function isMissing(hop: string, device: string, ports: ProgramPorts): Promise<boolean> {
  const end = ports.clock.now() + NEIGHBOUR_TIMEOUT_MS;
  for (;;) {
    const printed = await run(["ip", "neigh", "show", "to", hop, "dev", device], ports);
    const state = printed && readNeighbour(printed);
    if (state !== "asking") return state === "missing";
    if (ports.clock.now() >= end) return true;
    await ports.clock.sleepUntil(ports.clock.now() + NEIGHBOUR_STEP_MS, ports.signal);
  }
}

/** Runs a program; undefined where it is not installed. */
async function run(
  command: readonly string[],
  { runProgram, signal }: ProgramPorts,
  timeoutMs: number = PROGRAM_TIMEOUT_MS,
) {
  try {
    // Their messages are read: they have to be English.
    return await runProgram(command, { timeoutMs, signal, env: { LC_ALL: "C" } });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
