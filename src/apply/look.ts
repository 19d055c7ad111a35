/**
 * What a server says of itself before anything is changed: the report of the runner's verb `look`
 * (runner/look.sh). All of it is text from outside: it is checked here, and escaped before it is shown.
 */
import type { Protocol } from "../core/knock.ts";
import { type Listener, parseSocket } from "./proc_net.ts";
import { readIptables } from "./firewall/read_iptables.ts";
import { readNft } from "./firewall/read_nft.ts";
import { findForwards, type ForwardedPort } from "./firewall/find_forwards.ts";
import type { FirewallTable } from "./firewall/table.ts";
import { isAddress } from "../core/address/syntax.ts";
import { parseAddress } from "../core/address/address.ts";

/** A program of a firewall that is active there. */
type ActiveFirewall = "ufw" | "firewalld" | "docker" | "fw4";

/** What iptables can do there. */
interface IptablesFacts {
  version: string;
  kind: "nft" | "legacy";
  hasIpset: boolean;
  /** Whether there is ip6tables. */
  hasIpv6: boolean;
  /** Whether its rules are saved in /etc/iptables, as netfilter-persistent does. */
  isSaved: boolean;
}

/** A port that a rule set of spknock closes there. */
interface GuardedPort {
  /** The rule set's name. */
  name: string;
  /** The back end whose rules they are. */
  backend: "nftables" | "nftables-openwrt" | "iptables";
  protocol: Protocol;
  port: number;
  last: number;
}

/** See the header. What root alone can see is undefined where root was not to be had yet. */
export interface Look {
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  system: string;
  /** `other`: not Linux, or a shell that did not run our script. */
  kind: "linux" | "openwrt" | "routeros" | "other";
  /** What supervises services: tells how a detached process is started and how rules stay. */
  init: "systemd" | "openrc" | "procd" | "other";
  /** Whether the look was taken as root. */
  isRoot: boolean;
  /** `nft --version`, such as `1.0.6`; undefined where there is no nft. */
  nft: string | undefined;
  iptables: IptablesFacts | undefined;
  /** nftables' tables, such as `inet filter`; undefined where they cannot be seen (no root, a container). */
  tables: readonly string[] | undefined;
  /** Rules of other firewalls; undefined where they cannot be seen, or are too many. */
  rules: readonly FirewallTable[] | undefined;
  /** What rule sets of spknock close there already; undefined where it cannot be seen. */
  guarded: readonly GuardedPort[] | undefined;
  active: readonly ActiveFirewall[];
  listeners: readonly Listener[];
  forwards: readonly ForwardedPort[] | undefined;
  /** Of `$SSH_CONNECTION`: the client as the server sees it, and the end that it talks to. */
  connection: { client: string; server: string; port: number } | undefined;
  /** Where packets to that client leave: mostly the interface where its own come in. */
  interface: string | undefined;
  /** Milliseconds since 1970 there (of a whole second), and whether the network sets that clock (undefined: not known). */
  clock: { at: number; isSynchronized: boolean | undefined };
  /** Its own addresses without those of loopback. */
  addresses: readonly string[];
  /** Whether the machine has IPv6 addresses other than loopback and link-local ones. */
  hasIpv6: boolean;
  /** Whether /etc can be written to. */
  canPersist: boolean;
  /** KiB that are free in /etc; undefined where it is not known. */
  freeKib: number | undefined;
  /** Programs that codes with iptables need: `sha512sum`. */
  hasSha512sum: boolean;
  /** Another apply that is under way for the same rule set. */
  isBusy: boolean;
}

/** How much /etc has to have free: a rule set, and some. */
const MIN_FREE_KIB = 256;

/** What RouterOS answers to a line of shell. */
const ROUTEROS = /^(?:bad command name |syntax error \(line 1 column |expected end of command \()/m;

/** Returns the facts of a look's output; lines without our prefix are what a login shell prints. */
export function parseLook({ stdout, stderr }: { stdout: string; stderr: string }): Look {
  const facts = readFacts(stdout);
  const isWhole = facts.first("end") === "yes";
  const kind = isWhole
    ? choose(facts.first("kind"), ["linux", "openwrt"]) ?? "other"
    : ROUTEROS.test(`${stdout}\n${stderr}`)
    ? "routeros"
    : "other";
  const connection = parseConnection(facts.first("connection"));
  return {
    kind,
    system: facts.first("system") ?? (kind === "routeros" ? "RouterOS" : "an unknown system"),
    init: choose(facts.first("init"), ["systemd", "openrc", "procd"]) ?? "other",
    isRoot: facts.first("uid") === "0",
    ...parseTools(facts),
    ...parseRules(facts, connection?.server),
    connection,
    interface: takeIf(facts.first("interface"), /^[\w.@:+-]{1,15}$/),
    clock: parseClock(facts),
    ...parseAddresses(facts),
    ...parseEtc(facts),
    listeners: facts.all("socket")
      .flatMap((text) => parseSocket(text, { isLittleEndian: facts.first("endian") !== "B" })),
    isBusy: facts.first("busy") === "yes",
  };
}

/** The values of each key, in order. */
interface Facts {
  first(key: string): string | undefined;
  all(key: string): readonly string[];
}

function readFacts(stdout: string): Facts {
  const values = new Map<string, string[]>();
  for (const line of stdout.split("\n")) {
    const [, key, value = ""] = /^spknock: ([a-z0-9-]+) (.*?)\r?$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, [...values.get(key) ?? [], value]);
  }
  return {
    first: (key) => values.get(key)?.[0] || undefined,
    all: (key) => values.get(key) ?? [],
  };
}

function choose<T extends string>(text: string | undefined, names: readonly T[]): T | undefined {
  return names.find((name) => name === text);
}

function takeIf(text: string | undefined, form: RegExp): string | undefined {
  return text !== undefined && form.test(text) ? text : undefined;
}

function parseTools(facts: Facts): Pick<Look, "nft" | "iptables" | "active" | "hasSha512sum"> {
  const [kind = "", version = ""] = facts.first("iptables")?.split(" ") ?? [];
  const tables = facts.all("table").map((table) => table.split(" ")[1]);
  const active = new Set([
    ...facts.all("active"),
    ...(tables.includes("firewalld") ? ["firewalld"] : []),
    ...(tables.includes("fw4") ? ["fw4"] : []),
    ...(tables.some((table) => table?.startsWith("docker")) ? ["docker"] : []),
    ...facts.all("ipt").flatMap((line) =>
      / :ufw6?-before-input /.test(line)
        ? ["ufw"]
        : / :DOCKER /.test(line)
        ? ["docker"]
        : / :INPUT_ZONES /.test(line)
        ? ["firewalld"]
        : []
    ),
  ]);
  return {
    nft: takeIf(facts.first("nft"), /^[\w.+~-]{1,40}$/),
    iptables: kind === "" ? undefined : {
      version,
      kind: kind === "nft" ? "nft" : "legacy",
      hasIpset: facts.first("ipset") === "yes",
      hasIpv6: facts.first("ip6tables") === "yes",
      isSaved: facts.first("iptables-saved") === "yes",
    },
    active: (["ufw", "firewalld", "docker", "fw4"] as const).filter((name) => active.has(name)),
    hasSha512sum: facts.first("sha512sum") === "yes",
  };
}

function parseRules(
  facts: Facts,
  server: string | undefined,
): Pick<Look, "tables" | "rules" | "guarded" | "forwards"> {
  const isSeen = facts.first("uid") === "0" &&
    (facts.first("nft") === undefined || facts.first("nft-seen") === "yes");
  if (!isSeen) {
    return { tables: undefined, rules: undefined, guarded: undefined, forwards: undefined };
  }
  const iptables = (["ipv4", "ipv6"] as const).flatMap((family) =>
    (["nft", "legacy"] as const).flatMap((kind) => {
      const start = `${family === "ipv4" ? 4 : 6} ${kind} `;
      const lines = facts.all("ipt").filter((line) => line.startsWith(start));
      return readIptables(lines.map((line) => line.slice(start.length)), {
        family,
        isLegacy: kind === "legacy",
      });
    })
  );
  // What iptables keeps in nftables is read in its own language.
  const kept = new Set(
    iptables.filter(({ name }) => !name.includes("-legacy"))
      .map(({ name }) => name.replace(/^ip6tables /, "ip6 ").replace(/^iptables /, "ip ")),
  );
  const nft = readNft(facts.all("nft")).filter(({ name }) => !kept.has(name));
  const rules = [...nft, ...iptables];
  return {
    tables: facts.all("table"),
    rules: facts.first("rules-cut") === "yes" ? undefined : rules,
    guarded: facts.all("own").flatMap(parseGuarded),
    forwards: findForwards(rules, server),
  };
}

const OWN_BACKENDS = {
  nft: "nftables",
  fw4: "nftables-openwrt",
  iptables: "iptables",
} as const;

/** `home nft tcp dport { 22, 80-90 } drop`, `home iptables -A ... -p tcp ... --dport 22 -j DROP`. */
function parseGuarded(line: string): GuardedPort[] {
  const [, name = "", kind, protocol, list = ""] =
    /^([\w-]+) (nft|fw4) .*?\b(tcp|udp) dport (\{[^}]*\}|[\d-]+)(?: .*)? drop$/.exec(line) ??
      /^([\w-]+) (iptables) .*?-p (tcp|udp) .*--dports? ([\d:,]+) /.exec(line) ?? [];
  if (kind !== "nft" && kind !== "fw4" && kind !== "iptables") return [];
  if (protocol !== "tcp" && protocol !== "udp") return [];
  return list.replace(/[{}\s]/g, "").split(",").map((range) => {
    const [port, last] = range.split(/[-:]/).map(Number);
    return {
      name,
      backend: OWN_BACKENDS[kind],
      protocol,
      port: port ?? 0,
      last: last ?? port ?? 0,
    };
  });
}

function parseConnection(text: string | undefined): Look["connection"] {
  const [client = "", , server = "", port = ""] = text?.split(" ") ?? [];
  if (!isAddress(client) || !isAddress(server) || !/^\d{1,5}$/.test(port)) return undefined;
  return {
    client: parseAddress(client).text,
    server: parseAddress(server).text,
    port: Number(port),
  };
}

function parseClock(facts: Facts): Look["clock"] {
  const seconds = facts.first("clock") ?? "";
  const synchronized = facts.first("synchronized");
  return {
    at: /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1000 : 0,
    isSynchronized: synchronized === "yes" ? true : synchronized === "no" ? false : undefined,
  };
}

/** Of /proc/net/if_inet6: 32 hex digits, the scope (10: the host, 20: the link), the interface. */
function parseAddresses(facts: Facts): Pick<Look, "addresses" | "hasIpv6"> {
  const ipv6 = facts.all("inet6").flatMap((line) => {
    const [hex = "", scope = ""] = line.split(" ");
    if (!/^[0-9a-f]{32}$/.test(hex) || scope === "10" || scope === "20") return [];
    return [parseAddress(hex.match(/.{4}/g)?.join(":") ?? "").text];
  });
  const ipv4 = facts.all("inet").map((line) => line.split("/")[0] ?? "")
    .filter((address) => isAddress(address) && !address.startsWith("127."));
  return { addresses: [...ipv4, ...ipv6], hasIpv6: ipv6.length > 0 };
}

function parseEtc(facts: Facts): Pick<Look, "canPersist" | "freeKib"> {
  const free = facts.first("etc-free") ?? "";
  const freeKib = /^\d{1,15}$/.test(free) ? Number(free) : undefined;
  return {
    canPersist: facts.first("etc") === "rw" && (freeKib ?? MIN_FREE_KIB) >= MIN_FREE_KIB,
    freeKib,
  };
}
