/** Loopback receivers that record what a firewall would see: bytes, order and time. */

/** One datagram or connection. */
export interface Arrival {
  port: number;
  protocol: "tcp" | "udp";
  /** The sender's port. */
  from: number;
  payload: Uint8Array;
  /** Milliseconds. */
  at: number;
}

/** Sockets that write down what arrives. */
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
        const { port: sender } = from as Deno.NetAddr;
        this.arrivals.push({ port, protocol: "udp", from: sender, payload: payload.slice(), at });
      }
    })());
    return port;
  }

  /** Listens on a free TCP port. */
  tcp(hostname = "127.0.0.1", { answer }: { answer?: string } = {}): number {
    const listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    this.#sockets.push(listener);
    this.#running.push((async () => {
      for await (const connection of listener) {
        const at = performance.now();
        const { port: from } = connection.remoteAddr as Deno.NetAddr;
        this.arrivals.push({ port, protocol: "tcp", from, payload: new Uint8Array(), at });
        try {
          if (answer !== undefined) await connection.write(new TextEncoder().encode(answer));
        } catch {
          // The knocker has gone.
        }
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
