/** Loopback ports and addresses for the tests. */

/** Addresses to send from: the system's choice, and another one where loopback has more than one. */
export const SOURCES: readonly (string | undefined)[] = Deno.build.os === "darwin"
  ? [undefined]
  : [undefined, "127.0.0.5"];

/** Returns a TCP port without a listener. */
export function freeTcpPort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

/** Returns UDP ports of 127.0.0.1 without a listener. */
export function freeUdpPorts(count: number): number[] {
  const sockets = Array.from(
    { length: count },
    () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
  );
  const ports = sockets.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const socket of sockets) socket.close();
  return ports;
}
