/**
 * From a target to a plan.
 *
 * Rules:
 * - at least one port is protected; a port is not both protected and public;
 * - a knock without a payload, or with an empty one, is a regular knock: any datagram matches
 *   (Debian's `knock -u` sends one byte);
 * - the guard is on for sequences of regular knocks only: a scan cannot guess a secret, and a guard
 *   costs legitimate users whose other programs send packets at the same time;
 * - regular knocks that one sweep sends in order and without a mistake (7000, 7001, 7002) are refused,
 *   with or without the guard, unless the rate ban is on;
 * - durations are whole milliseconds, at least one.
 */
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import { parseTargetName, type Target } from "../core/target.ts";
import { parseInterface, parseTrusted } from "./options.ts";
import { findSmoothDirection, isRegular } from "../core/sweep.ts";

/** What a plan takes from a target. */
type PlanTarget = Pick<
  Target,
  "name" | "knocks" | "openForMs" | "stageTimeoutMs" | "family"
>;

/** What a target does not say; see {@linkcode Plan}. The rest comes from the target. */
export interface PlanOptions {
  protectedPorts: readonly PortSpec[];
  openForMs?: number | undefined;
  stageTimeoutMs?: number | undefined;
  /** Where undefined: on for a sequence of regular knocks, off for any other. */
  guard?: boolean | undefined;
  /** Off where undefined. */
  ban?: boolean | undefined;
  /** Both, or the target's own, where undefined. */
  families?: Plan["families"] | undefined;
  interface?: string | undefined;
  trusted?: readonly string[] | undefined;
  publicPorts?: readonly PortSpec[] | undefined;
}

/**
 * Returns the plan of a target.
 *
 * @param payloads one for each knock, in order; empty for a regular knock.
 * @throws {UsageError} if a rule above is broken; the code is `consecutive` for ports that one sweep
 * sends in order.
 */
export function makePlan(
  target: PlanTarget,
  payloads: readonly Uint8Array[],
  options: PlanOptions,
): Plan {
  const stages = createStages(target, payloads);
  const plan: Plan = {
    name: parseOption(parseTargetName, target.name),
    stages,
    protectedPorts: options.protectedPorts,
    openForMs: checkDuration("open time", options.openForMs ?? target.openForMs),
    stageTimeoutMs: checkDuration("stage timeout", options.stageTimeoutMs ?? target.stageTimeoutMs),
    guard: options.guard ?? isRegular({ stages }),
    ban: options.ban ?? false,
    families: options.families ?? listFamilies(target),
    interface: options.interface === undefined
      ? undefined
      : parseOption(parseInterface, options.interface),
    trusted: options.trusted === undefined || options.trusted.length === 0
      ? []
      : parseOption(parseTrusted, options.trusted.join(",")),
    publicPorts: options.publicPorts ?? [],
  };
  refuseContradictions(plan);
  refuseConsecutive(plan);
  return plan;
}

function listFamilies({ family }: PlanTarget): Plan["families"] {
  return family === "any" || family === "both" ? ["ipv4", "ipv6"] : [family];
}

function createStages(target: PlanTarget, payloads: readonly Uint8Array[]): Stage[] {
  return target.knocks.map(({ port, protocol }, index) => {
    const payload = payloads[index];
    if (payload === undefined) throw new TypeError(`knock ${index + 1} has no payload`);
    if (protocol === "icmp") {
      throw new UsageError(
        `knock ${
          index + 1
        } (icmp) cannot be in firewall rules: they can match tcp and udp knocks only`,
        {
          code: "unsupported",
          hint: "use a udp knock in its place, or write the firewall's rules by hand",
        },
      );
    }
    if (payload.length === 0) return { port, protocol };
    if (protocol === "tcp") {
      throw new UsageError(`knock ${index + 1} (${port}/tcp) has a payload: only udp can have one`);
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
  if (plan.ban || plan.stages.length < 2 || !isRegular(plan)) return;
  const direction = findSmoothDirection(plan);
  if (direction === undefined) return;
  const ports = plan.stages.map((stage) => stage.port).join(", ");
  throw new UsageError(
    `one ${direction} port scan sends the knocks ${ports} in this order, with no other port in ` +
      `between, so that no guard can reset the sequence`,
    {
      code: "consecutive",
      hint: "use ports that are not adjacent, or secret knocks, or block scanners with --ban",
    },
  );
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
