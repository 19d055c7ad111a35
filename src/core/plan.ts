/**
 * The plan: the platform-neutral rule set of a gate. The model in `gate/` runs it, the back ends in
 * `rules/` render it, the proof compares the two.
 */
import type { Protocol } from "./knock.ts";

/** A port of one transport. */
export interface PortSpec {
  /** 1..65535 */
  port: number;
  protocol: Protocol;
}

/** What one packet must be to move its source one stage on. */
export interface Stage extends PortSpec {
  /** The exact payload; undefined where any will do (a regular knock). Only udp has one. */
  payload?: Uint8Array | undefined;
}

/** A gate for one target. */
export interface Plan {
  /** The target's name: letters, digits, `-` and `_`. */
  name: string;
  /** In the order of the knocks; at least one. */
  stages: readonly Stage[];
  /** What is closed until a source has passed all stages. */
  open: readonly PortSpec[];
  /** Milliseconds that a source may open new connections after its last knock. */
  openForMs: number;
  /** Milliseconds that a stage waits for the next knock. */
  stageTimeoutMs: number;
  /** Whether a packet to any other port loses the progress of its source. */
  guard: boolean;
  /** Whether a source that sends many wrong packets in a short time is blocked for a while. */
  ban: boolean;
  /** Which families the rules cover; at least one. */
  families: readonly ("ipv4" | "ipv6")[];
  /** The WAN interface; any where undefined. */
  interface?: string | undefined;
  /** Addresses and CIDR networks that are never locked out. */
  trusted: readonly string[];
  /** Services that stay open to everyone; the guard does not count them as mistakes. */
  public: readonly PortSpec[];
}

/** How many addresses each of a gate's sets has room for. */
export const SET_SIZE = 65_535;

/**
 * The rate ban: a token bucket for each source, `burst` deep, refilled at `perMinute`. The mistake
 * that finds it empty (the sixth within a minute) bans the source for `banMs`; the ban is not
 * renewed while it lasts.
 */
export const BAN_RULE = { perMinute: 5, burst: 5, banMs: 600_000 } as const;
