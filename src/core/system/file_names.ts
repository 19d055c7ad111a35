/**
 * Names of files that every system can have, as a configuration goes from one to another.
 *
 * - Windows takes `con`, `nul` and the like for devices, whatever follows a point (Naming Files, Paths, and Namespaces).
 * - Windows and macOS do not tell upper from lower case, and macOS not composed letters from decomposed ones.
 */

const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

/** Returns the name of a file for a target, without its ending: the target's own, unless that is a device somewhere. */
export function toFileName(name: string): string {
  return DEVICE.test(name) ? `${name}_` : name;
}

/** Returns the first two paths that would be one file on some systems; undefined where there are none. */
export function findTwins(paths: readonly string[]): [first: string, second: string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const name = foldPath(path);
    const first = seen.get(name);
    if (first !== undefined) return [first, path];
    seen.set(name, path);
  }
  return undefined;
}

/** Returns a text that is the same for two paths which may lead to one file. */
export function foldPath(path: string): string {
  return path.normalize("NFC").toLowerCase();
}
