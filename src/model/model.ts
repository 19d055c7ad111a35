/**
 * A pure model of a firewall that watches for a sequence of knocks: a packet and a moment in, a
 * verdict out. Each back end renders what docs/firewall-model.md specifies, and so does this file;
 * "rule 6" here is rule 6 there.
 */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { createNetworkMatcher, findNetwork, parseAddress } from "../core/address.ts";
import type { Protocol } from "../core/knock.ts";
import {
  BAN_RULE,
  findBanPrefix,
  type Plan,
  type PortSpec,
  SET_SIZE,
  type Stage,
} from "../core/plan.ts";
import { TimedSet } from "./timed_set.ts";

/** One packet as the firewall sees it. */
export interface ModelPacket {
  /** The source address, IPv4 or IPv6. */
  source: string;
  protocol: Protocol;
  /** The destination port, 1..65535. */
  port: number;
  /** udp only; empty where undefined. */
  payload?: Uint8Array | undefined;
  /** tcp only: `syn` (where undefined) is a bare SYN, `other` anything else without a connection. */
  flags?: "syn" | "other" | undefined;
  /** False for broadcast and multicast; true where undefined. */
  toHost?: boolean | undefined;
  /** Whether it belongs to a connection that is tracked, such as udp that was answered. */
  established?: boolean | undefined;
}

/** What the rules made of a packet. */
export type Verdict =
  & {
    /** Whether the packet gets past these rules; false only at a protected port. */
    accepted: boolean;
    /** Rule 5: the closing knock (1-based) that the packet was; the last one closes the door. */
    closing?: number | undefined;
  }
  & (
    /** Rule 6: the source is now in `stage` (1-based). */
    | { kind: "advance"; stage: number }
    /** Rule 6: the last knock was right; the open time ends at `until`, in milliseconds. */
    | { kind: "open"; until: number }
    /** Rule 7: a late copy of the knock of `stage` (1-based). */
    | { kind: "duplicate"; stage: number }
    /** Rules 9 and 10: a mistake; whether the sequence was reset, and whether the source is banned now. */
    | { kind: "mistake"; reset: boolean; banned: boolean }
    /** Rule 4: a banned source; its knocks do not count. */
    | { kind: "banned" }
    /** Rule 11: a protected port, closed for this source. */
    | { kind: "refuse" }
    /** Rule 11: any other port, or a protected port that is open for this source. */
    | { kind: "pass" }
  );

/** A firewall and its sets. Moments are milliseconds, from any fixed moment, never going back. */
export interface FirewallModel {
  /**
   * Passes a packet through the rules.
   *
   * @throws {RangeError} if the source is not an address.
   */
  receive(packet: ModelPacket, at: number): Verdict;
  /** Whether the protected ports are open for the source (by its knocks, trusted, or not covered). */
  isLetIn(source: string, at: number): boolean;
}

/** Whether the packet is the knock of the stage (docs/firewall-model.md, "Knocks"). */
export function isKnock(stage: Stage, packet: ModelPacket): boolean {
  if (stage.port !== packet.port || stage.protocol !== packet.protocol) return false;
  // Of a connection only a packet with the secret is a knock.
  if (packet.established === true && stage.payload === undefined) return false;
  if (stage.protocol === "tcp") return (packet.flags ?? "syn") === "syn";
  return stage.payload === undefined || isSameBytes(stage.payload, packet.payload ?? NO_BYTES);
}

/**
 * Returns a firewall with these rules, whose sets are empty.
 *
 * @throws {RangeError} if the plan has no stage, or a trusted entry that is neither an address nor a
 * network.
 */
export function createFirewallModel(plan: Plan): FirewallModel {
  if (plan.stages.length === 0) throw new RangeError("a plan needs at least one stage");
  return new PlanModel(plan);
}

class PlanModel implements FirewallModel {
  readonly #plan: Plan;
  /** `#stages[i - 1]` is stage `i`; the last one is the open set. */
  readonly #stages: readonly TimedSet[];
  readonly #openSet: TimedSet;
  /** `#closing[i - 1]` is closing stage `i`; the last closing knock needs no set. */
  readonly #closing: readonly TimedSet[];
  readonly #bans = new BanList();
  readonly #identify: (source: string) => Identity;
  readonly #isProtected: (spec: PortSpec) => boolean;
  readonly #isPublic: (spec: PortSpec) => boolean;
  readonly #isKnockPort: (spec: PortSpec) => boolean;

  constructor(plan: Plan) {
    const { stageTimeoutMs, openForMs } = plan;
    this.#plan = plan;
    this.#openSet = new TimedSet({ timeoutMs: openForMs, size: SET_SIZE });
    const makeStage = () => new TimedSet({ timeoutMs: stageTimeoutMs, size: SET_SIZE });
    this.#stages = [...plan.stages.slice(1).map(makeStage), this.#openSet];
    this.#closing = plan.closing.slice(1).map(makeStage);
    this.#identify = createIdentifier(plan);
    this.#isProtected = createPortMatcher(plan.protectedPorts);
    this.#isPublic = createPortMatcher(plan.publicPorts);
    this.#isKnockPort = createPortMatcher([...plan.stages, ...plan.closing]);
  }

  receive(packet: ModelPacket, at: number): Verdict {
    const identity = this.#identify(packet.source);
    return identity.isExempt ? { kind: "pass", accepted: true } : this.#walk(packet, identity, at);
  }

  isLetIn(source: string, at: number): boolean {
    const { key, isExempt } = this.#identify(source);
    return isExempt || this.#openSet.has(key, at);
  }

  /** Rules 3 to 11. */
  #walk(packet: ModelPacket, identity: Identity, at: number): Verdict {
    const { ban } = this.#plan;
    const { key, banKey } = identity;
    if (packet.toHost === false) return this.#passDoor(packet, key, at);
    if (ban && this.#bans.isBanned(banKey, at)) {
      const verdict = this.#passDoor(packet, key, at);
      return this.#isProtected(packet) ? verdict : { ...verdict, kind: "banned" };
    }
    const closing = this.#close(packet, key, at);
    const verdict = this.#judge(packet, identity, at);
    return closing === undefined ? verdict : { ...verdict, closing };
  }

  /** Rules 6 to 11. */
  #judge(packet: ModelPacket, identity: Identity, at: number): Verdict {
    const { guard, ban, stages } = this.#plan;
    const { key } = identity;
    const stage = this.#advance(packet, key, at);
    if (stage !== undefined) {
      const { accepted } = this.#passDoor(packet, key, at);
      return stage === stages.length
        ? { kind: "open", accepted, until: this.#openSet.until(key, at) as number }
        : { kind: "advance", accepted, stage };
    }
    return (guard || ban) && packet.established !== true
      ? this.#countMistake(packet, identity, at)
      : this.#passDoor(packet, key, at);
  }

  /** Rule 5: the number of the closing knock that the packet is; the last one closes the door. */
  #close(packet: ModelPacket, key: string, at: number): number | undefined {
    const { closing } = this.#plan;
    for (let number = closing.length; number >= 1; number--) {
      if (!isKnock(closing[number - 1] as Stage, packet)) continue;
      if (number > 1 && !this.#closing[number - 2]?.has(key, at)) continue;
      if (number === closing.length) {
        for (const stage of this.#stages) stage.delete(key, at);
        return number;
      }
      if (this.#closing[number - 1]?.write(key, undefined, at)) return number;
    }
    return undefined;
  }

  /** Rule 6: the stage that the source is in now; undefined where the packet is not its knock. */
  #advance(packet: ModelPacket, key: string, at: number): number | undefined {
    for (let stage = this.#stages.length; stage >= 1; stage--) {
      if (!isKnock(this.#plan.stages[stage - 1] as Stage, packet)) continue;
      if (stage > 1 && !this.#stages[stage - 2]?.has(key, at)) continue;
      if (this.#stages[stage - 1]?.write(key, undefined, at)) return stage;
    }
    return undefined;
  }

  /** Rules 7 to 11, for a packet that is not a knock at this moment. */
  #countMistake(packet: ModelPacket, { key, banKey }: Identity, at: number): Verdict {
    const verdict = this.#passDoor(packet, key, at);
    const copied = this.#plan.stages.findLastIndex((stage, index) =>
      isKnock(stage, packet) && this.#stages[index]?.has(key, at)
    );
    if (copied !== -1) return { ...verdict, kind: "duplicate", stage: copied + 1 };
    if (this.#isProtected(packet) || this.#isPublic(packet)) return verdict;
    const isCounted = this.#plan.ban && !this.#isKnockPort(packet);
    const banned = isCounted && this.#bans.count(banKey, at);
    const reset = this.#plan.guard && this.#resetSequence(key, at);
    return { ...verdict, kind: "mistake", reset, banned };
  }

  /** Rule 10: whether there was a stage to delete the source from. */
  #resetSequence(key: string, at: number): boolean {
    let reset = false;
    for (const stage of this.#stages) {
      if (stage !== this.#openSet && stage.delete(key, at)) reset = true;
    }
    return reset;
  }

  /** Rule 11. */
  #passDoor(packet: ModelPacket, key: string, at: number): Verdict & { kind: "pass" | "refuse" } {
    const accepted = packet.established === true || !this.#isProtected(packet) ||
      this.#openSet.has(key, at);
    return { kind: accepted ? "pass" : "refuse", accepted };
  }
}

interface Identity {
  /** The same for every way to write the address, and for all of its network where the plan says so. */
  key: string;
  /** Whose mistakes are counted together. */
  banKey: string;
  /** Rules 1 and 2: trusted, or of a family that is not covered. */
  isExempt: boolean;
}

function createIdentifier(plan: Plan): (source: string) => Identity {
  const isTrusted = createNetworkMatcher(plan.trusted);
  // An attack sends up to a hundred thousand packets in a row from one source.
  let recent: { source: string; identity: Identity } | undefined;
  return (source) => {
    if (recent?.source === source) return recent.identity;
    const address = parseAddress(source);
    const identity = {
      key: findNetwork(address, plan.prefixes[address.family]).text,
      banKey: findNetwork(address, findBanPrefix(plan, address.family)).text,
      isExempt: !plan.families.includes(address.family) || isTrusted(address),
    };
    recent = { source, identity };
    return identity;
  };
}

/** The bans of rules 4 and 9. */
class BanList {
  readonly #banned = new TimedSet({ timeoutMs: BAN_RULE.banMs, size: SET_SIZE });
  /** `#mistakes[i - 1]` is for sources with `i` mistakes. */
  readonly #mistakes = Array.from(
    { length: BAN_RULE.mistakes },
    () => new TimedSet({ timeoutMs: BAN_RULE.windowMs, size: SET_SIZE }),
  );

  isBanned(key: string, at: number): boolean {
    return this.#banned.has(key, at);
  }

  /** Counts a mistake; returns whether the source is banned for it. */
  count(key: string, at: number): boolean {
    const [first] = this.#mistakes;
    if (!first?.has(key, at)) {
      first?.write(key, undefined, at);
      return false;
    }
    for (let count = this.#mistakes.length; count >= 1; count--) {
      if (!this.#mistakes[count - 1]?.has(key, at)) continue;
      const next = this.#mistakes[count] ?? this.#banned;
      if (next.write(key, undefined, at)) return next === this.#banned;
    }
    return false;
  }
}

function createPortMatcher(specs: readonly PortSpec[]): (spec: PortSpec) => boolean {
  const ports = { tcp: new Set<number>(), udp: new Set<number>() };
  for (const { protocol, port } of specs) ports[protocol].add(port);
  return ({ protocol, port }) => ports[protocol].has(port);
}

const NO_BYTES = new Uint8Array();

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
