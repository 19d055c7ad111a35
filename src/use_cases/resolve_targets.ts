/** Host to address, once for each target: the address is pinned for every knock and every probe. */
import type { Target } from "../core/target.ts";
import { type Resolved, resolveHost } from "../net/resolve.ts";
import type { Ports } from "./ports.ts";

/** A target with its pinned address. */
export interface ResolvedTarget {
  target: Target;
  resolved: Resolved;
}

/**
 * Returns the target with the address of its host.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function resolveTarget(target: Target, { net }: Ports): Promise<ResolvedTarget> {
  const { host, family } = target;
  return { target, resolved: await resolveHost(host, { family, lookup: net.lookup }) };
}
