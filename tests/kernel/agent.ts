/**
 * A helper process inside a network namespace: reads one JSON request a line from stdin and writes
 * one JSON answer a line to stdout, in any order, told apart by `id`. Ends when stdin does.
 *
 * Packets leave through raw sockets (libc by FFI), because the tests need exactly one SYN, any
 * source address, and thousands of packets a second. `lab.ts` starts it and speaks to it.
 */
import net from "node:net";
import { buildPacket, bytesOfAddress, fragment } from "./raw_packet.ts";
import type { AgentAnswer, AgentRequest, SendItem } from "./agent_protocol.ts";

const [AF_INET, AF_INET6, SOCK_RAW, IPPROTO_RAW] = [2, 10, 3, 255];
const [SOL_SOCKET, SO_BROADCAST] = [1, 6];

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
});

function openRaw(family: number): number {
  const fd = libc.symbols.socket(family, SOCK_RAW, IPPROTO_RAW);
  if (fd < 0) throw new Error("a raw socket cannot be opened");
  libc.symbols.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, new Uint8Array([1, 0, 0, 0]), 4);
  return fd;
}

/** Link-local multicast (`ff02::1`) has to be told the way. */
const device = libc.symbols.if_nametoindex(new TextEncoder().encode("knock0\0"));
const sockets = { ipv4: openRaw(AF_INET), ipv6: openRaw(AF_INET6) };
let nextSourcePort = 20_000;

function sendRaw(item: SendItem): void {
  nextSourcePort = nextSourcePort >= 60_000 ? 20_000 : nextSourcePort + 1;
  const packet = buildPacket({
    ...item,
    payload: item.payloadHex === undefined ? undefined : Uint8Array.fromHex(item.payloadHex),
    sourcePort: item.sourcePort ?? nextSourcePort,
  });
  const { fragmentBytes } = item;
  const parts = fragmentBytes === undefined ? [packet] : fragment(packet, fragmentBytes);
  for (const part of parts) sendBytes(item, part);
}

function sendBytes(item: SendItem, bytes: Uint8Array<ArrayBuffer>): void {
  const address = bytesOfAddress(item.host);
  const isIpv4 = address.length === 4;
  // struct sockaddr_in (16 bytes, address at 4) and sockaddr_in6 (28 bytes, address at 8,
  // scope at 24).
  const place = new Uint8Array(isIpv4 ? 16 : 28);
  place[0] = isIpv4 ? AF_INET : AF_INET6;
  place.set(address, isIpv4 ? 4 : 8);
  if (item.host.startsWith("ff02:")) new DataView(place.buffer).setUint32(24, device, true);
  const fd = isIpv4 ? sockets.ipv4 : sockets.ipv6;
  const length = BigInt(bytes.length);
  const sent = libc.symbols.sendto(fd, bytes, length, 0, place, place.length);
  if (BigInt(sent) !== length) {
    throw new Error(`the kernel did not send ${item.source} -> ${item.host}:${item.port}`);
  }
}

/** Sends every packet at its moment; answers with the moments at which they really left. */
async function send(items: readonly SendItem[]): Promise<number[]> {
  const start = performance.now();
  const moments: number[] = [];
  for (const item of items) {
    const wait = (item.atMs ?? 0) - (performance.now() - start);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    sendRaw(item);
    moments.push(performance.now() - start);
  }
  return moments;
}

const held = new Map<number, net.Socket>();

type Ask<Op extends AgentRequest["op"]> = Extract<AgentRequest, { op: Op }>;

/** What a TCP reset becomes, and the ICMP answers of a firewall that rejects. */
const REFUSALS = ["ECONNREFUSED", "EHOSTUNREACH", "EACCES"];

function connect(request: Ask<"connect">): Promise<"open" | "refused" | "silent"> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      host: request.host,
      port: request.port,
      ...(request.source === undefined ? {} : { localAddress: request.source }),
    });
    const finish = (state: "open" | "refused" | "silent") => {
      clearTimeout(timer);
      if (state === "open" && request.hold) held.set(request.id, socket);
      else socket.destroy();
      resolve(state);
    };
    const timer = setTimeout(() => finish("silent"), request.timeoutMs);
    socket.on("connect", () => finish("open"));
    socket.on("error", (error: Error & { code?: string }) => {
      if (REFUSALS.includes(error.code ?? "")) return finish("refused");
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Whether a held connection still echoes. */
function say(request: Ask<"say">): Promise<boolean> {
  const socket = held.get(request.connection);
  if (socket === undefined) throw new Error(`connection ${request.connection} is not held`);
  return new Promise((resolve) => {
    const finish = (answer: boolean) => {
      clearTimeout(timer);
      socket.removeAllListeners("data");
      resolve(answer);
    };
    const timer = setTimeout(() => finish(false), request.timeoutMs);
    socket.on("data", () => finish(true));
    socket.write("echo\n");
  });
}

function listen(request: Ask<"listen">): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.pipe(socket);
    });
    server.on("error", reject);
    server.listen(request.port, "::", () => resolve());
  });
}

async function answer(request: AgentRequest): Promise<unknown> {
  switch (request.op) {
    case "send":
      return await send(request.items);
    case "connect":
      return await connect(request);
    case "say":
      return await say(request);
    case "listen":
      await listen(request);
      return true;
  }
}

function reply(message: AgentAnswer): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
}

async function serve(request: AgentRequest): Promise<void> {
  try {
    reply({ id: request.id, result: await answer(request) });
  } catch (error) {
    reply({ id: request.id, error: String(error) });
  }
}

let rest = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) serve(JSON.parse(line) as AgentRequest);
}
Deno.exit(0);
