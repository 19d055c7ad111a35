/** Closes a door: its closing sequence, and probes that tell that it is closed now. */
import type { Target } from "../core/target.ts";
import type { BoundProbe, OpenEvents } from "../knock/until_open.ts";
import { findErrno } from "../net/socket_errors.ts";
import { waitForPort } from "../net/wait_for_port.ts";
import { findPort, startsProgram } from "../probe/mod.ts";
import { closeQuietly } from "../probe/tcp.ts";
import { knockAtAddress, type ReadyTarget } from "./knock_target.ts";
import type { Ports } from "./ports.ts";
import { bindProbes, nameFamily } from "./probe_target.ts";
import { type AddressTry, type ResolvedTarget, tryAddresses } from "./resolve_targets.ts";
import type { TargetReport } from "./target_report.ts";

/** Milliseconds of silence that tell that a port is closed. */
const SILENCE_MS = 1_000;
/** Milliseconds between two questions to a port that is open still. */
const ASK_INTERVAL_MS = 100;
/** Milliseconds that the firewall has to close the door, for each try at most. */
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * Returns the target with the knocks of its `close` table, which carry no code, and those that open as what undoes
 * them; undefined where it has none.
 */
export function toClosingTarget(target: Target): Target | undefined {
  const { close, knocks } = target;
  if (close === undefined) return undefined;
  const opening = knocks.length === 0 ? undefined : knocks;
  return {
    ...target,
    knocks: close,
    close: opening,
    after: [],
    rolling: undefined,
    oneTime: undefined,
  };
}

/**
 * Knocks on a target of {@linkcode toClosingTarget} until it is closed.
 *
 * @throws {NetworkError} if a packet cannot be sent; the signal's reason when it aborts.
 */
export function closeTarget(
  ready: ReadyTarget,
  ports: Ports,
  { events = {} }: { events?: OpenEvents } = {},
): Promise<TargetReport> {
  return tryAddresses(ready, (way) => closeAt({ ...ready, ...way }, ports, events), events);
}

async function closeAt(
  ready: ReadyTarget & AddressTry,
  ports: Ports,
  events: OpenEvents,
): Promise<TargetReport> {
  const { target, resolved } = ready;
  const bound = bindProbes({ target, resolved }, ports);
  const probes = target.probes.map((probe, index) => {
    const port = startsProgram(probe) ? undefined : findPort(probe);
    return port?.protocol === "tcp"
      ? nameFamily(bindClosedProbe(port.port, { target, resolved }, ports), { target, resolved })
      : bound[index] as BoundProbe;
  });
  const timeoutMs = Math.min(target.timeoutMs, CLOSE_TIMEOUT_MS);
  const knocks = await knockAtAddress(ready, ports, { probes, timeoutMs, goal: "shut", events });
  const status = !knocks.isOpen ? "still_open" : probes.length === 0 ? "sent" : "shut";
  return { target, resolved, status, knocks, after: [] };
}

/** A probe that asks for a handshake until there is none any more. */
function bindClosedProbe(
  port: number,
  { target: { source }, resolved: { address } }: ResolvedTarget,
  { net, clock }: Ports,
): BoundProbe {
  return async ({ silenceTimeoutMs, signal }) => {
    const start = clock.now();
    const label = `tcp ${port}`;
    for (;;) {
      const race = await waitForPort({
        open: (stop) => net.openTcp({ address, port, source }, stop),
        clock,
        timeoutMs: SILENCE_MS,
        signal,
      });
      const ms = clock.now() - start;
      if (race.status === "open") {
        closeQuietly(race.connection);
        if (ms >= silenceTimeoutMs) return { label, status: "open", ms, detail: "" };
        await clock.sleepUntil(clock.now() + ASK_INTERVAL_MS, signal);
      } else if (race.status === "error" && UNREACHABLE.has(findErrno(race.cause) ?? "")) {
        return { label, status: "refused", ms, detail: "unreachable" };
      } else return { label, status: race.status, ms, detail: "" };
    }
  };
}

/** How a firewall's ICMP answers arrive here. */
const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EACCES"]);
