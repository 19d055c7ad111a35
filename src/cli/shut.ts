/** Shuts a door: its closing sequence, and probes that tell that it is shut now. */
import type { Target } from "../core/target.ts";
import { type BoundProbe, knockUntilOpen, type OpenEvents } from "../knock/until_open.ts";
import { errnoOf } from "../net/failure.ts";
import { raceConnect, SYN_INTERVAL_MS } from "../net/race.ts";
import type { Resolved } from "../net/resolve.ts";
import { findPort, startsProgram } from "../probe/mod.ts";
import { closeQuietly } from "../probe/tcp.ts";
import { bindProbes, type DoorReport } from "./door.ts";
import type { Ports } from "./ports.ts";

/** Milliseconds of silence that tell that a port is shut. */
const QUIET_MS = 1_000;
/** Milliseconds that the firewall has to shut the door, for each try at most. */
const PATIENCE_MS = 3_000;

/** The target whose knocks are those of `target.close`; undefined where it has none. */
export function closingOf(target: Target): Target | undefined {
  const { close } = target;
  return close === undefined ? undefined : { ...target, knocks: close, after: [] };
}

/**
 * Knocks on a target of {@linkcode closingOf} until it is shut.
 *
 * @throws {NetworkError} if a packet cannot be sent; the signal's reason when it aborts.
 */
export async function shutDoor(
  { target, resolved, payloads }: {
    target: Target;
    resolved: Resolved;
    payloads: readonly Uint8Array[];
  },
  ports: Ports,
  { events = {} }: { events?: OpenEvents } = {},
): Promise<DoorReport> {
  const asked = target.probes.map((probe, index) => {
    const port = startsProgram(probe) ? undefined : findPort(probe);
    return port?.protocol === "tcp"
      ? shutProbe({ port: port.port, target, resolved }, ports)
      : bindProbes(target, resolved, ports)[index] as BoundProbe;
  });
  const knocks = await knockUntilOpen({
    sequence: target,
    payloads,
    address: resolved.address,
    source: target.source,
    tries: target.tries,
    timeoutMs: Math.min(target.timeoutMs, PATIENCE_MS),
    probes: asked,
    goal: "shut",
  }, { net: ports.net, clock: ports.clock, signal: ports.signal, events });
  const status = !knocks.isOpen ? "still_open" : asked.length === 0 ? "sent" : "shut";
  return { target, resolved, status, knocks, after: [] };
}

/** Asks for a handshake until there is none any more. */
function shutProbe(
  { port, target: { source }, resolved: { address } }: {
    port: number;
    target: Target;
    resolved: Resolved;
  },
  { net, clock }: Ports,
): BoundProbe {
  return async ({ patienceMs, signal }) => {
    const start = clock.now();
    const label = `tcp ${port}`;
    for (;;) {
      const race = await raceConnect({
        open: (stop) => net.openTcp({ address, port, source }, stop),
        clock,
        timeoutMs: QUIET_MS,
        signal,
      });
      const ms = clock.now() - start;
      if (race.status === "open") {
        closeQuietly(race.connection);
        if (ms >= patienceMs) return { label, status: "open", ms, detail: "" };
        await clock.sleepUntil(clock.now() + SYN_INTERVAL_MS, signal);
      } else if (race.status === "error" && UNREACHABLE.has(errnoOf(race.cause) ?? "")) {
        return { label, status: "refused", ms, detail: "unreachable" };
      } else return { label, status: race.status, ms, detail: "" };
    }
  };
}

/** How a firewall's ICMP answers reach us. */
const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EACCES"]);
