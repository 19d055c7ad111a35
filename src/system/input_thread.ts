/**
 * Standard input, read by a thread of its own.
 *
 * Deno lends a thread to every single read of standard input: 40 us that a pipe of 64 KiB makes 16,000
 * times a GiB. Reads that block are the fastest, but while one waits no byte goes the other way. So a
 * worker does them, into a ring of shared memory, and stops where the ring is full.
 */

/** Fills a buffer; returns how many bytes, or null at the end. */
interface Input {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** What the worker says when it stops: the end, or why a read failed. */
type Stop = { failure?: { name: string; message: string; code?: string } };

/** Bytes of the ring: what is read ahead at most. */
const RING_BYTES = 1_048_576;

/** The counter of the bytes in the ring stands before it. */
const COUNTER_BYTES = 4;

/**
 * Starts the thread; it reads from now on, and standard input must not be read elsewhere any more.
 * It ends with the program, also while a read blocks.
 *
 * @throws {Error} if the system has no room for a thread.
 */
export function startInputThread(): Input {
  // Without a file of its own there is none to find in a bundle, in an executable or after an update.
  const script = `onmessage = ({ data }) => postMessage((${fillRing})(data, ${COUNTER_BYTES}))`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(script)}`, {
    type: "module",
    name: "standard input",
  });
  const memory = new SharedArrayBuffer(COUNTER_BYTES + RING_BYTES);
  const filled = new Int32Array(memory, 0, 1);
  const ring = new Uint8Array(memory, COUNTER_BYTES);
  let at = 0;
  let stop: Stop | undefined;
  const onStop = (why: Stop) => {
    stop = why;
    Atomics.notify(filled, 0);
  };
  worker.onmessage = ({ data }) => onStop(data);
  worker.onerror = (event) => {
    event.preventDefault();
    onStop({ failure: { name: "Error", message: event.message } });
  };
  worker.postMessage(memory);
  return {
    async read(buffer) {
      for (;;) {
        const count = Math.min(Atomics.load(filled, 0), RING_BYTES - at, buffer.length);
        if (count > 0) {
          buffer.set(ring.subarray(at, at + count));
          at = (at + count) % RING_BYTES;
          const before = Atomics.sub(filled, 0, count);
          // The worker waits only for room in a ring that is full.
          if (before === RING_BYTES) Atomics.notify(filled, 0);
          return count;
        }
        if (stop?.failure !== undefined) throw restoreError(stop.failure);
        if (stop !== undefined) return null;
        await Atomics.waitAsync(filled, 0, 0).value;
      }
    },
  };
}

/** An error of the worker, as the same read would have thrown it here. */
function restoreError({ name, message, code }: NonNullable<Stop["failure"]>): Error {
  const ErrorClass = Object.entries(Deno.errors).find(([key]) => key === name)?.[1] ?? Error;
  return Object.assign(new ErrorClass(message), code === undefined ? {} : { code });
}

/** The worker's program: it is passed on as text, and uses nothing of this module. */
function fillRing(memory: SharedArrayBuffer, counterBytes: number): Stop {
  const filled = new Int32Array(memory, 0, 1);
  const ring = new Uint8Array(memory, counterBytes);
  const triesAgain = ["WouldBlock", "Interrupted"];
  const pauseMs = 5;
  for (let at = 0;;) {
    const before = Atomics.load(filled, 0);
    if (before === ring.length) {
      Atomics.wait(filled, 0, before);
      continue;
    }
    try {
      const end = Math.min(ring.length, at + ring.length - before);
      const count = Deno.stdin.readSync(ring.subarray(at, end));
      if (count === null) return {};
      at = (at + count) % ring.length;
      // The reader waits only for data in a ring that is empty.
      if (Atomics.add(filled, 0, count) === 0) Atomics.notify(filled, 0);
    } catch (cause) {
      const { name, message, code } = cause as Error & { code?: string };
      if (!triesAgain.includes(name)) {
        return { failure: { name, message, ...(code === undefined ? {} : { code }) } };
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}
