/** Which target a `connect` means, where it leads, and over which two addresses. */
import { isAmong } from "../core/service.ts";
import type { Config } from "../config/mod.ts";
import { isSameHost, parseHost, type Target } from "../core/target.ts";
import { type Address, type Resolved, resolveHost } from "../net/resolve.ts";
import { findPort } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";
import { resolveFor } from "./resolve_targets.ts";

/** A target and the host that the connection leads to. */
export interface Route {
  target: Target;
  host: string;
}

/** Both ends of a route, in the same address family. */
export interface PinnedRoute {
  /** What is knocked on. */
  resolved: Resolved;
  /** The address that the connection leads to. */
  address: string;
  /** With the family `both`: the same in the other family, knocked on and connected to at the same time. */
  other?: { near: Address; address: string } | undefined;
}

/**
 * Returns the targets that a name can mean: the one of that name or, so that one `Host` block of ssh
 * serves many, those whose host, or the host of whose `connect` table, it is; of several those that
 * probe or open the port, if there are any.
 */
export function matchTargets(config: Config, name: string, { port }: { port: number }): Target[] {
  const named = config.targets.get(name);
  if (named !== undefined) return [named];
  const all = [...config.targets.values()].filter((target) =>
    isSameHost(target.host, name) || isSameHost(target.connect?.host ?? "", name)
  );
  const fitting = all.filter((target) =>
    target.probes.some((probe) => findPort(probe)?.port === port) ||
    isAmong(target.opens, { protocol: "tcp", port })
  );
  return fitting.length > 0 ? fitting : all;
}

/**
 * Returns the host that the connection leads to. A host that is the target's name (ssh's `%h` where
 * there is no HostName) is where the target itself leads.
 *
 * @param name what the target was found by.
 * @throws {RangeError} if `host` is not a host.
 */
export function findRoute(
  target: Target,
  { name, host }: { name: string; host: string | undefined },
): Route {
  if (host === undefined && name !== target.name) return { target, host: name };
  if (host === undefined || isSameHost(host, target.name)) {
    return { target, host: target.connect?.host ?? target.host };
  }
  return { target, host: parseHost(host) };
}

/**
 * Resolves a route once; returns its ways in the order in which they are tried. The connection uses the
 * family of the knock: a knock over IPv4 does not open the door for IPv6.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function pinRoute(
  { target, host }: Route,
  ports: Ports,
): Promise<[PinnedRoute, ...PinnedRoute[]]> {
  const resolved = await resolveFor(target, target.host, ports);
  const pairs = isSameHost(host, target.host)
    ? resolved.all.map((near) => ({ near, far: near }))
    : (await resolveFor(target, host, ports)).all.flatMap((far) =>
      resolved.all.filter(({ family }) => family === far.family).map((near) => ({ near, far }))
    );
  if (pairs.length === 0) {
    // No family in common: throws the error of a host that has no address of the family.
    await resolveHost(host, { family: resolved.family, lookup: ports.net.lookup });
  }
  const [first, ...more] = pairs.map(({ near, far }, index): PinnedRoute => {
    const other = target.family !== "both"
      ? undefined
      : pairs.slice(index + 1).find((pair) => pair.near.family !== near.family);
    return {
      resolved: moveToFront(resolved, near),
      address: far.address,
      ...(other === undefined ? {} : { other: { near: other.near, address: other.far.address } }),
    };
  });
  if (first === undefined) throw new TypeError(`"${host}" has no address`);
  return [first, ...more];
}

function moveToFront(resolved: Resolved, first: Address): Resolved {
  const rest = resolved.all.filter((address) => address !== first);
  return { ...first, all: [first, ...rest] };
}
