/** What an apply is asked to do, what it shows while it does it, and how it ended. */
import type { Concern } from "../../apply/concern.ts";
import type { Look } from "../../apply/look.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Backend, PlanOptions, Weakness } from "../../rules/mod.ts";
import type { CollectSecretsOptions } from "../collect_secrets.ts";
import type { DoorRequest } from "../build_plan.ts";

/** See the header. */
export interface ApplyJob {
  /** Where ssh logs in: `[USER@]HOST`. */
  place: string;
  /** The words that start ssh, options included: `ssh`, or those of `--ssh`. */
  ssh: readonly string[];
  doors: readonly DoorRequest[];
  planOptions: PlanOptions;
  /** A back end's name; chosen by what runs on the server where undefined. */
  backend: string | undefined;
  variant: string | undefined;
  /** Milliseconds after which the server restores its former rules, unless it was told to keep the new ones. */
  rollbackMs: number;
  /** Whether the rules stay after a reboot. */
  persists: boolean;
  /** Nothing is changed: it ends after the look. */
  isDry: boolean;
}

/** What a user confirms. */
export interface ApplySummary {
  place: string;
  look: Look;
  plan: Plan;
  weak: readonly Weakness[];
  backend: Backend;
  concerns: readonly Concern[];
  /** Whether other rules of the same name are replaced. */
  isReplacing: boolean;
}

/** The steps, in their order. */
type ApplyStepName =
  | "login"
  | "look"
  | "load"
  | "shut"
  | "knock"
  | "close"
  | "keep"
  | "persist"
  | "undo"
  | "remove";

/** One step as it begins or ends. */
export interface ApplyStep {
  name: ApplyStepName;
  /** `skipped`: it could not be done, and `detail` says why. */
  status: "running" | "ok" | "failed" | "skipped";
  /** For people; from outside: to be escaped before it is shown. */
  detail: string;
  /** Milliseconds until the way back fires; undefined where nothing is armed. */
  leftMs?: number | undefined;
}

/** What an apply asks of its caller. */
export interface ApplyHooks extends Pick<CollectSecretsOptions, "secretsFrom" | "allowEmpty"> {
  /** Asks for a passphrase of a target. */
  ask: CollectSecretsOptions["ask"];
  /** Asks for the password that sudo wants on the server. */
  askPassword: CollectSecretsOptions["ask"];
  /** Shows what will happen, or would: before the question, and where there is none. */
  onSummary?(summary: ApplySummary): void;
  /** Asks whether to go on. */
  confirm(summary: ApplySummary): Promise<boolean>;
  onStep(step: ApplyStep): void;
}

/**
 * How it ended. `unchanged`: the server runs these rules already. `refused`: nothing was changed.
 * `undone`: the server has its former rules again. `unknown`: the server could not be asked.
 */
export interface ApplyOutcome {
  status:
    | "applied"
    | "removed"
    | "unchanged"
    | "declined"
    | "dry-run"
    | "refused"
    | "undone"
    | "unknown";
  /** Undefined where it ended before. */
  summary: ApplySummary | undefined;
  /** Every step that ended. */
  steps: readonly ApplyStep[];
  /** The files that make the rules stay after a reboot. */
  files: readonly string[];
  /** Why it did not end well, and what helps. */
  problem: { text: string; hint?: string | undefined } | undefined;
}

/** What an outcome says where it has nothing else to say. */
export const NOTHING = { summary: undefined, files: [], problem: undefined } as const;
