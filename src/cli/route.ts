/** Which target a `connect` means, where it leads, and over which two addresses. */
import type { Config } from "../config/mod.ts";
import { UsageError } from "../core/errors.ts";
import { type Family, parseHost, type Target } from "../core/target.ts";
import { type Address, type Lookup, type Resolved, resolveHost } from "../net/resolve.ts";
import { findPort } from "../probe/mod.ts";
import { findTarget } from "./context.ts";
import { asUsage } from "./options.ts";

/** What a `connect` command line means. */
export interface Route {
  target: Target;
  /** Where the connection leads. */
  host: string;
}

/** Both ends of a route, in the same address family. */
export interface PinnedRoute {
  /** What is knocked on. */
  door: Resolved;
  /** The address that the connection leads to. */
  address: string;
}

/**
 * The target and the host that the words mean. A target is found by its name or, so that one `Host`
 * block of ssh serves many, by its host or the host of its `connect` table; of several the one whose
 * probes ask for the port. A HOST that is the target's name (ssh's `%h` where no HostName stands)
 * is where the target itself leads.
 *
 * @throws {UsageError}
 */
export function findRoute(
  config: Config,
  { name, host, port }: { name: string; host?: string | undefined; port: number },
): Route {
  const named = config.targets.get(name);
  const target = named ?? findByHost(config, name, { port }) ?? findTarget(config, name);
  if (host === undefined && named === undefined) return { target, host: name };
  if (host === undefined || isSameHost(host, target.name)) {
    return { target, host: target.connect?.host ?? target.host };
  }
  try {
    return { target, host: parseHost(host) };
  } catch (cause) {
    throw asUsage(cause);
  }
}

function findByHost(config: Config, host: string, { port }: { port: number }): Target | undefined {
  const all = [...config.targets.values()].filter((target) =>
    isSameHost(target.host, host) || isSameHost(target.connect?.host ?? "", host)
  );
  const asking = all.filter(({ probes }) => probes.some((probe) => findPort(probe)?.port === port));
  const [only, other] = asking.length > 0 ? asking : all;
  if (only === undefined || other === undefined) return only;
  const names = all.map((target) => target.name).join(", ");
  throw new UsageError(`the host "${host}" is that of several targets: ${names}`, {
    hint: `name one of them: spknock connect ${only.name} ${host} ${port}`,
  });
}

/** Names do not differ by case or by the root's dot (RFC 4343). */
function isSameHost(one: string, other: string): boolean {
  const plain = (host: string) => host.toLowerCase().replace(/\.$/, "");
  return plain(one) === plain(other);
}

/**
 * Resolves a route once. The connection goes over the family of the knock: what was knocked for over
 * IPv4 is not open over IPv6.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function pinRoute(
  { target, host }: Route,
  { lookup }: { lookup?: Lookup | undefined } = {},
): Promise<PinnedRoute> {
  const options = lookup === undefined ? {} : { lookup };
  const door = await resolveHost(target.host, { family: target.family, ...options });
  if (isSameHost(host, target.host)) return { door, address: door.address };
  const far = await resolveHost(host, { family: target.family, ...options });
  const pair = far.all.flatMap((address) => {
    const match = door.all.find(({ family }) => family === address.family);
    return match === undefined ? [] : [{ match, address: address.address }];
  })[0];
  const wanted: Family = door.family;
  if (pair === undefined) {
    // No family in common: says so in the words of a host that lacks one.
    const { address } = await resolveHost(host, { family: wanted, ...options });
    return { door, address };
  }
  return { door: reorder(door, pair.match), address: pair.address };
}

function reorder(door: Resolved, first: Address): Resolved {
  const rest = door.all.filter((address) => address !== first);
  return { ...first, all: [first, ...rest] };
}
