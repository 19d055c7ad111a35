/** The services that the rules of firewalls name: ports, ranges, lists, and names of common services. */
import { parsePort, type Protocol } from "../../../core/knock.ts";
import { listDistinctServices, type Service } from "../../../core/service.ts";

/** The ports of services that doors are made for (`/etc/services`); `https` is over tcp here. */
const NAMES: Readonly<Record<string, number>> = {
  "ftp": 21,
  "ssh": 22,
  "openssh": 22,
  "telnet": 23,
  "smtp": 25,
  "domain": 53,
  "dns": 53,
  "http": 80,
  "www": 80,
  "pop3": 110,
  "ntp": 123,
  "imap": 143,
  "imap2": 143,
  "snmp": 161,
  "ldap": 389,
  "https": 443,
  "submissions": 465,
  "smtps": 465,
  "isakmp": 500,
  "submission": 587,
  "ldaps": 636,
  "rsync": 873,
  "imaps": 993,
  "pop3s": 995,
  "openvpn": 1194,
  "ms-sql-s": 1433,
  "mysql": 3306,
  "ms-wbt-server": 3389,
  "rdp": 3389,
  "svn": 3690,
  "postgresql": 5432,
  "vnc-server": 5900,
  "redis": 6379,
  "http-alt": 8080,
};

/** Names that mean udp where the rule names no protocol. */
const UDP_NAMES: ReadonlySet<string> = new Set(["ntp", "snmp", "isakmp", "openvpn"]);

const ALL_PORTS = { port: 1, last: 65_535 } as const;

/**
 * Returns the services of the options of a rule, each with its values; undefined where they cannot be read.
 *
 * @param groups `["-p", "tcp"]`, `["--dport", "22"]`, `["--dports", "80,443"]`; negated ones begin with `!`.
 */
export function readServices(groups: readonly (readonly string[])[]): Service[] | undefined {
  const read = (...names: string[]) => groups.find(([name = ""]) => names.includes(name))?.[1];
  const isNegated = groups.some(([first, name = ""]) =>
    first === "!" && /^(?:-p|--dports?)$/.test(name)
  );
  if (isNegated) return undefined;
  const ports = read("--dport", "--dports");
  const protocol = read("-p")?.toLowerCase();
  if (ports === undefined) return readWhole(protocol);
  if (protocol !== undefined && protocol !== "tcp" && protocol !== "udp") return undefined;
  const services = ports.split(",").map((text) => readPorts(text, protocol));
  const known = services.filter((service) => service !== undefined);
  return known.length === services.length ? listDistinctServices(known) : undefined;
}

/** A rule without ports: everything, or all of one protocol. */
function readWhole(protocol: string | undefined): Service[] | undefined {
  if (protocol === undefined || protocol === "all") return [{ protocol: "all" }];
  if (protocol === "tcp" || protocol === "udp") return [{ ...ALL_PORTS, protocol }];
  return /^(?:ipv6-)?icmp(?:v?6)?$/.test(protocol) ? [{ protocol: "icmp" }] : undefined;
}

function readPorts(text: string, protocol: Protocol | undefined): Service | undefined {
  const [first = "", last, ...rest] = text.split(/[:-](?=\d)/);
  const port = readPort(first);
  const end = last === undefined ? undefined : readPort(last);
  if (port === undefined || rest.length > 0) return undefined;
  const fallback = UDP_NAMES.has(first.toLowerCase()) ? "udp" : "tcp";
  const start = { port, protocol: protocol ?? fallback } as const;
  if (last === undefined || end === port) return start;
  return end === undefined || end < port ? undefined : { ...start, last: end };
}

function readPort(text: string): number | undefined {
  const name = text.toLowerCase();
  if (Object.hasOwn(NAMES, name)) return NAMES[name];
  try {
    return parsePort(text);
  } catch {
    return undefined;
  }
}

/** Returns the services of a rule of nft: `tcp dport 22`, `udp dport { 53, 60000-60010 }`. */
export function readNftServices(text: string): Service[] | undefined {
  const matches = [...text.matchAll(/\b(tcp|udp|th) dport (\{[^}]*\}|\S+)/g)];
  if (matches.length === 0) {
    return /\b(?:dport|l4proto|protocol|nexthdr|icmp)/.test(text)
      ? undefined
      : [{ protocol: "all" }];
  }
  const all = matches.map(([, protocol = "", ports = ""]) =>
    protocol === "th"
      ? undefined
      : readServices([["-p", protocol], ["--dports", ports.replace(/[{}\s]/g, "")]])
  );
  const known = all.filter((services) => services !== undefined);
  return known.length === all.length ? known.flat() : undefined;
}
