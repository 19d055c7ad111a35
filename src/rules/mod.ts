/** Firewall rule sets: from a target to a plan, what is weak about it, and the back ends. */
export { type Backend, type RenderContext } from "./backend.ts";
export { backendOf, BACKENDS } from "./backends.ts";
export { parseInterface, parsePorts, parseTrusted } from "./options.ts";
export { estimateBits, MIN_PASSPHRASE_BITS } from "./passphrase.ts";
export { makePlan, type PlanOptions, type PlanTarget } from "./plan.ts";
export { type Severity, type Weakness, weaknesses, type WeaknessOptions } from "./weaknesses.ts";
