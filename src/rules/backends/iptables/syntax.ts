/**
 * What the rules of a plan in iptables' language have in common: names, lists of sources, services, knocks.
 *
 * Measured with live packets:
 * - `--syn` alone is `FIN,SYN,RST,ACK SYN`, which is a TCP knock;
 * - `string` with `kmp`, because Boyer-Moore can miss in fragmented buffers, and with `length`, because
 *   a longer payload would match too; `--from` leaves out the headers, in which a short payload could
 *   be found;
 * - `recent` is the last match of a rule: `--set` before `string` writes the source even when that fails;
 * - lists of `recent` are shared by both families, but a list that IPv4 made compares 32 bits only, so
 *   that each family has its own.
 *
 * The names of chains and lists are short. A chain's has at most 28 characters, a set's 31 (measured, iptables 1.8.9
 * and ipset 7.17): `spk.`, 12 of the rule set, a dot, 6 of the door, 3 of what it is, 3 of the prefix, and
 * `.4` or `.6`. What follows the rule set's name has no dot but the last one, so that the names of one rule set never
 * match another's.
 */
import { ADDRESS_BITS } from "../../../core/address/syntax.ts";
import { CODE_BYTES } from "../../../core/rolling.ts";
import { renderMask } from "../../../core/address/address.ts";
import { type Door, findBanPrefix, type Plan, type Stage } from "../../../plan/plan.ts";
import { mergePorts, type PortRange, type Service } from "../../../core/service.ts";
import { isAmongSecrets, refuse, renderRange, splitRanges, TRANSPORTS } from "../../backend.ts";
import { checksum, shortenName } from "../names.ts";
import { quoteRestore } from "../quote/restore.ts";

const UDP_HEADER = 8;
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;

const MAX_NAME = 12;
const DOOR_DIGITS = 5;

/** The most that two characters count to; see {@linkcode shortenNumber}. */
export const MAX_NUMBER = 359;

/** The names of one family. */
interface IptablesNames {
  /** A chain of the rule set. */
  own(chain: string): string;
  /** A chain of a door. */
  door(door: Door, chain: string): string;
  /** The chain of a numbered knock: `s` of an opening one, `c` of a closing one; `k` of a key of one-time codes. */
  knock(door: Door, kind: "s" | "c" | "k", number: number): string;
  /** The open list for the last stage. */
  stageList(door: Door, number: number): string;
  closingList(door: Door, number: number): string;
  banList: string;
  mistakeList(count: number): string;
}

/** Returns the start of the name of every chain and list of a rule set. */
export function createBaseName(name: string): string {
  return `spk.${shortenName(name, MAX_NAME)}`;
}

/**
 * Returns the names of a plan's chains and lists.
 *
 * @param nameOpen the kind of a door's open list.
 * @throws {UsageError} if two doors have the same checksum.
 */
export function createIptablesNames(
  plan: Plan,
  family: Plan["families"][number],
  nameOpen: (door: Door) => string,
): IptablesNames {
  const base = createBaseName(plan.name);
  const tags = createTags(plan);
  const nameList = (text: string, prefix: number) =>
    `${base}.${text}${renderPrefix(prefix, family)}.${family === "ipv4" ? "4" : "6"}`;
  const nameIn = (door: Door, kind: string) =>
    nameList(`${tags.get(door) ?? ""}${kind}`, plan.prefixes[family]);
  const nameCounted = (kind: string) => nameList(kind, findBanPrefix(plan, family));
  const nameChain = (door: Door, chain: string) => `${base}.${tags.get(door) ?? ""}${chain}`;
  return {
    own: (chain) => `${base}.${chain}`,
    door: nameChain,
    knock: (door, kind, number) => nameChain(door, `${kind}${shortenNumber(number)}`),
    stageList: (door, number) =>
      nameIn(door, number === door.stages.length ? nameOpen(door) : `s${shortenNumber(number)}`),
    closingList: (door, number) => nameIn(door, `c${shortenNumber(number)}`),
    banList: nameCounted("b"),
    mistakeList: (count) => nameCounted(`m${count}`),
  };
}

/**
 * The door that has the rule set's own name needs none; for all others a checksum stays the same when doors
 * come, go or change places, and so their open lists stay.
 */
function createTags({ name, doors }: Plan): Map<Door, string> {
  const tags = new Map<Door, string>();
  const names = new Map<string, string>();
  for (const door of doors) {
    const tag = door.name === name ? "" : `x${renderChecksum(door.name)}`;
    const other = names.get(tag);
    if (other !== undefined) {
      throw refuse(
        "iptables",
        `the targets "${other}" and "${door.name}" in one rule set: the checksums of their names are the same`,
        "rename one of them",
      );
    }
    tags.set(door, tag);
    names.set(tag, door.name);
  }
  return tags;
}

function renderChecksum(name: string): string {
  return (checksum(name) % 36 ** DOOR_DIGITS).toString(36).padStart(DOOR_DIGITS, "0");
}

/** A list keeps the prefix that it was made with: another prefix has a list of its own. */
function renderPrefix(prefix: number, family: Plan["families"][number]): string {
  return prefix === ADDRESS_BITS[family] ? "" : `n${shortenNumber(prefix)}`;
}

/** At most two characters: 7, 64, and a letter for ten tens or more (c7 is 127). */
function shortenNumber(number: number): string {
  if (number < 10) return String(number);
  return `${Math.floor(number / 10).toString(36)}${number % 10}`;
}

/** What keeps the lists of sources. */
export type Variant = "ipset" | "recent";

/** What the rules of one family are made from. */
export interface RuleContext {
  plan: Plan;
  family: Plan["families"][number];
  names: IptablesNames;
  lists: Lists;
  /** For the lists of mistakes and bans. */
  banLists: Lists;
}

/** The syntax for checking and writing a list: parts of a rule. */
interface Lists {
  has(list: string, seconds: number): string;
  /** A whole rule; the packet continues with the next one. */
  write(list: string, seconds: number): string;
  /** A whole rule; the packet continues with the next one. */
  remove(list: string): string;
}

/** A chain, its rules, and what they do in plain words. */
export type Chain = [name: string, rules: string[], words: string];

const IPSET: Lists = {
  has: (list) => `-m set --match-set ${list} src`,
  write: (list, seconds) => `-j SET --add-set ${list} src --exist --timeout ${seconds}`,
  remove: (list) => `-j SET --del-set ${list} src`,
};

/**
 * Returns the syntax of a variant.
 *
 * @param prefix the length of the part of a source that is compared.
 */
export function makeLists(
  variant: Variant,
  family: Plan["families"][number],
  prefix: number,
): Lists {
  if (variant === "ipset") return IPSET;
  const isFull = prefix === ADDRESS_BITS[family];
  const end = isFull ? "--rsource" : `--mask ${renderMask(family, prefix)} --rsource`;
  return {
    has: (list, seconds) => `-m recent --rcheck --seconds ${seconds} --name ${list} ${end}`,
    write: (list) => `-m recent --set --name ${list} ${end}`,
    remove: (list) => `-m recent --remove --name ${list} ${end}`,
  };
}

/** Returns the match of the sources that are in a stage of a door. */
export function isInStage({ names, lists }: RuleContext, door: Door, number: number): string {
  return lists.has(names.stageList(door, number), findSeconds(door, number));
}

/** Returns the match of the open sources of a door. */
export function isOpenFor(context: RuleContext, door: Door): string {
  return isInStage(context, door, door.stages.length);
}

/** Returns how long a stage of a door lasts. */
export function findSeconds(door: Door, number: number): number {
  return (number === door.stages.length ? door.openForMs : door.stageTimeoutMs) / 1_000;
}

/** Returns the match of the packets of connections, with this verdict. */
export function renderConnections(verdict: string): string {
  return `-m conntrack --ctstate RELATED,ESTABLISHED -j ${verdict}`;
}

/** Returns as few rules as have room for the ports, with `rest` after the match. */
export function renderPortRules(services: readonly Service[], rest: string): string[] {
  return TRANSPORTS.flatMap((protocol) =>
    splitRanges(mergePorts(services, protocol)).map((ranges) => {
      const ports = ranges.map((range) => renderRange(range, ":")).join(",");
      const match = ranges.length === 1 ? `--dport ${ports}` : `-m multiport --dports ${ports}`;
      return `-p ${protocol} ${match} ${rest}`;
    })
  );
}

/**
 * Returns one rule for each range, by the port that the client sees, before NAT.
 *
 * @param state as `DNAT`: only packets in it.
 */
export function renderTranslatedRules(
  services: readonly PortRange[],
  rest: string,
  state?: string,
): string[] {
  const match = state === undefined ? "" : `--ctstate ${state} `;
  return TRANSPORTS.flatMap((protocol) =>
    mergePorts(services, protocol).map((range) =>
      `-p ${protocol} -m conntrack ${match}--ctorigdstport ${renderRange(range, ":")} ` +
      `--ctdir ORIGINAL ${rest}`
    )
  );
}

/** Returns a rule for echo requests, if they are among the services. */
export function renderEchoRules(
  services: readonly Service[],
  family: Plan["families"][number],
  rest: string,
): string[] {
  if (!services.some(({ protocol }) => protocol === "icmp")) return [];
  const match = family === "ipv4"
    ? "-p icmp --icmp-type echo-request"
    : "-p ipv6-icmp --icmpv6-type echo-request";
  return [`${match} ${rest}`];
}

/** A packet of another interface returns from the first chain; `-g` returns to the caller of that at once. */
export function renderEntryChains(
  { plan: { interfaces }, names }: RuleContext,
  { entry, rules, words }: { entry: string; rules: string[]; words: string },
): Chain[] {
  const own = names.own(entry);
  if (interfaces.length === 0) return [[own, rules, words]];
  const next = names.own("net");
  const matches = interfaces.map((name) =>
    `-i ${quoteRestore(name.replace(/\*$/, "+"))} -g ${next}`
  );
  return [[own, matches, "Packets of other interfaces are left alone."], [next, rules, words]];
}

/** The knock of a stage; of a connection only a packet with the secret is one. */
export function renderStage(stage: Stage, { plan, family }: RuleContext): string {
  const state = isAmongSecrets(stage, plan) ? " -m conntrack ! --ctstate RELATED,ESTABLISHED" : "";
  return renderMatch(stage, family) + state;
}

/** Returns the bytes before the payload of a datagram. */
export function findHeaders(family: Plan["families"][number]): number {
  return IP_HEADER[family] + UDP_HEADER;
}

/** Returns the match of the packets that have the port and the payload of a stage, or the length of its codes. */
export function renderMatch(stage: Stage, family: Plan["families"][number]): string {
  if (stage.protocol === "tcp") {
    return `-p tcp --dport ${stage.port} --tcp-flags FIN,SYN,RST,ACK SYN`;
  }
  const headers = findHeaders(family);
  if (stage.codes !== undefined) {
    return `-p udp --dport ${stage.port} -m length --length ${headers + CODE_BYTES}`;
  }
  if (stage.payload === undefined) return `-p udp --dport ${stage.port}`;
  return `-p udp --dport ${stage.port} -m length --length ${headers + stage.payload.length} ` +
    `-m string --algo kmp --from ${headers} --hex-string ${renderHexString(stage.payload)}`;
}

/** Returns the payload for the string match: as text if possible, otherwise as bytes between bars. */
function renderHexString(payload: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(payload);
  return /^[A-Za-z0-9]+$/.test(text) ? text : `|${payload.toHex()}|`;
}
