/**
 * From a target to a plan.
 *
 * Rules:
 * - at least one port is protected; a port is not both protected and public;
 * - a knock without a payload, or with an empty one, is a regular knock: any datagram matches
 *   (Debian's `knock -u` sends one byte);
 * - the guard is on for sequences of regular knocks only: a scan cannot guess a secret, and a guard
 *   costs legitimate users whose other programs send packets at the same time;
 * - regular knocks that one sweep sends in order and without a mistake (7000, 7001, 7002) are refused:
 *   no guard stops the sweep, and a ban is avoided by many sources or few packets;
 * - the ban is for regular knocks only: a secret cannot be guessed, and spoofed mistakes lock its owner out;
 * - a closing sequence has a knock of its own: otherwise a sequence that is sent again, as every retry
 *   does, could close the door that it opens;
 * - durations are whole milliseconds, at least one.
 */
import { ADDRESS_BITS } from "../core/address_syntax.ts";
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import { BAN_RULE, canCoincide, type Plan, type PortSpec, type Stage } from "../core/plan.ts";
import { parseTargetName, type Target } from "../core/target.ts";
import { parseInterfaces, parseTrusted } from "./options.ts";
import { findSmoothDirection, isRegular } from "../core/sweep.ts";

/** What a plan takes from a target. */
type PlanTarget = Pick<
  Target,
  "name" | "knocks" | "close" | "openForMs" | "stageTimeoutMs" | "family"
>;

/** One payload for each knock, in order; empty for a regular knock. */
export interface PlanPayloads {
  opening: readonly Uint8Array[];
  closing?: readonly Uint8Array[];
}

/** What a target does not say; see {@linkcode Plan}. The rest comes from the target. */
export interface PlanOptions {
  protectedPorts: readonly PortSpec[];
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
  /** Both, or the target's own, where undefined. */
  families?: Plan["families"] | undefined;
  /** Every one where undefined. */
  interfaces?: readonly string[] | undefined;
  trusted?: readonly string[] | undefined;
  publicPorts?: readonly PortSpec[] | undefined;
}

/**
 * Returns the plan of a target.
 *
 * @throws {UsageError} if it contradicts itself; {@linkcode checkPlan} refuses what is not safe.
 */
export function makePlan(
  target: PlanTarget,
  payloads: PlanPayloads,
  options: PlanOptions,
): Plan {
  const stages = createStages(target.knocks, payloads.opening, "knock");
  const plan: Plan = {
    name: parseOption(parseTargetName, target.name),
    stages,
    closing: createStages(target.close ?? [], payloads.closing ?? [], "closing knock"),
    protectedPorts: options.protectedPorts,
    openForMs: checkDuration("open time", options.openForMs ?? target.openForMs),
    stageTimeoutMs: checkDuration("stage timeout", options.stageTimeoutMs ?? target.stageTimeoutMs),
    guard: options.guard ?? isRegular({ stages }),
    ban: options.ban ?? false,
    banPrefix6: options.banPrefix6 ?? BAN_RULE.prefix6,
    prefixes: {
      ipv4: options.prefix4 ?? ADDRESS_BITS.ipv4,
      ipv6: options.prefix6 ?? ADDRESS_BITS.ipv6,
    },
    families: options.families ?? listFamilies(target),
    interfaces: options.interfaces === undefined || options.interfaces.length === 0
      ? []
      : parseOption(parseInterfaces, options.interfaces.join(",")),
    trusted: options.trusted === undefined || options.trusted.length === 0
      ? []
      : parseOption(parseTrusted, options.trusted.join(",")),
    publicPorts: options.publicPorts ?? [],
  };
  refuseContradictions(plan);
  return plan;
}

function listFamilies({ family }: PlanTarget): Plan["families"] {
  return family === "any" || family === "both" ? ["ipv4", "ipv6"] : [family];
}

/**
 * Refuses what cannot be a door's rules, though a simulator can play it.
 *
 * @throws {UsageError} the code is `consecutive` for ports that one sweep sends in order.
 */
export function checkPlan(plan: Plan): void {
  refuseConsecutive(plan);
  refuseUselessBan(plan);
  refuseSharedClosing(plan);
}

function createStages(
  knocks: PlanTarget["knocks"],
  payloads: readonly Uint8Array[],
  what: string,
): Stage[] {
  return knocks.map(({ port, protocol }, index) => {
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
    return { port, protocol, payload };
  });
}

function refuseContradictions(plan: Plan): void {
  if (plan.stages.length === 0) {
    throw new UsageError(`target "${plan.name}" has no knocks: a rule set needs at least one`);
  }
  if (plan.protectedPorts.length === 0) {
    throw new UsageError("there is no port to open: name at least one", {
      hint: "for example --open 22/tcp",
    });
  }
  if (plan.families.length === 0) {
    throw new UsageError("no address family is left: use ipv4, ipv6 or both");
  }
  const both = plan.protectedPorts.find((spec) =>
    plan.publicPorts.some((other) => other.port === spec.port && other.protocol === spec.protocol)
  );
  if (both !== undefined) {
    throw new UsageError(
      `"${renderPortSpec(both)}" is in both --open and --public: choose one`,
    );
  }
}

function refuseConsecutive(plan: Plan): void {
  // A single regular knock has a weakness of its own.
  if (plan.stages.length < 2 || !isRegular(plan)) return;
  const direction = findSmoothDirection(plan);
  if (direction === undefined) return;
  const ports = plan.stages.map((stage) => stage.port).join(", ");
  throw new UsageError(
    `one ${direction} port scan sends the knocks ${ports} in this order, with no other port in ` +
      `between, so that no guard can reset the sequence`,
    {
      code: "consecutive",
      hint: "use ports that are not adjacent, or secret knocks",
    },
  );
}

function refuseUselessBan(plan: Plan): void {
  if (!plan.ban || isRegular(plan)) return;
  throw new UsageError(
    "--ban has no use with secret knocks: they cannot be guessed, and " +
      `${BAN_RULE.mistakes + 1} spoofed packets would lock you out`,
    { code: "useless-ban", hint: "leave out --ban" },
  );
}

function refuseSharedClosing({ stages, closing, protectedPorts }: Plan): void {
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
  if (
    closing.some(({ port, protocol }) =>
      protectedPorts.some((spec) => spec.port === port && spec.protocol === protocol)
    )
  ) {
    throw new UsageError("a closing knock is on a port that opens: each connection would be one", {
      hint: "use another port for the closing knock",
    });
  }
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
