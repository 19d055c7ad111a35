/** Programs: probes, plug-ins, password managers. */
import type { ProgramResult, RunProgram } from "../probe/mod.ts";

/** Runs a program without a shell; at the deadline, or when cancelled, it is killed. */
export const runProgram: RunProgram = async (
  [program = "", ...args],
  { env = {}, stdin, timeoutMs, signal, interactive = false },
): Promise<ProgramResult> => {
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: stdin !== undefined ? "piped" : interactive ? "inherit" : "null",
    stdout: "piped",
    stderr: interactive ? "inherit" : "piped",
  }).spawn();
  let isLate = false;
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    if (stdin !== undefined) await feed(child.stdin, stdin);
    const { code, stdout, stderr } = await ended(child, interactive);
    signal?.throwIfAborted();
    const decoder = new TextDecoder();
    return {
      code: isLate ? undefined : code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
};

/** `output()` wants both streams piped. */
async function ended(child: Deno.ChildProcess, interactive: boolean) {
  if (!interactive) return await child.output();
  const stdout = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  return { code: (await child.status).code, stdout, stderr: new Uint8Array() };
}

/** A program need not read what it is told. */
async function feed(stdin: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It has closed its input, or ended.
  }
}
