/**
 * The plan: the rule set of one machine's doors, in no firewall's language. The model in `model/` plays it,
 * the back ends in `rules/` render it, and the proof compares the two.
 */
import { ADDRESS_BITS } from "../core/address/syntax.ts";
import { type Codes, findWindows, haveSameKey } from "./codes.ts";
import {
  type Forward,
  listDistinctPorts,
  type PortRange,
  type PortSpec,
  type Service,
} from "../core/service.ts";

/** The packet that moves its source one stage on: a bare SYN, or a datagram. */
export type Stage =
  | { port: number; protocol: "tcp"; payload?: undefined; codes?: undefined }
  /**
   * `payload` is the exact payload, or `codes` say which it is at a moment; where both are undefined, any is
   * accepted (a regular knock).
   */
  | {
    port: number;
    protocol: "udp";
    payload?: Uint8Array | undefined;
    codes?: Codes | undefined;
  };

/** What the knocks of one target open. */
export interface Door {
  /** The target's name: letters, digits, `-` and `_`. */
  name: string;
  /** In the order of the knocks; at least one. */
  stages: readonly Stage[];
  /** The knocks that close the door for their source again, in order; empty for none. */
  closing: readonly Stage[];
  /** The services of this machine that are closed until a source has passed all stages. */
  opens: readonly Service[];
  /** The forwarded ports that are closed until then. */
  forwards: readonly Forward[];
  /** Milliseconds in which a source may open new connections after its last knock. */
  openForMs: number;
  /** Milliseconds that a stage waits for the next knock. */
  stageTimeoutMs: number;
  /** Whether a packet to any other port resets the sequence of its source. */
  guard: boolean;
}

/** The rule set of one machine. */
export interface Plan {
  /** Of the rule set: letters, digits, `-` and `_`; that of the first door unless an option says it. */
  name: string;
  /** At least one; their names differ. */
  doors: readonly Door[];
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
  publicServices: readonly Service[];
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

/** Returns all knocks of a rule set, the closing ones too. */
export function listKnocks({ doors }: Pick<Plan, "doors">): Stage[] {
  return doors.flatMap(({ stages, closing }) => [...stages, ...closing]);
}

/** Returns the knocks of all doors but this one. */
export function listOtherKnocks({ doors }: Pick<Plan, "doors">, { name }: Door): Stage[] {
  return listKnocks({ doors: doors.filter((other) => other.name !== name) });
}

/** Returns the udp ports of secret knocks: packets of connections are looked at there, too. */
export function listSecretPorts(plan: Pick<Plan, "doors">): PortSpec[] {
  return listDistinctPorts(listKnocks(plan).filter(isSecret));
}

/** Whether a knock carries what cannot be guessed. */
export function isSecret({ payload, codes }: Stage): boolean {
  return payload !== undefined || codes !== undefined;
}

/** A door with one-time codes, and the port where they arrive. */
export interface CodedDoor {
  door: Door;
  port: number;
  codes: Codes;
}

/** Returns the doors that take one-time codes. */
export function listCodedDoors({ doors }: Pick<Plan, "doors">): CodedDoor[] {
  return doors.flatMap((door) =>
    door.stages.flatMap(({ port, codes }) => codes === undefined ? [] : [{ door, port, codes }])
  );
}

/** Returns how many codes the firewall of a plan holds; `Infinity` where they have no end. */
export function countCodes(plan: Pick<Plan, "doors">): number {
  return listCodedDoors(plan).reduce((sum, { codes }) => {
    const { first, last } = findWindows(codes);
    return sum + (last - first + 1) * codes.slots * codes.keys.length;
  }, 0);
}

/** Returns the services of this machine that a door guards; a translated port can be one as well. */
export function listGuarded({ opens, forwards }: Pick<Door, "opens" | "forwards">): Service[] {
  return [...opens, ...listTranslated({ forwards })];
}

/** Returns the ports that a door guards by what the client sees, before NAT. */
export function listTranslated({ forwards }: Pick<Door, "forwards">): PortRange[] {
  return forwards.filter(({ host }) => host === undefined).map(({ service }) => service);
}

/** Returns the services of which no packet is a mistake: those that are named, guarded or public. */
export function listNeutral({ doors, publicServices }: Plan): Service[] {
  return [...doors.flatMap(listGuarded), ...publicServices]
    .filter(({ protocol }) => protocol !== "all");
}

/** Whether the knocks can be among those that are sent, in this order. */
export function isWithin(knocks: readonly Stage[], sent: readonly Stage[]): boolean {
  let next = 0;
  for (const packet of sent) {
    const knock = knocks[next];
    if (knock !== undefined && canCoincide(knock, packet)) next++;
  }
  return next === knocks.length;
}

/** Whether a packet can be the knock of both stages. */
export function canCoincide(a: Stage, b: Stage): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  if (a.codes !== undefined && b.codes !== undefined) return haveSameKey(a.codes, b.codes);
  if (a.codes !== undefined) return b.payload === undefined;
  if (b.codes !== undefined) return a.payload === undefined;
  const [one, other] = [a.payload, b.payload];
  return one === undefined || other === undefined || one.toHex() === other.toHex();
}
