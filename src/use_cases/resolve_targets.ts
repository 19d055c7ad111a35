/**
 * Host to addresses, once for each target: the address that is used is pinned for every knock and every
 * probe. One that no packet gets to is given up for the next; a silent one is not, since a knock must not
 * be spread over hosts.
 */
import { detectFamily, isAddress } from "../core/address/syntax.ts";
import { NetworkError, UsageError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { joinOr } from "../core/text.ts";
import { explainSaid, explainUnreachable, type GivenUp } from "../knock/given_up.ts";
import type { OpenEvents } from "../knock/until_open.ts";
import { groupAddresses, type Resolved, resolveHost } from "../net/resolve.ts";
import { isUnreachable } from "../net/socket_errors.ts";
import type { Ports } from "./ports.ts";
import type { TargetReport } from "./target_report.ts";

/** A target with its pinned address. */
export interface ResolvedTarget {
  target: Target;
  resolved: Resolved;
}

/**
 * Returns the target with the address of its host.
 *
 * @throws {NetworkError} code `resolve`; {UsageError} if its source is not of this machine.
 */
export async function resolveTarget(target: Target, ports: Ports): Promise<ResolvedTarget> {
  return { target, resolved: await resolveFor(target, target.host, ports) };
}

/**
 * Returns the addresses of a host that a target's packets can go to: of its family, and of the family of
 * its source.
 *
 * @throws as {@linkcode resolveTarget}.
 */
export async function resolveFor(
  { name, family, source, fwknop }: Target,
  host: string,
  { net }: Ports,
): Promise<Resolved> {
  if (fwknop !== undefined && family !== "ipv4") {
    throw new UsageError(`"${name}" is a door of fwknopd, which reads IPv4 only`, {
      hint: "leave out -6",
    });
  }
  const hasInterface = source !== undefined && !isAddress(source);
  if (hasInterface) requireInterface(source, net);
  const resolved = await resolveHost(host, { family, lookup: net.lookup });
  const fitting = source === undefined || hasInterface
    ? resolved.all
    : resolved.all.filter((each) => each.family === detectFamily(source));
  const [first] = fitting;
  return first === undefined ? resolved : { ...first, all: fitting };
}

function requireInterface(source: string, { listInterfaces }: Ports["net"]): void {
  const names = new Set(listInterfaces?.().map(({ name }) => name) ?? [source]);
  if (names.has(source)) return;
  throw new UsageError(
    "the source is neither an address nor an interface of this machine: use " +
      joinOr(["an address", ...names]),
  );
}

/** A way to a target. */
export interface AddressTry {
  resolved: Resolved;
  /** Addresses that are knocked on at the same time. */
  alsoAt: readonly string[];
  /** Whether there is another address. */
  canGiveUp: boolean;
}

/**
 * Works on the addresses of a target, one after the other, until packets get to one.
 *
 * @throws {NetworkError} that names each address and what it said, if packets get to none; what `work`
 * throws besides.
 */
export async function tryAddresses(
  { target, resolved }: ResolvedTarget,
  work: (way: AddressTry) => Promise<TargetReport>,
  { onGiveUp }: Pick<OpenEvents, "onGiveUp"> = {},
): Promise<TargetReport> {
  const groups = groupAddresses(resolved.all, target);
  const givenUp: GivenUp[] = [];
  for (const [index, { used, also }] of groups.entries()) {
    const { address } = used;
    const next = groups[index + 1]?.used;
    const others = resolved.all.filter((each) => each !== used);
    const way = {
      resolved: { ...used, all: [used, ...others] },
      alsoAt: also.map((each) => each.address),
      canGiveUp: next !== undefined,
    };
    const report = await workOrExplain(way, work);
    const reason = report instanceof NetworkError
      ? explainSaid(report)
      : report.knocks?.isOpen
      ? undefined
      : report.knocks?.unreachable;
    if (reason !== undefined) givenUp.push({ address, reason });
    if (reason === undefined || next === undefined) return finish(report, { target, givenUp });
    onGiveUp?.({ address, reason }, next.address);
  }
  throw new TypeError(`"${target.host}" has no address`);
}

/** Returns the error where it says that no packet gets there. */
async function workOrExplain(
  way: AddressTry,
  work: (way: AddressTry) => Promise<TargetReport>,
): Promise<TargetReport | NetworkError> {
  try {
    return await work(way);
  } catch (error) {
    if (error instanceof NetworkError && isUnreachable(error)) return error;
    throw error;
  }
}

function finish(
  report: TargetReport | NetworkError,
  { target, givenUp }: { target: Target; givenUp: readonly GivenUp[] },
): TargetReport {
  if (!(report instanceof NetworkError)) {
    return givenUp.length === 0 ? report : { ...report, givenUp };
  }
  throw explainUnreachable(report, { host: target.host, givenUp });
}
