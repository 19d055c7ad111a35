/**
 * A round trip between the two namespaces of a lab: their addresses stay, and the way between them
 * leads through two tun devices and a program that delivers each packet later (`delay.py`), because not
 * each kernel has netem. It keeps the order and sees each packet. Needs root, ip and python3.
 */
import { commandOf, mustRun, stop } from "../../tests/kernel/exec.ts";
import type { Lab, Namespace } from "../../tests/kernel/lab.ts";

const DEVICE = "delay0";
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp" };

/** A packet at one end of the wire. */
export interface WirePacket {
  /** Milliseconds of the monotonic clock. */
  at: number;
  /** `up` leaves the client. */
  direction: "up" | "down";
  /** Whether it comes into the wire or leaves it. */
  side: "in" | "out";
  protocol: string;
  port: number;
  sourcePort: number;
  /** Of TCP (RFC 9293): 2 is SYN, 18 is SYN and ACK. */
  flags: number;
}

/** See the header. */
export interface DelayedWire extends AsyncDisposable {
  /** The packets since the last call. */
  takePackets(): WirePacket[];
}

/** Joins client and server by one; the client's further addresses keep the direct way. */
export async function openDelayedWire(
  { client, server }: Lab,
  { roundTripMs }: { roundTripMs: number },
): Promise<DelayedWire> {
  const script = new URL("delay.py", import.meta.url).pathname;
  const names = [client.name, server.name, DEVICE, `${roundTripMs / 2}`];
  const process = commandOf(["python3", script, ...names], { stdout: "piped" }).spawn();
  const packets: WirePacket[] = [];
  let reading = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    reading = readLines(process.stdout, (line) => {
      if (line === "ready") resolve();
      else packets.push(parsePacket(line));
    }).finally(() => reject(new Error("delay.py has ended")));
  });
  await leadThrough(client, server);
  await leadThrough(server, client);
  return {
    takePackets: () => packets.splice(0),
    async [Symbol.asyncDispose]() {
      await stop(process);
      await reading;
    },
  };
}

/** The routes end with the device. */
async function leadThrough(from: Namespace, to: Namespace): Promise<void> {
  const routes = (["ipv4", "ipv6"] as const).map((family) =>
    `route add ${to[family]} dev ${DEVICE} src ${from[family]}`
  );
  const stdin = `link set ${DEVICE} up\n${routes.join("\n")}\n`;
  await mustRun(["ip", "-n", from.name, "-batch", "-"], { stdin });
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
}

function parsePacket(line: string): WirePacket {
  const [at, direction, side, number, port, sourcePort, flags] = JSON.parse(line) as [
    number,
    WirePacket["direction"],
    WirePacket["side"],
    ...[number, number, number, number],
  ];
  return {
    at,
    direction,
    side,
    protocol: PROTOCOLS[number] ?? `${number}`,
    port,
    sourcePort,
    flags,
  };
}
