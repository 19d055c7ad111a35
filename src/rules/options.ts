/** Parses the values of the options for a plan. */
import { ValueError } from "../core/errors.ts";
import {
  contains,
  createNetworkMatcher,
  type Network,
  parseAddress,
  parseNetwork,
} from "../core/address/address.ts";
import { isAddress } from "../core/address/syntax.ts";
import { splitList } from "../core/knock.ts";
import { type Forward, isPorts, listDistinctForwards, parseService } from "../core/service.ts";

/**
 * Returns the trusted sources of `192.0.2.1,198.51.100.0/24,2001:db8::/32`: canonical, without what another
 * one contains.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseTrusted(text: string): string[] {
  return removeContained(splitList(text).map(parseTrustedNetwork)).map((network) => network.text);
}

/** A network of all addresses is refused: the knocks would protect nothing. */
function parseTrustedNetwork(text: string): Network {
  const network = parseNetwork(text);
  if (network.prefix > 0) return network;
  throw new ValueError(text, `is every address: use a prefix length of at least 1`);
}

function removeContained(networks: readonly Network[]): Network[] {
  return networks.filter((inner, index) =>
    !networks.some((outer, other) =>
      other !== index && contains(outer, inner) && (outer.text !== inner.text || other < index)
    )
  );
}

/**
 * Returns the forwarded ports of `8080/tcp` or, with the host behind, `192.168.1.7:22/tcp`,
 * `[2001:db8::7]:443/tcp`; commas separate several.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseForwards(text: string): Forward[] {
  const parts = text.includes(",") ? splitList(text) : [text];
  return listDistinctForwards(parts.map(parseForward));
}

function parseForward(text: string): Forward {
  const withHost = /^\[([^\]]+)\]:(.+)$/.exec(text) ?? /^([^:/]*\.[^:/]*):(.+)$/.exec(text);
  const [, host, ports = text] = withHost ?? [];
  const isHost = host === undefined || isAddress(host);
  const isForm = isHost && /^(?:(?:tcp|udp)[:/])?[\d-]+(?:[:/]\w+)?$/i.test(ports);
  const service = isForm ? parseService(ports) : undefined;
  if (service === undefined || !isPorts(service)) {
    throw new ValueError(
      text,
      "is not a forwarded port: use 8080/tcp, or that of a host behind by its address, " +
        "192.168.1.7:22/tcp or [2001:db8::7]:22/tcp",
    );
  }
  return host === undefined ? { service } : { host: parseHostBehind(host), service };
}

/** This machine itself, one link only, and groups: no packet to them is forwarded to a host behind. */
const isNoHost = createNetworkMatcher(
  ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"],
);

function parseHostBehind(text: string): string {
  const address = parseAddress(text);
  if (!isNoHost(address)) return address.text;
  throw new ValueError(text, "is not a host behind this machine: no packet is forwarded to it");
}

/** What is before the name of an interface list of RouterOS. */
export const LIST_PREFIX = "list:";

/**
 * Returns the interfaces of `eth0,ppp*,list:WAN`, each once; a `*` at the end matches any ending.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseInterfaces(text: string): string[] {
  const parts = text.includes(",") ? splitList(text) : [text];
  return [...new Set(parts.map(parseInterface))];
}

function parseInterface(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9]/.test(text)) {
    throw new ValueError(
      text,
      `is the name of an interface and, after "@", that of another, as ip link shows them: ` +
        `leave out the part after "@"`,
    );
  }
  const isNamed = /^(?=.{1,15}$)[A-Za-z0-9_@][A-Za-z0-9._@-]*\*?$/.test(text) ||
    /^list:[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/.test(text);
  if (!isNamed) {
    throw new ValueError(
      text,
      `is not the name of an interface: use at most 15 letters, digits, ` +
        `".", "-", "_" and "@", and "*" at the end for any ending, such as eth0 or ppp*; ` +
        `an interface list of RouterOS is list:NAME`,
    );
  }
  return text;
}
