/** Reads the keyboard through stderr's terminal, which only node:tty can. */
import { ReadStream } from "node:tty";

/** What of a terminal this gives. */
interface KeyboardInput {
  read(buffer: Uint8Array): Promise<number | null>;
  setRaw(mode: boolean): void;
}

/** Opens the keyboard behind file descriptor 2; it does not keep the program alive. */
export function openStderrInput(): KeyboardInput {
  const stream = new ReadStream(2);
  stream.pause();
  return {
    setRaw: (mode) => void stream.setRawMode(mode),
    read(buffer) {
      const { promise, resolve } = Promise.withResolvers<number | null>();
      const done = (count: number | null) => {
        stream.off("data", onData);
        stream.off("end", onEnd);
        stream.pause();
        resolve(count);
      };
      const onData = (data: Uint8Array) => {
        const count = Math.min(data.length, buffer.length);
        buffer.set(data.subarray(0, count));
        if (data.length > count) stream.unshift(data.subarray(count));
        done(count);
      };
      const onEnd = () => done(null);
      stream.on("data", onData);
      stream.on("end", onEnd);
      stream.resume();
      return promise;
    },
  };
}
