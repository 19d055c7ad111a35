/**
 * The local address that packets leave from: as it was given, or the address of an interface.
 * Interfaces are asked for only where they are named or shown (`--verbose`).
 */
import { detectFamily, isAddress, isLinkLocal, renderFamily } from "../core/address/syntax.ts";
import { NetworkError } from "../core/errors.ts";

/** One address of an interface of this machine. */
export interface InterfaceAddress {
  name: string;
  address: string;
  /** With its prefix length: `192.0.2.1/24`. */
  cidr: string;
}

/**
 * Returns the addresses of this machine's interfaces.
 *
 * @throws {NetworkError} if this is not permitted.
 */
export function listInterfaces(): InterfaceAddress[] {
  try {
    return Deno.networkInterfaces().map(({ name, address, cidr }) => ({ name, address, cidr }));
  } catch (cause) {
    throw new NetworkError("the interfaces of this machine cannot be listed", {
      hint: "use an address as the source, or allow it with --allow-sys=networkInterfaces",
      cause,
    });
  }
}

/**
 * Returns the address to send from: `source` itself, or the one that the interface of that name has in
 * the family of `address`.
 *
 * @throws {NetworkError} if the interface has none.
 */
export function pickSource(
  source: string | undefined,
  address: string,
  list: () => readonly InterfaceAddress[] = listInterfaces,
): string | undefined {
  if (source === undefined || isAddress(source)) return source;
  const own = list().filter(({ name }) => name === source);
  const family = detectFamily(address);
  const fitting = own.filter((each) =>
    detectFamily(each.address) === family && isLinkLocal(each.address) === isLinkLocal(address)
  );
  const [first] = fitting;
  if (first !== undefined) {
    return isLinkLocal(first.address) ? `${first.address}%${source}` : first.address;
  }
  const what = own.length === 0
    ? "the source is not an interface with an address"
    : `the interface "${source}" has no ${renderFamily(family)} address`;
  const names = [...new Set(list().map(({ name }) => name))].join(", ");
  throw new NetworkError(`cannot send to ${address}: ${what}`, {
    hint: own.length === 0 ? `its interfaces are: ${names}` : "choose the family with -4 or -6",
    cause: Object.assign(new Error(what), { code: "EADDRNOTAVAIL" }),
  });
}

/**
 * Returns the address that this machine sends from where that is certain without asking the kernel for
 * its routes: the one on the host's own network, or the only one; else undefined.
 */
export async function guessSource(
  address: string,
  list: () => readonly InterfaceAddress[] = listInterfaces,
): Promise<string | undefined> {
  const { contains, parseAddress, parseNetwork } = await import("../core/address/address.ts");
  const own = list().filter((each) => detectFamily(each.address) === detectFamily(address));
  const [, zone] = address.split("%");
  const near = own.filter(({ cidr, name }) =>
    contains(parseNetwork(cidr), parseAddress(address)) && (zone === undefined || zone === name)
  );
  const far = own.filter(({ name, address }) =>
    !isLinkLocal(address) && !isLoopback(address, name)
  );
  const candidates = near.length > 0 ? near : far;
  return candidates.length === 1 ? candidates[0]?.address : undefined;
}

function isLoopback(address: string, name: string): boolean {
  return address === "::1" || address.startsWith("127.") || name === "lo";
}

/**
 * Whether the kernel chooses this link-local source by itself (RFC 6724: an address of the outgoing
 * interface, of the same scope). node:net drops the zone and so cannot bind to it.
 */
export function isKernelsChoice(
  source: string,
  address: string,
  list: () => readonly InterfaceAddress[] = listInterfaces,
): boolean {
  const [bare, zone] = source.split("%");
  if (zone === undefined || !isLinkLocal(source)) return false;
  const own = list().filter((each) => each.name === zone && isLinkLocal(each.address));
  return isLinkLocal(address) && address.endsWith(`%${zone}`) &&
    own.length === 1 && own[0]?.address === bare;
}
