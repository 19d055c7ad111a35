/**
 * Runs a program in our place: it has our standard streams and the terminal, we wait for it.
 *
 * On a terminal Ctrl-C reaches the program by itself, as it is of the same process group; whether it
 * ends then is its own business. What comes to us alone is handed on.
 */
/**
 * Runs a program that has our standard streams, and so the terminal, until it ends.
 *
 * @param env on top of ours.
 * @returns its exit code; 128 and the number of the signal that killed it.
 * @throws the system's error if it cannot be started.
 */
export type HandOver = (
  command: readonly string[],
  options: { env: Record<string, string> },
) => Promise<number>;

/** See {@linkcode HandOver}. */
export const handOver: HandOver = async ([program = "", ...args], { env }) => {
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
};

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
