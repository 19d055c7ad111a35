/** The sockets of a door on loopback: each asks for a judgement, packet by packet. */
import { NetworkError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { PortSpec } from "../core/plan.ts";

/** A bound socket. */
export interface BoundSocket {
  /** The real port. */
  port: number;
  close(): void;
  /** Resolves when the socket is closed and its last packet answered. */
  done: Promise<void>;
}

/** The largest UDP payload; a shorter buffer would cut a datagram to the length of a payload. */
const MAX_DATAGRAM = 65_535;

/** What a socket is bound with. */
export interface BindOptions {
  /** Port 0 is any free one. */
  place: { hostname: string; port: number };
  /** Hears of a packet; the answer to send, if any. */
  judge: (spec: PortSpec, source: string, payload?: Uint8Array) => string | undefined;
}

/**
 * Binds the socket for a port of the plan.
 *
 * @throws {NetworkError} if the port cannot be bound.
 */
export function bindSocket(spec: PortSpec, options: BindOptions): BoundSocket {
  return spec.protocol === "udp" ? bindUdp(spec, options) : bindTcp(spec, options);
}

function bindUdp(spec: PortSpec, { place, judge }: BindOptions): BoundSocket {
  const socket = explained(spec, place, () => Deno.listenDatagram({ transport: "udp", ...place }));
  const buffer = new Uint8Array(MAX_DATAGRAM);
  const { close, done } = serve(socket, async () => {
    const [payload, from] = await socket.receive(buffer) as [Uint8Array, Deno.NetAddr];
    const answer = judge(spec, from.hostname, payload);
    if (answer !== undefined) await socket.send(new TextEncoder().encode(answer), from);
  });
  return { port: (socket.addr as Deno.NetAddr).port, close, done };
}

function bindTcp(spec: PortSpec, { place, judge }: BindOptions): BoundSocket {
  const listener = explained(spec, place, () => Deno.listen({ transport: "tcp", ...place }));
  const { close, done } = serve(listener, async () => {
    using connection = await listener.accept();
    const answer = judge(spec, connection.remoteAddr.hostname);
    if (answer !== undefined) await connection.write(new TextEncoder().encode(answer));
  });
  return { port: listener.addr.port, close, done };
}

/** Answers one packet after the other until the socket is closed by us. */
function serve(socket: { close(): void }, answerOne: () => Promise<void>) {
  let isClosed = false;
  async function answerAll(): Promise<void> {
    while (!isClosed) {
      try {
        await answerOne();
      } catch {
        // We closed it, or something that concerns one visitor: who left at once, or who does not
        // listen for the answer.
      }
    }
  }
  return {
    close(): void {
      isClosed = true;
      socket.close();
    },
    done: answerAll(),
  };
}

function explained<Socket>(
  spec: PortSpec,
  { hostname, port }: { hostname: string; port: number },
  open: () => Socket,
): Socket {
  try {
    return open();
  } catch (cause) {
    const place = `"${hostname}" port "${port}/${spec.protocol}"`;
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new NetworkError(`the simulated door cannot use ${place}: it is taken`, {
        hint: `let another port stand in for ${
          renderPortSpec(spec)
        }, or end the program that has it`,
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new NetworkError(`the simulated door may not use ${place}`, {
        hint: `ports below 1024 are privileged: let one above stand in for ${renderPortSpec(spec)}`,
        cause,
      });
    }
    throw new NetworkError(`the simulated door cannot use ${place}`, { cause });
  }
}
