/**
 * A target is a door: a host, a sequence of knocks, probes, and what to do afterwards.
 *
 * Rules: a name has letters, digits, `-` and `_`, starts with a letter and is at most 64 long; a
 * host is a name, an IPv4 or an IPv6 address, without white space or control characters. A source is
 * an address of this machine (a link-local one with its zone) or the name of an interface; brackets around
 * an IPv6 address are taken off either.
 */
import { UsageError, ValueError } from "./errors.ts";
import { isAddress, isIpv4, isIpv6, isSshPlace, needsZone } from "./address/syntax.ts";
import type { Fwknop } from "./fwknop.ts";
import type { Knock } from "./knock.ts";
import type { Rolling } from "./rolling.ts";
import type { Delay } from "./sequence.ts";
import { isPorts, type Service } from "./service.ts";

/** Which address family to use; `both` knocks over the two at once. */
export type Family = "any" | "ipv4" | "ipv6" | "both";

/**
 * The probes that spknock knows itself, and what each of them has to know. How they are written is a
 * row each in `probe/kinds.ts`; the compiler compares the two.
 */
export interface ProbeKeys {
  tcp: { port: number };
  tls: { port: number };
  http: {
    /** A full URL; its host is reached at the target's pinned address. */
    url: string;
    /** The status that means open; any below 500 where undefined. */
    status?: number | undefined;
  };
  ssh: { port: number };
  ping: Record<never, never>;
  udp: {
    port: number;
    /** What is sent; any answer means open. */
    send: Uint8Array;
  };
  exec: {
    /** Handed to the program. */
    port?: number | undefined;
    /** Program and arguments. */
    command: readonly string[];
  };
}

/** The types of the probes that spknock knows itself. */
export type ProbeType = keyof ProbeKeys;

/** A program of the user's that has a name in `[plugins]`. */
export interface PluginSpec {
  type: "plugin";
  name: string;
  /** Program and arguments. */
  command: readonly string[];
  /** All its other keys, handed over in the JSON. */
  options: Readonly<Record<string, unknown>>;
}

/** A question that tells whether the door is open. */
export type ProbeSpec =
  | { [T in ProbeType]: { type: T } & ProbeKeys[T] }[ProbeType]
  | PluginSpec & { port?: number | undefined };

/** The probes of some types. */
export type ProbeOf<T extends ProbeSpec["type"]> = Extract<ProbeSpec, { type: T }>;

/**
 * A program that runs when the door is open. In its command `{target}`, `{host}`, `{address}`, `{port}`
 * and `{attempt}` are filled in.
 */
export type AfterSpec = { type: "exec"; command: readonly string[] } | PluginSpec;

/** What every key of a target but `host` and `knocks` is, with its default filled in. */
export interface TargetSettings {
  description: string;
  tags: readonly string[];
  /** Milliseconds from one knock to the next, measured from the first packet. */
  delayMs: Delay;
  family: Family;
  /** What the door opens; empty where the target does not say. */
  opens: readonly Service[];
  /** The local address to send from, or the interface whose address it is. */
  source?: string | undefined;
  /** Where ssh logs in to the firewall, `[USER@]HOST`: for `apply`. Each target has its own, or none. */
  admin?: string | undefined;
  /** Milliseconds that a tcp knock lets its handshake take; a bare SYN where undefined. */
  handshakeMs?: number | undefined;
  /** How often to knock until the probes pass. */
  tries: number;
  /** How often each packet is sent; for `auto` see `sequence.ts`. */
  copies: "auto" | number;
  /** Milliseconds that the firewall keeps the door open. */
  openForMs: number;
  /** Milliseconds that the firewall waits for the next knock. */
  stageTimeoutMs: number;
  /** Milliseconds for one try's probes. */
  timeoutMs: number;
  /** Where neither the target nor the defaults name any: see {@linkcode makeDefaultProbes}. */
  probes: readonly ProbeSpec[];
  after: readonly AfterSpec[];
  /** How the codes of its secret knock change with time; undefined where it carries a fixed payload. */
  rolling?: Rolling | undefined;
}

/**
 * Returns the target if its knocks are always the same.
 *
 * @param what of, for the error: what needs them.
 * @throws {UsageError} where each run takes another sequence.
 */
export function requireFixedKnocks<T extends Pick<Target, "name" | "oneTime">>(
  target: T,
  what: string,
): T {
  if (target.oneTime === undefined) return target;
  throw new UsageError(`"${target.name}" has one-time sequences, which ${what} cannot use`, {
    code: "one_time",
    hint: "use a target with knocks of its own",
  });
}

/** Where `connect` leads, when that is not the host that is knocked on. */
export interface ConnectSpec {
  /** A host behind the same firewall; the target's own where undefined. */
  host?: string | undefined;
  /** For `ssh-config`; 1..65535. */
  port?: number | undefined;
}

/** A door. */
export interface Target extends TargetSettings {
  name: string;
  host: string;
  /**
   * At least one; of a door of fwknopd the one packet, whose payload is the key. Empty where each run takes a
   * sequence of `oneTime`.
   */
  knocks: readonly Knock[];
  /** The file of knockd's one-time sequences, which each run takes the next one of. */
  oneTime?: string | undefined;
  /** What the packet of a door of fwknopd is made of. */
  fwknop?: Fwknop | undefined;
  /** What shuts the door again; at least one. */
  close?: readonly Knock[] | undefined;
  connect?: ConnectSpec | undefined;
}

/** The settings of a target that sets none. */
export const DEFAULT_SETTINGS: TargetSettings = {
  description: "",
  tags: [],
  delayMs: "auto",
  family: "any",
  opens: [],
  tries: 3,
  copies: "auto",
  openForMs: 300_000,
  stageTimeoutMs: 5_000,
  timeoutMs: 10_000,
  probes: [],
  after: [],
};

/**
 * Returns the probes of a target that names none: the first single tcp port that it opens. The firewall opens
 * all of them at once, and a udp port proves nothing by its silence.
 */
export function makeDefaultProbes(opens: readonly Service[]): ProbeSpec[] {
  const first = opens.filter(isPorts).find(({ protocol, last }) =>
    protocol === "tcp" && last === undefined
  );
  return first === undefined ? [] : [{ type: "tcp", port: first.port }];
}

/**
 * `text` if it can name a target.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseTargetName(text: string): string {
  if (isTargetName(text)) return text;
  throw new ValueError(
    text,
    `cannot name a target: use letters, digits, - and _, starting with a letter, at most 64`,
  );
}

/** Whether `text` can name a target. */
export function isTargetName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(text);
}

/**
 * `text` if it can be a host: a name, an IPv4 or an IPv6 address (brackets are taken off).
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseHost(text: string): string {
  const bare = /^\[(.+)\]$/.exec(text)?.[1];
  const host = bare !== undefined && isIpv6(bare) ? bare : text;
  const isName = host.length <= 253 && host.replace(/\.$/, "").split(".").every(isLabel);
  const isBadV4 = /^[\d.]+$/.test(host) && !isIpv4(host);
  if ((!isName || isBadV4) && !isIpv6(host)) {
    throw new ValueError(text, "is not a host: use a name, an IPv4 or an IPv6 address");
  }
  return host;
}

/**
 * `text` if packets can leave from it: an address of this machine, or an interface by its name.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseSource(text: string): string {
  const bare = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
  if (isAddress(bare)) {
    if (!needsZone(bare)) return bare;
    throw new ValueError(
      text,
      "is link-local and needs its interface: use ADDRESS%INTERFACE, such as fe80::1%eth0",
    );
  }
  if (bare === text && isInterfaceName(text)) return text;
  throw new ValueError(
    text,
    "is not a source: use an IPv4 or an IPv6 address of this machine, or an interface such as eth0",
  );
}

/** Windows has names with spaces, such as `Local Area Connection`. */
function isInterfaceName(text: string): boolean {
  return /^[\p{L}_][^:/\p{Cc}]{0,63}$/u.test(text) && !/^\s|\s$/.test(text);
}

/**
 * `text` if ssh can be given it as its destination, `[USER@]HOST`: neither an option (`-oProxyCommand=...`) nor
 * more than a word of a shell.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseLogin(text: string): string {
  if (isSshPlace(text)) return text;
  throw new ValueError(text, "is not a place to log in to: use [USER@]HOST");
}

/** Whether two hosts are the same: names do not differ by case or by the root's dot (RFC 4343). */
export function isSameHost(one: string, other: string): boolean {
  const plain = (host: string) => host.toLowerCase().replace(/\.$/, "");
  return plain(one) === plain(other);
}

/** A part of a name; `\p{M}` for scripts that write vowels as marks, such as Devanagari. */
function isLabel(text: string): boolean {
  if (text.length > 63) return false;
  // The expression for every script takes longer to compile than three knocks take to send.
  return /^\w(?:[\w-]*\w)?$/.test(text) ||
    /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u.test(text);
}

/** Returns the hosts of targets, each once: doors of one machine can have several names. */
export function nameHosts(targets: readonly Pick<Target, "host">[]): string {
  const hosts = targets.map(({ host }) => host);
  const distinct = hosts.filter((host, index) =>
    hosts.findIndex((other) => isSameHost(other, host)) === index
  );
  return distinct.join(", ");
}
