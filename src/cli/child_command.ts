/** `-- COMMAND`: a program that runs with the terminal while the door is open. */
import { SpknockError } from "../core/errors.ts";
import { describeStartError, isMissingProgram } from "../core/system_errors.ts";
import { createOutput } from "../output/output.ts";
import { buildProgramEnv, type ProgramFacts } from "../probe/program.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit_codes.ts";
import { reportError } from "./report_error.ts";

/** Leaves standard output to the command: the same context, with text for people on stderr. */
export function withStderrOutput<Name extends string>(context: Context<Name>): Context<Name> {
  const { ports: { stdout, stderr }, out } = context;
  const people = createOutput({ ...out, stdout: stderr, stderr });
  const scripts = createOutput({ ...out, stdout, stderr });
  return { ...context, out: { ...people, value: scripts.value, event: scripts.event } };
}

/** Runs the command after `--` with the facts in its environment; returns its exit code. */
export async function runChildCommand(
  [program = "", ...args]: readonly string[],
  facts: ProgramFacts,
  { ports, out }: Context,
): Promise<number> {
  try {
    return await ports.runAttached([program, ...args], { env: buildProgramEnv(facts) });
  } catch (cause) {
    const isMissing = isMissingProgram(cause);
    const why = describeStartError(cause);
    reportError(
      new SpknockError("command", `the command "${program}" could not be started: ${why}`, {
        hint: isMissing ? "is it installed and in the PATH?" : undefined,
        cause,
      }),
      out,
    );
    return isMissing ? EXIT.notFound : EXIT.notExecutable;
  }
}
