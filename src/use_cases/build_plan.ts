/** From a target to the plan of its firewall rules, with warnings about what is weak. */
import type { Plan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import {
  checkPlan,
  findWeaknesses,
  makePlan,
  type PlanOptions,
  type PlanPayloads,
  type Weakness,
} from "../rules/mod.ts";
import { hashPassphrase } from "../secret/payload.ts";
import { type CollectSecretsOptions, collectSequences } from "./collect_secrets.ts";
import type { Ports } from "./ports.ts";

/** A plan and what is weak about it. */
interface CheckedPlan {
  plan: Plan;
  weak: Weakness[];
}

/** How the secrets of a plan are collected, and who else checks the plan. */
interface BuildPlanOptions
  extends Pick<CollectSecretsOptions, "ask" | "secretsFrom" | "allowEmpty"> {
  /** Throws if the plan cannot be used; called with placeholder payloads before a secret is typed. */
  check?: (plan: Plan) => void;
}

/**
 * Collects the secrets and makes the plan, with its weaknesses.
 *
 * @throws {UsageError} if the plan is refused, before any secret is collected; {SecretError}.
 */
export async function buildPlan(
  target: Target,
  planOptions: PlanOptions,
  { ports, check = () => {}, ...options }: BuildPlanOptions & { ports: Ports },
): Promise<CheckedPlan> {
  const draft = makePlan(target, makePlaceholders(target), planOptions);
  checkPlan(draft);
  check(draft);
  const typed = new Map<string, string>();
  const payloads = await collectSequences(target, ports, {
    ...options,
    hash: async (passphrase) => {
      const payload = await hashPassphrase(passphrase);
      const isText = typeof passphrase === "string";
      typed.set(payload.toHex(), isText ? passphrase : new TextDecoder().decode(passphrase));
      return payload;
    },
  });
  const plan = makePlan(target, payloads, planOptions);
  checkPlan(plan);
  const passphrases = payloads.opening.map((payload) => typed.get(payload.toHex()));
  return { plan, weak: findWeaknesses(plan, { passphrases, pace: target }) };
}

/** Payloads of the right kinds, each different from all others. */
function makePlaceholders({ knocks, close = [] }: Target): Required<PlanPayloads> {
  return {
    opening: knocks.map(makePlaceholder),
    closing: close.map((knock, index) => makePlaceholder(knock, knocks.length + index)),
  };
}

function makePlaceholder({ payload }: Target["knocks"][number], index: number): Uint8Array {
  if (payload.kind === "bytes") return payload.bytes;
  if (payload.kind === "none") return new Uint8Array();
  // Like a secret's payload: 64 hex digits.
  return new TextEncoder().encode(index.toString(16).padStart(64, "0"));
}
