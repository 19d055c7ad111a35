/**
 * Sends the packets of a JSON job on stdin, one behind the other, each from its source address: a
 * socket a source. Runs in the client's namespace.
 */
import { AF_INET, makePlace } from "../../tests/kernel/sockaddr.ts";
import type { SentPacket } from "./first_tries.ts";

const SOCK_DGRAM = 2;
const libc = Deno.dlopen("libc.so.6", {
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
}).symbols;

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
