/** Takes rules out of a server, with what makes them stay. */
import type { Look } from "../../apply/look.ts";
import type { RunnerReport, RunnerStatus } from "../../apply/runner.ts";
import { UsageError } from "../../core/errors.ts";
import type { Ports } from "../ports.ts";
import { type ApplyHooks, type ApplyJob, type ApplyOutcome, NOTHING } from "./job.ts";
import type { ChosenRules } from "./prepare.ts";
import { nameRules, requireRules, visitServer } from "./visit_server.ts";

/**
 * Removes the rules of a job, where `confirm` agrees.
 *
 * @throws as `applyRules`.
 */
export async function removeRules(
  job: ApplyJob,
  ports: Ports,
  { confirmRemoval, ...hooks }: ApplyHooks & { confirmRemoval(place: string): Promise<boolean> },
): Promise<ApplyOutcome> {
  await using visit = await visitServer(job, ports, hooks);
  const { runner, look, steps } = visit;
  const chosen = requireRules(visit);
  refuseOthers(chosen, look, job.place);
  const target = nameRules(chosen, chosen.draft);
  const status = await runner.status(target);
  const isThere = status === undefined || status.isLoaded || status.files.length > 0;
  if (!isThere) return { ...NOTHING, status: "unchanged", steps: steps.ended };
  if (job.isDry) return { ...NOTHING, status: "dry-run", steps: steps.ended };
  if (!await confirmRemoval(job.place)) {
    return { ...NOTHING, status: "declined", steps: steps.ended };
  }
  steps.show({ name: "remove", status: "running", detail: "" });
  const report = await runner.remove(target);
  const isRemoved = report.state === "removed";
  const detail = isRemoved ? describeRemoved(status) : report.detail ?? "it did not say why";
  const problem = explainRemoval(report, job.place);
  const isGood = problem === undefined;
  steps.show({ name: "remove", status: isGood ? "ok" : "failed", detail });
  const end = isRemoved ? "removed" : report.state === undefined ? "unknown" : "refused";
  return { ...NOTHING, status: end, steps: steps.ended, problem };
}

/**
 * Rules of the same name that another firewall has: their files would go, and they would stay in force.
 *
 * @throws {UsageError}
 */
function refuseOthers({ backend, draft }: ChosenRules, look: Look, place: string): void {
  const own = look.guarded?.filter(({ name }) => name === draft.name) ?? [];
  const [other] = own;
  if (other === undefined || own.some((each) => each.backend === backend.name)) return;
  throw new UsageError(
    `the rules "${draft.name}" on ${place} are those of ${other.backend}, not of ${backend.name}`,
    { hint: `take these out: --for ${other.backend}` },
  );
}

function describeRemoved(status: RunnerStatus | undefined): string {
  const files = status?.files ?? [];
  return files.length === 0 ? "the rules are out" : `the rules are out, and ${files.join(", ")}`;
}

function explainRemoval(
  { state, detail = "it did not say why", persist }: RunnerReport,
  place: string,
): ApplyOutcome["problem"] {
  if (state === "busy") return { text: `an apply of these rules is under way on ${place}` };
  if (state !== "removed") return { text: `the rules could not be removed: ${detail}` };
  return persist?.status === "failed" ? { text: persist.reason } : undefined;
}
