/**
 * From targets to a plan.
 *
 * Rules:
 * - each door opens at least one service; a service is not both guarded and public;
 * - a knock without a payload, or with an empty one, is a regular knock: any datagram matches
 *   (Debian's `knock -u` sends one byte);
 * - the guard is on for sequences of regular knocks only: a scan cannot guess a secret, and a guard
 *   costs legitimate users whose other programs send packets at the same time;
 * - regular knocks that one sweep sends in order and without a mistake (7000, 7001, 7002) are refused:
 *   no guard stops the sweep, and a ban is avoided by many sources or few packets;
 * - the ban is for regular knocks only: a secret cannot be guessed, and spoofed mistakes lock its owner out;
 * - a closing sequence has a knock of its own: otherwise a sequence that is sent again, as every retry
 *   does, could close the door that it opens;
 * - no door's knocks contain those that open or close another: one sequence would do both;
 * - the port of a one-time code has no other knock of its door: what arrives there is a code, or nothing;
 * - durations are whole milliseconds, at least one.
 */
import { ADDRESS_BITS, detectFamily, renderFamily } from "../core/address/syntax.ts";
import type { CodeKey, Codes } from "../plan/codes.ts";
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import {
  BAN_RULE,
  canCoincide,
  type Door,
  isWithin,
  listGuarded,
  listNeutral,
  type Plan,
  type Stage,
} from "../plan/plan.ts";
import {
  type Forward,
  isAmong,
  overlaps,
  renderForward,
  renderService,
  type Service,
} from "../core/service.ts";
import { findFreeWalk, isRegular } from "../plan/sweep.ts";
import { parseTargetName, requireFixedKnocks, type Target } from "../core/target.ts";
import { parseInterfaces, parseTrusted } from "./options.ts";

/** What a plan takes from a target. */
type PlanTarget = Pick<
  Target,
  "name" | "knocks" | "oneTime" | "close" | "openForMs" | "stageTimeoutMs" | "family" | "rolling"
>;

/** One payload for each knock, in order; empty for a regular knock, the key's text for one-time codes. */
export interface PlanPayloads {
  opening: readonly Uint8Array[];
  closing?: readonly Uint8Array[];
}

/** A target, and what its knocks open. */
export interface DoorDraft {
  target: PlanTarget;
  payloads: PlanPayloads;
  opens: readonly Service[];
  /** None where undefined. */
  forwards?: readonly Forward[] | undefined;
  /** The keys whose codes the firewall takes; the target's own where undefined. */
  keys?: readonly CodeKey[] | undefined;
}

/** What targets do not say; see {@linkcode Plan}. The rest comes from them. */
export interface PlanOptions {
  /** The first target's where undefined. */
  name?: string | undefined;
  /** Each target's own where undefined. */
  openForMs?: number | undefined;
  stageTimeoutMs?: number | undefined;
  /** Where undefined: on for a sequence of regular knocks, off for any other. */
  guard?: boolean | undefined;
  /** Off where undefined. */
  ban?: boolean | undefined;
  /** 64 where undefined. */
  banPrefix6?: number | undefined;
  /** Each address for itself where undefined. */
  prefix4?: number | undefined;
  prefix6?: number | undefined;
  /** Those of the targets where undefined. */
  families?: Plan["families"] | undefined;
  /** Every one where undefined. */
  interfaces?: readonly string[] | undefined;
  trusted?: readonly string[] | undefined;
  publicServices?: readonly Service[] | undefined;
  /** For which time the firewall has one-time codes; from now to the target's `until` where undefined. */
  horizon?: Partial<Pick<Codes, "from" | "until">> | undefined;
}

/**
 * Returns the plan of targets.
 *
 * @throws {UsageError} if it contradicts itself; {@linkcode checkPlan} refuses what is not safe.
 */
export function makePlan(drafts: readonly DoorDraft[], options: PlanOptions = {}): Plan {
  const [first] = drafts;
  if (first === undefined) throw new TypeError("a plan needs a door");
  const { interfaces = [], trusted = [] } = options;
  const plan: Plan = {
    name: parseOption(parseTargetName, options.name ?? first.target.name),
    doors: drafts.map((draft) => makeDoor(draft, options)),
    ban: options.ban ?? false,
    banPrefix6: options.banPrefix6 ?? BAN_RULE.prefix6,
    prefixes: {
      ipv4: options.prefix4 ?? ADDRESS_BITS.ipv4,
      ipv6: options.prefix6 ?? ADDRESS_BITS.ipv6,
    },
    families: options.families ?? listFamilies(drafts.map(({ target }) => target)),
    interfaces: interfaces.length === 0 ? [] : parseOption(parseInterfaces, interfaces.join(",")),
    trusted: trusted.length === 0 ? [] : parseOption(parseTrusted, trusted.join(",")),
    publicServices: options.publicServices ?? [],
  };
  refuseContradictions(plan);
  refuseIdle(plan, options);
  return plan;
}

/** A prefix of a family that the rules do not cover. */
function refuseIdle({ families }: Plan, options: PlanOptions): void {
  const [only] = families;
  if (families.length !== 1 || only === undefined) return;
  const prefixes = only === "ipv4" ? ["prefix6", "banPrefix6"] as const : ["prefix4"] as const;
  const idle = prefixes.find((prefix) => options[prefix] !== undefined);
  if (idle === undefined) return;
  const option = idle === "banPrefix6" ? "ban-prefix" : idle;
  throw new UsageError(`--${option} has no effect: the rules cover ${renderFamily(only)} only`, {
    hint: "leave it out, or cover both families with --ipv4 --ipv6",
  });
}

function makeDoor(
  { target, payloads, opens, forwards = [], keys }: DoorDraft,
  { guard, openForMs, stageTimeoutMs, horizon }: PlanOptions,
): Door {
  requireFixedKnocks(target, "rules");
  const stages = createStages(target.knocks, payloads.opening, "knock", (key) => {
    const { rolling } = target;
    if (rolling === undefined) return undefined;
    const own = { name: rolling.name ?? target.name, key: new TextDecoder().decode(key) };
    return {
      windowMs: rolling.windowMs,
      slots: rolling.slots,
      keys: keys ?? [own],
      from: horizon?.from ?? Date.now(),
      until: horizon?.until ?? rolling.until ?? Infinity,
    };
  });
  if (guard === true && stages.some(({ codes }) => codes !== undefined)) {
    throw new UsageError(
      `--guard has no use with the one-time codes of "${target.name}": they cannot be guessed`,
      { hint: "leave out --guard" },
    );
  }
  return {
    name: parseOption(parseTargetName, target.name),
    stages,
    closing: createStages(target.close ?? [], payloads.closing ?? [], "closing knock"),
    opens,
    forwards,
    openForMs: checkDuration("open time", openForMs ?? target.openForMs),
    stageTimeoutMs: checkDuration("stage timeout", stageTimeoutMs ?? target.stageTimeoutMs),
    guard: guard ?? isRegular({ stages }),
  };
}

function listFamilies(targets: readonly PlanTarget[]): Plan["families"] {
  const families = new Set(
    targets.flatMap(({ family }) =>
      family === "any" || family === "both" ? ["ipv4" as const, "ipv6" as const] : [family]
    ),
  );
  return (["ipv4", "ipv6"] as const).filter((family) => families.has(family));
}

/**
 * Refuses what cannot be a door's rules, though a simulator can play it.
 *
 * @throws {UsageError} the code is `consecutive` for ports that one sweep sends in order.
 */
export function checkPlan(plan: Plan): void {
  for (const door of plan.doors) {
    refuseConsecutive(door, plan);
    refuseSharedClosing(door, plan);
  }
  refuseUselessBan(plan);
  refuseSharedKnocks(plan);
}

function createStages(
  knocks: PlanTarget["knocks"],
  payloads: readonly Uint8Array[],
  what: string,
  findCodes: (key: Uint8Array) => Codes | undefined = () => undefined,
): Stage[] {
  return knocks.map(({ port, protocol, payload: { kind } }, index) => {
    const payload = payloads[index];
    if (payload === undefined) throw new TypeError(`${what} ${index + 1} has no payload`);
    if (protocol === "icmp") {
      throw new UsageError(
        `${what} ${index + 1} (icmp) cannot be in firewall rules: they can match tcp and udp only`,
        {
          code: "unsupported",
          hint: "use a udp knock in its place, or write the firewall's rules by hand",
        },
      );
    }
    if (payload.length === 0) return { port, protocol };
    if (protocol === "tcp") {
      throw new UsageError(
        `${what} ${index + 1} (${port}/tcp) has a payload: only udp can have one`,
      );
    }
    const codes = kind === "secret" ? findCodes(payload) : undefined;
    return codes === undefined ? { port, protocol, payload } : { port, protocol, codes };
  });
}

function refuseContradictions(plan: Plan): void {
  for (const { name, stages, opens, forwards } of plan.doors) {
    if (stages.length === 0) {
      throw new UsageError(`target "${name}" has no knocks: a rule set needs at least one`);
    }
    const code = stages.find(({ codes }) => codes !== undefined);
    const isShared = stages.some((stage) =>
      stage !== code && stage.protocol === "udp" && stage.port === code?.port
    );
    if (isShared) {
      throw new UsageError(
        `target "${name}" has another knock at the port of its one-time code, ${code?.port}/udp`,
        { hint: "give the one-time code a port of its own" },
      );
    }
    const other = forwards.find(({ host }) =>
      host !== undefined && !plan.families.includes(detectFamily(host))
    );
    if (other !== undefined) {
      throw new UsageError(
        `"${renderForward(other)}" is of a family that the rules do not cover`,
        { hint: "leave out --ipv4 or --ipv6" },
      );
    }
    if (opens.length + forwards.length === 0) {
      throw new UsageError(`the knocks of "${name}" open nothing: name at least one port`, {
        hint: "for example --open 22/tcp",
      });
    }
  }
  const names = plan.doors.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`"${twice}" is named twice`);
  if (plan.families.length === 0) {
    throw new UsageError("no address family is left: use ipv4, ipv6 or both");
  }
  refusePublic(plan);
}

/** A whole door of `all` may have public services: they are what is left open. */
function refusePublic({ doors, publicServices }: Plan): void {
  if (publicServices.some(({ protocol }) => protocol === "all")) {
    throw new UsageError(`"all" cannot be public: then nothing is closed`);
  }
  const guarded = doors.flatMap(listGuarded).filter(({ protocol }) => protocol !== "all");
  const both = guarded.find((service) => publicServices.some((open) => overlaps(service, open)));
  if (both === undefined) return;
  throw new UsageError(`"${renderService(both)}" is in both --open and --public: choose one`);
}

function refuseConsecutive(door: Door, plan: Plan): void {
  // A single regular knock has a weakness of its own.
  if (door.stages.length < 2 || !isRegular(door)) return;
  const walk = findFreeWalk(door, plan);
  if (walk === undefined) return;
  const ports = door.stages.map((stage) => stage.port).join(", ");
  throw new UsageError(
    walk === "repeated"
      ? `port scans send the knocks ${ports} with only guarded and public ports in between, so that no ` +
        "guard can reset the sequence"
      : `one ${walk} port scan sends the knocks ${ports} in this order, with no other port in ` +
        "between, so that no guard can reset the sequence",
    {
      code: "consecutive",
      hint: "use ports that are not adjacent, or secret knocks",
    },
  );
}

function refuseUselessBan({ ban, doors }: Plan): void {
  const secret = ban ? doors.find((door) => !isRegular(door)) : undefined;
  if (secret === undefined) return;
  throw new UsageError(
    "--ban has no use with secret knocks: they cannot be guessed, and " +
      `${BAN_RULE.mistakes + 1} spoofed packets would lock you out`,
    {
      code: "useless-ban",
      hint: doors.length === 1 ? "leave out --ban" : `leave out --ban, or "${secret.name}"`,
    },
  );
}

function refuseSharedClosing({ stages, closing }: Door, plan: Plan): void {
  const last = closing.at(-1);
  if (last === undefined) return;
  const isShared = (knock: Stage) => stages.some((stage) => canCoincide(knock, stage));
  if (closing.every(isShared)) {
    throw new UsageError(
      "every knock of the closing sequence is a knock of the opening one too: knocks that are sent " +
        "again would close the door",
      { hint: "give the closing sequence a port or a secret of its own" },
    );
  }
  // The first of several opening knocks alone opens nothing.
  const later = stages.length === 1 ? stages : stages.slice(1);
  if (later.some((stage) => canCoincide(last, stage))) {
    throw new UsageError("the last closing knock is an opening knock too: it could open the door", {
      hint: "end the closing sequence with a port or a secret of its own",
    });
  }
  const ports = listNeutral(plan);
  if (closing.some((knock) => isAmong(ports, knock))) {
    throw new UsageError(
      "a closing knock is on a port that opens, or that is public: each connection would be one",
      { hint: "use another port for the closing knock" },
    );
  }
}

/** The guard of a door leaves the knock ports of another alone: so a part of another's knocks is enough. */
function refuseSharedKnocks({ doors }: Plan): void {
  for (const other of doors) {
    for (const door of doors.filter((each) => each !== other)) {
      const found = findShared(door, other);
      if (found === undefined) continue;
      throw new UsageError(found, { hint: "give each target a port or a secret of its own" });
    }
  }
}

function findShared({ name, stages, closing }: Door, other: Door): string | undefined {
  if (isWithin(stages, other.stages)) {
    const why = stages.length === other.stages.length
      ? "they are the same"
      : "its own are among them";
    return `the knocks of "${other.name}" open "${name}" too: ${why}`;
  }
  if (isWithin(stages, other.closing)) {
    return `the closing knocks of "${other.name}" open "${name}": its knocks are among them`;
  }
  if (closing.length > 0 && isWithin(closing, other.stages)) {
    return `the knocks of "${other.name}" close "${name}": its closing knocks are among them`;
  }
  return undefined;
}

function checkDuration(what: string, ms: number): number {
  if (!Number.isInteger(ms) || ms < 1) {
    throw new UsageError(
      `invalid ${what} "${renderDuration(ms)}": use whole milliseconds, 1ms or more`,
    );
  }
  return ms;
}

function parseOption<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
