/** The plan of `rules`: from a target and the options, or from the wizard's answers. */
import { parseDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import type { Plan, PortSpec } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { findProbedPort } from "../probe/mod.ts";
import {
  type Backend,
  makePlan,
  parseInterface,
  parsePorts,
  parseTrusted,
  type PlanOptions,
  type Weakness,
  weaknesses,
} from "../rules/mod.ts";
import { hashPassphrase } from "../secret/payload.ts";
import { askTwice } from "./commands/hash.ts";
import { askSecret, type Context } from "./context.ts";
import type { ParsedArgs } from "./options.ts";
import { collectFor } from "./secrets.ts";

/** A plan and what is weak about it. */
export interface JudgedPlan {
  plan: Plan;
  weak: Weakness[];
}

/**
 * What the options say of a plan; the ports to open are those of the target's probe where they do not.
 *
 * @throws {UsageError} where nobody says what to open.
 */
export function planOptions(
  target: Target,
  args: ParsedArgs,
  { backend }: { backend?: Backend | undefined } = {},
): PlanOptions {
  const open = args.read("open", parsePorts) ?? portsOfTarget(target);
  if (open === undefined) {
    throw new UsageError(`what should the knocks on "${target.name}" open?`, {
      hint: "name it, such as --open tcp/22 (or give the target a probe of a port)",
    });
  }
  if (args.has("guard") && args.has("no-guard")) {
    throw new UsageError("--guard and --no-guard exclude each other");
  }
  return {
    open,
    openForMs: args.read("open-for", parseDuration),
    stageTimeoutMs: args.read("stage", parseDuration),
    guard: args.has("guard")
      ? true
      : args.has("no-guard") || backend?.canGuard === false
      ? false
      : undefined,
    ban: args.has("ban"),
    families: args.has("ipv4") ? ["ipv4"] : args.has("ipv6") ? ["ipv6"] : undefined,
    interface: args.read("interface", parseInterface),
    trusted: args.read("trust", parseTrusted),
    public: args.read("public", parsePorts),
  };
}

/** The ports that a target is about, if its probes tell. */
export function portsOfTarget(target: Target): PortSpec[] | undefined {
  const port = findProbedPort(target);
  return port === undefined ? undefined : [port];
}

/**
 * Collects the secrets (typed ones twice, for a slip would lock its owner out) and makes the plan.
 *
 * @param options.check throws if the plan, with other payloads, cannot be used.
 * @throws {UsageError | SecretError}
 */
export async function judgePlan(
  target: Target,
  options: PlanOptions,
  { context, check = () => {} }: { context: Context; check?: (plan: Plan) => void },
): Promise<JudgedPlan> {
  // A plan that cannot be is refused before anybody types.
  check(makePlan(target, target.knocks.map(placeholder), options));
  const typed = new Map<string, string>();
  const [payloads = []] = await collectFor([target], context, {
    ask: (message) =>
      askSecret(context, message, { ask: (prompter) => askTwice(prompter, message) }),
    hash: async (passphrase) => {
      const payload = await hashPassphrase(passphrase);
      const text = typeof passphrase === "string"
        ? passphrase
        : new TextDecoder().decode(passphrase);
      typed.set(payload.toHex(), text);
      return payload;
    },
  });
  const plan = makePlan(target, payloads, options);
  const passphrases = payloads.map((payload) => typed.get(payload.toHex()));
  return { plan, weak: weaknesses(plan, { passphrases, pace: target }) };
}

/** A payload of the right kind that differs from all others. */
function placeholder({ payload }: Target["knocks"][number], index: number): Uint8Array {
  if (payload.kind === "bytes") return payload.bytes;
  if (payload.kind === "none") return new Uint8Array();
  // As a secret's payload looks: 64 hex digits.
  return new TextEncoder().encode(index.toString(16).padStart(64, "0"));
}
