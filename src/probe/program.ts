/**
 * `exec`, plug-ins and `after`: any program. It is told about the target in its environment
 * (`SPKNOCK_TARGET`, `_HOST`, `_ADDRESS`, `_PORT`, `_ATTEMPT`) and by the same as one JSON object on
 * stdin, a plug-in's own keys included. Exit 0 means open; its last line of stdout is the detail.
 */
import type { ProbeOf } from "../core/target.ts";
import { fillIn as fillInWord } from "../core/text.ts";
import type { ProbeAnswer, ProbeContext, ProgramResult, RunProgram } from "./probe.ts";

/** What a program gets to know. */
export interface ProgramFacts {
  target: string;
  host: string;
  address: string;
  /** Empty where there is none. */
  port: number | undefined;
  attempt: number;
}

/** How a program is run. */
interface ProgramOptions {
  runProgram: RunProgram;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** A plug-in's own keys. */
  options?: Readonly<Record<string, unknown>> | undefined;
}

/** Returns the environment that a program gets on top of ours. */
export function buildProgramEnv(facts: ProgramFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [`SPKNOCK_${key.toUpperCase()}`, `${value ?? ""}`]),
  );
}

/** Returns the arguments with `{target}`, `{host}`, `{address}`, `{port}` and `{attempt}` filled in. */
export function fillIn(command: readonly string[], facts: ProgramFacts): string[] {
  return command.map((word) => fillInWord(word, facts));
}

/** Runs a program with the facts in its arguments, its environment and on its stdin. */
export function runWithFacts(
  command: readonly string[],
  facts: ProgramFacts,
  { runProgram, timeoutMs, signal, options = {} }: ProgramOptions,
): Promise<ProgramResult> {
  return runProgram(fillIn(command, facts), {
    env: buildProgramEnv(facts),
    stdin: JSON.stringify({ ...options, ...facts }) + "\n",
    timeoutMs,
    signal,
  });
}

/** Characters of a detail that are shown: a line of a program may have no end. */
const MAX_DETAIL = 500;

/** Returns the last line that is not empty; of a very long one its beginning. */
export function findLastLine(text: string): string {
  const line = text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return line.length <= MAX_DETAIL ? line : `${line.slice(0, MAX_DETAIL).trimEnd()} ...`;
}

/** Runs a program; a plug-in as well as `exec`. */
export async function probe(
  spec: ProbeOf<"exec" | "plugin">,
  context: ProbeContext,
): Promise<ProbeAnswer> {
  const { target, host, address, attempt, clock } = context;
  const start = clock.now();
  const facts: ProgramFacts = { target, host, address, port: spec.port, attempt };
  const options = spec.type === "plugin" ? spec.options : {};
  const ended = await runWithFacts(spec.command, facts, { ...context, options });
  const { code, stdout, stderr } = ended;
  const ms = clock.now() - start;
  if (code === 0) return { status: "open", ms, detail: findLastLine(stdout) };
  if (code === undefined) return { status: "closed", ms, detail: "still running at the timeout" };
  const detail = findLastLine(stdout) || findLastLine(stderr) || `exit code ${code}`;
  return { status: "closed", ms, detail };
}
