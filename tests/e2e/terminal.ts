/** The program in a pseudo-terminal, by `script` of util-linux. */
import { commandOf, type Home } from "./program.ts";
import { Transcript } from "./transcript.ts";

/** Whether there is such a `script` here. */
export const HAS_SCRIPT: boolean = await hasScript();

async function hasScript(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("script", { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}

/** What is said at the end of a session: the exit code, and how the terminal was left. */
export interface SessionEnd {
  code: number;
  /** Whether echo, line editing and signals are on again, as before. */
  isRestored: boolean;
}

/** A person at a terminal. */
export class Session {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #screen: Transcript;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#keyboard = child.stdin.getWriter();
    this.#screen = new Transcript(child.stdout);
  }

  /** Starts the program on a terminal of its own. */
  static start(
    home: Home,
    argv: readonly string[],
    { env = {}, wrap = (command) => command }: {
      env?: Record<string, string>;
      /** Puts the program's command line into a longer one of the shell. */
      wrap?: (command: string) => string;
    } = {},
  ): Session {
    const command = commandOf(argv).map(quote).join(" ");
    // The shell outlives the program, to tell its exit code and the state of the terminal.
    const line = `state=$(stty -a); ${wrap(command)}; echo "code=$?"; ` +
      `[ "$state" = "$(stty -a)" ] && echo restored || echo spoilt`;
    const child = new Deno.Command("script", {
      args: ["-qfec", `trap : INT; ${line}`, "/dev/null"],
      env: { ...home.env, SHELL: "/bin/sh", ...env },
      clearEnv: true,
      cwd: home.path,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    return new Session(child);
  }

  /** All that the screen has shown. */
  get screen(): string {
    return this.#screen.text;
  }

  /** Waits for words on the screen; returns what was shown up to them. */
  until(words: string): Promise<string> {
    return this.#screen.until(words);
  }

  /** Types. */
  async type(keys: string): Promise<void> {
    await this.#keyboard.write(new TextEncoder().encode(keys));
  }

  /** Waits for each question, and types its answer. */
  async answer(...dialogue: readonly (readonly [question: string, keys: string])[]): Promise<void> {
    for (const [question, keys] of dialogue) {
      await this.until(question);
      await this.type(keys);
    }
  }

  /** Waits for the end of the program. */
  async end(): Promise<SessionEnd> {
    await this.until("code=");
    const state = await this.until("\n");
    const rest = await this.until("\n");
    await this.#keyboard.close().catch(() => {});
    await this.#screen.done;
    await this.#child.status;
    return { code: Number.parseInt(state), isRestored: rest.includes("restored") };
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
