/** Loopback receivers that record what a firewall would see: bytes, order and time. */

/** One datagram or connection. */
export interface Arrival {
  port: number;
  protocol: "tcp" | "udp";
  /** The sender's address and port. */
  address: string;
  from: number;
  payload: Uint8Array;
  /** Milliseconds. */
  at: number;
}

/**
 * Sockets that write down what arrives. A payload that comes again from the same socket is a copy of the same
 * knock, and counts once.
 */
export class Receivers implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  readonly #sockets: { close(): void }[] = [];
  readonly #running: Promise<void>[] = [];

  /** Listens on a free UDP port. */
  udp(hostname = "127.0.0.1"): number {
    const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    const { port } = socket.addr as Deno.NetAddr;
    this.#sockets.push(socket);
    this.#running.push((async () => {
      for await (const [payload, from] of socket) {
        const at = performance.now();
        const { port: sender, hostname: address } = from as Deno.NetAddr;
        const bytes = payload.slice();
        if (this.#isCopy(port, { from: sender, payload: bytes })) continue;
        this.arrivals.push({ port, protocol: "udp", address, from: sender, payload: bytes, at });
      }
    })());
    return port;
  }

  #isCopy(port: number, { from, payload }: Pick<Arrival, "from" | "payload">): boolean {
    const hex = payload.toHex();
    return hex !== "" &&
      this.arrivals.some((other) =>
        other.port === port && other.from === from && other.payload.toHex() === hex
      );
  }

  /** Listens on a free TCP port. */
  tcp(hostname = "127.0.0.1", { answer }: { answer?: string } = {}): number {
    const listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    this.#sockets.push(listener);
    this.#running.push((async () => {
      for await (const connection of listener) {
        const at = performance.now();
        const { port: from, hostname: address } = connection.remoteAddr as Deno.NetAddr;
        const payload = answer === undefined
          ? await readToEnd(connection)
          : await say(answer, connection);
        this.arrivals.push({ port, protocol: "tcp", address, from, payload, at });
        connection.close();
      }
    })());
    return port;
  }

  /** Waits until `count` arrivals are there, or ten seconds. */
  async wait(count: number): Promise<readonly Arrival[]> {
    const end = performance.now() + 10_000;
    while (this.arrivals.length < count && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.arrivals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#running);
  }
}

/** All that a connection brings until the other side closes it. */
async function readToEnd(connection: Deno.Conn): Promise<Uint8Array> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1_024);
  try {
    for (let count: number | null; (count = await connection.read(buffer)) !== null;) {
      bytes.push(...buffer.subarray(0, count));
    }
  } catch {
    // A knocker may reset what it does not need.
  }
  return new Uint8Array(bytes);
}

async function say(text: string, connection: Deno.Conn): Promise<Uint8Array> {
  try {
    await connection.write(new TextEncoder().encode(text));
  } catch {
    // The knocker has gone.
  }
  return new Uint8Array();
}
