/** One target from its pinned address to its report: knocks, probes, and the `after` programs. */
import type { AfterSpec } from "../core/target.ts";
import { describeProgramError } from "../core/system_errors.ts";
import {
  knockUntilOpen,
  type Learned,
  type OpenEvents,
  type OpenReport,
  type OpenRequest,
  type Payloads,
} from "../knock/until_open.ts";
import { findProbedPort } from "../probe/mod.ts";
import type { ProgramFacts } from "../probe/program.ts";
import type { Ports } from "./ports.ts";
import { bindProbes } from "./probe_target.ts";
import { type AddressTry, type ResolvedTarget, tryAddresses } from "./resolve_targets.ts";
import type { AfterReport, TargetReport } from "./target_report.ts";

/** A target that is ready to be knocked on. */
export interface ReadyTarget extends ResolvedTarget {
  payloads: Payloads;
  /** What earlier knocks of this run have learned; see `OpenRequest`. */
  learned?: Learned | undefined;
  /** Whether Ctrl-C waits for the end of a sequence that has begun. */
  isWhole?: boolean | undefined;
}

/**
 * Knocks on a target until it is open, and runs its `after` programs then. An address that no packet gets
 * to is given up for the next.
 *
 * @throws {NetworkError} if a packet cannot be sent; {SecretError} where no one-time sequence is left; the
 * signal's reason when it aborts.
 */
export async function knockTarget(
  ready: ReadyTarget,
  ports: Ports,
  { events = {} }: { events?: OpenEvents } = {},
): Promise<TargetReport> {
  const { target } = ready;
  const knock = (ready: ReadyTarget, events: OpenEvents) =>
    tryAddresses(ready, (way) => knockAt({ ...ready, ...way }, ports, events), events);
  if (target.oneTime === undefined) return await knock(ready, events);
  const { knockOnce } = await import("./one_time/knock_once.ts");
  const { oneTime } = target;
  return await knockOnce({ ...target, oneTime }, ports, {
    events,
    knock: (taken, watched) => knock({ ...ready, ...taken }, watched),
  });
}

/** Knocks at one address of a target, as it says, until the probes find the goal. */
export function knockAtAddress(
  { target, resolved, payloads, learned, isWhole, alsoAt, canGiveUp }: ReadyTarget & AddressTry,
  { net, clock, signal }: Ports,
  { events, ...asked }: Pick<OpenRequest, "probes"> & Partial<Pick<OpenRequest, "goal">> & {
    timeoutMs?: number;
    events: OpenEvents;
  },
): Promise<OpenReport> {
  const { source, tries, timeoutMs } = target;
  const { address } = resolved;
  const request = {
    sequence: target,
    payloads,
    learned,
    address,
    alsoAt,
    canGiveUp,
    source,
    isWhole,
    tries,
    timeoutMs,
  };
  return knockUntilOpen({ ...request, ...asked }, { net, clock, signal, events });
}

async function knockAt(
  ready: ReadyTarget & AddressTry,
  ports: Ports,
  events: OpenEvents,
): Promise<TargetReport> {
  const { target, resolved } = ready;
  const probes = bindProbes({ target, resolved }, ports);
  const knocks = await knockAtAddress(ready, ports, { probes, events });
  if (!knocks.isOpen) return { target, resolved, status: "closed", knocks, after: [] };
  const status = target.probes.length === 0 ? "sent" : "open";
  const after = await runAfter({ target, resolved }, ports, { tries: knocks.tries });
  return { target, resolved, status, knocks, after };
}

/** Returns what programs are told about a target. */
export function listFacts(
  { target, resolved }: ResolvedTarget,
  { attempt }: { attempt: number },
): ProgramFacts {
  return {
    target: target.name,
    host: target.host,
    address: resolved.address,
    port: findProbedPort(target)?.port,
    attempt,
  };
}

/** Only the user waits for these programs, and can press Ctrl-C. */
const AFTER_TIMEOUT_MS = 2 ** 31 - 1;

async function runAfter(
  resolved: ResolvedTarget,
  { runProgram, signal }: Ports,
  { tries }: { tries: number },
): Promise<AfterReport[]> {
  const { after } = resolved.target;
  if (after.length === 0) return [];
  const { fillIn, findLastLine, runWithFacts } = await import("../probe/program.ts");
  const facts = listFacts(resolved, { attempt: tries });
  const runOne = async (spec: AfterSpec): Promise<AfterReport> => {
    const { command } = spec;
    const name = fillIn(command, facts).join(" ");
    try {
      const { code, stdout, stderr } = await runWithFacts(command, facts, {
        runProgram,
        timeoutMs: AFTER_TIMEOUT_MS,
        signal,
        options: spec.type === "plugin" ? spec.options : undefined,
      });
      const detail = findLastLine(stdout) || findLastLine(stderr);
      if (code === 0) return { command: name, ok: true, detail };
      const reason = `exit code ${code}${detail ? `: ${detail}` : ""}`;
      return { command: name, ok: false, detail: reason };
    } catch (cause) {
      signal.throwIfAborted();
      return { command: name, ok: false, detail: describeProgramError(cause) };
    }
  };
  const reports: AfterReport[] = [];
  for (const spec of after) reports.push(await runOne(spec));
  return reports;
}
