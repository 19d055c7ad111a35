/** Ctrl-Z: stops the program, with all others of its job, as the terminal itself would do. */

/** Milliseconds until a job that cannot be stopped goes on: one without a shell (POSIX, orphaned group). */
const UNSTOPPED_MS = 200;

/** Resolves when the shell lets the job go on; at once where programs may not be sent signals. */
export async function suspendJob(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const goOn = () => resolve();
  Deno.addSignalListener("SIGCONT", goOn);
  const timer = setTimeout(goOn, UNSTOPPED_MS);
  try {
    Deno.kill(0, "SIGTSTP");
    await promise;
  } catch {
    // The permission to run programs, which signals need, has been given up.
  } finally {
    clearTimeout(timer);
    Deno.removeSignalListener("SIGCONT", goOn);
  }
}
