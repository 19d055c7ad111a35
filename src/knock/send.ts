/**
 * Sends one try of a sequence. Pacing is measured from the first packet, so it does not drift: each
 * packet has its own moment. Where the one before was late (timers are, by some milliseconds), half of the
 * pause between them is kept all the same, or they could overtake each other.
 *
 * UDP knocks leave from one socket. A knock on a port that an earlier knock has used leaves from another:
 * where a service answers there, a second datagram from the same source port belongs to a flow that the
 * firewall takes for established, and no knock rule sees it. Copies of one packet share their socket.
 */
import type { Clock } from "../core/clock.ts";
import type { Packet } from "../core/sequence.ts";
import type { SentPacket, SynKnock } from "../net/connection.ts";
import type { EchoKnock } from "../net/echo.ts";

/** A socket that datagrams leave from. */
interface UdpSocket {
  send(payload: Uint8Array, port: number): Promise<SentPacket | void>;
  close(): void;
}

/** The sockets that a sequence needs. */
export interface KnockNet {
  openUdp(
    address: string,
    options?: { source?: string | undefined; isTraced?: boolean | undefined },
  ): UdpSocket;
  sendSyn(knock: SynKnock): Promise<SentPacket | void>;
  /** Loads what a traced packet needs. */
  prepareTrace?(address: string): Promise<void>;
  sendEcho(echo: EchoKnock): Promise<SentPacket | void>;
}

/** Where a sequence goes and what it needs. */
interface SendOptions {
  net: KnockNet;
  clock: Clock;
  /** The pinned address. */
  address: string;
  source?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Whether it matters which local port a packet leaves from. */
  isTraced?: boolean | undefined;
  /** Called as soon as a packet has left. */
  onPacket?: ((packet: Packet, sent: SentPacket) => void) | undefined;
}

/** What was sent. */
interface SentSequence {
  /** When the first and the last packet left, in the clock's milliseconds. */
  first: number;
  last: number;
  /** The error, where each packet was answered by one that says that it cannot arrive. */
  unreachable?: unknown;
}

/**
 * Sends the packets in order, each at its moment.
 *
 * @throws {NetworkError} if the kernel does not send one; the signal's reason when it aborts.
 */
export async function sendSequence(
  packets: readonly Packet[],
  options: SendOptions,
): Promise<SentSequence> {
  const { clock, signal } = options;
  const findSocket = assignSockets(packets);
  const sockets: UdpSocket[] = [];
  if (options.isTraced) await options.net.prepareTrace?.(options.address);
  try {
    for (const packet of packets) {
      const isMissing = packet.protocol === "udp" && findSocket(packet) >= sockets.length;
      if (isMissing) sockets.push(options.net.openUdp(options.address, options));
    }
    const first = clock.now();
    const answers: unknown[] = [];
    let before = { at: 0, left: first };
    for (const packet of packets) {
      signal?.throwIfAborted();
      const soonest = before.left + (packet.at - before.at) / 2;
      const moment = Math.max(first + packet.at, soonest);
      if (clock.now() < moment) await clock.sleepUntil(moment, signal);
      const sent = await sendPacket(packet, { ...options, socket: sockets[findSocket(packet)] });
      answers.push(sent.unreachable);
      before = { at: packet.at, left: clock.now() };
      options.onPacket?.(packet, sent);
    }
    const isUnreachable = answers.length > 0 && answers.every((answer) => answer !== undefined);
    return { first, last: clock.now(), ...(isUnreachable ? { unreachable: answers[0] } : {}) };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** Returns which socket each datagram leaves from: how many other knocks have used its port before. */
function assignSockets(packets: readonly Packet[]): (packet: Packet) => number {
  const knocks = new Map<number, number[]>();
  for (const { protocol, port, knock } of packets) {
    if (protocol !== "udp") continue;
    const users = knocks.get(port) ?? [];
    if (!users.includes(knock)) knocks.set(port, [...users, knock]);
  }
  return ({ port, knock }) => knocks.get(port)?.indexOf(knock) ?? 0;
}

async function sendPacket(
  { protocol, port, payload, size = 0, handshakeMs }: Packet,
  { net, address, source, isTraced, socket }: SendOptions & { socket: UdpSocket | undefined },
): Promise<SentPacket> {
  switch (protocol) {
    case "udp":
      return await socket?.send(payload, port) ?? {};
    case "tcp":
      return await net.sendSyn({ address, port, source, payload, handshakeMs, isTraced }) ?? {};
    case "icmp":
      return await net.sendEcho({ address, source, size, pattern: payload, isTraced }) ?? {};
  }
}
