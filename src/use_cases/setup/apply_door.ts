/** What a setup asks `apply` for: first a look at the server, which changes nothing, then the rules of the door. */
import { UsageError } from "../../core/errors.ts";
import type { Service } from "../../core/service.ts";
import { DEFAULT_SETTINGS, type Target } from "../../core/target.ts";
import type { applyRules } from "../apply/apply_rules.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome, ApplySummary } from "../apply/job.ts";
import type { Ports } from "../ports.ts";
import type { Horizon } from "./horizon.ts";
import { pickPorts } from "./pick_ports.ts";
import type { SetupRequest } from "./request.ts";

/** What both need. */
interface ApplyTools {
  ports: Ports;
  apply: typeof applyRules;
  hooks: ApplyHooks;
}

/**
 * Looks at the server. Which kind of knocks it can check is not known yet: the door of the look has a knock
 * with a random payload, and is never loaded.
 */
export async function lookAtServer(
  request: SetupRequest & { host: string; opens: readonly Service[] },
  { ports, apply, hooks }: ApplyTools,
): Promise<ApplyOutcome> {
  const { name, host, opens } = request;
  const hash = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const target: Target = {
    ...DEFAULT_SETTINGS,
    name,
    host,
    opens,
    knocks: pickPorts(1, { used: [], opens }).map((port) => ({
      port,
      protocol: "udp",
      payload: { kind: "secret", source: { kind: "hash", hash } },
    })),
  };
  return await apply({ ...makeJob(request, target), isDry: true }, ports, {
    ...hooks,
    // What will be loaded is shown when it is known.
    onSummary: () => {},
    confirm: () => Promise.resolve(true),
  });
}

/** Loads the rules of a door; a weak passphrase is refused before anything is asked. */
export async function applyDoor(
  request: SetupRequest,
  { target, horizon }: { target: Target; horizon: Horizon | undefined },
  { ports, apply, hooks }: ApplyTools,
): Promise<ApplyOutcome> {
  const job = makeJob(request, target, horizon);
  const confirm: ApplyHooks["confirm"] = (summary) => {
    refuseWeak(target, summary);
    return hooks.confirm(summary);
  };
  return await apply(job, ports, { ...hooks, confirm });
}

/** The weaknesses that a setup never leaves behind: they open the door to who records a knock, or to anyone. */
function refuseWeak({ name }: Target, { weak }: ApplySummary): void {
  const found = weak.find(({ code, severity }) =>
    code === "weak-passphrase" || (severity === "danger" && code !== "wide-trust")
  );
  if (found === undefined) return;
  throw new UsageError(`"${name}" is too weak to protect a port: ${found.reason}`, {
    code: "weak",
    hint: found.remedy,
  });
}

function makeJob(request: SetupRequest, target: Target, horizon?: Horizon): ApplyJob {
  const { place, ssh, trusted, backend, variant, rollbackMs, persists } = request;
  return {
    place,
    ssh,
    doors: [{ target, opens: target.opens }],
    planOptions: { trusted, horizon },
    backend,
    variant,
    rollbackMs,
    persists,
    isDry: false,
  };
}
