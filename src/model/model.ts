/**
 * A pure model of a firewall that watches for a sequence of knocks: a packet and a moment in, a
 * verdict out. Each back end renders what docs/firewall-model.md specifies, and so does this file;
 * "rule 6" here is rule 6 there.
 */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { Protocol } from "../core/knock.ts";
import {
  type Door,
  isSecret,
  listGuarded,
  listKnocks,
  listNeutral,
  listOtherKnocks,
  listTranslated,
  type Plan,
  SET_SIZE,
  type Stage,
} from "../plan/plan.ts";
import { type PortSpec } from "../core/service.ts";
import { covers, isAmong } from "../core/service.ts";
import { BanList } from "./ban_list.ts";
import {
  CodeBook,
  type CodeVerdict,
  findCodes,
  findMidWindow,
  type RefusedCode,
} from "./code_book.ts";
import { createIdentifier, type Identity } from "./identity.ts";
import { TimedSet } from "./timed_set.ts";

/** One packet as the firewall's rules see it: behind NAT and connection tracking. */
export interface ModelPacket {
  /** The source address, IPv4 or IPv6. */
  source: string;
  /** `icmp` is an echo request. */
  protocol: Protocol | "icmp";
  /** The destination port, 1..65535; 0 for icmp. */
  port: number;
  /** udp only; empty where undefined. */
  payload?: Uint8Array | undefined;
  /** tcp only: `syn` (where undefined) is a bare SYN, `other` anything else without a connection. */
  flags?: "syn" | "other" | undefined;
  /** False for broadcast and multicast; true where undefined. */
  toHost?: boolean | undefined;
  /** Whether it belongs to a connection that is tracked, such as udp that was answered. */
  established?: boolean | undefined;
  /** The port that the client sees, where NAT has translated it. */
  originalPort?: number | undefined;
  /** The host that it is forwarded to; this machine where undefined. */
  host?: string | undefined;
}

/** What the rules made of a packet. */
export interface Verdict {
  /** Whether the packet gets past these rules; false only at a guarded service. */
  accepted: boolean;
  /** Whether the packet is to a service that the rules guard, and of a source that they cover. */
  guarded: boolean;
  /** What the packet was for the doors of which it was a knock; for all others it is not said. */
  knocks: readonly DoorKnock[];
  /**
   * - `knock`: it was a knock of a door (`knocks`);
   * - `mistake`: rules 9 and 10, a mistake; see `reset` and `banned`;
   * - `banned`: rule 4, a banned source, whose knocks do not count;
   * - `refuse`: rule 11, a guarded service, closed for this source;
   * - `pass`: rule 11, any other service, or one that is open for this source.
   */
  kind: "knock" | "mistake" | "banned" | "refuse" | "pass";
  /** The doors whose sequence the mistake reset. */
  reset: readonly string[];
  /** Whether the source is banned for it now. */
  banned: boolean;
  /** Why it is not the code of a door whose turn it is; each door that it could be of. */
  codes?: readonly RefusedCode[] | undefined;
}

/** What a packet was for one door. */
export type DoorKnock =
  & { door: string }
  & (
    /** Rule 5: the closing knock (1-based) that the packet was; the last one closes the door. */
    | { kind: "closing"; number: number; isLast: boolean }
    /** Rule 6: the source is now in `stage` (1-based). */
    | { kind: "advance"; stage: number }
    /** Rule 6: the last knock was right; the open time ends at `until`, in milliseconds. */
    | { kind: "open"; until: number }
    /** Rule 8: a late copy of the knock of `stage` (1-based). */
    | { kind: "duplicate"; stage: number }
  );

/** A firewall and its sets. Moments are milliseconds, from any fixed moment, never going back. */
export interface FirewallModel {
  /**
   * Passes a packet through the rules.
   *
   * @throws {RangeError} if the source is not an address.
   */
  receive(packet: ModelPacket, at: number): Verdict;
  /** Whether a door, the first one where undefined, is open for the source (by its knocks, trusted, or not covered). */
  isLetIn(source: string, at: number, door?: string): boolean;
}

/** What decides a model besides the plan. */
interface ModelOptions {
  /**
   * The wall clock at moment 0, in Unix milliseconds; a function is asked at each packet, and may go back. Where
   * undefined: in the middle of a window for which the plan has one-time codes.
   */
  epoch?: number | (() => number) | undefined;
}

/**
 * Whether the packet is the knock of the stage (docs/firewall-model.md, "Knocks").
 *
 * @param isCode whether a payload is a one-time code of now; without it none is.
 */
export function isKnock(
  stage: Stage,
  packet: ModelPacket,
  isCode: (payload: Uint8Array) => boolean = () => false,
): boolean {
  if (stage.port !== packet.port || stage.protocol !== packet.protocol) return false;
  // Of a connection only a packet with the secret is a knock.
  if (packet.established === true && !isSecret(stage)) return false;
  if (stage.codes !== undefined) return isCode(packet.payload ?? NO_BYTES);
  if (stage.protocol === "tcp") return (packet.flags ?? "syn") === "syn";
  return stage.payload === undefined || isSameBytes(stage.payload, packet.payload ?? NO_BYTES);
}

/**
 * Returns a firewall with these rules, whose sets are empty.
 *
 * @throws {RangeError} if a door has no stage, or a trusted entry that is neither an address nor a
 * network.
 */
export function createFirewallModel(plan: Plan, options: ModelOptions = {}): FirewallModel {
  if (plan.doors.some(({ stages }) => stages.length === 0)) {
    throw new RangeError("a door needs at least one stage");
  }
  return new PlanModel(plan, options);
}

function findEpoch(plan: Plan): number {
  const codes = findCodes(plan);
  return codes === undefined ? 0 : findMidWindow(codes);
}

class PlanModel implements FirewallModel {
  readonly #plan: Plan;
  readonly #doors: readonly DoorModel[];
  readonly #bans = new BanList();
  readonly #identify: (source: string) => Identity;
  readonly #isNeutral: (packet: ModelPacket) => boolean;
  readonly #isKnockPort: (spec: Pick<ModelPacket, "protocol" | "port">) => boolean;
  readonly #isWatched: boolean;

  constructor(plan: Plan, { epoch = findEpoch(plan) }: ModelOptions) {
    this.#plan = plan;
    const readWall = (at: number) => at + (typeof epoch === "number" ? epoch : epoch());
    this.#doors = plan.doors.map((door) => new DoorModel(door, plan, readWall));
    this.#identify = createIdentifier(plan);
    this.#isNeutral = createNeutralMatcher(plan);
    this.#isKnockPort = createPortMatcher(listKnocks(plan));
    this.#isWatched = plan.ban || plan.doors.some(({ guard }) => guard);
  }

  receive(packet: ModelPacket, at: number): Verdict {
    const identity = this.#identify(packet.source);
    if (identity.isExempt) return { ...PASSED, guarded: false };
    if (packet.host !== undefined || packet.protocol === "icmp" || packet.toHost === false) {
      return this.#passDoor(packet, identity.key, at);
    }
    return this.#walk(packet, identity, at);
  }

  isLetIn(source: string, at: number, door = this.#plan.doors[0]?.name): boolean {
    const { key, isExempt } = this.#identify(source);
    return isExempt ||
      this.#doors.some(({ name, openSet }) => name === door && openSet.has(key, at));
  }

  /** Rules 4 to 11. */
  #walk(packet: ModelPacket, identity: Identity, at: number): Verdict {
    const { key, banKey } = identity;
    if (this.#plan.ban && this.#bans.isBanned(banKey, at)) {
      const verdict = this.#passDoor(packet, key, at);
      return verdict.guarded ? verdict : { ...verdict, kind: "banned" };
    }
    const closed = this.#doors.flatMap((door) => door.close(packet, key, at) ?? []);
    const codes: RefusedCode[] = [];
    const moved = this.#doors.flatMap((door) => door.advance(packet, key, { at, codes }) ?? []);
    const verdict = this.#passDoor(packet, key, at);
    const mistake = this.#isWatched && packet.established !== true && !this.#isNeutral(packet)
      ? this.#countMistake(packet, identity, { at, moved })
      : { knocks: [], reset: [], banned: false, isMistake: false };
    const knocks = [...closed, ...moved, ...mistake.knocks];
    const kind = moved.length + mistake.knocks.length > 0
      ? "knock"
      : mistake.isMistake
      ? "mistake"
      : verdict.kind;
    const { reset, banned } = mistake;
    return { ...verdict, kind, knocks, reset, banned, ...(codes.length > 0 ? { codes } : {}) };
  }

  /** Rules 8 to 10. */
  #countMistake(
    packet: ModelPacket,
    { key, banKey }: Identity,
    { at, moved }: { at: number; moved: readonly DoorKnock[] },
  ) {
    const copies = this.#doors.flatMap((door) => {
      if (!door.guard || moved.some((knock) => knock.door === door.name)) return [];
      return door.findCopy(packet, key, at) ?? [];
    });
    const knocked = [...moved, ...copies];
    const reset = this.#doors.filter((door) =>
      door.guard && !knocked.some((knock) => knock.door === door.name) &&
      !door.isOthersPort(packet) && door.reset(key, at)
    ).map(({ name }) => name);
    const isOwnPort = this.#isKnockPort(packet);
    const banned = this.#plan.ban && !isOwnPort && this.#bans.count(banKey, at);
    return { knocks: copies, reset, banned, isMistake: knocked.length === 0 };
  }

  /** Rule 11. */
  #passDoor(packet: ModelPacket, key: string, at: number): Verdict {
    const guarding = this.#doors.filter((door) => door.guards(packet));
    const guarded = guarding.length > 0;
    const accepted = packet.established === true || !guarded ||
      guarding.some(({ openSet }) => openSet.has(key, at));
    return { ...PASSED, kind: accepted ? "pass" : "refuse", accepted, guarded };
  }
}

const PASSED: Omit<Verdict, "guarded"> = {
  kind: "pass",
  accepted: true,
  knocks: [],
  reset: [],
  banned: false,
};

/** The sets of one door. */
class DoorModel {
  readonly name: string;
  readonly guard: boolean;
  readonly openSet: TimedSet;
  readonly #door: Door;
  /** `#stages[i - 1]` is stage `i`; the last one is the open set. */
  readonly #stages: readonly TimedSet[];
  /** `#closing[i - 1]` is closing stage `i`; the last closing knock needs no set. */
  readonly #closing: readonly TimedSet[];
  /** Of the last stage; undefined where it has no one-time codes. */
  readonly #book: CodeBook | undefined;
  readonly #readWall: (at: number) => number;
  readonly guards: (packet: ModelPacket) => boolean;
  /** Whether the port is of another door's knocks. */
  readonly isOthersPort: (spec: Pick<ModelPacket, "protocol" | "port">) => boolean;

  constructor(door: Door, plan: Plan, readWall: (at: number) => number) {
    const codes = findCodes({ doors: [door] });
    this.#book = codes === undefined ? undefined : new CodeBook(codes);
    this.#readWall = readWall;
    this.name = door.name;
    this.guard = door.guard;
    this.#door = door;
    this.openSet = new TimedSet({ timeoutMs: door.openForMs, size: SET_SIZE });
    const makeStage = () => new TimedSet({ timeoutMs: door.stageTimeoutMs, size: SET_SIZE });
    this.#stages = [...door.stages.slice(1).map(makeStage), this.openSet];
    this.#closing = door.closing.slice(1).map(makeStage);
    this.guards = createGuardMatcher(door, plan);
    this.isOthersPort = createPortMatcher(listOtherKnocks(plan, door));
  }

  /** Rule 5: the closing knock that the packet is; the last one closes the door. */
  close(packet: ModelPacket, key: string, at: number): DoorKnock | undefined {
    const { closing, name } = this.#door;
    for (let number = closing.length; number >= 1; number--) {
      if (!isKnock(closing[number - 1] as Stage, packet)) continue;
      if (number > 1 && !this.#closing[number - 2]?.has(key, at)) continue;
      const isLast = number === closing.length;
      if (isLast) { for (const stage of this.#stages) stage.delete(key, at); }
      if (isLast || this.#closing[number - 1]?.write(key, undefined, at)) {
        return { door: name, kind: "closing", number, isLast };
      }
    }
    return undefined;
  }

  /**
   * Rule 6: the stage that the source is in now; undefined where the packet is not its knock.
   *
   * @param context.codes gets what a packet was that could be a one-time code, and is not.
   */
  advance(
    packet: ModelPacket,
    key: string,
    { at, codes }: { at: number; codes: RefusedCode[] },
  ): DoorKnock | undefined {
    const { stages, name } = this.#door;
    for (let stage = stages.length; stage >= 1; stage--) {
      // A code is bound only where the source is in the stage before it.
      if (stage > 1 && !this.#stages[stage - 2]?.has(key, at)) continue;
      const isCode = (payload: Uint8Array) => {
        const verdict = this.#acceptCode(payload, key, at);
        if (verdict !== "right") codes.push(verdict);
        return verdict === "right";
      };
      if (!isKnock(stages[stage - 1] as Stage, packet, isCode)) continue;
      if (!this.#stages[stage - 1]?.write(key, undefined, at)) continue;
      return stage === stages.length
        ? { door: name, kind: "open", until: this.openSet.until(key, at) as number }
        : { door: name, kind: "advance", stage };
    }
    return undefined;
  }

  #acceptCode(payload: Uint8Array, source: string, at: number): CodeVerdict {
    return this.#book?.accept(payload, source, { at, wall: this.#readWall(at) }) ?? "wrong";
  }

  /** Rule 8. A door with one-time codes has no guard. */
  findCopy(packet: ModelPacket, key: string, at: number): DoorKnock | undefined {
    const index = this.#door.stages.findLastIndex((stage, index) =>
      isKnock(stage, packet) && this.#stages[index]?.has(key, at)
    );
    return index === -1 ? undefined : { door: this.name, kind: "duplicate", stage: index + 1 };
  }

  /** Rule 9: whether there was a stage to delete the source from. */
  reset(key: string, at: number): boolean {
    let reset = false;
    for (const stage of this.#stages) {
      if (stage !== this.openSet && stage.delete(key, at)) reset = true;
    }
    return reset;
  }
}

/** Returns the check whether a packet is to a service of the door (docs/firewall-model.md, "Services"). */
function createGuardMatcher(
  door: Door,
  { publicServices }: Plan,
): (packet: ModelPacket) => boolean {
  const own = listGuarded(door);
  const translated = listTranslated(door);
  return (packet) => {
    const original = readOriginal(packet);
    if (packet.host !== undefined) {
      if (packet.originalPort !== undefined && isAmong(translated, original)) return true;
      return door.forwards.some(({ host, service }) =>
        host === packet.host && covers(service, packet)
      );
    }
    const isOwn = own.some((service) =>
      covers(service, packet) &&
      (service.protocol !== "all" || !isAmong(publicServices, packet))
    );
    return isOwn || isAmong(translated, original);
  };
}

/** Where the client has sent the packet. */
function readOriginal({ protocol, port, originalPort = port }: ModelPacket) {
  return { protocol, port: originalPort };
}

function createNeutralMatcher(plan: Plan): (packet: ModelPacket) => boolean {
  const neutral = listNeutral(plan);
  const translated = plan.doors.flatMap(listTranslated);
  return (packet) =>
    isAmong(neutral, packet) ||
    isAmong(translated, readOriginal(packet));
}

function createPortMatcher(
  specs: readonly PortSpec[],
): (spec: Pick<ModelPacket, "protocol" | "port">) => boolean {
  const ports = { tcp: new Set<number>(), udp: new Set<number>(), icmp: new Set<number>() };
  for (const { protocol, port } of specs) ports[protocol].add(port);
  return ({ protocol, port }) => ports[protocol].has(port);
}

const NO_BYTES = new Uint8Array();

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
