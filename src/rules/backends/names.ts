/** Names of chains and lists, where the firewall allows only short ones. */

/**
 * Returns a name for the target `name`, at most `limit` characters. A long one is cut and gets a
 * checksum after a dot, which no target's own name has.
 */
export function shortenName(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const end = checksum(name).toString(16).padStart(8, "0");
  return `${name.slice(0, limit - end.length - 1)}.${end}`;
}

/** Returns FNV-1a, 32 bits (draft-eastlake-fnv); only makes names distinct. */
export function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
