/** One target from its resolved address to its report: knocks, probes, and what runs afterwards. */
import type { SpknockError } from "../core/errors.ts";
import type { AfterSpec, Target } from "../core/target.ts";
import {
  type BoundProbe,
  knockUntilOpen,
  type OpenEvents,
  type OpenReport,
} from "../knock/until_open.ts";
import type { Resolved } from "../net/resolve.ts";
import { findProbedPort, runProbe } from "../probe/mod.ts";
import type { ProgramFacts } from "../probe/program.ts";
import type { Ports } from "./ports.ts";

/** A program that ran after the door had opened. */
export interface AfterReport {
  command: string;
  ok: boolean;
  /** Its last line, or why it failed; from outside. */
  detail: string;
}

/** What became of a target. */
export interface DoorReport {
  target: Target;
  /** Undefined where the host did not resolve. */
  resolved?: Resolved | undefined;
  /** `sent`: no probe was asked for; `shut` and `still_open` are what a closing sequence leads to. */
  status: "open" | "sent" | "closed" | "error" | "shut" | "still_open";
  knocks?: OpenReport | undefined;
  after: AfterReport[];
  error?: SpknockError | undefined;
}

/** The probes of a target, bound to its pinned address. */
export function bindProbes(target: Target, resolved: Resolved, ports: Ports): BoundProbe[] {
  return target.probes.map((spec) => ({ attempt, timeoutMs, patienceMs, signal }) =>
    runProbe(spec, {
      target: target.name,
      host: target.host,
      address: resolved.address,
      family: resolved.family,
      source: target.source,
      attempt,
      timeoutMs,
      patienceMs,
      signal,
      clock: ports.clock,
      openTcp: ports.net.openTcp,
      askUdp: ports.net.askUdp,
      runProgram: ports.runProgram,
      os: ports.os,
    })
  );
}

/**
 * Knocks on a target until it is open, and runs what is to run then.
 *
 * @throws {NetworkError} if a packet cannot be sent; the signal's reason when it aborts.
 */
export async function openDoor(
  { target, resolved, payloads }: {
    target: Target;
    resolved: Resolved;
    payloads: readonly Uint8Array[];
  },
  ports: Ports,
  { events }: { events?: OpenEvents } = {},
): Promise<DoorReport> {
  const knocks = await knockUntilOpen({
    sequence: target,
    payloads,
    address: resolved.address,
    source: target.source,
    tries: target.tries,
    timeoutMs: target.timeoutMs,
    probes: bindProbes(target, resolved, ports),
  }, { net: ports.net, clock: ports.clock, signal: ports.signal, ...(events ? { events } : {}) });
  const status = !knocks.isOpen ? "closed" : target.probes.length === 0 ? "sent" : "open";
  const after = knocks.isOpen
    ? await runAfter(target, resolved, { ports, tries: knocks.tries })
    : [];
  return { target, resolved, status, knocks, after };
}

/** What programs are told of a door. */
export function factsOf(
  { target, resolved, attempt }: { target: Target; resolved: Resolved; attempt: number },
): ProgramFacts {
  return {
    target: target.name,
    host: target.host,
    address: resolved.address,
    port: findProbedPort(target)?.port,
    attempt,
  };
}

/** Nothing waits for these but the user, who has Ctrl-C. */
const AFTER_TIMEOUT_MS = 2 ** 31 - 1;

async function runAfter(
  target: Target,
  resolved: Resolved,
  { ports, tries }: { ports: Ports; tries: number },
): Promise<AfterReport[]> {
  if (target.after.length === 0) return [];
  const { fillIn, findLastLine, runWithFacts } = await import("../probe/program.ts");
  const facts = factsOf({ target, resolved, attempt: tries });
  const runOne = async (spec: AfterSpec): Promise<AfterReport> => {
    const { command } = spec;
    const name = fillIn(command, facts).join(" ");
    try {
      const { code, stdout, stderr } = await runWithFacts(command, facts, {
        runProgram: ports.runProgram,
        timeoutMs: AFTER_TIMEOUT_MS,
        signal: ports.signal,
        options: spec.type === "plugin" ? spec.options : undefined,
      });
      const detail = findLastLine(stdout) || findLastLine(stderr);
      if (code === 0) return { command: name, ok: true, detail };
      return {
        command: name,
        ok: false,
        detail: `exit code ${code}${detail ? `: ${detail}` : ""}`,
      };
    } catch (cause) {
      ports.signal.throwIfAborted();
      return {
        command: name,
        ok: false,
        detail: cause instanceof Error ? cause.message : `${cause}`,
      };
    }
  };
  const reports: AfterReport[] = [];
  for (const spec of target.after) reports.push(await runOne(spec));
  return reports;
}

/** Asks a target's probes once, without knocking. */
export async function askDoor(
  { target, resolved }: { target: Target; resolved: Resolved },
  ports: Ports,
  { events = {} }: { events?: OpenEvents } = {},
): Promise<DoorReport> {
  const { timeoutMs } = target;
  const probes = await Promise.all(
    bindProbes(target, resolved, ports).map(async (probe) => {
      const outcome = await probe({
        attempt: 1,
        timeoutMs,
        patienceMs: timeoutMs,
        signal: ports.signal,
      });
      events.onProbe?.(outcome, 1);
      return outcome;
    }),
  );
  const isOpen = probes.every(({ status }) => status === "open");
  const knocks: OpenReport = { tries: 0, packets: 0, sentMs: 0, probes, isOpen };
  return { target, resolved, status: isOpen ? "open" : "closed", knocks, after: [] };
}
