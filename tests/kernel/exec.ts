/** Programs that the labs run. */

/** What a program in a namespace may be given. */
export interface ExecOptions {
  stdin?: string | Uint8Array<ArrayBuffer> | undefined;
  env?: Record<string, string> | undefined;
  /** The program is killed after as many milliseconds; 60,000 where undefined. */
  timeoutMs?: number | undefined;
}

/** What a program in a namespace said. */
export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where root's tools are, also where the caller's PATH has no sbin. */
export const PATH = `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

const DEFAULT_TIMEOUT_MS = 60_000;

/** A program with a clean locale, and without input. */
export function commandOf(args: readonly string[], options: Deno.CommandOptions): Deno.Command {
  const [program = "", ...rest] = args;
  const env = { LC_ALL: "C", PATH, ...options.env };
  return new Deno.Command(program, { stdin: "null", ...options, args: rest, env });
}

/** Runs a program to its end. */
export async function execute(
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const process = commandOf(args, {
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env ? { env: options.env } : {}),
  }).spawn();
  const timer = setTimeout(() => kill(process), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  try {
    const output = process.output();
    if (options.stdin !== undefined) await feed(process, options.stdin);
    const { code, stdout, stderr } = await output;
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

async function feed(process: Deno.ChildProcess, input: string | Uint8Array<ArrayBuffer>) {
  const writer = process.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch {
    // The program ended without reading it all; its exit code tells.
  }
}

/** As `execute`, but resolves to stdout and throws, with stderr, unless the exit code is 0. */
export async function mustRun(args: readonly string[], options?: ExecOptions): Promise<string> {
  const { code, stdout, stderr } = await execute(args, options);
  if (code !== 0) throw new Error(`${args.join(" ")}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Kills a program. */
export async function stop(process: Deno.ChildProcess): Promise<void> {
  kill(process);
  await process.status;
}
