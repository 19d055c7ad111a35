/** TCP from a chosen local address or port, which only node:net can; loaded when a target has a `source`. */
import { connect } from "node:net";
import { Duplex } from "node:stream";
import type { Endpoint, TcpConnection } from "./connection.ts";
import { explainSendError } from "./socket_errors.ts";

/** As `openTcp`, from `place.source`. */
export function connectFrom(
  place: Endpoint & { localPort?: number | undefined },
  signal?: AbortSignal,
): Promise<TcpConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<TcpConnection>();
  const socket = connect({
    host: place.address,
    port: place.port,
    ...(place.source === undefined || place.source.includes("%")
      ? {}
      : { localAddress: place.source }),
    ...(place.localPort === undefined ? {} : { localPort: place.localPort }),
    allowHalfOpen: true,
  });
  const abort = () => {
    socket.destroy();
    reject(signal?.reason);
  };
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  socket.once("connect", () => {
    signal?.removeEventListener("abort", abort);
    resolve(toConnection(socket));
  });
  socket.on("error", (cause: Error) => {
    signal?.removeEventListener("abort", abort);
    reject(/^bind /.test(cause.message) ? explainSendError(cause, place) : cause);
  });
  return promise;
}

/** A stream of node as the connection that probes and the relay know. */
export function toConnection(socket: Duplex): TcpConnection {
  const { readable, writable } = Duplex.toWeb(socket) as unknown as {
    readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    writable: WritableStream<Uint8Array<ArrayBufferLike>>;
  };
  let rest: Uint8Array = new Uint8Array();
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  return {
    readable,
    writable,
    async read(buffer) {
      while (rest.length === 0) {
        reader ??= readable.getReader();
        const { value, done } = await reader.read();
        if (done) return null;
        rest = value;
      }
      const count = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    write(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      socket.write(bytes, (cause) => cause ? reject(cause) : resolve(bytes.length));
      return promise;
    },
    closeWrite() {
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.end(() => resolve());
      return promise;
    },
    close: () => void socket.destroy(),
  };
}
