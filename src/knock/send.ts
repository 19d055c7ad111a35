/**
 * Sends one try of a sequence. Pacing is measured from the first packet, so it does not drift: each
 * packet has its own moment, however long the one before took.
 */
import type { Clock } from "../core/clock.ts";
import type { Packet } from "../core/sequence.ts";

/** The sockets that a sequence needs. */
export interface KnockNet {
  openUdp(
    address: string,
    options?: { source?: string | undefined },
  ): { send(payload: Uint8Array, port: number): Promise<void>; close(): void };
  sendSyn(
    place: { address: string; port: number; source?: string | undefined },
  ): Promise<void>;
}

/** Where a sequence goes and what it needs. */
interface SendOptions {
  net: KnockNet;
  clock: Clock;
  /** The pinned address. */
  address: string;
  source?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called as soon as a packet has left. */
  onPacket?: ((packet: Packet) => void) | undefined;
}

/**
 * Sends the packets in order, each at its moment.
 *
 * @returns when the first and the last packet left, in the clock's milliseconds.
 * @throws {NetworkError} if the kernel does not send one; the signal's reason when it aborts.
 */
export async function sendSequence(
  packets: readonly Packet[],
  options: SendOptions,
): Promise<{ first: number; last: number }> {
  const { net, clock, address, source, signal } = options;
  const udp = packets.some(({ protocol }) => protocol === "udp")
    ? net.openUdp(address, { source })
    : undefined;
  try {
    const first = clock.now();
    for (const packet of packets) {
      signal?.throwIfAborted();
      if (clock.now() < first + packet.at) await clock.sleepUntil(first + packet.at, signal);
      if (packet.protocol === "udp") await udp?.send(packet.payload, packet.port);
      else await net.sendSyn({ address, port: packet.port, source });
      options.onPacket?.(packet);
    }
    return { first, last: clock.now() };
  } finally {
    udp?.close();
  }
}
