/** Programs: probes, plug-ins, password managers. */
import type { ProgramResult, RunProgram } from "../probe/mod.ts";

/** Milliseconds that the pipes of an ended program are still served: its children may hold them. */
const LINGER_MS = 500;

/** Runs a program without a shell; at the deadline, or when cancelled, it is killed. */
export const runProgram: RunProgram = async (
  [program = "", ...args],
  { env = {}, stdin, timeoutMs, signal, interactive = false, asBytes = false },
): Promise<ProgramResult> => {
  signal?.throwIfAborted();
  // Standard input that is a pipe carries data (`connect`), not answers.
  const isAsking = interactive && Deno.stdin.isTerminal();
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: stdin !== undefined ? "piped" : isAsking ? "inherit" : "null",
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
    const [bytes, errorBytes] = await Promise.all([output.bytes, errors?.bytes, input?.done]);
    clearTimeout(linger);
    signal?.throwIfAborted();
    const decode = (text?: Uint8Array) => new TextDecoder().decode(text);
    return {
      code: isLate ? undefined : code,
      stdout: decode(bytes),
      ...(asBytes ? { bytes } : {}),
      stderr: decode(errorBytes),
    };
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
function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): { bytes: Promise<Uint8Array>; stop(): void } {
  const reader = stream.getReader();
  const read = async () => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return chunks.length === 1 ? chunks[0] as Uint8Array : await join(chunks);
      chunks.push(value);
    }
  };
  return { bytes: read(), stop: () => void reader.cancel().catch(() => {}) };
}

async function join(chunks: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
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
