/** A shell session in a real pseudo-terminal (`script` of util-linux), and what its screen shows at the end. */
// It is a CommonJS module: its names are on the default export.
import xterm from "@xterm/headless";
import { quoteShell } from "../../src/core/text.ts";
import { Transcript } from "../../tests/e2e/transcript.ts";

/** Columns of every picture. */
const COLUMNS = 76;
const ROWS = 40;

/** What is typed at the prompt, and the words that the screen shows before. */
type Dialogue = readonly (readonly [until: string, keys: string])[];

/** Where the shell runs. */
interface Place {
  env: Record<string, string>;
  cwd: string;
  /** Runs in front of the shell: `["ip", "netns", "exec", NAME]`. */
  prefix?: readonly string[];
}

/** Runs the dialogue, and returns the terminal after its last words were shown. */
export async function record(
  dialogue: Dialogue,
  { last, env, cwd, prefix = [] }: Place & { last: string },
): Promise<xterm.Terminal> {
  const shell = [...prefix, "sh", "-i"].map(quoteShell).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qfec", `stty cols ${COLUMNS} rows ${ROWS}; exec ${shell}`, "/dev/null"],
    env: { ...env, TERM: "xterm-256color", PS1: "$ ", SHELL: "/bin/sh" },
    clearEnv: true,
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const screen = new Transcript(child.stdout);
  for (const [words, keys] of dialogue) {
    await screen.until(words);
    await keyboard.write(new TextEncoder().encode(keys));
  }
  await screen.until(last);
  const { text } = screen;
  await keyboard.close();
  child.kill("SIGHUP");
  await child.status;
  await screen.done;
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  return terminal;
}
