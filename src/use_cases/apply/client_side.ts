/** What is known on this side of an apply: where names lead, and which addresses are ours. */
import type { ClientSide } from "../../apply/assessment.ts";
import type { Look } from "../../apply/look.ts";
import { detectFamily, isLinkLocal } from "../../core/address/syntax.ts";
import { NetworkError } from "../../core/errors.ts";
import { nameHosts } from "../../core/target.ts";
import { resolveHost } from "../../net/resolve.ts";
import type { Destination } from "../../ssh/destination.ts";
import type { Ports } from "../ports.ts";
import type { ApplyJob } from "./job.ts";

/**
 * Returns what is assessed of this side.
 *
 * @throws {NetworkError} code `resolve`.
 */
export async function describeClient(
  { host, port, proxy, isShared }: Destination,
  { doors }: ApplyJob,
  ports: Ports,
): Promise<ClientSide> {
  const targets = doors.map(({ target }) => target);
  const { lookup } = ports.net;
  const found = await Promise.all(
    [...new Set(targets.map((target) => target.host))].map((name) => resolveHost(name, { lookup })),
  );
  const addresses = found.flatMap(({ all }) => all.map(({ address }) => address));
  return {
    ssh: { host, port, proxy, isShared },
    host: nameHosts(targets),
    addresses: [...new Set(addresses)],
    sources: listLocal(ports),
    now: Date.now(),
  };
}

/** Returns this machine's address as the server sees it, and those that its interfaces have. */
export function listOwnAddresses({ connection }: Pick<Look, "connection">, ports: Ports): string[] {
  const seen = connection === undefined ? [] : [connection.client];
  return [...new Set([...seen, ...listLocal(ports)])];
}

/**
 * Returns the addresses that our knocks come from: ours as the server sees it and, of the other family, those that our
 * interfaces have. Behind a jump host the server sees that one's instead.
 */
export function listClients(
  { connection }: Pick<Look, "connection">,
  { proxy: { kind } }: Pick<Destination, "proxy">,
  ports: Ports,
): string[] {
  if (kind === "jump" || kind === "proxy") return listLocal(ports);
  if (connection === undefined) return [];
  const { client } = connection;
  const family = detectFamily(client);
  return [client, ...listLocal(ports).filter((address) => detectFamily(address) !== family)];
}

/** None where they may not be listed: they only make the proof and what is said more exact. */
function listLocal({ net }: Ports): string[] {
  let all: string[] = [];
  try {
    all = net.listInterfaces?.().map(({ address }) => address) ?? [];
  } catch (cause) {
    if (!(cause instanceof NetworkError)) throw cause;
  }
  return all.filter((address) =>
    !isLinkLocal(address) && address !== "::1" && !address.startsWith("127.")
  );
}
