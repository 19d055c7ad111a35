/** A UDP service that answers each datagram: `udp_service.ts PORT ADDRESS...`. */
const [port, ...addresses] = Deno.args;

await Promise.all(addresses.map(async (hostname) => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: Number(port) });
  for await (const [data, from] of socket) await socket.send(data, from);
}));
