/** Says which rules a server runs, compared with those that would be written now. */
import type { RunnerStatus } from "../../apply/runner.ts";
import { UsageError } from "../../core/errors.ts";
import { digestRules } from "../../rules/mod.ts";
import type { Ports } from "../ports.ts";
import type { ApplyHooks, ApplyJob } from "./job.ts";
import { fitToBackend } from "./prepare.ts";
import { nameRules, requireRules, visitServer } from "./visit_server.ts";

/** Which rules a server runs, compared with those that would be written now. */
export interface ServerStatus {
  place: string;
  /** `none`: no rules of this name; `other`: not those; `same` and `changed`: these, the latter changed by hand. */
  status: "none" | "other" | "same" | "changed";
  running: RunnerStatus;
  backend: string;
  /** Of the rules that would be written now. */
  digest: string;
}

/**
 * Returns which rules a server runs.
 *
 * @throws as `applyRules`; {UsageError} where the server cannot run such rules at all.
 */
export async function readStatus(
  job: ApplyJob,
  ports: Ports,
  hooks: ApplyHooks,
): Promise<ServerStatus> {
  await using visit = await visitServer(job, ports, hooks);
  const chosen = requireRules(visit);
  const { backend, host, variant, draft } = chosen;
  const { plan } = await visit.collect();
  const digest = digestRules(backend, fitToBackend(plan, backend), { host, variant });
  const running = await visit.runner.status(nameRules(chosen, draft));
  if (running === undefined) {
    throw new UsageError(`"${job.place}" did not say which rules it runs: root is needed there`);
  }
  const status = !running.isLoaded
    ? "none"
    : running.digest !== digest
    ? "other"
    : running.isChanged
    ? "changed"
    : "same";
  return { place: job.place, status, running, backend: backend.name, digest };
}
