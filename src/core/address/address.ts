/**
 * IP addresses and networks, by `ipaddr.js`; nothing else imports it. It reads more than we accept
 * (`127.1`, `0x7f.1`), so the syntax is checked first, as strictly as everywhere else.
 */
import { ValueError } from "../errors.ts";
import ipaddr from "ipaddr.js";
import { ADDRESS_BITS, isIpv4, isIpv6 } from "./syntax.ts";

/** An address family. */
type AddressFamily = "ipv4" | "ipv6";

/** An address: the same for every way to write it. */
interface Address {
  family: AddressFamily;
  /** Canonical (RFC 5952). */
  text: string;
  /** 4 or 16 bytes, as they are sent. */
  bytes: readonly number[];
}

/** A network; a single address is one with the full prefix. */
export interface Network {
  family: AddressFamily;
  /** Canonical (RFC 5952), host bits cleared, without `/32` and `/128`. */
  text: string;
  /** 0..32 or 0..128 */
  prefix: number;
  /** The first address. */
  bytes: readonly number[];
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Returns the address that `text` writes. A zone (`%eth0`) is dropped; an IPv4 address inside IPv6
 * (`::ffff:192.0.2.1`), as dual-stack sockets report it, is the IPv4 address that the firewall sees.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseAddress(text: string): Address {
  const ip = readIp(text.split("%", 1)[0] ?? "");
  if (ip === undefined || !(isIpv4(text) || isIpv6(text))) {
    throw new ValueError(text, "is not an address: use an IPv4 or an IPv6 address");
  }
  return describeIp(
    ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() ? ip.toIPv4Address() : ip,
  );
}

/**
 * Returns the network that `text` writes: an address without a zone, or one and a prefix length.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseNetwork(text: string): Network {
  const [host = "", length, ...rest] = text.split("/");
  const ip = readIp(host);
  const width = ip?.kind() === "ipv4" ? ADDRESS_BITS.ipv4 : ADDRESS_BITS.ipv6;
  const prefix = length === undefined ? width : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (ip === undefined || rest.length > 0 || !(prefix <= width)) {
    throw new ValueError(
      text,
      `is not a network: use an address, or an address with a prefix ` +
        `length of at most ${width}, such as ${width === 32 ? "192.0.2.0/24" : "2001:db8::/32"}`,
    );
  }
  const { family, text: base, bytes } = describeIp(clearHostBits(ip, prefix));
  return { family, prefix, bytes, text: prefix === width ? base : `${base}/${prefix}` };
}

/** Returns the first and last address of the network around an address, and the one after it. */
export function findNetworkEnds(
  address: Address,
  prefix: number,
): Record<"first" | "last" | "next", string> {
  const bits = BigInt(ADDRESS_BITS[address.family] - prefix);
  const first = BigInt(`0x${Uint8Array.from(findNetwork(address, prefix).bytes).toHex()}`);
  const render = (value: bigint) => {
    const hex = value.toString(16).padStart(ADDRESS_BITS[address.family] / 4, "0");
    return describeIp(ipaddr.fromByteArray([...Uint8Array.fromHex(hex)])).text;
  };
  const next = first + (1n << bits);
  return { first: render(first), last: render(next - 1n), next: render(next) };
}

/** Returns the mask of a prefix length, such as `255.255.255.0` or `ffff:ffff:ffff:ffff::`. */
export function renderMask(family: AddressFamily, prefix: number): string {
  const ones = family === "ipv4" ? Array(4).fill("255").join(".") : Array(8).fill("ffff").join(":");
  return parseNetwork(`${ones}/${prefix}`).text.split("/", 1)[0] ?? "";
}

/** Returns the network of this prefix length around an address. */
export function findNetwork({ family, text, bytes }: Address, prefix: number): Network {
  if (prefix === ADDRESS_BITS[family]) return { family, text, bytes, prefix };
  return parseNetwork(`${text}/${prefix}`);
}

/** Whether the network contains the address, or all of another network. */
export function contains(network: Network, inner: Address | Network): boolean {
  const { family, prefix } = network;
  if (
    family !== inner.family || prefix > ("prefix" in inner ? inner.prefix : ADDRESS_BITS[family])
  ) {
    return false;
  }
  return matchIp(inner.bytes, network);
}

/**
 * Returns a function that tells whether an address is in one of `networks` (addresses and CIDR
 * networks).
 *
 * @throws {RangeError} with what is allowed, if one of them is neither.
 */
export function createNetworkMatcher(networks: readonly string[]): (address: Address) => boolean {
  const parsed = networks.map(parseNetwork);
  return (address) => parsed.some((network) => contains(network, address));
}

/** Reads an address without a zone; undefined where it is not one. */
function readIp(text: string): Ip | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes("%") || !isIpv6(text)) return undefined;
  return ipaddr.IPv6.parse(canonicalIpv6(text));
}

function describeIp(ip: Ip): Address {
  const text = ip instanceof ipaddr.IPv6 ? canonicalIpv6(ip.toNormalizedString()) : ip.toString();
  return { family: ip.kind(), text, bytes: ip.toByteArray() };
}

/**
 * By a URL, because `ipaddr.js` 2.4.0 has two faults: it reads `::192.0.2.1` as `::ffff:192.0.2.1`,
 * and of two equally long runs of zeros it shortens the second (RFC 5952, section 4.2.3: the first).
 */
function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function clearHostBits(ip: Ip, prefix: number): Ip {
  return ip instanceof ipaddr.IPv6
    ? ipaddr.IPv6.networkAddressFromCIDR(`${ip}/${prefix}`)
    : ipaddr.IPv4.networkAddressFromCIDR(`${ip}/${prefix}`);
}

function matchIp(bytes: readonly number[], network: Network): boolean {
  const [ip, other] = [bytes, network.bytes].map((each) => ipaddr.fromByteArray([...each]));
  return ip !== undefined && other !== undefined && ip.match(other, network.prefix);
}
