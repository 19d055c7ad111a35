/**
 * IPv4 and IPv6 packets byte by byte (RFC 791, 8200, 768, 9293), to be sent from any source address
 * through a raw socket. The kernel fills in the IPv4 header's checksum and length.
 */
import { parseAddress } from "../../src/core/address/address.ts";

/** A packet to send. */
export interface RawPacket {
  /** Source and destination address, of one family. */
  source: string;
  host: string;
  /** `icmp` is an echo request; its identifier is the source port. */
  protocol: "tcp" | "udp" | "icmp";
  /** Of ICMP: an echo request where undefined. */
  icmpType?: number | undefined;
  /** Destination port. */
  port: number;
  sourcePort: number;
  /** Empty where undefined; of tcp the data of the segment. */
  payload?: Uint8Array | undefined;
  /** tcp: a bare SYN where undefined, one that asks for ECN (RFC 3168), an ACK as `other`. */
  flags?: "syn" | "ecn" | "other" | undefined;
}

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, icmp: 1, icmp6: 58 } as const;
const CHECKSUM_OFFSETS = { tcp: 16, udp: 6, icmp: 2 } as const;
const TTL = 64;

/** The whole packet, IP header included. */
export function buildPacket(packet: RawPacket): Uint8Array<ArrayBuffer> {
  const family = parseAddress(packet.host).family;
  const source = bytesOfAddress(packet.source);
  const destination = bytesOfAddress(packet.host);
  const isEcho = packet.protocol === "icmp";
  const number = PROTOCOL_NUMBERS[isEcho && family === "ipv6" ? "icmp6" : packet.protocol];
  const transport = BUILDERS[packet.protocol](packet);
  const length = transport.length;
  const pseudo = [...source, ...destination, 0, 0, length >> 8, length & 255, 0, 0, 0, number];
  // ICMP for IPv4 has no pseudo header (RFC 792).
  const before = isEcho && family === "ipv4" ? [] : pseudo;
  const sum = checksum([...before, ...transport]) || 0xffff;
  new DataView(transport.buffer).setUint16(CHECKSUM_OFFSETS[packet.protocol], sum);
  const header = family === "ipv4"
    ? [0x45, 0, 0, 0, 0, 0, 0x40, 0, TTL, number, 0, 0, ...source, ...destination]
    : [0x60, 0, 0, 0, length >> 8, length & 255, number, TTL, ...source, ...destination];
  return new Uint8Array([...header, ...transport]);
}

/** The packet in fragments (RFC 791, RFC 8200) with at most `size` bytes each, a multiple of 8. */
export function fragment(packet: Uint8Array, size: number): Uint8Array<ArrayBuffer>[] {
  const isIpv4 = packet[0] === 0x45;
  const [header, body] = isIpv4
    ? [packet.subarray(0, 20), packet.subarray(20)]
    : [packet.subarray(0, 40), packet.subarray(40)];
  const offsets = Array.from({ length: Math.ceil(body.length / size) }, (_, part) => part * size);
  const id = new DataView(body.buffer, body.byteOffset).getUint16(0);
  return offsets.map((offset) => {
    const part = body.subarray(offset, offset + size);
    const more = offset + size < body.length;
    return isIpv4
      ? fragmentIpv4(header, part, { offset, more, id })
      : fragmentIpv6(header, part, { offset, more, id });
  });
}

interface FragmentPlace {
  offset: number;
  more: boolean;
  /** The source port: one for each packet. */
  id: number;
}

function fragmentIpv4(header: Uint8Array, part: Uint8Array, { offset, more, id }: FragmentPlace) {
  const bytes = new Uint8Array([...header, ...part]);
  const view = new DataView(bytes.buffer);
  view.setUint16(4, id);
  view.setUint16(6, (more ? 0x2000 : 0) | offset / 8);
  return bytes;
}

function fragmentIpv6(header: Uint8Array, part: Uint8Array, { offset, more, id }: FragmentPlace) {
  const bytes = new Uint8Array([...header, ...new Uint8Array(8), ...part]);
  const view = new DataView(bytes.buffer);
  view.setUint16(4, part.length + 8);
  view.setUint8(40, view.getUint8(6));
  view.setUint8(6, 44);
  view.setUint16(42, offset | (more ? 1 : 0));
  view.setUint32(44, id);
  return bytes;
}

/** 4 or 16 bytes. */
export function bytesOfAddress(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parseAddress(text).bytes);
}

/** An echo request, or another message without a meaning (RFC 792, RFC 4443). */
function buildEcho(packet: RawPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + (packet.payload?.length ?? 0));
  bytes[0] = packet.icmpType ?? (packet.host.includes(":") ? 128 : 8);
  new DataView(bytes.buffer).setUint16(4, packet.sourcePort);
  bytes.set(packet.payload ?? new Uint8Array(), 8);
  return bytes;
}

function buildUdp(packet: RawPacket): Uint8Array<ArrayBuffer> {
  const payload = packet.payload ?? new Uint8Array();
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.port);
  view.setUint16(4, bytes.length);
  bytes.set(payload, 8);
  return bytes;
}

/** SYN; SYN, ECE, CWR; ACK. */
const TCP_FLAGS = { syn: 0x02, ecn: 0xc2, other: 0x10 } as const;

function buildTcp(packet: RawPacket): Uint8Array<ArrayBuffer> {
  const payload = packet.payload ?? new Uint8Array();
  const bytes = new Uint8Array(20 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.port);
  view.setUint32(4, packet.sourcePort);
  view.setUint8(12, 5 << 4);
  view.setUint8(13, TCP_FLAGS[packet.flags ?? "syn"]);
  view.setUint16(14, 64_240);
  bytes.set(payload, 20);
  return bytes;
}

const BUILDERS = { tcp: buildTcp, udp: buildUdp, icmp: buildEcho } as const;

/** The Internet checksum (RFC 1071). */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += (bytes[index] as number) << 8 | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
