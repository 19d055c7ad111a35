/** Firewall rule sets: from a target to a plan, what is weak about it, and the back ends. */
export { type Backend, needsHorizon } from "./backend.ts";
export { findBackend, loadBackends } from "./backends.ts";
export { parseForwards, parseInterfaces, parseTrusted } from "./options.ts";
export {
  checkPlan,
  type DoorDraft,
  makePlan,
  type PlanOptions,
  type PlanPayloads,
} from "./plan.ts";
export { checkRules, digestRules, renderRules, streamCodesOnly, streamRules } from "./render.ts";
export { findWeaknesses, type Weakness } from "./weaknesses.ts";
