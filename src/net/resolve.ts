/**
 * Host to address, once, by the system's own resolver (so `/etc/hosts` counts); the caller
 * pins the address for every knock and every probe.
 */
import { detectFamily, isAddress, needsZone, renderFamily } from "../core/address/syntax.ts";
import { NetworkError, UsageError } from "../core/errors.ts";
import type { Family } from "../core/target.ts";

/** One address of a host. */
export interface Address {
  address: string;
  family: "ipv4" | "ipv6";
}

/** What a host resolved to. */
export interface Resolved extends Address {
  /** Every address that the name has in the family asked for, in the resolver's order; the first was taken. */
  all: readonly Address[];
}

/** Asks the system for all addresses of a name; rejects where there are none. */
export type Lookup = (host: string) => Promise<Address[]>;

/**
 * The address of `host` in the wanted family.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function resolveHost(
  host: string,
  { family = "any", lookup = systemLookup }: { family?: Family; lookup?: Lookup | undefined } = {},
): Promise<Resolved> {
  const found = isAddress(host)
    ? [{ address: host, family: detectFamily(host) }]
    : await lookUp(host, lookup);
  const usable = found.filter(({ address }) => !needsZone(address));
  const [first] = usable;
  if (first === undefined) throw explainZone(host, found);
  if (family === "any" || family === "both") return { ...first, all: usable };
  const all = usable.filter((address) => address.family === family);
  const [fitting] = all;
  if (fitting === undefined) {
    const has = usable.map(({ address }) => address).join(", ");
    throw new NetworkError(
      `"${host}" has no ${renderFamily(family)} address, only ${has}`,
      { code: "resolve", hint: `use ${family === "ipv4" ? "-6" : "-4"}, or family = "any"` },
    );
  }
  return { ...fitting, all };
}

/** A link-local address could be on any of our links: without its zone there is nowhere to send to. */
function explainZone(host: string, [first]: readonly Address[]): UsageError {
  const address = first?.address ?? host;
  const what = address === host
    ? `the link-local address "${host}"`
    : `"${host}" is ${address}: it`;
  return new UsageError(`${what} needs its interface: ${address}%eth0`, {
    hint: "see the interfaces with: ip -6 route show fe80::/10",
  });
}

/** The addresses that are knocked on at once; the first is the one that is used. */
interface AddressGroup {
  used: Address;
  /** With the family `both`: the next address of the other family. */
  also: readonly Address[];
}

/** Returns the addresses in the order in which they are tried, each given up only for the next. */
export function groupAddresses(
  all: readonly Address[],
  { family }: { family: Family },
): AddressGroup[] {
  return all.map((used, index) => {
    const other = all.slice(index + 1).find((each) => each.family !== used.family);
    return { used, also: family === "both" && other !== undefined ? [other] : [] };
  });
}

async function lookUp(host: string, lookup: Lookup): Promise<Address[]> {
  try {
    const found = await lookup(host);
    if (found.length > 0) return found;
  } catch (cause) {
    const again = (cause as { code?: string }).code === "EAI_AGAIN";
    throw new NetworkError(`the name "${host}" does not resolve`, {
      code: "resolve",
      hint: again
        ? "the resolver did not answer: is the network up?"
        : "check the spelling, the network, or use an address",
      cause,
    });
  }
  throw new NetworkError(`the name "${host}" has no address`, { code: "resolve" });
}

async function systemLookup(host: string): Promise<Address[]> {
  const dns = await import("node:dns/promises");
  const found = await dns.lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => ({ address, family: detectFamily(address) }));
}
