/**
 * The terminal to ask on. Input comes from stdin where that is a terminal, else through stderr's
 * (open for reading too, as shells and ssh leave it): `/dev/tty` itself is closed to a Deno program
 * without `--allow-all`. Output goes to stderr.
 */
import type { Terminal } from "../prompt/mod.ts";
import { suspendJob } from "./suspend.ts";
import { createSink, unlessAborted } from "./streams.ts";

let terminal: Terminal | undefined;

/**
 * The terminal, one for the whole program (what is typed ahead waits in it); undefined where there
 * is none. Its `read` rejects with the signal's reason when that aborts, so that a question ends and
 * restores the terminal.
 */
export async function openTerminal(signal: AbortSignal): Promise<Terminal | undefined> {
  if (!Deno.stderr.isTerminal()) return undefined;
  if (terminal !== undefined) return terminal;
  const input = Deno.stdin.isTerminal()
    ? Deno.stdin
    : (await import("./stderr_input.ts")).openStderrInput();
  terminal = {
    read: (buffer) => unlessAborted(input.read(buffer), signal),
    setRaw: (mode) => input.setRaw(mode),
    write: createSink(Deno.stderr).write,
    columns,
    rows,
    ...(Deno.build.os === "windows" ? {} : { suspend: suspendJob }),
  };
  return terminal;
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

function rows(): number {
  try {
    return Deno.consoleSize().rows || 24;
  } catch {
    return 24;
  }
}
