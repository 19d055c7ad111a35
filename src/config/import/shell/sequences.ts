/**
 * The steps of one line to sequences.
 *
 * Rules: commands with one knock each to the same host are one sequence; a command with several knocks is
 * one of its own, and a tcp port alone that comes after it, to the same host, is what it opens: people check a
 * door with what they knock with. `sleep` between two knocks is their delay.
 */
import type { Knock } from "../../../core/knock.ts";
import { isSameHost } from "../../../core/target.ts";
import type { ShellStep } from "./steps.ts";
import { NotAKnock, type ShellKnocks, UNKNOWN } from "./tool.ts";
import { isDevice, readDevice } from "./tools/dev.ts";
import { findOutput } from "./output.ts";
import { SHELL_TOOLS } from "./tools.ts";

/** A sequence that a line sends. */
export interface ShellSequence extends ShellKnocks {
  /** The port that a command behind it checks. */
  opens?: number | undefined;
}

/** A sequence that is not complete yet. */
interface Draft extends ShellKnocks {
  knocks: readonly Knock[];
  isSingles: boolean;
  opens?: number | undefined;
}

/** What a line does. */
export interface ShellReading {
  sequences: ShellSequence[];
  /** Why its commands are not knocks; undefined where none is one of a known tool. */
  other?: string | undefined;
}

/**
 * Returns the sequences of a line.
 *
 * @throws {RangeError} where it knocks in a way that a target cannot express.
 */
export function readSequences(steps: readonly ShellStep[]): ShellReading {
  const drafts: Draft[] = [];
  let other: string | undefined;
  let pause: number | undefined;
  for (const step of steps) {
    if (step.kind === "pause") {
      if (step.ms === undefined) throwIfBegun(drafts, "a pause between knocks is not known");
      pause = (pause ?? 0) + (step.ms ?? 0);
      continue;
    }
    try {
      const knocks = readStep(step);
      if (knocks === undefined) continue;
      addKnocks(drafts, knocks, pause);
      pause = undefined;
    } catch (error) {
      if (!(error instanceof NotAKnock)) throw error;
      other ??= error.message;
    }
  }
  return { sequences: drafts.map(finish), other };
}

function throwIfBegun(drafts: readonly Draft[], message: string): void {
  if (drafts.length > 0) throw new RangeError(message);
}

function readStep(step: Exclude<ShellStep, { kind: "pause" }>): ShellKnocks | undefined {
  const [name = "", ...args] = step.words;
  if (step.kind === "call" && step.target !== undefined && isDevice(step.target)) {
    requireKnown([step.target]);
    return readDevice(step.target, findOutput(step.words));
  }
  const tool = Object.hasOwn(SHELL_TOOLS, name) ? SHELL_TOOLS[name] : undefined;
  if (tool === undefined) return undefined;
  if (step.kind === "choice") {
    throw new RangeError(`${name} runs in a condition or a loop: give the knock alone`);
  }
  try {
    const knocks = tool.read({ args, input: step.input });
    requireKnown(args);
    return knocks;
  } catch (error) {
    if (error instanceof NotAKnock || !(error instanceof RangeError)) throw error;
    requireKnown(args);
    throw new RangeError(`${name}: ${error.message}`);
  }
}

function requireKnown(words: readonly string[]): void {
  if (!words.some((word) => word.includes(UNKNOWN))) return;
  throw new RangeError("a variable or an expansion has an unknown value: write it out");
}

function addKnocks(drafts: Draft[], added: ShellKnocks, pause: number | undefined): void {
  const before = drafts.findLast(({ host }) => isSameHost(host, added.host));
  const [first, ...others] = added.knocks;
  if (before === undefined || first === undefined || others.length > 0) {
    drafts.push({ ...added, isSingles: others.length === 0 });
    return;
  }
  if (before.isSingles) {
    before.knocks = [
      ...before.knocks.slice(0, -1),
      ...before.knocks.slice(-1).map((knock) => ({
        ...knock,
        ...(pause === undefined ? {} : { delayMs: pause }),
      })),
      first,
    ];
    return;
  }
  if (first.protocol === "tcp" && before.opens === undefined) before.opens = first.port;
  else drafts.push({ ...added, isSingles: true });
}

/** Pauses that are all the same are the delay of the target. */
function finish({ isSingles, ...draft }: Draft): ShellSequence {
  const delays = draft.knocks.slice(0, -1).map(({ delayMs }) => delayMs);
  const [delayMs] = delays;
  const isEven = isSingles && delays.every((delay) => delay === delayMs);
  if (!isEven || delayMs === undefined) return draft;
  return {
    ...draft,
    delayMs,
    knocks: draft.knocks.map(({ delayMs: _, ...knock }) => knock),
  };
}
