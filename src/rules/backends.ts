/** Every back end, by name. A back end is loaded when it is needed: the help needs only the names. */
import { UsageError } from "../core/errors.ts";
import type { Backend } from "./backend.ts";

/** In the order in which people are asked. Adding a back end is one file and one row here. */
const LOADERS: Readonly<Record<string, () => Promise<Backend>>> = {
  "nftables": async () => (await import("./backends/nftables/nftables.ts")).nftables,
  "nftables-openwrt": async () => (await import("./backends/nftables/openwrt.ts")).nftablesOpenwrt,
  "iptables": async () => (await import("./backends/iptables/iptables.ts")).iptables,
  "mikrotik": async () => (await import("./backends/mikrotik/mikrotik.ts")).mikrotik,
  "knockd": async () => (await import("./backends/knockd.ts")).knockd,
};

/** The names of all back ends. */
export const BACKEND_NAMES: readonly string[] = Object.keys(LOADERS);

/** Returns all back ends. */
export function loadBackends(): Promise<Backend[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}

/**
 * Returns the back end of this name.
 *
 * @throws {UsageError} that names all of them, and suggests one where one is near.
 */
export async function findBackend(name: string): Promise<Backend> {
  const load = Object.hasOwn(LOADERS, name) ? LOADERS[name] : undefined;
  if (load !== undefined) return await load();
  const { suggest } = await import("../core/suggest.ts");
  const meant = suggest(name, BACKEND_NAMES);
  throw new UsageError(`unknown firewall: use ${BACKEND_NAMES.join(", ")}`, {
    hint: meant === undefined ? undefined : `did you mean ${meant}?`,
  });
}
