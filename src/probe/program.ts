/**
 * `exec`, plug-ins and `after`: any program. It is told about the target in its environment
 * (`SPKNOCK_TARGET`, `_HOST`, `_ADDRESS`, `_PORT`, `_ATTEMPT`) and by the same as one JSON object on
 * stdin, a plug-in's own keys included. Exit 0 means open; its last line of stdout is the detail.
 */
import type { ProbeKind, ProgramResult, RunProgram } from "./probe.ts";

/** What a program is told. */
export interface ProgramFacts {
  target: string;
  host: string;
  address: string;
  /** Empty where there is none. */
  port: number | undefined;
  attempt: number;
}

/** How to run one. */
export interface ProgramOptions {
  runProgram: RunProgram;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** A plug-in's own keys. */
  options?: Readonly<Record<string, unknown>> | undefined;
}

/** The environment that a program is given on top of ours. */
export function programEnv(facts: ProgramFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [`SPKNOCK_${key.toUpperCase()}`, `${value ?? ""}`]),
  );
}

/** The arguments with `{target}`, `{host}`, `{address}`, `{port}` and `{attempt}` filled in. */
export function fillIn(command: readonly string[], facts: ProgramFacts): string[] {
  return command.map((word) =>
    word.replace(
      /\{(target|host|address|port|attempt)\}/g,
      (_, key: keyof ProgramFacts) => `${facts[key] ?? ""}`,
    )
  );
}

/** Runs a program that is told of the facts. */
export function runWithFacts(
  command: readonly string[],
  facts: ProgramFacts,
  { runProgram, timeoutMs, signal, options = {} }: ProgramOptions,
): Promise<ProgramResult> {
  return runProgram(fillIn(command, facts), {
    env: programEnv(facts),
    stdin: JSON.stringify({ ...options, ...facts }) + "\n",
    timeoutMs,
    signal,
  });
}

/** The last line that is not empty. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}

/** `exec` and every plug-in. */
export const kind: ProbeKind = {
  label: (spec) => spec.type === "exec" ? `exec ${spec.command?.[0]}` : spec.type,
  async ask(spec, context) {
    const start = context.clock.now();
    const facts: ProgramFacts = {
      target: context.target,
      host: context.host,
      address: context.address,
      port: spec.port,
      attempt: context.attempt,
    };
    const { code, stdout, stderr } = await runWithFacts(spec.command ?? [], facts, {
      ...context,
      options: spec.options,
    });
    const ms = context.clock.now() - start;
    if (code === 0) return { status: "open", ms, detail: lastLine(stdout) };
    if (code === undefined) return { status: "closed", ms, detail: "still running at the timeout" };
    return {
      status: "closed",
      ms,
      detail: lastLine(stdout) || lastLine(stderr) || `exit code ${code}`,
    };
  },
};
