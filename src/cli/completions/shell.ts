/** What a shell needs to complete command lines. */
import type { LineWord } from "./line.ts";

/** One way to go on. */
export interface Candidate {
  /** The whole word. */
  text: string;
  description: string;
}

/** A shell that can complete. */
export interface ShellCompletion {
  /** What escapes the next character. */
  escape: string;
  /** The script that asks `spknock complete`, and says at its top how to install it. */
  script: string;
  /** Returns the line for its script, without the line feed; undefined where the word cannot become it. */
  renderCandidate(candidate: Candidate, word: LineWord): string | undefined;
}

/** Whether more of the word follows: then no space does. */
export function isOpenEnded(text: string): boolean {
  return /[:=/,]$/.test(text);
}
