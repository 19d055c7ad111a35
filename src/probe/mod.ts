/** The table of probes: a new kind is one file and one row. */
import type { ProbeSpec } from "../core/target.ts";
import type { ProbeContext, ProbeKind, ProbeResult } from "./probe.ts";

export type { ProbeContext, ProbeKind, ProbeResult, ProgramResult, RunProgram } from "./probe.ts";

/** Loaded when first asked for: a run pays for the kinds that it uses. */
const KINDS: Record<string, () => Promise<{ kind: ProbeKind }>> = {
  tcp: () => import("./tcp.ts"),
  tls: () => import("./tls.ts"),
  http: () => import("./http.ts"),
  ssh: () => import("./ssh.ts"),
  ping: () => import("./ping.ts"),
  exec: () => import("./program.ts"),
};

/** Asks one probe; every failure but a cancellation becomes a result. */
export async function askProbe(spec: ProbeSpec, context: ProbeContext): Promise<ProbeResult> {
  const { kind } = await loadKind(spec);
  const start = context.clock.now();
  const label = kind.label(spec);
  try {
    return { label, ...await kind.ask(spec, context) };
  } catch (cause) {
    context.signal.throwIfAborted();
    const ms = context.clock.now() - start;
    return {
      label,
      status: "error",
      ms,
      detail: cause instanceof Error ? cause.message : `${cause}`,
    };
  }
}

/** Loads what the probes need: between the last knock and the question no time should go by. */
export async function loadProbes(specs: readonly ProbeSpec[]): Promise<void> {
  await Promise.all(specs.map(loadKind));
}

/** The probe for people, without asking it. */
export async function labelOf(spec: ProbeSpec): Promise<string> {
  return (await loadKind(spec)).kind.label(spec);
}

function loadKind(spec: ProbeSpec): Promise<{ kind: ProbeKind }> {
  const load = KINDS[Object.hasOwn(KINDS, spec.type) ? spec.type : "exec"];
  return (load as () => Promise<{ kind: ProbeKind }>)();
}
