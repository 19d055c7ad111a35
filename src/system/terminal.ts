/**
 * The terminal to ask on: the controlling terminal, whatever the standard streams are. ssh gives its
 * proxy a stderr of /dev/null (ControlPersist), and scripts redirect stderr.
 *
 * Deno opens `/dev/tty` for reading with `--allow-read` but for writing only with `--allow-all`
 * (measured, 2.9.6). So what is written goes to a standard stream that is a terminal or, where there is
 * none, through a `cat` that has it open. What is typed never leaves this process.
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

const isWindows = Deno.build.os === "windows";

/** Milliseconds that a terminal may take to show the rest: Ctrl-S can stop it. */
const FLUSH_MS = 1_000;

let terminal: Terminal | undefined;

/**
 * The terminal, one for the whole program (what is typed ahead waits in it); undefined where there
 * is none. Its `read` rejects with the signal's reason when that aborts, so that a question ends and
 * restores the terminal.
 */
export function openTerminal(signal: AbortSignal): Terminal | undefined {
  if (terminal !== undefined) return terminal;
  const keyboard = openKeyboard();
  const screen = keyboard && openScreen();
  if (keyboard === undefined || screen === undefined) return void keyboard?.close?.();
  const opened: Terminal = {
    read: (buffer) => unlessAborted(keyboard.read(buffer), signal),
    setRaw: (mode) => keyboard.setRaw(mode),
    write: screen.write,
    columns,
    rows,
    ...(canSuspend() ? { suspend: suspendJob } : {}),
    async close() {
      if (terminal !== opened) return;
      terminal = undefined;
      keyboard.close?.();
      await screen.close?.();
    },
  };
  return terminal = opened;
}

function openKeyboard(): Keyboard | undefined {
  // A console has no controlling terminal that differs from its standard streams.
  if (isWindows && Deno.stdin.isTerminal()) return Deno.stdin;
  try {
    const file = Deno.openSync(isWindows ? "CONIN$" : "/dev/tty", { read: true });
    if (file.isTerminal()) return file;
    file.close();
  } catch {
    // There is no controlling terminal (ENXIO), as under cron.
  }
  return Deno.stdin.isTerminal() ? Deno.stdin : undefined;
}

function openScreen(): Screen | undefined {
  const stream = [Deno.stderr, Deno.stdout].find((each) => each.isTerminal());
  if (stream !== undefined) return { write: createSink(stream).write };
  try {
    return isWindows
      ? { write: createSink(Deno.openSync("CONOUT$", { write: true })).write }
      : startWriter();
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

/** `deno task` does not stop with its job: the shell would wait for it for ever. It sets INIT_CWD. */
function canSuspend(): boolean {
  return !isWindows && Deno.env.get("INIT_CWD") === undefined;
}
