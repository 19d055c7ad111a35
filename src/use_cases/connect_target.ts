/** Which target a `connect` means, where it leads, and over which two addresses. */
import type { Config } from "../config/mod.ts";
import { parseHost, type Target } from "../core/target.ts";
import { type Address, type Resolved, resolveHost } from "../net/resolve.ts";
import { findPort } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";

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
}

/**
 * Returns the targets that a name can mean: the one of that name or, so that one `Host` block of ssh
 * serves many, those whose host, or the host of whose `connect` table, it is; of several those with a
 * probe of the port, if there are any.
 */
export function matchTargets(config: Config, name: string, { port }: { port: number }): Target[] {
  const named = config.targets.get(name);
  if (named !== undefined) return [named];
  const all = [...config.targets.values()].filter((target) =>
    isSameHost(target.host, name) || isSameHost(target.connect?.host ?? "", name)
  );
  const probing = all.filter(({ probes }) =>
    probes.some((probe) => findPort(probe)?.port === port)
  );
  return probing.length > 0 ? probing : all;
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

/** Names do not differ by case or by the root's dot (RFC 4343). */
function isSameHost(one: string, other: string): boolean {
  const plain = (host: string) => host.toLowerCase().replace(/\.$/, "");
  return plain(one) === plain(other);
}

/**
 * Resolves a route once. The connection uses the family of the knock: a knock over IPv4 does not open
 * the door for IPv6.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function pinRoute({ target, host }: Route, { net }: Ports): Promise<PinnedRoute> {
  const { lookup } = net;
  const resolved = await resolveHost(target.host, { family: target.family, lookup });
  if (isSameHost(host, target.host)) return { resolved, address: resolved.address };
  const far = await resolveHost(host, { family: target.family, lookup });
  const pair = far.all.flatMap((address) => {
    const match = resolved.all.find(({ family }) => family === address.family);
    return match === undefined ? [] : [{ match, address: address.address }];
  })[0];
  if (pair === undefined) {
    // No family in common: throws the error of a host that has no address of the family.
    const { address } = await resolveHost(host, { family: resolved.family, lookup });
    return { resolved, address };
  }
  return { resolved: moveToFront(resolved, pair.match), address: pair.address };
}

function moveToFront(resolved: Resolved, first: Address): Resolved {
  const rest = resolved.all.filter((address) => address !== first);
  return { ...first, all: [first, ...rest] };
}
