/** Standard streams. */
import type { Clock } from "../core/clock.ts";
import { OutputError } from "../core/errors.ts";
import type { Sink } from "../output/output.ts";

/** What a sink writes to: one of Deno's standard streams. */
type SinkStream = Pick<typeof Deno.stdout, "isTerminal" | "writeSync">;

/** Milliseconds until a pipe that is full is tried again. */
const FULL_PIPE_MS = 5;

/**
 * A stream that takes text. Where the reader has gone away (EPIPE) the rest is dropped: the work goes
 * on, and the exit code tells of it. A full pipe that does not block is waited for; what cannot be
 * written for another reason, such as a full disk, is an OutputError.
 */
export function createSink(stream: SinkStream): Sink {
  const encoder = new TextEncoder();
  let isGone = false;
  return {
    isTerminal: () => stream.isTerminal(),
    columns: () => stream.isTerminal() ? readColumns() : undefined,
    write(text) {
      let bytes = encoder.encode(text);
      while (bytes.length > 0 && !isGone) {
        try {
          bytes = bytes.subarray(stream.writeSync(bytes));
        } catch (cause) {
          if (cause instanceof Deno.errors.WouldBlock) pause(FULL_PIPE_MS);
          else if (cause instanceof Deno.errors.BrokenPipe) isGone = true;
          else throw writeFailure(cause);
        }
      }
    },
  };
}

/** The columns of the terminal; 0 is what one says that does not know. */
function readColumns(): number | undefined {
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}

function writeFailure(cause: unknown): OutputError {
  const reason = cause instanceof Error ? cause.message.replace(/ \(os error \d+\)$/, "") : cause;
  return new OutputError(`the output cannot be written: ${reason}`, { cause });
}

/** Blocks: a write is not done before its text is out. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
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
    if (count === null) {
      const [only] = chunks;
      // The first Blob of a process takes a millisecond.
      if (only !== undefined && chunks.length === 1) return only;
      return new Uint8Array(await new Blob(chunks).arrayBuffer());
    }
    chunks.push(buffer.subarray(0, count));
  }
}

/** What data goes through: two of Deno's standard streams. */
interface DataStreams {
  stdin: { read(buffer: Uint8Array): Promise<number | null> };
  stdout: { write(bytes: Uint8Array): Promise<number> };
}

/**
 * Standard input and output as bytes, for a relay. The parent process may have left them
 * non-blocking; then they are tried again.
 */
export function createStdio(
  { stdin, stdout }: DataStreams,
  { clock }: { clock: Clock },
): { read(buffer: Uint8Array): Promise<number | null>; write(bytes: Uint8Array): Promise<number> } {
  const untilReady = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (cause) {
        if (!(cause instanceof Deno.errors.WouldBlock)) throw cause;
        await clock.sleepUntil(clock.now() + FULL_PIPE_MS);
      }
    }
  };
  return {
    read: (buffer) => untilReady(() => stdin.read(buffer)),
    write: (bytes) => untilReady(() => stdout.write(bytes)),
  };
}
