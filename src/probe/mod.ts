/** Runs probes; what kinds there are is the table in `kinds.ts`. */
import { NetworkError } from "../core/errors.ts";
import type { ProbeSpec } from "../core/target.ts";
import { describeProgramError } from "../core/system_errors.ts";
import { isUnreachable } from "../net/socket_errors.ts";
import { describeProbe, loadProbe } from "./kinds.ts";
import type { ProbeContext, ProbeResult } from "./probe.ts";

export {
  describeProbe,
  findPort,
  findProbedPort,
  findSshPort,
  listOpenServices,
  startsProgram,
} from "./kinds.ts";
export type { ProgramResult, RunProgram } from "./probe.ts";

/**
 * Asks one probe; every failure but a cancellation becomes a result.
 *
 * @throws the signal's reason when it aborts.
 */
export async function runProbe(spec: ProbeSpec, context: ProbeContext): Promise<ProbeResult> {
  const probe = await loadProbe(spec);
  const start = context.clock.now();
  const label = describeProbe(spec);
  try {
    return { label, ...await probe(spec, context) };
  } catch (cause) {
    context.signal.throwIfAborted();
    const ms = context.clock.now() - start;
    // A program that cannot be started may have EACCES too.
    const isLost = cause instanceof NetworkError && isUnreachable(cause);
    const answer = { label, status: "error", ms, detail: describeProgramError(cause) } as const;
    return isLost ? { ...answer, isUnreachable: true } : answer;
  }
}

/** Loads what the probes need: between the last knock and the question no time should go by. */
export async function loadProbes(specs: readonly ProbeSpec[]): Promise<void> {
  await Promise.all(specs.map(loadProbe));
}
