/** The one-time codes of a target, for people and as JSON. */
import { renderDuration } from "../../core/duration.ts";
import type { Target } from "../../core/target.ts";
import { plural } from "../../core/text.ts";
import { describeHorizon } from "../../use_cases/rolling/horizon.ts";

type Rolled = Pick<Target, "name" | "rolling">;

/** Returns what there is to say of the codes of a target, in rows; none where its knocks carry no code. */
export function listRollingRows({ name, rolling }: Rolled): [key: string, value: string][] {
  if (rolling === undefined) return [];
  const { windowMs, slots } = rolling;
  const window = `${plural(slots, "slot")} for each window of ${renderDuration(windowMs)}`;
  return [
    ["codes", `${window}, key of "${rolling.name ?? name}"`],
    ["horizon", describeHorizon(rolling, Date.now())],
  ];
}

/** Returns the codes of a target as the JSON contract has them; null where its knocks carry none. */
export function toRollingValue({ name, rolling }: Rolled): unknown {
  if (rolling === undefined) return null;
  const toTime = (at: number | undefined) => at === undefined ? null : new Date(at).toISOString();
  return {
    window_ms: rolling.windowMs,
    slots: rolling.slots,
    name: rolling.name ?? name,
    from: toTime(rolling.from),
    until: toTime(rolling.until),
    former_key: rolling.formerKey ?? null,
  };
}
