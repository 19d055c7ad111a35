/** `-- COMMAND`: what runs with the terminal while the door is open. */
import { SpknockError } from "../core/errors.ts";
import { createOutput } from "../output/output.ts";
import { buildProgramEnv, type ProgramFacts } from "../probe/program.ts";
import type { Context } from "./context.ts";
import { reportFailure } from "./failure.ts";

/** What shells exit with when a command cannot be run (POSIX, 2.8.2). */
const CANNOT_RUN = 126;
const NOT_FOUND = 127;

/** Standard output is the command's: the same context, with what people read on stderr. */
export function leaveStdout(context: Context): Context {
  const { ports: { stdout, stderr }, out, color } = context;
  const people = createOutput({ ...out, stdout: stderr, stderr, color });
  const scripts = createOutput({ ...out, stdout, stderr, color });
  return { ...context, out: { ...people, value: scripts.value, event: scripts.event } };
}

/** Runs the command that follows `--`, told of the door in its environment; its exit code. */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  facts: ProgramFacts,
  { ports, out }: Context,
): Promise<number> {
  try {
    return await ports.handOver([program, ...args], { env: buildProgramEnv(facts) });
  } catch (cause) {
    const isMissing = cause instanceof Deno.errors.NotFound;
    const why = isMissing
      ? "it was not found"
      : cause instanceof Error
      ? cause.message
      : `${cause}`;
    reportFailure(
      new SpknockError("command", `the command "${program}" could not be started: ${why}`, {
        hint: isMissing ? "is it installed and in the PATH?" : undefined,
        cause,
      }),
      out,
    );
    return isMissing ? NOT_FOUND : CANNOT_RUN;
  }
}
