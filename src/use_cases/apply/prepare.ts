/**
 * What is decided before anything is changed: the back end, the plan, and what is said about the server. All that
 * can be refused is refused here, and before a passphrase is typed.
 */
import { chooseBackend } from "../../apply/choose_backend.ts";
import type { Concern } from "../../apply/concern.ts";
import type { Look } from "../../apply/look.ts";
import { cutToSeconds } from "../../core/duration.ts";
import { nameHosts, type Target } from "../../core/target.ts";
import type { Payloads } from "../../knock/until_open.ts";
import type { Plan, Stage } from "../../plan/plan.ts";
import { type Backend, checkRules, findBackend, type PlanOptions } from "../../rules/mod.ts";
import { buildPlan, draftPlan } from "../build_plan.ts";
import type { Ports } from "../ports.ts";
import { toPayloads } from "../rolling/rolling_codes.ts";
import type { ApplyHooks, ApplyJob } from "./job.ts";

/** The plan of a job, and the payloads of its knocks. */
export interface Collected extends Pick<Awaited<ReturnType<typeof buildPlan>>, "plan" | "weak"> {
  doors: ApplyJob["doors"];
  payloads(target: Target): { opening: Payloads; closing: Payloads };
}

/** The secrets of a job, collected when they are first needed, and once. */
export type CollectOnce = () => Promise<Collected>;

/** Makes it. */
export function createCollectOnce(job: ApplyJob, ports: Ports, hooks: ApplyHooks): CollectOnce {
  let collected: Promise<Collected> | undefined;
  return () => collected ??= collect(job, ports, hooks);
}

async function collect(job: ApplyJob, ports: Ports, hooks: ApplyHooks): Promise<Collected> {
  const { doors } = job;
  const { plan, weak, payloads } = await buildPlan(doors, withHorizon(job.planOptions), {
    ports,
    ...hooks,
  });
  // One-time codes of a try belong to the tries before it: made once for each target.
  const made = new Map(doors.map(({ target }, index) => {
    const { opening = [], closing = [] } = payloads[index] ?? {};
    return [target.name, { opening: toPayloads(target, opening), closing }];
  }));
  return {
    plan,
    weak,
    doors,
    payloads: ({ name }) => made.get(name) ?? { opening: [], closing: [] },
  };
}

/** Which firewall's rules are written for a server, and why. */
export interface ChosenRules {
  backend: Backend;
  server: NonNullable<Backend["server"]>;
  variant: string | undefined;
  reason: string;
  /** The hosts of the targets, for the header of the rules. */
  host: string;
  /** The plan with placeholder payloads. */
  draft: Plan;
}

/**
 * Returns the rules that fit a server, or why there are none.
 *
 * @throws {UsageError} if the back end cannot express the plan.
 */
export async function chooseRules(
  job: ApplyJob,
  look: Look,
): Promise<ChosenRules | { refusal: Concern }> {
  const targets = job.doors.map(({ target }) => target);
  const choice = chooseBackend(look, {
    wanted: job.backend,
    variant: job.variant,
    hasCodes: targets.some(({ rolling }) => rolling !== undefined),
    targets: targets.map(({ name }) => name),
  });
  if (choice.refusal !== undefined) return { refusal: choice.refusal };
  const backend = await findBackend(choice.backend);
  const { server } = backend;
  if (server === undefined) throw new TypeError(`apply cannot load ${backend.name}`);
  const host = nameHosts(targets);
  const draft = fitToBackend(draftPlan(job.doors, withHorizon(job.planOptions)), backend);
  const variant = job.variant ?? choice.variant;
  checkRules(backend, draft, { host, variant });
  return { backend, server, variant, reason: choice.reason, host, draft };
}

/** One-time codes begin now, where nothing else is said. */
function withHorizon({ horizon, ...options }: PlanOptions): PlanOptions {
  return { ...options, horizon: { from: cutToSeconds(Date.now()), ...horizon } };
}

/** A firewall that makes the codes itself makes them without an end. */
export function fitToBackend(plan: Plan, { rolling }: Backend): Plan {
  if (rolling?.streamCodes !== undefined) return plan;
  const withoutEnd = (stage: Stage): Stage =>
    stage.codes === undefined ? stage : { ...stage, codes: { ...stage.codes, until: Infinity } };
  const doors = plan.doors.map((door) => ({ ...door, stages: door.stages.map(withoutEnd) }));
  return { ...plan, doors };
}
