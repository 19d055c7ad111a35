/**
 * Loads the rules of doors over ssh so that nobody is locked out: look, confirm, load with a timed way back,
 * prove from here with new connections, keep over one of them, persist; or wait for the way back.
 */
import type { Ports } from "../ports.ts";
import type { ApplyHooks, ApplyJob, ApplyOutcome } from "./job.ts";

/** See the header. */
export function applyRules(
  _job: ApplyJob,
  _ports: Ports,
  _hooks: ApplyHooks,
): Promise<ApplyOutcome> {
  throw new TypeError("being built");
}
