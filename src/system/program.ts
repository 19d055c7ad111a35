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

/** Sends a signal to a program, which may have ended. */
export function kill(child: Deno.ChildProcess, signal: Deno.Signal = "SIGKILL"): void {
  try {
    child.kill(signal);
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
    const tail = new Tail();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return tail.join();
      tail.push(value);
      if (tail.length > KEPT_BYTES) onTooLong();
    }
  };
  return { bytes: read(), stop: () => void reader.cancel().catch(() => {}) };
}

/** The last MiB, and what its first piece has more. */
export class Tail {
  length = 0;
  #chunks: Uint8Array<ArrayBuffer>[] = [];

  push(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
    while (this.length - (this.#chunks[0]?.length ?? 0) >= KEPT_BYTES) {
      this.length -= this.#chunks.shift()?.length ?? 0;
    }
  }

  join(): Uint8Array<ArrayBuffer> {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** A program need not read what it is told: it may have closed its input, or ended. */
function feed(stdin: WritableStream<Uint8Array<ArrayBuffer>>, text: Iterable<string>) {
  const writer = stdin.getWriter();
  const encoder = new TextEncoder();
  const write = async () => {
    for (const piece of typeof text === "string" ? [text] : text) {
      await writer.write(encoder.encode(piece));
    }
    await writer.close();
  };
  return { done: write().catch(() => {}), stop: () => void writer.abort().catch(() => {}) };
}
