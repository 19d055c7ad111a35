/**
 * Sends the packets of a JSON job on stdin, one behind the other, each from its source address: a
 * socket a source. Runs in the client's namespace.
 */
import type { SentPacket } from "./first_tries.ts";

const [AF_INET, SOCK_DGRAM] = [2, 2];
const libc = Deno.dlopen("libc.so.6", {
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
}).symbols;

/** A struct sockaddr_in: the port at 2, the address at 4. */
function makePlace(address: string, port: number): Uint8Array<ArrayBuffer> {
  const place = new Uint8Array(16);
  place[0] = AF_INET;
  new DataView(place.buffer).setUint16(2, port);
  place.set(address.split(".").map(Number), 4);
  return place;
}

const sockets = new Map<string, number>();

function openSocket(source: string): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  if (libc.bind(fd, makePlace(source, 0), 16) !== 0) throw new Error(`cannot bind ${source}`);
  sockets.set(source, fd);
  return fd;
}

const packets = JSON.parse(await new Response(Deno.stdin.readable).text()) as SentPacket[];
for (const { source, host, port, payload } of packets) {
  const bytes = new TextEncoder().encode(payload);
  const place = makePlace(host, port);
  const fd = sockets.get(source) ?? openSocket(source);
  libc.sendto(fd, bytes, BigInt(bytes.length), 0, place, place.length);
}
