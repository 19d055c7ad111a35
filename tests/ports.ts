/** Loopback ports and addresses for the tests. */

/** Another address of loopback: Linux and Windows have all of 127.0.0.0/8, macOS has one on its lo0. */
export const OTHER_SOURCE = Deno.build.os === "darwin" ? "127.0.0.1" : "127.0.0.5";

/** Addresses to send from: the system's choice, and another one. */
export const SOURCES: readonly (string | undefined)[] = [undefined, OTHER_SOURCE];

/** The name of the interface of 127.0.0.1: `lo`, `lo0`, `Loopback Pseudo-Interface 1`. */
export const LOOPBACK: string =
  Deno.networkInterfaces().find(({ address }) => address === "127.0.0.1")?.name ?? "lo";

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
