/** Standard streams. */
import type { Sink } from "../output/output.ts";

/** A stream that takes text; a reader that went away (EPIPE) ends the program quietly. */
export function sinkOf(stream: typeof Deno.stdout): Sink {
  const encoder = new TextEncoder();
  return {
    isTerminal: () => stream.isTerminal(),
    write(text) {
      let bytes = encoder.encode(text);
      try {
        while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
      } catch (cause) {
        if (cause instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        if (cause instanceof Deno.errors.WouldBlock) return;
        throw cause;
      }
    },
  };
}

/** `work`, unless the signal aborts first: then its reason. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = Promise.withResolvers<never>();
  const onAbort = () => stop.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Everything up to the end of `input`; rejects when the signal aborts. */
export async function readAll(
  input: { read(buffer: Uint8Array): Promise<number | null> },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const buffer = new Uint8Array(65_536);
    const count = await unlessAborted(input.read(buffer), signal);
    if (count === null) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(buffer.subarray(0, count));
  }
}
