/**
 * Runs a program that has our standard streams, and so the terminal, until it ends.
 *
 * On a terminal Ctrl-C reaches the program by itself, since it is in the same process group; the
 * program decides whether to exit. Signals that are sent only to us are forwarded.
 */

/**
 * See the header.
 *
 * @param options.env on top of ours.
 * @returns its exit code; 128 and the number of the signal that killed it.
 * @throws the system's error if it cannot be started.
 */
export async function runAttached(
  [program = "", ...args]: readonly string[],
  { env }: { env: Record<string, string> },
): Promise<number> {
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const stopForwarding = forwardSignals(child);
  try {
    return (await child.status).code;
  } finally {
    stopForwarding();
  }
}

function forwardSignals(child: Deno.ChildProcess): () => void {
  if (Deno.build.os === "windows") return () => {};
  const hasTerminal = Deno.stdin.isTerminal() || Deno.stderr.isTerminal();
  const signals: Deno.Signal[] = ["SIGTERM", "SIGHUP", ...(hasTerminal ? [] : ["SIGINT" as const])];
  const listeners = signals.map((signal) => {
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
