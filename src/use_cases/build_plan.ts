/** From a target to the plan of its firewall rules, with warnings about what is weak. */
import type { Plan } from "../plan/plan.ts";
import type { Target } from "../core/target.ts";
import {
  checkPlan,
  type DoorDraft,
  findWeaknesses,
  makePlan,
  type PlanOptions,
  type PlanPayloads,
  type Weakness,
} from "../rules/mod.ts";
import { hashPassphrase } from "../secret/payload.ts";
import { collectAllSequences, type CollectSecretsOptions } from "./collect_secrets.ts";
import type { Ports } from "./ports.ts";

/** A plan and what is weak about it. */
interface CheckedPlan {
  plan: Plan;
  weak: Weakness[];
}

/** A target, and what its knocks open. */
export type DoorRequest = Omit<DoorDraft, "target" | "payloads"> & { target: Target };

/** How the secrets of a plan are collected, and who else checks the plan. */
interface BuildPlanOptions
  extends Pick<CollectSecretsOptions, "ask" | "secretsFrom" | "allowEmpty"> {
  /** Throws if the plan cannot be used; called with placeholder payloads before a secret is typed. */
  check?: (plan: Plan) => void;
}

/**
 * Returns the plan with placeholder payloads, before a secret is typed.
 *
 * @throws {UsageError} if the plan is refused.
 */
export function draftPlan(doors: readonly DoorRequest[], planOptions: PlanOptions): Plan {
  const drafts = doors.map((door, index) => ({
    ...door,
    payloads: makePlaceholders(door.target, index),
  }));
  const plan = makePlan(drafts, planOptions);
  checkPlan(plan);
  return plan;
}

/**
 * Collects the secrets and makes the plan, with its weaknesses.
 *
 * @throws {UsageError} if the plan is refused, before any secret is collected; {SecretError}.
 */
export async function buildPlan(
  doors: readonly DoorRequest[],
  planOptions: PlanOptions,
  { ports, check = () => {}, ...options }: BuildPlanOptions & { ports: Ports },
): Promise<CheckedPlan> {
  check(draftPlan(doors, planOptions));
  const typed = new Map<string, string>();
  const hash = async (passphrase: string | Uint8Array) => {
    const payload = await hashPassphrase(passphrase);
    const isText = typeof passphrase === "string";
    typed.set(payload.toHex(), isText ? passphrase : new TextDecoder().decode(passphrase));
    return payload;
  };
  const targets = doors.map(({ target }) => target);
  const payloads = await collectAllSequences(targets, ports, { ...options, hash });
  const plan = makePlan(
    doors.map((door, index) => withPayloads(door, payloads[index])),
    planOptions,
  );
  checkPlan(plan);
  const facts = Object.fromEntries(doors.map(({ target }, index) => {
    const { opening = [] } = payloads[index] ?? {};
    const passphrases = opening.map((payload) => typed.get(payload.toHex()));
    // A key is random: its strength is not in question.
    const isTyped = target.rolling === undefined;
    return [target.name, { passphrases: isTyped ? passphrases : [], pace: target }];
  }));
  return { plan, weak: findWeaknesses(plan, facts) };
}

function withPayloads(door: DoorRequest, payloads: PlanPayloads | undefined): DoorDraft {
  return { ...door, payloads: payloads ?? { opening: [] } };
}

/** Payloads of the right kinds, each different from all others. */
function makePlaceholders(
  { knocks, close = [] }: Target,
  door: number,
): Required<PlanPayloads> {
  return {
    opening: knocks.map((knock, index) => makePlaceholder(knock, `${door}a${index}`)),
    closing: close.map((knock, index) => makePlaceholder(knock, `${door}b${index}`)),
  };
}

function makePlaceholder({ payload }: Target["knocks"][number], id: string): Uint8Array {
  if (payload.kind === "bytes") return payload.bytes;
  if (payload.kind === "none") return new Uint8Array();
  // Like a secret's payload: 64 hex digits.
  return new TextEncoder().encode(id.padStart(64, "0"));
}
