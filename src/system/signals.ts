/**
 * The signals that end us, and those that are passed on to a command which runs attached.
 *
 * | | Ctrl-C | asked to end | terminal closed |
 * |---|---|---|---|
 * | Linux, macOS | SIGINT | SIGTERM | SIGHUP |
 * | Windows | SIGINT | SIGBREAK (Ctrl-Break) | nothing: the system ends the program |
 *
 * Windows sends a program no signals, and ends it where another program asks for that. Its console gives Ctrl-C and
 * Ctrl-Break to every program that is attached to it.
 */

/** Returns the signals that end a run. */
export function listEndSignals(os: string): Deno.Signal[] {
  return os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
}

/** Whether the system tells when a terminal is closed. */
export function hasHangup(os: string): boolean {
  return os !== "windows";
}

/**
 * Returns the signals that are sent on to an attached command: those that only we get.
 *
 * @param options.hasTerminal whether a terminal gives the command Ctrl-C by itself.
 */
export function listForwardedSignals(
  os: string,
  { hasTerminal }: { hasTerminal: boolean },
): Deno.Signal[] {
  if (os === "windows") return [];
  return ["SIGTERM", "SIGHUP", ...(hasTerminal ? [] : ["SIGINT" as const])];
}
