/** The one-time sequences of a target, for people and as JSON. */
import { plural } from "../../../core/text.ts";
import type { Output } from "../../../output/output.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { SequencesState } from "../../../use_cases/one_time/take_sequence.ts";
import type { SequencesLeft, TargetReport } from "../../../use_cases/target_report.ts";

/** Sequences that are so few that it is time to make new ones. */
const FEW = 3;

/** Returns the state in rows; none where the target has no one-time sequences. */
export function listOneTimeRows(state: SequencesState | undefined): [key: string, value: string][] {
  if (state === undefined) return [];
  const { file, left, error } = state;
  return [["one-time", left === null ? error ?? file : `${renderLeft(left)} in ${file}`]];
}

/** Returns `12 one-time sequences left`. */
export function renderLeft(left: number): string {
  return `${plural(left, "one-time sequence")} left`;
}

/** Returns a warning where few are left; undefined where there are enough. */
export function warnOfFew({ left, file }: SequencesLeft): string | undefined {
  if (left > FEW) return undefined;
  return `${
    renderLeft(left)
  } in ${file}; make new ones, for both sides: spknock one-time generate --output NEW-FILE`;
}

/** Says what is left after a knock, and what to do where the door stayed closed. */
export function reportOneTime({ target, status, oneTime }: TargetReport, out: Output): void {
  if (oneTime === undefined) return;
  const { left, line, file } = oneTime;
  const warning = warnOfFew(oneTime);
  if (warning === undefined) out.say(`${target.name}: ${renderLeft(left)}\n`);
  else out.note(`warning: ${target.name}: ${sanitize(warning)}`);
  if (status !== "closed" || line === undefined) return;
  out.note(
    `note: ${target.name}: line ${line} of ${
      sanitize(file)
    } is spent here; where the server still ` +
      `waits for it, write a blank over its "#" and knock again`,
  );
}
