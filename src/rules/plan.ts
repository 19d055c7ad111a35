/**
 * From a target to a plan.
 *
 * Rules:
 * - something must be opened; a port is not both opened by the knocks and public;
 * - a knock without a payload, or with an empty one, is a regular knock: any datagram will do
 *   (Debian's `knock -u` sends one byte);
 * - the guard is on for sequences of regular knocks only: a secret that a scan cannot guess needs
 *   none, and a guard costs honest users who have something else running;
 * - regular knocks that one sweep makes in order and without a mistake (7000, 7001, 7002) are
 *   refused, guard or not, unless the rate ban is on;
 * - durations are whole milliseconds, at least one.
 */
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import { parseTargetName, type Target } from "../core/target.ts";
import { parseInterface, parseTrusted } from "./options.ts";
import { isRegular, smoothDirection } from "../core/sweep.ts";

/** What a plan takes from a target. */
export type PlanTarget = Pick<
  Target,
  "name" | "knocks" | "openForMs" | "stageTimeoutMs" | "family"
>;

/** What a target does not know; see {@linkcode Plan}. The rest comes from the target. */
export interface PlanOptions {
  open: readonly PortSpec[];
  openForMs?: number | undefined;
  stageTimeoutMs?: number | undefined;
  /** On for a sequence of regular knocks, off for any other, where undefined. */
  guard?: boolean | undefined;
  /** Off where undefined. */
  ban?: boolean | undefined;
  /** Both, or the target's own, where undefined. */
  families?: Plan["families"] | undefined;
  interface?: string | undefined;
  trusted?: readonly string[] | undefined;
  public?: readonly PortSpec[] | undefined;
}

/**
 * The plan of a target.
 *
 * @param payloads one a knock, in order; empty for a regular knock.
 * @throws {UsageError} if the rules above are broken (`consecutive` is the code of the last one).
 */
export function makePlan(
  target: PlanTarget,
  payloads: readonly Uint8Array[],
  options: PlanOptions,
): Plan {
  const stages = stagesOf(target, payloads);
  const plan: Plan = {
    name: parsed(parseTargetName, target.name),
    stages,
    open: options.open,
    openForMs: duration("open time", options.openForMs ?? target.openForMs),
    stageTimeoutMs: duration("stage timeout", options.stageTimeoutMs ?? target.stageTimeoutMs),
    guard: options.guard ?? isRegular({ stages }),
    ban: options.ban ?? false,
    families: options.families ?? (target.family === "any" ? ["ipv4", "ipv6"] : [target.family]),
    interface: options.interface === undefined
      ? undefined
      : parsed(parseInterface, options.interface),
    trusted: (options.trusted?.length ?? 0) === 0
      ? []
      : parsed(parseTrusted, (options.trusted as readonly string[]).join(",")),
    public: options.public ?? [],
  };
  refuseContradictions(plan);
  refuseConsecutive(plan);
  return plan;
}

function stagesOf(target: PlanTarget, payloads: readonly Uint8Array[]): Stage[] {
  return target.knocks.map(({ port, protocol }, index) => {
    const payload = payloads[index];
    if (payload === undefined) throw new TypeError(`knock ${index + 1} has no payload`);
    if (payload.length === 0) return { port, protocol };
    if (protocol === "tcp") {
      throw new UsageError(`knock ${index + 1} (${port}/tcp) has a payload: only udp carries one`);
    }
    return { port, protocol, payload };
  });
}

function refuseContradictions(plan: Plan): void {
  if (plan.stages.length === 0) {
    throw new UsageError(`target "${plan.name}" has no knocks: a rule set needs at least one`);
  }
  if (plan.open.length === 0) {
    throw new UsageError("there is nothing to open: name at least one port", {
      hint: "name what the knocks open, such as --open tcp/22",
    });
  }
  if (plan.families.length === 0) {
    throw new UsageError("no address family is left: use ipv4, ipv6 or both");
  }
  const both = plan.open.find((spec) =>
    plan.public.some((other) => other.port === spec.port && other.protocol === spec.protocol)
  );
  if (both !== undefined) {
    throw new UsageError(
      `"${renderPortSpec(both)}" is to be opened by the knocks and public: it can be one of them`,
    );
  }
}

function refuseConsecutive(plan: Plan): void {
  // One regular knock is a weakness of its own, not an order of ports.
  if (plan.ban || plan.stages.length < 2 || !isRegular(plan)) return;
  const direction = smoothDirection(plan);
  if (direction === undefined) return;
  const ports = plan.stages.map((stage) => stage.port).join(", ");
  throw new UsageError(
    `one ${direction} port scan makes the knocks ${ports} in this order and without a mistake ` +
      `in between, so no guard can tell it from a knock`,
    {
      code: "consecutive",
      hint: "use ports that are not neighbours, or secret knocks, or shut scanners out with --ban",
    },
  );
}

function duration(what: string, ms: number): number {
  if (!Number.isInteger(ms) || ms < 1) {
    throw new UsageError(
      `the ${what} "${renderDuration(ms)}" cannot be: use whole milliseconds, at least 1ms`,
    );
  }
  return ms;
}

function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
