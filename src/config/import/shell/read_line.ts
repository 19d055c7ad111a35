/** One command line, from text to sequences; the parser of bash is loaded with this file. */
import { parse } from "unbash";
import { MAX_LINE } from "./lines.ts";
import { readSequences, type ShellReading } from "./sequences.ts";
import { listSteps, type ShellStep } from "./steps.ts";
import { NotAKnock } from "./tool.ts";

/**
 * Returns what a line of a shell sends.
 *
 * @throws {NotAKnock} where it is too long, or does too much, for one.
 * @throws {RangeError} where it knocks in a way that a target cannot express; no text of it is repeated.
 */
export function readLine(text: string): ShellReading {
  if (text.length > MAX_LINE) {
    throw new NotAKnock(`the line has more than ${MAX_LINE} characters`);
  }
  const { steps, errors } = readSteps(text);
  const reading = readSequences(steps);
  if (errors.length === 0 || reading.sequences.length === 0) return reading;
  throw new RangeError("the line is not complete: a quote or a word is missing");
}

/** The parser calls itself for each level of a line, and some levels it does not count. */
function readSteps(text: string): { steps: ShellStep[]; errors: readonly unknown[] } {
  try {
    const { commands, errors = [] } = parse(text);
    return { steps: listSteps(commands), errors };
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof NotAKnock) throw error;
    throw new NotAKnock("the line is nested too deeply");
  }
}
