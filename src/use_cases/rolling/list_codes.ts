/** One-time codes for paper: one for each of the next windows, with its time. */
import { toSecretRequest } from "./rolling_codes.ts";
import { renderMoment } from "../../core/duration.ts";
import { UsageError } from "../../core/errors.ts";
import { findValidity, findWindow, judgeHorizon, makeCode } from "../../core/rolling.ts";
import type { SecretRequest } from "../../secret/collect.ts";
import { renderNewRules, type RollingTarget } from "./rotate_key.ts";

/** One code. All moments are Unix milliseconds. */
export interface ListedCode {
  code: string;
  window: number;
  /** The window's own time. */
  start: number;
  end: number;
  /** When the firewall takes it: the skew before its time and after it as well. */
  takenFrom: number;
  takenUntil: number;
}

/** Which codes. */
interface CodesRequest {
  key: string;
  slot: number;
  /** The first window. */
  first: number;
  count: number;
}

/** Returns what is collected to make codes: the present key, or the former one. */
export function toKeyRequest(
  target: RollingTarget,
  { isFormer }: { isFormer: boolean },
): SecretRequest {
  const { name, rolling: { formerKey } } = target;
  if (isFormer && formerKey === undefined) {
    throw new UsageError(`--former has no effect: "${name}" has no former key`, {
      hint: "leave it out",
    });
  }
  // Without the former key the present one is the last.
  const request = toSecretRequest(target, { isListed: !isFormer });
  return { ...request, knocks: request.knocks.slice(-1) };
}

/**
 * Returns the codes of successive windows, up to the end of the horizon.
 *
 * @throws {UsageError} if there are none before it.
 */
export async function listCodes(
  { name, rolling }: RollingTarget,
  { key, slot, first, count }: CodesRequest,
): Promise<ListedCode[]> {
  const { windowMs, until } = rolling;
  const windows = Array.from({ length: count }, (_, index) => first + index)
    .filter((window) => judgeHorizon(rolling, window * windowMs) !== "over");
  if (windows.length === 0 && until !== undefined) {
    const end = renderMoment(until);
    throw new UsageError(`the firewall has codes of "${name}" until ${end} only`, {
      code: "horizon_over",
      hint: `write and load new rules: ${renderNewRules(name)}`,
    });
  }
  return await Promise.all(windows.map(async (window) => {
    const { from: takenFrom, until: takenUntil } = findValidity(rolling, window);
    return {
      code: await makeCode(key, window, slot),
      window,
      start: window * windowMs,
      end: (window + 1) * windowMs,
      takenFrom,
      takenUntil,
    };
  }));
}

/** Whether the firewall has no codes yet in a window. */
export function isBeforeHorizon({ rolling }: RollingTarget, window: number): boolean {
  return rolling.from !== undefined && window < findWindow(rolling, rolling.from);
}
