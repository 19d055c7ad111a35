/** Questions whose answers become a plan, bit by bit: each is checked with all answers before it. */
import { UsageError } from "../../core/errors.ts";
import type { Prompter } from "../../prompt/mod.ts";
import type { Backend, PlanOptions } from "../../rules/mod.ts";
import type { DoorRequest } from "../../use_cases/build_plan.ts";
import { makeValidator } from "./target_questions.ts";

/** What was answered until now. */
export interface Draft {
  doors: readonly DoorRequest[];
  options: PlanOptions;
}

/** Throws a UsageError where the plan of the answers is refused. */
export type Check = (draft: Draft) => void;

/** What every question needs. */
export interface QuestionContext {
  prompter: Prompter;
  check: Check;
  supports: Backend["supports"];
}

/** A question that is answered by a line of text. */
interface DraftQuestion<T> {
  message: string;
  parse(text: string): T;
  /** What Enter alone gives, where the plan with it is not refused. */
  fallback: string | undefined;
  /** What the answer "none" means; it is refused where undefined. */
  none?: T;
  apply(value: T): Draft;
}

/** Asks until the plan with the answer is not refused. */
export async function askForDraft<T>(
  { message, parse, fallback, none, apply }: DraftQuestion<T>,
  { prompter, check }: Pick<QuestionContext, "prompter" | "check">,
): Promise<Draft> {
  const read = (text: string) => {
    const isNone = none !== undefined && (text === "none" || text === "");
    return apply(isNone ? none : parse(text));
  };
  const validate = makeValidator((text) => check(read(text)));
  const isUsable = fallback !== undefined && validate(fallback) === undefined;
  const answer = await prompter.input({
    message,
    ...(isUsable ? { default: fallback } : {}),
    validate,
  });
  return read(answer);
}

/** Whether the plan is not refused. */
export function passes(draft: Draft, check: Check): boolean {
  try {
    check(draft);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Returns the answers with some options more. */
export function withOptions(draft: Draft, options: PlanOptions): Draft {
  return { ...draft, options: { ...draft.options, ...options } };
}
