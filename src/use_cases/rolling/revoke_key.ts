/** What takes the codes of a key out of a running firewall. */
import { UsageError } from "../../core/errors.ts";
import { makeKey } from "../../core/rolling.ts";
import type { Service } from "../../core/service.ts";
import { joinOr } from "../../core/text.ts";
import { listOpenServices } from "../../probe/mod.ts";
import { type Backend, loadBackends } from "../../rules/mod.ts";
import { draftPlan } from "../build_plan.ts";
import type { RollingTarget } from "./rotate_key.ts";

/** Whose codes, and where. */
interface RevokeRequest {
  /** Who has the key; the target's own where undefined. */
  keyName?: string | undefined;
  backend: Backend;
  /** The name of the rule set; the target's where undefined. */
  ruleSet?: string | undefined;
}

/** What to run, and whose codes it takes out. */
interface Revocation {
  keyName: string;
  /** Whether it is the target's own key. */
  isOwn: boolean;
  lines: string[];
}

/** The lines name sets, which do not depend on what the door opens; a plan needs something. */
const FALLBACK: readonly Service[] = [{ port: 22, protocol: "tcp" }];

/**
 * Returns the shell lines; no secret is needed.
 *
 * @throws {UsageError} if the firewall has no one-time codes.
 */
export async function revokeKey(
  target: RollingTarget,
  { keyName, backend, ruleSet }: RevokeRequest,
): Promise<Revocation> {
  const own = target.rolling.name ?? target.name;
  const name = keyName ?? own;
  if (backend.rolling === undefined) {
    const others = (await loadBackends()).filter(({ rolling }) => rolling !== undefined);
    throw new UsageError(`${backend.name} does not support one-time codes`, {
      code: "unsupported",
      hint: others.length === 0
        ? undefined
        : `use --for ${joinOr(others.map((other) => other.name))}`,
    });
  }
  const opens = listOpenServices(target);
  const door = {
    target,
    opens: opens.length === 0 ? FALLBACK : opens,
    keys: [{ name, key: makeKey() }],
  };
  const plan = draftPlan([door], { name: ruleSet });
  const request = {
    plan,
    variant: backend.variants[0],
    file: `spknock_${plan.name}.${backend.extension}`,
  };
  const lines = backend.rolling.renderRevoke(request, { door: target.name, name });
  return { keyName: name, isOwn: name === own, lines };
}
