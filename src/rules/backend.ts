/** What a back end is, and what the back ends share. How to add one: CONTRIBUTING.md. */
import { UsageError } from "../core/errors.ts";
import {
  BAN_RULE,
  isSecret,
  listCodedDoors,
  listSecretPorts,
  type Plan,
  type Stage,
} from "../plan/plan.ts";
import { detectFamily } from "../core/address/syntax.ts";
import type { Forward, PortRange } from "../core/service.ts";
import type { Feature, Limits } from "./features.ts";

/** A firewall, or another knock daemon, in whose language plans can be rendered. */
export interface Backend {
  /** As in `--for NAME`. */
  name: string;
  /** As the header of a rule set names it. */
  title: string;
  /** One line for people. */
  summary: string;
  /** The extension of a file with its output, without the dot. */
  extension: string;
  /** The command that shows which ports a machine forwards or redirects. */
  showNat: string;
  /** The first line of a rule set that can be executed, with `#!`. */
  interpreter?: string;
  /** The values of `--variant`, the default first; empty where there is nothing to choose. */
  variants: readonly string[];
  /** The features of a plan that it renders; all others are refused by name. */
  supports: Readonly<Record<Feature, boolean>>;
  /** Of these the features that a variant does not render, by its name. */
  lacks?: Readonly<Partial<Record<string, readonly Feature[]>>>;
  /** What is different about a feature, for the documentation. */
  notes?: Readonly<Partial<Record<Feature, string>>>;
  limits: Readonly<Limits>;
  /**
   * Returns the rules, line by line, without the header: the same lines for the same plan. They
   * contain payload hashes, never a passphrase.
   *
   * @throws {UsageError} by {@linkcode refuse}, for what no feature and no limit describes.
   */
  render(request: RenderRequest): string[];
  /** Returns the lines of the header that say how to apply the rules, undo them and keep them. */
  renderAdvice(request: RenderRequest): string[];
  /** What belongs to one-time codes; undefined where they are not supported. */
  rolling?: RollingBackend;
  /** What `apply` needs to load the rules on a server; undefined where it cannot do that. */
  server?: ServerBackend;
}

/** The part of a back end that is about loading its rules on a server. */
interface ServerBackend {
  /** How the script that runs there (src/apply/runner) loads them. */
  kind: "nftables" | "openwrt" | "iptables";
  /** The name of the nftables table, or what the names of the chains and lists of iptables start with. */
  nameTable(plan: Plan): string;
  /**
   * Returns the lines that shut all doors for these addresses: commands of nft, or of a shell for iptables. An
   * open door cannot show that it is shut for who has not knocked.
   */
  renderShut(request: RenderRequest, addresses: readonly string[]): string[];
}

/** The part of a back end that is about one-time codes. */
interface RollingBackend {
  /**
   * Returns the lines that give the firewall its codes, one after the other: years of them do not fit in
   * memory. They follow the rules, or (`--codes-only`) are added to running ones, of which no open door is
   * closed. Undefined where the firewall makes the codes itself, of the key.
   */
  streamCodes?(request: RenderRequest): Iterable<string>;
  /** The command that adds the lines of `streamCodes` from its standard input, such as `nft -f -`. */
  loadCodes?: string;
  /** Returns the shell lines that take the codes of a key out of a running firewall, and keep them out. */
  renderRevoke(request: RenderRequest, key: { door: string; name: string }): string[];
}

/** Whether a back end holds a list of codes, which has an end. */
export function needsHorizon({ rolling }: Backend): boolean {
  return rolling?.streamCodes !== undefined;
}

/** A plan that the back end supports, and what else it renders. */
export interface RenderRequest {
  plan: Plan;
  /** One of the back end's variants; undefined where it has none. */
  variant: string | undefined;
  /** The file of the rules for the commands in the header; needs no quotes. */
  file: string;
}

/** Returns the error for a part of a plan that a back end does not support. */
export function refuse(backend: string, part: string, hint: string): UsageError {
  return new UsageError(`${backend} does not support ${part}`, { code: "unsupported", hint });
}

/** Returns the last part of a path. */
export function takeFileName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

/**
 * Returns a shell line that runs `undo` in a minute, unless `kill $undo` stops it. It ignores SIGHUP,
 * because a user who is locked out closes the terminal.
 */
export function renderTimedUndo(undo: string): string {
  return `(trap '' HUP; sleep 60; ${undo}) & undo=$!`;
}

/**
 * Returns the line of a crontab that adds more one-time codes, on the machine that has the keys.
 *
 * @param load the command on the firewall that reads them from its standard input.
 */
export function renderTopUp(
  plan: Plan,
  { backend, load }: { backend: string; load: string },
): string {
  const coded = listCodedDoors(plan);
  const targets = coded.map(({ door }) => door.name);
  const command = [
    `spknock rules ${targets.join(" ")} --for ${backend} --codes-only --until 1y --save`,
    // The table has the name of the rule set, and the codes are those of the same keys.
    ...(plan.name === targets[0] ? [] : [`--name ${plan.name}`]),
    ...(coded.some(({ codes }) => codes.keys.length > 1) ? ["--keys keys/*.key"] : []),
  ];
  return `  0 4 1 * * ${command.join(" ")} | ssh HOST ${load}`;
}

/** In the order in which rules have them. */
export const TRANSPORTS = ["tcp", "udp"] as const;

/** Returns the numbers of a range as `60000-61000`, or of a port as `22`. */
export function renderRange({ port, last }: PortRange, separator = "-"): string {
  return last === undefined ? String(port) : `${port}${separator}${last}`;
}

/** A multiport match takes so many ports, and a range counts as two (`XT_MULTI_PORTS`). */
const MULTIPORT_SLOTS = 15;

/** Returns ranges in groups that one multiport match takes: of iptables, ufw, and RouterOS, which is based on it. */
export function splitRanges(ranges: readonly PortRange[]): PortRange[][] {
  const parts: PortRange[][] = [];
  let room = 0;
  for (const range of ranges) {
    const size = range.last === undefined ? 1 : 2;
    if (size > room) {
      parts.push([]);
      room = MULTIPORT_SLOTS;
    }
    parts.at(-1)?.push(range);
    room -= size;
  }
  return parts;
}

/** Returns the trusted networks of one family. */
export function listTrusted(plan: Plan, family: Plan["families"][number]): string[] {
  return plan.trusted.filter((text) => detectFamily(text) === family);
}

/** Returns the hosts behind of one family, each once, with their services. */
export function listHosts(
  forwards: readonly Forward[],
  family: Plan["families"][number],
): { host: string; services: PortRange[] }[] {
  const hosts = new Set(forwards.flatMap(({ host }) => host ?? []));
  return [...hosts].filter((host) => detectFamily(host) === family).map((host) => ({
    host,
    services: forwards.filter((each) => each.host === host).map(({ service }) => service),
  }));
}

/**
 * Whether a host behind could be reached by source routing: a packet on its way through this machine still has
 * this machine's address then (measured; IPv6 has no such option any more).
 */
export function hasRoutedIpv4({ doors }: Plan, family: Plan["families"][number]): boolean {
  return family === "ipv4" && doors.some(({ forwards }) => listHosts(forwards, family).length > 0);
}

/**
 * The types of ICMPv6 that a network needs: multicast listeners (130 to 132, 143), and router and neighbour
 * discovery and redirects (133 to 137; RFC 4861, RFC 9777).
 */
export const NEEDED_ICMPV6 = [130, 131, 132, 133, 134, 135, 136, 137, 143] as const;

/** How many mistakes a source can have made without a ban, each a list of its own. */
export const MISTAKES: readonly number[] = Array.from(
  { length: BAN_RULE.mistakes },
  (_, index) => index + 1,
);

/**
 * Whether a regular knock is at the port of a secret one, where packets of connections arrive too: of those
 * only one with the secret is a knock.
 */
export function isAmongSecrets(stage: Stage, plan: Plan): boolean {
  return stage.protocol === "udp" && !isSecret(stage) &&
    listSecretPorts(plan).some((secret) => secret.port === stage.port);
}

/** Returns stages with their numbers, the last one first (docs/firewall-model.md, rules 5 and 6). */
export function listBackwards(stages: readonly Stage[]): { stage: Stage; number: number }[] {
  return stages.map((stage, index) => ({ stage, number: index + 1 })).reverse();
}
