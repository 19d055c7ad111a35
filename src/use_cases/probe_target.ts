/** The probes of a target, bound to its pinned address. */
import {
  askProbes,
  type BoundProbe,
  type OpenEvents,
  type OpenReport,
  type ProbeOutcome,
} from "../knock/until_open.ts";
import type { ProbeSpec } from "../core/target.ts";
import { explainNoRoom, isScarce } from "../net/room.ts";
import type { RoundTrip } from "../net/wait_for_port.ts";
import { runProbe } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";
import { type ResolvedTarget, tryAddresses } from "./resolve_targets.ts";
import type { TargetReport } from "./target_report.ts";

/** Binds the probes of a target to its pinned address. */
export function bindProbes({ target, resolved }: ResolvedTarget, ports: Ports): BoundProbe[] {
  const roundTrip: RoundTrip = {};
  const bind = (spec: ProbeSpec): BoundProbe =>
    askWithRoom(ports, (options, openTcp) =>
      runProbe(spec, {
        ...options,
        target: target.name,
        host: target.host,
        address: resolved.address,
        family: resolved.family,
        source: target.source,
        clock: ports.clock,
        roundTrip,
        openTcp,
        askUdp: ports.net.askUdp,
        runProgram: ports.runProgram,
        os: ports.os,
      }));
  return target.probes.map((spec) => nameFamily(bind(spec), { target, resolved }));
}

type OpenTcp = Ports["net"]["openTcp"];

/**
 * Returns the probe that is asked again where the system had no room for its first connection: what it
 * found does not tell about the door. Its further connections are spare.
 */
function askWithRoom(
  { net, signal }: Ports,
  ask: (options: Parameters<BoundProbe>[0], openTcp: OpenTcp) => Promise<ProbeOutcome>,
): BoundProbe {
  return async (options) => {
    for (;;) {
      let hasWaited = false;
      let failure: unknown;
      let running = 0;
      const onWait = () => hasWaited = true;
      const outcome = await ask(options, async (place, stop) => {
        const turn = { isSpare: running > 0, onWait };
        running++;
        try {
          return await net.openTcp({ ...place, turn }, stop);
        } catch (cause) {
          if (!stop?.aborted && isScarce(cause)) failure = cause;
          throw cause;
        } finally {
          running--;
        }
      });
      signal.throwIfAborted();
      if (outcome.status === "open") return outcome;
      if (failure !== undefined) throw explainNoRoom(failure);
      if (!hasWaited) return outcome;
    }
  };
}

/** Returns the probe that says which family it was asked over, where both are knocked on. */
export function nameFamily(probe: BoundProbe, { target, resolved }: ResolvedTarget): BoundProbe {
  if (target.family !== "both") return probe;
  return async (options) => ({ ...await probe(options), over: resolved.family });
}

/** Runs a target's probes once, without knocking, at the first address that packets get to. */
export function probeTarget(
  resolved: ResolvedTarget,
  ports: Ports,
  { events = {} }: { events?: OpenEvents } = {},
): Promise<TargetReport> {
  return tryAddresses(
    resolved,
    (way) => probeAt({ ...resolved, resolved: way.resolved }, ports, events),
    events,
  );
}

async function probeAt(
  resolved: ResolvedTarget,
  ports: Ports,
  events: OpenEvents,
): Promise<TargetReport> {
  const { timeoutMs } = resolved.target;
  const { signal } = ports;
  const options = { attempt: 1, timeoutMs, silenceTimeoutMs: timeoutMs, signal };
  const probes = await askProbes(bindProbes(resolved, ports), options, events);
  const isOpen = probes.every(({ status }) => status === "open");
  const isLost = probes.length > 0 && probes.every(({ isUnreachable }) => isUnreachable);
  const unreachable = isLost ? probes[0]?.detail : undefined;
  const knocks: OpenReport = { tries: 0, packets: 0, sentMs: 0, probes, isOpen, unreachable };
  return { ...resolved, status: isOpen ? "open" : "closed", knocks, after: [] };
}
