/** Shuts the door that the proof has opened, so that the login at the end comes through a closed one. */
import { NetworkError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { closeTarget, toClosingTarget } from "../close_target.ts";
import { collectSecrets, type CollectSecretsOptions } from "../collect_secrets.ts";
import type { Ports } from "../ports.ts";
import { resolveTarget } from "../resolve_targets.ts";

/**
 * Returns whether the door is seen to be shut; false where it has no closing knocks.
 *
 * @throws {SecretError}; the signal's reason when it aborts.
 */
export async function shutDoor(
  target: Target,
  ports: Ports,
  options: CollectSecretsOptions,
): Promise<boolean> {
  const closing = toClosingTarget(target);
  if (closing === undefined) return false;
  const [payloads = []] = await collectSecrets([closing], ports, options);
  try {
    const resolved = await resolveTarget(closing, ports);
    const { status } = await closeTarget({ ...resolved, payloads }, ports);
    return status === "shut";
  } catch (error) {
    ports.signal.throwIfAborted();
    if (error instanceof NetworkError) return false;
    throw error;
  }
}
