/**
 * IP addresses as numbers, so that a source is one key however it is written, and can be looked up
 * in networks.
 */
import { isIpv4, isIpv6 } from "../core/target.ts";

/** An address family. */
export type AddressFamily = "ipv4" | "ipv6";

/** An address as a number. */
export interface Address {
  family: AddressFamily;
  /** 32 or 128 bits. */
  bits: bigint;
}

const MAPPED_PREFIX = 0xffffn;

/**
 * The address that `text` writes. A zone (`%eth0`) is dropped; an IPv4 address inside IPv6
 * (`::ffff:192.0.2.1`), as dual-stack sockets report it, is the IPv4 address that the firewall sees.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseAddress(text: string): Address {
  if (isIpv4(text)) return { family: "ipv4", bits: bitsOfIpv4(text) };
  if (!isIpv6(text)) {
    throw new RangeError(`"${text}" is not an address: use an IPv4 or an IPv6 address`);
  }
  const bits = bitsOfIpv6(text.split("%")[0] as string);
  return bits >> 32n === MAPPED_PREFIX
    ? { family: "ipv4", bits: bits & 0xffff_ffffn }
    : { family: "ipv6", bits };
}

/**
 * Tells whether an address lies in one of `networks`: addresses and CIDR networks; bits behind the
 * prefix do not count.
 *
 * @throws {RangeError} with what is allowed, if one of them is neither.
 */
export function matcherOf(networks: readonly string[]): (address: Address) => boolean {
  const parsed = networks.map(parseNetwork);
  return ({ family, bits }) =>
    parsed.some((network) =>
      network.family === family && bits >> network.hostBits === network.prefix
    );
}

interface Network {
  family: AddressFamily;
  hostBits: bigint;
  prefix: bigint;
}

function parseNetwork(text: string): Network {
  const [host = "", length, ...rest] = text.split("/");
  const { family, bits } = parseAddress(host);
  const width = family === "ipv4" ? 32 : 128;
  const prefixLength = length === undefined ? width : Number(length);
  if (rest.length > 0 || !/^\d{1,3}$/.test(length ?? "0") || prefixLength > width) {
    throw new RangeError(
      `"${text}" is not a network: use ADDRESS or ADDRESS/PREFIX, with a prefix from 0 to ${width}`,
    );
  }
  const hostBits = BigInt(width - prefixLength);
  return { family, hostBits, prefix: bits >> hostBits };
}

function bitsOfIpv4(text: string): bigint {
  return text.split(".").reduce((bits, part) => bits << 8n | BigInt(part), 0n);
}

function bitsOfIpv6(text: string): bigint {
  // A URL writes the canonical form (RFC 5952), without dotted parts.
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after]
    .reduce((bits, group) => bits << 16n | BigInt(`0x${group}`), 0n);
}
