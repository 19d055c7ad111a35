/**
 * The gate: a pure model of a firewall that watches for a sequence of knocks. A packet and a moment
 * in, a verdict out. What a back end renders behaves like this, rule by rule:
 *
 * Before the rules, and never seen by the model: other interfaces, loopback, packets of established
 * and related connections, IPv6 neighbour discovery.
 *
 * 1. family: a packet of a family that the plan does not cover is let through.
 * 2. trusted: a trusted source is let through, everywhere; its knocks are not counted.
 * 3. to this host: broadcast and multicast go to the door.
 * 4. ban (only with `ban`): who is banned goes to the door.
 * 5. stages, the **last one first**: if the packet is knock `i` and the source is in stage `i - 1`
 *    (knock 1 asks nothing), write the source to stage `i` and go to the door. Stage `n`, the last,
 *    is the open set. Last first, or else one packet would walk through two stages that share a port.
 * 6. late duplicate (6 to 9 only with `guard` or `ban`): if the packet is knock `i` and the source is
 *    in stage `i`, go to the door. Nothing is renewed. (Reached when stage `i - 1` is over already.)
 * 7. no mistake: protected and public ports go to the door.
 * 8. ban (only with `ban`): unless the port is one of the own knock ports, count a mistake; if that is
 *    over {@linkcode BAN_RULE}, ban the source.
 * 9. guard (only with `guard`): delete the source from every stage but not from the open set; go to
 *    the door.
 * 10. the door: who is in the open set is let through; everyone else is dropped at the protected
 *    ports, and let through elsewhere (`return`, not `drop`: a dropped knock port gives itself away).
 *
 * What a stage is: a set of addresses for each family, {@linkcode SET_SIZE} entries, each gone
 * `stageTimeoutMs` (in the open set `openForMs`) after it was last written: present just before that
 * moment, absent at it. Writing always **renews** (nftables `update`, ipset `--exist --timeout`,
 * RouterOS `add-src-to-address-list`); advancing does not consume the former stage, so duplicated
 * packets and repeated sequences do no harm. Writing to a full set fails the rule, and the walk goes
 * on with the next one.
 *
 * What a knock is: the port and protocol; for tcp a bare SYN (`flags & (fin|syn|rst|ack) == syn`);
 * for udp with a payload exactly these bytes, no more and no less; without one any datagram.
 *
 * Who is in stays in: neither guard nor ban touches the open set.
 */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { Protocol } from "../core/knock.ts";
import { BAN_RULE, type Plan, type PortSpec, SET_SIZE, type Stage } from "../core/plan.ts";
import { matcherOf, parseAddress } from "./address.ts";
import { TimedSet } from "./timed_set.ts";

/** One packet as the firewall sees it. */
export interface GatePacket {
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
}

/** What the rules made of a packet. */
export type Verdict =
  & {
    /** Whether the packet gets past these rules; false only at a protected port. */
    accepted: boolean;
  }
  & (
    /** Rule 5: the source is now in `stage` (1-based). */
    | { kind: "advance"; stage: number }
    /** Rule 5: the last knock was right; `until` is when the door shuts, in milliseconds. */
    | { kind: "open"; until: number }
    /** Rule 6: a late copy of the knock of `stage` (1-based). */
    | { kind: "duplicate"; stage: number }
    /** Rules 8 and 9: a mistake; whether progress was lost, and whether the source is now banned. */
    | { kind: "mistake"; lost: boolean; banned: boolean }
    /** Rule 4: a banned source; nothing but the door is asked. */
    | { kind: "banned" }
    /** A protected port, shut. */
    | { kind: "refuse" }
    /** Nothing that concerns the gate, or a protected port that is open. */
    | { kind: "pass" }
  );

/** A gate and what it remembers. Moments are milliseconds, from any fixed moment, never going back. */
export interface Gate {
  /**
   * Hands the gate a packet.
   *
   * @throws {RangeError} if the source is not an address.
   */
  receive(packet: GatePacket, at: number): Verdict;
  /** Whether the source gets through to the protected ports (open, trusted, or not covered). */
  isLetIn(source: string, at: number): boolean;
  /** When the open set drops the source; undefined where it is not in it. */
  openUntil(source: string, at: number): number | undefined;
  /** The stages that the source is in, 1-based and ascending, without the open set. */
  stagesOf(source: string, at: number): number[];
  /** Whether the source is banned. */
  isBanned(source: string, at: number): boolean;
}

/** Whether the packet is the knock of the stage; see "What a knock is" above. */
export function isKnock(stage: Stage, packet: GatePacket): boolean {
  if (stage.port !== packet.port || stage.protocol !== packet.protocol) return false;
  if (stage.protocol === "tcp") return (packet.flags ?? "syn") === "syn";
  return stage.payload === undefined || isSameBytes(stage.payload, packet.payload ?? NO_BYTES);
}

/**
 * A gate in which nobody has knocked yet.
 *
 * @throws {RangeError} if the plan has no stage, a tcp stage with a payload, or a trusted entry that
 * is neither an address nor a network.
 */
export function createGate(plan: Plan): Gate {
  if (plan.stages.length === 0) throw new RangeError("a plan needs at least one stage");
  for (const { protocol, payload } of plan.stages) {
    if (protocol === "tcp" && payload !== undefined) {
      throw new RangeError("a tcp knock cannot have a payload: use udp, or leave the payload out");
    }
  }
  return new ModelGate(plan);
}

class ModelGate implements Gate {
  readonly #plan: Plan;
  /** `#stages[i - 1]` is stage `i`; the last one is the open set. */
  readonly #stages: readonly TimedSet[];
  readonly #openSet: TimedSet;
  readonly #bans = new BanList();
  readonly #identify: (source: string) => Identity;
  readonly #isProtected: (spec: PortSpec) => boolean;
  readonly #isPublic: (spec: PortSpec) => boolean;
  readonly #isKnockPort: (spec: PortSpec) => boolean;

  constructor(plan: Plan) {
    const { stageTimeoutMs, openForMs } = plan;
    this.#plan = plan;
    this.#openSet = new TimedSet({ timeoutMs: openForMs, size: SET_SIZE });
    this.#stages = [
      ...plan.stages.slice(1).map(() =>
        new TimedSet({ timeoutMs: stageTimeoutMs, size: SET_SIZE })
      ),
      this.#openSet,
    ];
    this.#identify = identifierOf(plan);
    this.#isProtected = portMatcherOf(plan.open);
    this.#isPublic = portMatcherOf(plan.public);
    this.#isKnockPort = portMatcherOf(plan.stages);
  }

  receive(packet: GatePacket, at: number): Verdict {
    const { key, isFree } = this.#identify(packet.source);
    return isFree ? { kind: "pass", accepted: true } : this.#walk(packet, key, at);
  }

  isLetIn(source: string, at: number): boolean {
    const { key, isFree } = this.#identify(source);
    return isFree || this.#openSet.has(key, at);
  }

  openUntil(source: string, at: number): number | undefined {
    return this.#openSet.until(this.#identify(source).key, at);
  }

  stagesOf(source: string, at: number): number[] {
    const { key } = this.#identify(source);
    return this.#stages.flatMap((stage, index) =>
      stage !== this.#openSet && stage.has(key, at) ? [index + 1] : []
    );
  }

  isBanned(source: string, at: number): boolean {
    return this.#bans.isBanned(this.#identify(source).key, at);
  }

  /** Rules 3 to 10. */
  #walk(packet: GatePacket, key: string, at: number): Verdict {
    const { guard, ban, stages } = this.#plan;
    if (packet.toHost === false) return this.#door(packet, key, at);
    if (ban && this.#bans.isBanned(key, at)) {
      const verdict = this.#door(packet, key, at);
      return this.#isProtected(packet) ? verdict : { ...verdict, kind: "banned" };
    }
    const stage = this.#advance(packet, key, at);
    if (stage !== undefined) {
      const { accepted } = this.#door(packet, key, at);
      return stage === stages.length
        ? { kind: "open", accepted, until: this.#openSet.until(key, at) as number }
        : { kind: "advance", accepted, stage };
    }
    return guard || ban ? this.#blame(packet, key, at) : this.#door(packet, key, at);
  }

  /** Rule 5: the stage that the source is in now; undefined where the packet is not its knock. */
  #advance(packet: GatePacket, key: string, at: number): number | undefined {
    for (let stage = this.#stages.length; stage >= 1; stage--) {
      if (!isKnock(this.#plan.stages[stage - 1] as Stage, packet)) continue;
      if (stage > 1 && !this.#stages[stage - 2]?.has(key, at)) continue;
      if (this.#stages[stage - 1]?.write(key, undefined, at)) return stage;
    }
    return undefined;
  }

  /** Rules 6 to 10, for a packet that is no knock at this moment. */
  #blame(packet: GatePacket, key: string, at: number): Verdict {
    const verdict = this.#door(packet, key, at);
    const copyOf = this.#plan.stages.findLastIndex((stage, index) =>
      isKnock(stage, packet) && this.#stages[index]?.has(key, at)
    );
    if (copyOf !== -1) return { ...verdict, kind: "duplicate", stage: copyOf + 1 };
    if (this.#isProtected(packet) || this.#isPublic(packet)) return verdict;
    const isCounted = this.#plan.ban && !this.#isKnockPort(packet);
    const banned = isCounted && this.#bans.count(key, at);
    const lost = this.#plan.guard && this.#forget(key, at);
    return { ...verdict, kind: "mistake", lost, banned };
  }

  /** Rule 9: whether there was progress to lose. */
  #forget(key: string, at: number): boolean {
    let lost = false;
    for (const stage of this.#stages) {
      if (stage !== this.#openSet && stage.delete(key, at)) lost = true;
    }
    return lost;
  }

  /** Rule 10. */
  #door(packet: GatePacket, key: string, at: number): Verdict & { kind: "pass" | "refuse" } {
    const accepted = !this.#isProtected(packet) || this.#openSet.has(key, at);
    return { kind: accepted ? "pass" : "refuse", accepted };
  }
}

interface Identity {
  /** The same for every way to write the address. */
  key: string;
  /** Rules 1 and 2: trusted, or of a family that is not covered. */
  isFree: boolean;
}

function identifierOf(plan: Plan): (source: string) => Identity {
  const isTrusted = matcherOf(plan.trusted);
  // Attacks send a hundred thousand packets from one source in a row.
  let recent: { source: string; identity: Identity } | undefined;
  return (source) => {
    if (recent?.source === source) return recent.identity;
    const address = parseAddress(source);
    const identity = {
      key: `${address.family} ${address.bits}`,
      isFree: !plan.families.includes(address.family) || isTrusted(address),
    };
    recent = { source, identity };
    return identity;
  };
}

const MINUTE_MS = 60_000;
/** Milliseconds in which a bucket gains the room for one mistake, and in which it fills. */
const MISTAKE_MS = MINUTE_MS / BAN_RULE.perMinute;
const BUCKET_MS = MISTAKE_MS * BAN_RULE.burst;

/** Rules 4 and 8. */
class BanList {
  readonly #banned = new TimedSet({ timeoutMs: BAN_RULE.banMs, size: SET_SIZE });
  // An entry that nobody wrote to for as long as a bucket takes to fill is a full bucket.
  readonly #buckets = new TimedSet<{ tokens: number; at: number }>({
    timeoutMs: BUCKET_MS,
    size: SET_SIZE,
  });

  isBanned(key: string, at: number): boolean {
    return this.#banned.has(key, at);
  }

  /** Counts a mistake; whether the source is banned for it. */
  count(key: string, at: number): boolean {
    const bucket = this.#buckets.get(key, at) ?? { tokens: BUCKET_MS, at };
    const tokens = Math.min(BUCKET_MS, bucket.tokens + at - bucket.at);
    const isOver = tokens < MISTAKE_MS;
    const rest = isOver ? tokens : tokens - MISTAKE_MS;
    const isCounted = this.#buckets.write(key, { tokens: rest, at }, at);
    return isOver && isCounted && this.#banned.write(key, undefined, at);
  }
}

function portMatcherOf(specs: readonly PortSpec[]): (spec: PortSpec) => boolean {
  const ports = { tcp: new Set<number>(), udp: new Set<number>() };
  for (const { protocol, port } of specs) ports[protocol].add(port);
  return ({ protocol, port }) => ports[protocol].has(port);
}

const NO_BYTES = new Uint8Array();

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
