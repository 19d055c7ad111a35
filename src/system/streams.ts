/** Standard streams. */
import type { Clock } from "../core/clock.ts";
import { InputError, OutputError, SecretError } from "../core/errors.ts";
import { describeSystemError, findErrno } from "../core/system_errors.ts";
import type { Sink } from "../output/output.ts";

/** What a sink writes to: one of Deno's standard streams. */
type SinkStream = Pick<typeof Deno.stdout, "isTerminal" | "writeSync">;

/** Milliseconds until a pipe that is full is tried again. */
const FULL_PIPE_MS = 5;

/**
 * A stream that takes text. Where the reader has gone away (EPIPE, ECONNRESET; EIO of a terminal that
 * was closed) the rest is dropped: the work goes on, and the exit code tells of it. A full pipe that
 * does not block is waited for; what cannot be written for another reason, such as a full disk, is an
 * OutputError.
 */
export function createSink(stream: SinkStream): Sink {
  const encoder = new TextEncoder();
  let isGone = false;
  let wasTerminal: boolean | undefined;
  return {
    isTerminal: () => stream.isTerminal(),
    isGone: () => isGone,
    columns: () => stream.isTerminal() ? readSize("columns") : undefined,
    rows: () => stream.isTerminal() ? readSize("rows") : undefined,
    write(text) {
      // Afterwards a terminal that was closed no longer says that it is one.
      wasTerminal ??= stream.isTerminal();
      let bytes = encoder.encode(text);
      while (bytes.length > 0 && !isGone) {
        try {
          bytes = bytes.subarray(stream.writeSync(bytes));
        } catch (cause) {
          if (isNotReady(cause)) pause(FULL_PIPE_MS);
          else if (isPeerGone(cause) || (wasTerminal && findErrno(cause) === "EIO")) isGone = true;
          else throw makeWriteError(cause);
        }
      }
    },
  };
}

/** The columns or lines of the terminal; 0 is what one says that does not know. */
function readSize(what: "columns" | "rows"): number | undefined {
  try {
    return Deno.consoleSize()[what] || undefined;
  } catch {
    return undefined;
  }
}

/** Whether a call has to be tried again. */
function isNotReady(cause: unknown): boolean {
  return cause instanceof Deno.errors.WouldBlock || cause instanceof Deno.errors.Interrupted;
}

/** Whether the program at the other end has closed the stream. */
function isPeerGone(cause: unknown): boolean {
  return cause instanceof Deno.errors.BrokenPipe || cause instanceof Deno.errors.ConnectionReset ||
    cause instanceof Deno.errors.NotConnected;
}

function makeWriteError(cause: unknown): OutputError {
  const why = describeSystemError(cause);
  return new OutputError(`the output cannot be written: ${why}`, { cause });
}

function makeReadError(cause: unknown): InputError {
  const why = describeSystemError(cause);
  return new InputError(`standard input cannot be read: ${why}`, { cause });
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

/** Passphrases are short; a device has no end. */
const MAX_INPUT_MIB = 1;

/**
 * Everything up to the end of `input`, which is passphrases; rejects when the signal aborts.
 *
 * @throws {SecretError} if it cannot be read or is too long.
 */
export async function readAll(
  input: { read(buffer: Uint8Array): Promise<number | null> },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let length = 0; length <= MAX_INPUT_MIB * 1_048_576;) {
    const buffer = new Uint8Array(65_536);
    const count = await unlessAborted(input.read(buffer), signal).catch((cause) => {
      throw cause instanceof InputError ? new SecretError(cause.message, { cause }) : cause;
    });
    if (count === null) {
      const [only] = chunks;
      // The first Blob of a process takes a millisecond.
      if (only !== undefined && chunks.length === 1) return only;
      return new Uint8Array(await new Blob(chunks).arrayBuffer());
    }
    chunks.push(buffer.subarray(0, count));
    length += count;
  }
  throw new SecretError(`standard input has more than ${MAX_INPUT_MIB} MiB`, {
    hint: "pipe passphrases in, one a line",
  });
}

/** What data goes through: two of Deno's standard streams. */
interface DataStreams {
  stdin: { read(buffer: Uint8Array): Promise<number | null> };
  stdout: { write(bytes: Uint8Array): Promise<number> };
}

/**
 * Standard input and output as bytes, for a relay. The parent process may have left them
 * non-blocking; then they are tried again.
 *
 * @throws {InputError | OutputError} from its calls; what the peer's end causes (EPIPE, ECONNRESET) as
 * it is.
 */
export function createStdio(
  { stdin, stdout }: DataStreams,
  { clock }: { clock: Clock },
): { read(buffer: Uint8Array): Promise<number | null>; write(bytes: Uint8Array): Promise<number> } {
  const untilReady = async <T>(
    call: () => Promise<T>,
    makeError: (cause: unknown) => Error,
  ): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (cause) {
        if (isPeerGone(cause)) throw cause;
        if (!isNotReady(cause)) throw makeError(cause);
        await clock.sleepUntil(clock.now() + FULL_PIPE_MS);
      }
    }
  };
  return {
    read: (buffer) => untilReady(() => stdin.read(buffer), makeReadError),
    write: (bytes) => untilReady(() => stdout.write(bytes), makeWriteError),
  };
}
