/**
 * The terminal to ask on: the controlling terminal, whatever the standard streams are. ssh gives its
 * proxy a stderr of /dev/null (ControlPersist), and scripts redirect stderr.
 *
 * Deno opens `/dev/tty` for reading with `--allow-read` but for writing only with `--allow-all`
 * (measured, 2.9.6). So what is written goes to a standard stream that is a terminal or, where there is
 * none, through a `cat` that has it open. What is typed never leaves this process.
 *
 * Windows has a console in place of a controlling terminal: `CONIN$` and `CONOUT$`, whatever the standard streams are.
 * Deno makes a path of such a name, and may ask for `--allow-all` for a device (its source, not measured): both ways of
 * writing it are tried, and where both are refused there is no terminal to ask on.
 */
import type { Terminal } from "../prompt/mod.ts";
import { suspendJob } from "./suspend.ts";
import { createSink, unlessAborted } from "./streams.ts";

/** What gives the keys. */
type Keyboard = Pick<Deno.FsFile, "read" | "setRaw"> & { close?(): void };

/** What takes the text. */
interface Screen {
  write(text: string): void;
  /** Waits until everything is written. */
  close?(): Promise<void>;
}

/** What opens a terminal. */
interface TerminalSystem {
  /** As in `Deno.build.os`. */
  os: string;
  deno: Pick<typeof Deno, "stdin" | "stdout" | "stderr" | "openSync" | "consoleSize" | "env">;
}

/** The devices of a Windows console, in both ways of writing them. */
const CONSOLE_INPUT = ["CONIN$", "\\\\.\\CONIN$"];
const CONSOLE_OUTPUT = ["CONOUT$", "\\\\.\\CONOUT$"];

/** Milliseconds that a terminal may take to show the rest: Ctrl-S can stop it. */
const FLUSH_MS = 1_000;

let terminal: Terminal | undefined;

/**
 * The terminal, one for the whole program (what is typed ahead waits in it); undefined where there
 * is none. Its `read` rejects with the signal's reason when that aborts, so that a question ends and
 * restores the terminal.
 */
export function openTerminal(
  signal: AbortSignal,
  system: TerminalSystem,
): Terminal | undefined {
  if (terminal !== undefined) return terminal;
  const keyboard = openKeyboard(system);
  const screen = keyboard && openScreen(system);
  if (keyboard === undefined || screen === undefined) return void keyboard?.close?.();
  const opened: Terminal = {
    read: (buffer) => unlessAborted(keyboard.read(buffer), signal),
    setRaw: (mode) => keyboard.setRaw(mode),
    write: screen.write,
    columns: () => readSize(system, "columns", 80),
    rows: () => readSize(system, "rows", 24),
    ...(canSuspend(system) ? { suspend: suspendJob } : {}),
    async close() {
      if (terminal !== opened) return;
      terminal = undefined;
      keyboard.close?.();
      await screen.close?.();
    },
  };
  return terminal = opened;
}

function openKeyboard({ os, deno }: TerminalSystem): Keyboard | undefined {
  // A console has no controlling terminal that differs from a standard stream that is one.
  if (os === "windows" && deno.stdin.isTerminal()) return deno.stdin;
  const device = os === "windows"
    // A console's mode can be set only where it is open for writing, too.
    ? openDevice(CONSOLE_INPUT, { read: true, write: true }, deno)
    : openDevice(["/dev/tty"], { read: true }, deno);
  return device ?? (deno.stdin.isTerminal() ? deno.stdin : undefined);
}

/** Opens the first device that is a terminal; there is none under cron (ENXIO), or without a permission. */
function openDevice(
  paths: readonly string[],
  options: Deno.OpenOptions,
  { openSync }: TerminalSystem["deno"],
): Deno.FsFile | undefined {
  for (const path of paths) {
    try {
      const file = openSync(path, options);
      if (file.isTerminal()) return file;
      file.close();
    } catch {
      // The next way of writing it.
    }
  }
  return undefined;
}

function openScreen({ os, deno }: TerminalSystem): Screen | undefined {
  const stream = [deno.stderr, deno.stdout].find((each) => each.isTerminal()) ??
    (os === "windows" ? openDevice(CONSOLE_OUTPUT, { read: true, write: true }, deno) : undefined);
  if (stream !== undefined) return { write: createSink(stream).write };
  try {
    return os === "windows" ? undefined : startWriter();
  } catch {
    return undefined;
  }
}

/** Writes by a child process; Ctrl-C, which reaches it too, does not end it. */
function startWriter(): Screen {
  const child = new Deno.Command("sh", {
    args: ["-c", "trap '' INT; exec cat >/dev/tty"],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  const drop = () => {}; // The terminal may have gone away.
  return {
    write: (text) => void writer.write(encoder.encode(text)).catch(drop),
    async close() {
      const end = writer.close().then(() => child.status);
      await unlessAborted(end, AbortSignal.timeout(FLUSH_MS)).catch(drop);
    },
  };
}

function readSize(
  { deno }: TerminalSystem,
  side: "columns" | "rows",
  fallback: number,
): number {
  try {
    return deno.consoleSize()[side] || fallback;
  } catch {
    return fallback;
  }
}

/** `deno task` does not stop with its job: the shell would wait for it for ever. It sets INIT_CWD. */
function canSuspend({ os, deno }: TerminalSystem): boolean {
  return os !== "windows" && deno.env.get("INIT_CWD") === undefined;
}
