/** The steps of an apply as they begin and end: shown, and kept for the report. */
import type { Clock } from "../../core/clock.ts";
import type { ApplyStep } from "./job.ts";

/** See the header. */
export interface Steps {
  /** Every step that ended. */
  readonly ended: readonly ApplyStep[];
  show(step: Pick<ApplyStep, "name" | "status" | "detail">): void;
  /** From now on each step says how long it is until `at`; undefined: nothing is armed. */
  setDeadline(at: number | undefined): void;
}

/** Makes them; the first step begins with `show`. */
export function createSteps(
  { onStep }: { onStep(step: ApplyStep): void },
  { clock }: { clock: Clock },
): Steps {
  const ended: ApplyStep[] = [];
  let deadline: number | undefined;
  return {
    ended,
    show(step) {
      const leftMs = deadline === undefined ? undefined : Math.max(0, deadline - clock.now());
      const whole = { ...step, leftMs };
      if (step.status !== "running") ended.push(whole);
      onStep(whole);
    },
    setDeadline: (at) => void (deadline = at),
  };
}
