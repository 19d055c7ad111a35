/**
 * Sends pairs of packets, as two knocks are: `HOST FIRST_PORT SECOND_PORT GAP_US PAIRS CPUS`. Each pair has a
 * source port of its own, from 10,000. CPUS is `0,0` for a sender that stays, `0,1` for one that changes
 * the processor between the packets, at every pair the other way round. Prints the microseconds
 * between the two packets of each pair, as a JSON array.
 */
import { AF_INET, makePlace } from "../../tests/kernel/sockaddr.ts";

const [host = "", firstPort = "", secondPort = "", gap = "", pairs = "", cpus = ""] = Deno.args;
const libc = Deno.dlopen("libc.so.6", {
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  usleep: { parameters: ["u32"], result: "i32" },
}).symbols;
const SOCK_DGRAM = 2;
const FIRST_SOURCE_PORT = 10_000;
const LONGEST_SPIN_US = 300;

const places = [firstPort, secondPort].map((port) => makePlace(host, Number(port)));
const [first = places, second = places] = [places.slice(0, 1), places.slice(1)];
const masks = cpus.split(",").map((cpu) => {
  const mask = new Uint8Array(128);
  mask[Number(cpu) >> 3] = 1 << (Number(cpu) & 7);
  return mask;
});
const payload = new Uint8Array(64);

function moveTo(turn: number): void {
  const mask = masks[turn % masks.length];
  if (mask !== undefined) libc.sched_setaffinity(0, BigInt(mask.length), mask);
}

/** Returns the time in milliseconds when the packet was handed over. */
function send(fd: number, [place = payload]: readonly Uint8Array<ArrayBuffer>[]): number {
  libc.sendto(fd, payload, BigInt(payload.length), 0, place, place.length);
  return performance.now();
}

function pause(until: number): void {
  const left = (until - performance.now()) * 1_000;
  if (left > LONGEST_SPIN_US) libc.usleep(Math.round(left));
  while (performance.now() < until);
}

function sendPair(pair: number): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  libc.bind(fd, makePlace("0.0.0.0", FIRST_SOURCE_PORT + pair), 16);
  moveTo(pair);
  const sent = send(fd, first);
  moveTo(pair + 1);
  pause(sent + Number(gap) / 1_000);
  const took = send(fd, second) - sent;
  libc.close(fd);
  return Math.round(took * 1_000);
}

const gaps = Array.from({ length: Number(pairs) }, (_, pair) => {
  libc.usleep(200);
  return sendPair(pair);
});
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(gaps)));
