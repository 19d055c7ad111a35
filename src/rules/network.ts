/** Addresses and CIDR networks in canonical form. */
import { isIpv4, isIpv6 } from "../core/target.ts";

/** A network; a single address is one with the full prefix. */
export interface Network {
  family: "ipv4" | "ipv6";
  /** Canonical (RFC 5952), host bits cleared, without `/32` and `/128`. */
  text: string;
  /** 0..32 or 0..128 */
  prefix: number;
  /** The first address as a number. */
  first: bigint;
}

/**
 * The network that `text` writes: an address, or an address and a prefix length.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseNetwork(text: string): Network {
  const [address = "", prefixText, ...rest] = text.split("/");
  const family = isIpv4(address) ? "ipv4" : isPlainIpv6(address) ? "ipv6" : undefined;
  const width = family === "ipv4" ? 32 : 128;
  const prefix = prefixText === undefined
    ? width
    : /^\d{1,3}$/.test(prefixText)
    ? Number(prefixText)
    : NaN;
  if (family === undefined || rest.length > 0 || !(prefix >= 1 && prefix <= width)) {
    throw new RangeError(
      `${JSON.stringify(text)} is not a network: use an address, or an address with a prefix ` +
        `length of 1 to ${width}, such as ${width === 32 ? "192.0.2.0/24" : "2001:db8::/32"}`,
    );
  }
  const hostBits = BigInt(width - prefix);
  const first = (bitsOf(address, family) >> hostBits) << hostBits;
  const base = textOf(first, family);
  return { family, prefix, first, text: prefix === width ? base : `${base}/${prefix}` };
}

/** The networks, each once, without those that lie in another one; order kept. */
export function withoutContained(networks: readonly Network[]): Network[] {
  return networks.filter((inner, index) =>
    !networks.some((outer, other) =>
      other !== index && contains(outer, inner) && (outer.text !== inner.text || other < index)
    )
  );
}

function contains(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const shift = BigInt((outer.family === "ipv4" ? 32 : 128) - outer.prefix);
  return outer.first >> shift === inner.first >> shift;
}

function isPlainIpv6(text: string): boolean {
  return isIpv6(text) && !text.includes("%");
}

function bitsOf(address: string, family: Network["family"]): bigint {
  if (family === "ipv4") {
    return address.split(".").reduce((bits, part) => bits << 8n | BigInt(part), 0n);
  }
  const [head = "", tail] = canonicalIpv6(address).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after]
    .reduce((bits, group) => bits << 16n | BigInt(`0x${group}`), 0n);
}

function textOf(bits: bigint, family: Network["family"]): string {
  if (family === "ipv4") {
    return [24n, 16n, 8n, 0n].map((shift) => bits >> shift & 0xffn).join(".");
  }
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bits >> BigInt(112 - 16 * index) & 0xffffn).toString(16),
  );
  return canonicalIpv6(groups.join(":"));
}

/** A URL writes the canonical form, without dotted parts. */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
