/**
 * The plan: the rule set of one target, in no firewall's language. The model in `model/` plays it,
 * the back ends in `rules/` render it, and the proof compares the two.
 */
import { ADDRESS_BITS } from "./address_syntax.ts";
import { type Protocol, renderPortSpec } from "./knock.ts";

/** A port of one transport. */
export interface PortSpec {
  /** 1..65535 */
  port: number;
  protocol: Protocol;
}

/** The packet that moves its source one stage on: a bare SYN, or a datagram. */
export type Stage =
  | { port: number; protocol: "tcp"; payload?: undefined }
  /** `payload` is the exact payload; undefined where any is accepted (a regular knock). */
  | { port: number; protocol: "udp"; payload?: Uint8Array | undefined };

/** The rule set of one target. */
export interface Plan {
  /** The target's name: letters, digits, `-` and `_`. */
  name: string;
  /** In the order of the knocks; at least one. */
  stages: readonly Stage[];
  /** The knocks that close the door for their source again, in order; empty for none. */
  closing: readonly Stage[];
  /** The ports that are closed until a source has passed all stages. */
  protectedPorts: readonly PortSpec[];
  /** Milliseconds in which a source may open new connections after its last knock. */
  openForMs: number;
  /** Milliseconds that a stage waits for the next knock. */
  stageTimeoutMs: number;
  /** Whether a packet to any other port resets the sequence of its source. */
  guard: boolean;
  /** Whether a source that makes many mistakes in a short time is blocked for a while. */
  ban: boolean;
  /** The prefix length by which the mistakes of IPv6 sources are counted: one host has a whole network. */
  banPrefix6: number;
  /** The prefix lengths by which sources are told apart: shorter ones let whole networks in. */
  prefixes: Readonly<Record<"ipv4" | "ipv6", number>>;
  /** The address families that the rules cover; at least one. */
  families: readonly ("ipv4" | "ipv6")[];
  /** Only packets that come in there: `eth0`, `ppp*`, RouterOS' `list:WAN`; every one where empty. */
  interfaces: readonly string[];
  /** Addresses and CIDR networks that are never locked out. */
  trusted: readonly string[];
  /** Services that stay open to everyone; packets to them are not mistakes. */
  publicPorts: readonly PortSpec[];
}

/** How many addresses each set of a rule set has room for. */
export const SET_SIZE = 65_535;

/**
 * The rate ban: after `mistakes` within `windowMs` of the first, the next one bans the source for `banMs`;
 * the ban is not renewed while it lasts.
 */
export const BAN_RULE = { mistakes: 5, windowMs: 60_000, banMs: 600_000, prefix6: 64 } as const;

/** Returns the prefix length by which the mistakes of a family are counted. */
export function findBanPrefix({ banPrefix6 }: Plan, family: Plan["families"][number]): number {
  return family === "ipv4" ? ADDRESS_BITS.ipv4 : banPrefix6;
}

/** Returns each port and protocol once, in order. */
export function listDistinctPorts(specs: readonly PortSpec[]): PortSpec[] {
  const seen = new Map(specs.map((spec) => [renderPortSpec(spec), spec]));
  return [...seen.values()].map(({ port, protocol }) => ({ port, protocol }));
}

/** Returns the udp ports of secret knocks: packets of connections are looked at there, too. */
export function listSecretPorts({ stages, closing }: Pick<Plan, "stages" | "closing">): PortSpec[] {
  return listDistinctPorts([...stages, ...closing].filter(({ payload }) => payload !== undefined));
}

/** Whether a packet can be the knock of both stages. */
export function canCoincide(a: Stage, b: Stage): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  const [one, other] = [a.payload, b.payload];
  return one === undefined || other === undefined || one.toHex() === other.toHex();
}
