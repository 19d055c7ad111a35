/** The one-time codes that are kept on paper, for the day without the key. */
import { UsageError } from "../../core/errors.ts";
import { findWindow } from "../../core/rolling.ts";
import type { Target } from "../../core/target.ts";
import { collectSecrets, type CollectSecretsOptions } from "../collect_secrets.ts";
import type { Ports } from "../ports.ts";
import { listCodes, type ListedCode, toKeyRequest } from "../rolling/list_codes.ts";
import type { RollingTarget } from "../rolling/rotate_key.ts";

const COUNT = 5;

/** Codes of a slot. */
interface PaperCodes {
  target: RollingTarget;
  codes: readonly ListedCode[];
  slot: number;
}

/**
 * Returns the codes of the next windows, of the last slot, which no knock of this machine uses first; undefined for
 * a target without codes, or where they cannot be listed.
 *
 * @throws {SecretError} where the key is not available.
 */
export async function listPaperCodes(
  target: Target,
  ports: Ports,
  { now, ...options }: CollectSecretsOptions & { now: number },
): Promise<PaperCodes | undefined> {
  const { rolling } = target;
  if (rolling === undefined) return undefined;
  const rolled = { ...target, rolling };
  const request = toKeyRequest(rolled, { isFormer: false });
  const [[bytes] = []] = await collectSecrets([request], ports, options);
  const slot = rolling.slots - 1;
  const key = new TextDecoder().decode(bytes);
  try {
    const first = findWindow(rolling, now);
    return {
      target: rolled,
      slot,
      codes: await listCodes(rolled, { key, slot, first, count: COUNT }),
    };
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
