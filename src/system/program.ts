/** Programs: probes, plug-ins, password managers. */
import type { ProgramResult, RunProgram } from "../probe/mod.ts";

/** Milliseconds that the pipes of an ended program are still served: its children may hold them. */
const LINGER_MS = 500;

/** What is kept of a program's output: more is of use to no reader, and the memory is not ours alone. */
const KEPT_BYTES = 1_048_576;

/** Runs a program without a shell; at the deadline, or when cancelled, it is killed. */
export const runProgram: RunProgram = async (
  [program = "", ...args],
  { env = {}, stdin, timeoutMs, signal, interactive = false, isShort = false, asBytes = false },
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
  let isTooLong = false;
  const onTooLong = () => {
    isTooLong = true;
    kill(child);
  };
  const timer = setTimeout(() => {
    isLate = true;
    kill(child);
  }, timeoutMs);
  const onAbort = () => kill(child);
  signal?.addEventListener("abort", onAbort, { once: true });
  const input = stdin === undefined ? undefined : feed(child.stdin, stdin);
  const output = collect(child.stdout, isShort ? onTooLong : undefined);
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
      ...(isTooLong ? { isTooLong } : {}),
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

/** The last MiB of what a stream says, up to its end or `stop`; the rest is read and dropped. */
function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onTooLong: () => void = () => {},
): { bytes: Promise<Uint8Array>; stop(): void } {
  const reader = stream.getReader();
  const read = async () => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return chunks.length === 1 ? chunks[0] as Uint8Array : await join(chunks);
      chunks.push(value);
      length += value.length;
      if (length > KEPT_BYTES) onTooLong();
      while (length - (chunks[0]?.length ?? 0) >= KEPT_BYTES) length -= chunks.shift()?.length ?? 0;
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
