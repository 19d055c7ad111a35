/** Programs: probes, plug-ins, password managers. */
import type { ProgramResult, RunProgram } from "../probe/mod.ts";

/** Milliseconds that the pipes of an ended program are still served: its children may hold them. */
const LINGER_MS = 500;

/** Runs a program without a shell; at the deadline, or when cancelled, it is killed. */
export const runProgram: RunProgram = async (
  [program = "", ...args],
  { env = {}, stdin, timeoutMs, signal, interactive = false },
): Promise<ProgramResult> => {
  signal?.throwIfAborted();
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: stdin !== undefined ? "piped" : interactive ? "inherit" : "null",
    stdout: "piped",
    stderr: interactive ? "inherit" : "piped",
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill(child);
  }, timeoutMs);
  const onAbort = () => kill(child);
  signal?.addEventListener("abort", onAbort, { once: true });
  const input = stdin === undefined ? undefined : feed(child.stdin, stdin);
  const output = collect(child.stdout);
  const errors = interactive ? undefined : collect(child.stderr);
  try {
    const { code } = await child.status;
    clearTimeout(timer);
    const stop = () => [input, output, errors].forEach((pipe) => pipe?.stop());
    const linger = setTimeout(stop, LINGER_MS);
    const [stdout, stderr = ""] = await Promise.all([output.text, errors?.text, input?.done]);
    clearTimeout(linger);
    signal?.throwIfAborted();
    return { code: isLate ? undefined : code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
};

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Everything that a stream says, up to its end or `stop`. */
function collect(stream: ReadableStream<Uint8Array>): { text: Promise<string>; stop(): void } {
  const reader = stream.getReader();
  const read = async () => {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return text + decoder.decode();
      text += decoder.decode(value, { stream: true });
    }
  };
  return { text: read(), stop: () => void reader.cancel().catch(() => {}) };
}

/** A program need not read what it is told: it may have closed its input, or ended. */
function feed(stdin: WritableStream<Uint8Array<ArrayBuffer>>, text: string) {
  const writer = stdin.getWriter();
  const write = async () => {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  };
  return { done: write().catch(() => {}), stop: () => void writer.abort().catch(() => {}) };
}
