/**
 * How a knockd forgets what a try left behind that lost a knock.
 *
 * Rules (knockd 0.8, `sniff`): it looks only at packets to ports of its sequences. Such a packet advances each
 * attempt of its source that waits for it and ends each other one; only where there is no attempt at all, it starts
 * those that it is the first knock of. So with 7000,8000,9000 to open and 9000,8000,7000 to close, a try without its
 * first or last knock leaves an attempt to close behind; the next try's 7000 ends it and starts nothing, its 9000
 * leaves another one: no try ever opens, until `Seq_Timeout` after the first packet of an attempt.
 *
 * A knock between the first and the last of its sequence, sent twice, ends all attempts: it completes none, starts
 * none, and no attempt waits for it twice in a row.
 */
import { type DaemonSigns, findDaemon } from "./daemon.ts";
import type { Knock } from "../knock.ts";
import type { Target } from "../target.ts";

/** What a further try has to do before its knocks. */
type Recovery =
  /** Send this knock twice. */
  | { kind: "knock"; knock: Knock }
  /** Wait so long after the last knock. */
  | { kind: "pause"; ms: number };

/** A door that may be one of knockd. */
export type RecoverableDoor =
  & Omit<DaemonSigns, "fwknop">
  & Pick<Target, "stageTimeoutMs">
  & Partial<Pick<Target, "fwknop" | "close">>;

/** Milliseconds by which a knock of the next try may overtake those of the former one, at most. */
const MARGIN_MS = 250;

/** Returns what makes the daemon forget the former try; undefined where there is nothing to forget. */
export function findRecovery(door: RecoverableDoor): Recovery | undefined {
  const { knocks, close = [], stageTimeoutMs } = door;
  const longest = Math.max(knocks.length, close.length);
  if (findDaemon(door) !== "knockd" || longest < 2) return undefined;
  const sequences = [knocks, close].filter(({ length }) => length > 0);
  const knock = knocks.find((knock) => sequences.every((sequence) => isInside(knock, sequence)));
  // A target's stage timeout is for a single knock, knockd's for the whole sequence.
  return knock === undefined
    ? { kind: "pause", ms: stageTimeoutMs * (longest - 1) + MARGIN_MS }
    : { kind: "knock", knock };
}

/** Whether a knock neither begins nor ends a sequence, and comes never twice in a row in it. */
function isInside(knock: Knock, sequence: readonly Knock[]): boolean {
  const isSame = (other: Knock | undefined) =>
    other?.port === knock.port && other.protocol === knock.protocol;
  return !isSame(sequence[0]) && !isSame(sequence.at(-1)) &&
    sequence.every((each, index) => !isSame(each) || !isSame(sequence[index + 1]));
}
