/** The sockets of the simulator: each asks for a verdict, packet by packet. */
import { NetworkError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import { type PortSpec } from "../core/service.ts";

/** A bound socket. */
export interface BoundSocket {
  /** The real port. */
  port: number;
  close(): void;
  /** Resolves when the socket is closed and its last packet is answered. */
  done: Promise<void>;
}

/** The largest UDP payload; a shorter buffer could cut a datagram to the length of a knock. */
const MAX_DATAGRAM = 65_535;

/** The address of a socket, and its listener. */
interface BindOptions {
  /** Port 0 is any free port. */
  endpoint: { hostname: string; port: number };
  /** Called for each packet; returns the answer to send, if any. */
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

function bindUdp(spec: PortSpec, { endpoint, judge }: BindOptions): BoundSocket {
  const socket = explainErrors(
    spec,
    endpoint,
    () => Deno.listenDatagram({ transport: "udp", ...endpoint }),
  );
  const buffer = new Uint8Array(MAX_DATAGRAM);
  const { close, done } = serve(socket, async () => {
    const [payload, from] = await socket.receive(buffer) as [Uint8Array, Deno.NetAddr];
    const answer = judge(spec, from.hostname, payload);
    if (answer !== undefined) await socket.send(new TextEncoder().encode(answer), from);
  });
  return { port: (socket.addr as Deno.NetAddr).port, close, done };
}

function bindTcp(spec: PortSpec, { endpoint, judge }: BindOptions): BoundSocket {
  const listener = explainErrors(
    spec,
    endpoint,
    () => Deno.listen({ transport: "tcp", ...endpoint }),
  );
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
        // The socket was closed by us, or the other side of one connection closed it early.
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

function explainErrors<Socket>(
  spec: PortSpec,
  { hostname, port }: { hostname: string; port: number },
  open: () => Socket,
): Socket {
  try {
    return open();
  } catch (cause) {
    const endpoint = `"${hostname}" port "${port}/${spec.protocol}"`;
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new NetworkError(`the simulator cannot use ${endpoint}: another program uses it`, {
        hint: `use another port instead of ${renderPortSpec(spec)}, or end that program`,
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new NetworkError(`the simulator has no permission to use ${endpoint}`, {
        hint: `ports below 1024 need root: use a higher port instead of ${renderPortSpec(spec)}`,
        cause,
      });
    }
    throw new NetworkError(`the simulator cannot use ${endpoint}`, { cause });
  }
}
