/**
 * The rules of a server's other firewalls in one form, whatever their language, as far as they decide
 * about a first packet to a port; and what they decide. What we cannot read is `maybe`.
 */
import {
  contains,
  createNetworkMatcher,
  parseAddress,
  parseNetwork,
} from "../../core/address/address.ts";
import type { Protocol } from "../../core/knock.ts";

/** An address family, as rules have it. */
export type Family = "ipv4" | "ipv6";

/** What a rule asks of a packet; `networks` are as written. */
export type Condition =
  | { kind: "family"; family: Family }
  | { kind: "protocol"; names: readonly string[]; not: boolean }
  | { kind: "port"; ranges: readonly (readonly [number, number])[]; not: boolean }
  | { kind: "source" | "destination"; networks: readonly string[]; not: boolean }
  | { kind: "device"; names: readonly string[]; not: boolean }
  | { kind: "never" | "maybe" };

/** What a rule does: `next` goes on; `translate` changes the destination; `other`: not known. */
export type RuleEnd =
  | { kind: "accept" | "drop" | "return" | "next" | "other" }
  | { kind: "translate"; to: string }
  | { kind: "jump" | "goto"; chain: string };

/** A rule. */
export interface Rule {
  conditions: readonly Condition[];
  end: RuleEnd;
}

/** Where the kernel calls a chain. */
export interface Base {
  hook: string;
  type: string;
  /** As nftables counts; lower ones come first. */
  priority: number;
  policy: "accept" | "drop";
}

/** A chain. */
export interface Chain {
  base: Base | undefined;
  rules: readonly Rule[];
}

/** A table, in which chains call each other. */
export interface FirewallTable {
  /** For people: `inet filter`, `iptables filter`. */
  name: string;
  owner: "nftables" | "iptables" | "iptables-legacy" | "ufw" | "firewalld" | "fw4";
  families: readonly Family[];
  chains: ReadonlyMap<string, Chain>;
}

/** A first packet to a port of the server. What is undefined is not known. */
export interface Packet {
  family: Family;
  protocol: Protocol;
  port: number;
  source: string | undefined;
  destination: string | undefined;
  device: string | undefined;
}

type Answer = "yes" | "no" | "maybe";
type Outcome = "accept" | "drop" | "next";

/** Returns whether a base chain drops the packet; "no" where it lets it pass. */
export function findVerdict(table: FirewallTable, chain: Chain, packet: Packet): Answer {
  if (!table.families.includes(packet.family)) return "no";
  const outcomes = walk(table, { chain, packet, known: new Map() });
  const drops = outcomes.has("drop") || (outcomes.has("next") && chain.base?.policy === "drop");
  const passes = outcomes.has("accept") ||
    (outcomes.has("next") && chain.base?.policy === "accept");
  return drops ? passes ? "maybe" : "yes" : "no";
}

interface Walk {
  chain: Chain;
  packet: Packet;
  /** Of the chains that were walked: their rules see the same packet each time. */
  known: Map<string, ReadonlySet<Outcome>>;
}

/** Returns every end that the packet can come to. */
function walk(table: FirewallTable, { chain, packet, known }: Walk): ReadonlySet<Outcome> {
  const outcomes = new Set<Outcome>();
  for (const { conditions, end } of chain.rules) {
    const applies = matchAll(conditions, packet);
    if (applies === "no" || end.kind === "next") continue;
    const ends = findEnds(table, { end, packet, known });
    for (const each of ends) if (each !== "next" || end.kind !== "jump") outcomes.add(each);
    const goesOn = end.kind === "jump" && ends.has("next");
    if (applies === "yes" && !goesOn) return outcomes;
  }
  return outcomes.add("next");
}

function findEnds(
  table: FirewallTable,
  { end, packet, known }: Omit<Walk, "chain"> & { end: RuleEnd },
): ReadonlySet<Outcome> {
  if (end.kind === "jump" || end.kind === "goto") {
    const chain = table.chains.get(end.chain);
    // A chain that is not here is ours, or hidden: nothing is known to drop there.
    if (chain === undefined) return new Set(["next"]);
    const found = known.get(end.chain);
    if (found !== undefined) return found;
    known.set(end.chain, new Set(["next"]));
    const outcomes = walk(table, { chain, packet, known });
    known.set(end.chain, outcomes);
    return outcomes;
  }
  if (end.kind === "other") return new Set(["accept", "drop"]);
  if (end.kind === "drop") return new Set(["drop"]);
  return new Set([end.kind === "return" ? "next" : "accept"]);
}

/** Whether a packet meets all conditions. */
export function matchAll(conditions: readonly Condition[], packet: Packet): Answer {
  const answers = conditions.map((condition) => match(condition, packet));
  return answers.includes("no") ? "no" : answers.includes("maybe") ? "maybe" : "yes";
}

function match(condition: Condition, packet: Packet): Answer {
  switch (condition.kind) {
    case "never":
      return "no";
    case "maybe":
      return "maybe";
    case "family":
      return condition.family === packet.family ? "yes" : "no";
    case "protocol":
      return answer(condition.names.some((name) => isProtocol(name, packet)), condition);
    case "port":
      return answer(
        condition.ranges.some(([first, last]) => packet.port >= first && packet.port <= last),
        condition,
      );
    case "device":
      return matchDevice(condition, packet);
    default:
      return matchAddress(condition, packet);
  }
}

function answer(matches: boolean, { not }: { not: boolean }): Answer {
  return matches === not ? "no" : "yes";
}

const PROTOCOL_NUMBERS = { tcp: "6", udp: "17" } as const;

function isProtocol(name: string, { protocol }: Packet): boolean {
  return name === protocol || name === PROTOCOL_NUMBERS[protocol] || name === "all";
}

/** Packets of a client never come in by `lo`; a name may end in `*` or `+`. */
function matchDevice(
  { names, not }: Extract<Condition, { kind: "device" }>,
  { device }: Packet,
): Answer {
  if (names.every((name) => name === "lo")) return not ? "yes" : "no";
  if (device === undefined) return "maybe";
  const matches = names.some((name) => matchName(name, device));
  return answer(matches, { not });
}

/** Whether an interface's name is meant by a pattern that may end in `*` or `+`. */
export function matchName(pattern: string, name: string): boolean {
  return /[*+]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function matchAddress(
  { kind, networks, not }: Extract<Condition, { networks: unknown }>,
  packet: Packet,
): Answer {
  const address = kind === "source" ? packet.source : packet.destination;
  try {
    if (address === undefined) {
      const isEverything = networks.some((network) => parseNetwork(network).prefix === 0);
      const isLoopback = networks.every((network) =>
        [parseNetwork("127.0.0.0/8"), parseNetwork("::1")]
          .some((loopback) => contains(loopback, parseNetwork(network)))
      );
      return isEverything ? answer(true, { not }) : isLoopback ? answer(false, { not }) : "maybe";
    }
    return answer(createNetworkMatcher(networks)(parseAddress(address)), { not });
  } catch {
    return "maybe";
  }
}

/** Whether a SYN alone, the first packet of a connection, has flags: those of `mask` that are set are `value`. */
export function isSyn(mask: readonly string[], value: readonly string[]): boolean {
  const set = mask.filter((flag) => flag === "syn");
  return set.length === value.length && set.every((flag) => value.includes(flag));
}
