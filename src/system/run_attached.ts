/**
 * Runs a program that has our standard streams, and so the terminal, until it ends.
 *
 * On a terminal Ctrl-C reaches the program by itself, since it is in the same process group; the
 * program decides whether to exit. Signals that are sent only to us are forwarded.
 */
import { listForwardedSignals } from "./signals.ts";

/**
 * See the header.
 *
 * @param options.env on top of ours.
 * @param options.os as in `Deno.build.os`.
 * @returns its exit code; 128 and the number of the signal that killed it.
 * @throws the system's error if it cannot be started.
 */
export async function runAttached(
  [program = "", ...args]: readonly string[],
  { env, os }: { env: Record<string, string>; os: string },
): Promise<number> {
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const stopForwarding = forwardSignals(child, os);
  try {
    return (await child.status).code;
  } finally {
    stopForwarding();
  }
}

function forwardSignals(child: Deno.ChildProcess, os: string): () => void {
  const hasTerminal = Deno.stdin.isTerminal() || Deno.stderr.isTerminal();
  const listeners = listForwardedSignals(os, { hasTerminal }).map((signal) => {
    const forward = () => {
      try {
        child.kill(signal);
      } catch {
        // It has ended by itself.
      }
    };
    Deno.addSignalListener(signal, forward);
    return { signal, forward };
  });
  return () => {
    for (const { signal, forward } of listeners) Deno.removeSignalListener(signal, forward);
  };
}
