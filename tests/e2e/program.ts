/** The program from outside: started as a user would, with a home of its own. */
import { toFilePath } from "../../src/core/system/file_urls.ts";
import { checkJson } from "../json_schemas.ts";
import { makeFolder } from "../systems.ts";

/** What a run left behind. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to start it. */
export interface StartOptions {
  stdin?: string | Uint8Array<ArrayBuffer>;
  env?: Record<string, string>;
  cwd?: string;
  /** Runs in front of the program: `["ip", "netns", "exec", NAME]`. */
  prefix?: readonly string[];
}

/** The one JSON value on stdout. */
export function valueOf<T = Record<string, unknown>>({ stdout }: Ended): T {
  return JSON.parse(stdout) as T;
}

/** The one JSON error on stderr. */
export function errorOf(
  { stderr }: Ended,
): { code: string; message: string; hint: string | null } {
  return (JSON.parse(stderr) as { error: { code: string; message: string; hint: string | null } })
    .error;
}

const ROOT = toFilePath(new URL("../../", import.meta.url).href, Deno.build.os);

/** The executable that is tested in place of the checkout: `SPKNOCK_BIN`, which tools/deno.ts has tried. */
export const EXECUTABLE: string | undefined = Deno.env.get("SPKNOCK_BIN");

/** The command line that starts the program: the executable that is tested, else the checkout. */
export function commandOf(args: readonly string[]): string[] {
  return EXECUTABLE === undefined ? checkoutCommand(args) : [EXECUTABLE, ...args];
}

/**
 * The command line that starts the checkout, whatever is tested, with the dependencies that the tests have.
 *
 * @param flags for deno itself.
 */
export function checkoutCommand(args: readonly string[], flags: readonly string[] = []): string[] {
  return denoCommand([...flags, "-P=spknock", `${ROOT}main.ts`, ...args]);
}

/** The command line of deno, with the dependencies that the tests have. */
export function denoCommand(args: readonly string[]): string[] {
  const flags = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]") as string[];
  return [Deno.execPath(), "run", "-q", "--no-prompt", ...flags, ...args];
}

/** Whether the checkout has its dependencies from the npm registry: the others cannot be reached. */
export const IS_FROM_NPM: boolean = denoCommand([])
  .some((word) => word.startsWith("--import-map"));

/** For a test that starts deno with a module in front of the program. */
export const CHECKOUT_ONLY: { ignore: boolean; reason: string } = EXECUTABLE === undefined
  ? { ignore: false, reason: "" }
  : { ignore: true, reason: " (ignored: an executable takes no --preload)" };

/**
 * Runs in front of a program that has no terminal: one of the tester would be asked on. Empty where
 * the tests themselves have none.
 */
export const DETACHED: readonly string[] = hasTerminal() && Deno.build.os === "linux"
  ? ["setsid"]
  : [];

function hasTerminal(): boolean {
  try {
    Deno.openSync("/dev/tty").close();
    return true;
  } catch {
    return false;
  }
}

/** Without these no program of Windows has sockets or a temporary folder. */
const SYSTEM_VARIABLES = ["SystemRoot", "SystemDrive", "TEMP", "TMP", "PATHEXT", "ComSpec"];

function readSystemVariables(): Record<string, string> {
  if (Deno.build.os !== "windows") return {};
  return Object.fromEntries(
    SYSTEM_VARIABLES.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The folder of Deno's cache: another home has another one, on each system in a place of its own. */
function findDenoFolder(): { DENO_DIR: string } {
  const home = Deno.env.get("HOME") ?? "";
  const usual: Partial<Record<string, string>> = {
    darwin: `${home}/Library/Caches/deno`,
    windows: `${Deno.env.get("LOCALAPPDATA")}\\deno`,
  };
  const folder = usual[Deno.build.os] ?? `${home}/.cache/deno`;
  return { DENO_DIR: Deno.env.get("DENO_DIR") ?? folder };
}

/** A folder to be home, with the program in it; removed at the end. */
export class Home implements AsyncDisposable {
  readonly path: string = makeFolder();
  /** Where the program looks for targets. */
  readonly config: string = `${this.path}/.config/spknock/targets.toml`;

  /** Writes the targets as a user with private files would. */
  async write(text: string, { mode = 0o600 }: { mode?: number } = {}): Promise<void> {
    await Deno.mkdir(this.config.replace(/\/[^/]*$/, ""), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(this.config, text);
    await Deno.chmod(this.config, mode);
  }

  /** The environment of every run: nothing of the tester's own home. */
  get env(): Record<string, string> {
    return {
      ...readSystemVariables(),
      HOME: this.path,
      USERPROFILE: this.path,
      APPDATA: `${this.path}/.config`,
      PATH: Deno.env.get("PATH") ?? "",
      ...findDenoFolder(),
      NO_COLOR: "1",
      TERM: "xterm",
      LANG: "C.UTF-8",
    };
  }

  /** Starts the program; the caller waits for it. */
  start(
    args: readonly string[],
    { env = {}, cwd, prefix = [] }: StartOptions = {},
  ): Deno.ChildProcess {
    const [program = "", ...rest] = [...DETACHED, ...prefix, ...commandOf(args)];
    return new Deno.Command(program, {
      args: rest,
      env: { ...this.env, ...env },
      clearEnv: true,
      cwd: cwd ?? this.path,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    const child = this.start(args, options);
    const writer = child.stdin.getWriter();
    const { stdin } = options;
    const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
    try {
      if (bytes !== undefined) await writer.write(bytes);
      await writer.close();
    } catch {
      // The program need not read its input.
    }
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    const ended = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    await checkJson(args, ended);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
