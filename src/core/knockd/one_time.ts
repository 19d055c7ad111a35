/**
 * A file of one-time sequences, as knockd 0.8 reads it (`get_next_one_time_sequence`).
 *
 * Rules:
 * - one sequence a line; lines are trimmed; empty lines, and those that begin with `#`, are skipped;
 * - a sequence is spent by a `#` over the first byte of its line, so lines begin with a blank;
 * - a line that is not a sequence is an error: knockd would mark it instead of the next one, and send that again.
 */
import { parseSequence, type SequencePort, trimSpace } from "./sequence.ts";
import { ValueError } from "../errors.ts";

/** The mark of a spent line. */
export const SPENT = 0x23;

/** A sequence that is not spent. */
export interface OneTimeLine {
  /** 1-based. */
  line: number;
  /** The place of the first byte of its line. */
  at: number;
  knocks: readonly SequencePort[];
}

/** What a file has. */
interface OneTimeFile {
  /** In file order. */
  unspent: OneTimeLine[];
  /** In file order; messages do not repeat the text. */
  problems: { line: number; message: string }[];
}

/** Reads the bytes of a file. */
export function readOneTimeFile(bytes: Uint8Array): OneTimeFile {
  const file: OneTimeFile = { unspent: [], problems: [] };
  // One character a byte.
  const text = new TextDecoder("latin1").decode(bytes);
  let at = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    const content = trimSpace(raw);
    if (content !== "" && !content.startsWith("#")) {
      readLine(content, { line: index + 1, at }, file);
    }
    at += raw.length + 1;
  }
  return file;
}

function readLine(
  content: string,
  place: { line: number; at: number },
  { unspent, problems }: OneTimeFile,
): void {
  try {
    unspent.push({ ...place, knocks: parseSequence(content) });
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    problems.push({ line: place.line, message: error.problem });
  }
}
