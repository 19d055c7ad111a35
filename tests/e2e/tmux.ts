/** A real terminal of a size that can change: tmux, which knows what its screen shows. */

/** Milliseconds after which a program counts as stuck; generous, for machines are busy. */
const STUCK_MS = 30_000;
const LOOK_MS = 30;

/** Whether tmux is here. */
export const HAS_TMUX: boolean = await run(["-V"]).then(() => true, () => false);

/** A window of a tmux server of its own. */
export class Tmux implements AsyncDisposable {
  readonly #socket = `spknock-${crypto.randomUUID().slice(0, 8)}`;

  /** Starts a command line of the shell. */
  static async start(
    line: string,
    { columns, rows, env = {}, cwd = "/" }: {
      columns: number;
      rows: number;
      env?: Readonly<Record<string, string>>;
      cwd?: string;
    },
  ): Promise<Tmux> {
    const tmux = new Tmux();
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    await tmux.#call(
      ...["-u", "-f", "/dev/null", "new-session", "-d", "-x", `${columns}`, "-y", `${rows}`],
      ...["-c", cwd, "--", "env", "-i", ...words, "TERM=screen", "sh", "-c", line],
    );
    await tmux.#call("set-option", "-g", "status", "off");
    await tmux.#call("set-option", "-g", "window-size", "manual");
    await tmux.resize(columns, rows);
    return tmux;
  }

  /** What the screen shows, without empty rows at its end; wrapped lines are several rows. */
  async look(): Promise<string> {
    return (await this.#call("capture-pane", "-p")).replace(/\s+$/, "");
  }

  /** The column and the row of the cursor, from 0. */
  async findCursor(): Promise<[column: number, row: number]> {
    const text = await this.ask("#{cursor_x} #{cursor_y}");
    const [column = -1, row = -1] = text.trim().split(" ").map(Number);
    return [column, row];
  }

  /** What tmux says of a format, such as `#{pane_width}`. */
  async ask(format: string): Promise<string> {
    return await this.#call("display-message", "-p", format);
  }

  /** Waits until the screen shows what is wanted, and returns it. */
  async until(wanted: string | ((screen: string) => boolean)): Promise<string> {
    const isThere = typeof wanted === "string"
      ? (screen: string) => screen.includes(wanted)
      : wanted;
    for (const end = Date.now() + STUCK_MS;;) {
      const screen = await this.look();
      if (isThere(screen)) return screen;
      if (Date.now() > end) throw new Error(`${wanted} is not on the screen:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#call("send-keys", "-l", "--", text);
  }

  /** Presses keys by tmux's names, such as `Enter`, `Escape`, `C-z`. */
  async press(...keys: string[]): Promise<void> {
    await this.#call("send-keys", "--", ...keys);
  }

  /** Pastes as a mouse does: with marks where the program has asked for them. */
  async paste(text: string): Promise<void> {
    await this.#call("set-buffer", "--", text);
    await this.#call("paste-buffer", "-p");
  }

  /** Changes the size, and waits until programs are told so: tmux does that a little later. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#call("resize-window", "-x", `${columns}`, "-y", `${rows}`);
    const tty = (await this.ask("#{pane_tty}")).trim();
    for (const end = Date.now() + STUCK_MS;;) {
      const { stdout } = await new Deno.Command("stty", { args: ["-F", tty, "size"] }).output();
      if (new TextDecoder().decode(stdout).trim() === `${rows} ${columns}`) return;
      if (Date.now() > end) throw new Error(`the terminal did not become ${columns}x${rows}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #call(...args: string[]): Promise<string> {
    return await run(["-L", this.#socket, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#call("kill-server").catch(() => {});
  }
}

async function run(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("tmux", { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`tmux ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
