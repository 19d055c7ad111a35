/**
 * Sends each line of stdin from two sources at the same moment, each from a thread of its own:
 * `HOST PORT SOURCE SOURCE`. The threads wait for each other before each packet.
 */
import { AF_INET, makePlace } from "./sockaddr.ts";

const [host = "", port = "", ...sources] = Deno.args;
const SOCK_DGRAM = 2;

interface Job {
  memory: SharedArrayBuffer;
  me: number;
  source: string;
  lines: readonly string[];
}

function sendAll({ memory, me, source, lines }: Job): void {
  const libc = Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  });
  const fd = libc.symbols.socket(AF_INET, SOCK_DGRAM, 0);
  libc.symbols.bind(fd, makePlace(source, 0), 16);
  const place = makePlace(host, Number(port));
  const turns = new Int32Array(memory);
  const packets = lines.map((line) => new TextEncoder().encode(line));
  for (const [index, packet] of packets.entries()) {
    Atomics.store(turns, me, index + 1);
    while (Atomics.load(turns, 1 - me) < index + 1);
    libc.symbols.sendto(fd, packet, BigInt(packet.length), 0, place, place.length);
  }
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<Job>) => void) | null;
  postMessage(message: string): void;
}

const isWorker = (globalThis as { WorkerGlobalScope?: unknown }).WorkerGlobalScope !== undefined;
if (isWorker) {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    sendAll(data);
    scope.postMessage("done");
  };
} else {
  const lines = (await new Response(Deno.stdin.readable).text()).trim().split("\n");
  const memory = new SharedArrayBuffer(8);
  await Promise.all(sources.map((source, me) => {
    const worker = new Worker(import.meta.url, { type: "module" });
    worker.postMessage({ memory, me, source, lines });
    return new Promise((resolve) => worker.onmessage = resolve);
  }));
  Deno.exit(0);
}
