/** UDP: one socket for a whole sequence, so that a firewall sees one flow. */
import { familyOf } from "./resolve.ts";
import { sendFailure } from "./failure.ts";

/** An open socket that datagrams leave from. */
export interface UdpSender {
  /**
   * Hands one datagram to the kernel.
   *
   * @throws {NetworkError} if the kernel does not take it.
   */
  send(payload: Uint8Array, port: number): Promise<void>;
  close(): void;
}

/**
 * A socket towards `address`, bound to `source` if given.
 *
 * @throws {NetworkError} if `source` is not an address of this machine.
 */
export function openUdp(
  address: string,
  { source }: { source?: string | undefined } = {},
): UdpSender {
  const hostname = source ?? (familyOf(address) === "ipv6" ? "::" : "0.0.0.0");
  let socket: Deno.DatagramConn;
  try {
    socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  } catch (cause) {
    throw sendFailure(cause, { address, source });
  }
  return {
    async send(payload, port) {
      try {
        await socket.send(payload, { transport: "udp", hostname: address, port });
      } catch (cause) {
        throw sendFailure(cause, { address, port, source });
      }
    },
    close: () => socket.close(),
  };
}
