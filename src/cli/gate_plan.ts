/** The gate that a target's knocks ask for, where no rule set says more. */
import type { Plan, PortSpec } from "../core/plan.ts";
import type { Target } from "../core/target.ts";

/** What a door opens when neither a probe nor an option says so. */
const FALLBACK_PORT = 2222;

/** The plan of a target's door: IPv4, guarded where a knock carries no payload. */
export function gatePlanOf(
  target: Target,
  payloads: readonly Uint8Array[],
  { open }: { open?: PortSpec | undefined } = {},
): Plan {
  const probed = target.probes.find(({ type, port }) => type !== "exec" && port !== undefined)
    ?.port;
  return {
    name: target.name,
    stages: target.knocks.map(({ port, protocol, payload }, index) => ({
      port,
      protocol,
      payload: payload.kind === "none" ? undefined : payloads[index],
    })),
    open: [open ?? { port: probed ?? FALLBACK_PORT, protocol: "tcp" }],
    openForMs: target.openForMs,
    stageTimeoutMs: target.stageTimeoutMs,
    guard: target.knocks.some(({ payload }) => payload.kind === "none"),
    ban: false,
    families: ["ipv4"],
    trusted: [],
    public: [],
  };
}
