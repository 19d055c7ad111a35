/** What every use case reports of a target. */
import { SpknockError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { GivenUp } from "../knock/given_up.ts";
import type { OpenReport } from "../knock/until_open.ts";
import type { Resolved } from "../net/resolve.ts";

/** What a file of one-time sequences has left. */
export interface SequencesLeft {
  /** The path of the file. */
  file: string;
  /** Sequences that are not spent. */
  left: number;
  /** 1-based, of the sequence that was taken. */
  line?: number | undefined;
}

/** A program that ran after the door had opened. */
export interface AfterReport {
  command: string;
  ok: boolean;
  /** Its last line, or why it failed; text from outside. */
  detail: string;
}

/** What happened to a target. */
export interface TargetReport {
  target: Target;
  /** Undefined where the host did not resolve. */
  resolved?: Resolved | undefined;
  /** `sent`: no probe was requested; `shut` and `still_open` are results of a closing sequence. */
  status: "open" | "sent" | "closed" | "error" | "shut" | "still_open";
  knocks?: OpenReport | undefined;
  /** Addresses that no packet gets to, in the order in which they were tried. */
  givenUp?: readonly GivenUp[] | undefined;
  after: AfterReport[];
  /** Where a one-time sequence was taken: what is left. */
  oneTime?: SequencesLeft | undefined;
  error?: SpknockError | undefined;
}

/**
 * Returns an expected failure as a report.
 *
 * @throws what is not a {@linkcode SpknockError}: a bug.
 */
export function toFailedReport(
  { target, resolved }: Pick<TargetReport, "target" | "resolved">,
  error: unknown,
): TargetReport {
  if (!(error instanceof SpknockError)) throw error;
  return { target, resolved, status: "error", error, after: [] };
}
