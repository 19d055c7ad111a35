/** The packages that the modules of the program belong to. */

/** What this reads of `deno info --json main.ts`. */
export interface ModuleGraph {
  modules: readonly { specifier: string; npmPackage?: string }[];
  npmPackages: Readonly<
    Record<string, { name: string; version: string; dependencies: readonly string[] }>
  >;
}

/** A package, and its key in a lock file. */
export interface Package {
  registry: "jsr" | "npm";
  name: string;
  version: string;
  key: string;
}

/**
 * Returns every package that a module of the graph belongs to, and what those need, by name.
 *
 * @throws {Error} if the graph does not describe one of them.
 */
export function listPackages({ modules, npmPackages }: ModuleGraph): Package[] {
  const packages = new Map<string, Package>();
  const addNpm = (key: string): void => {
    const found = npmPackages[key];
    if (found === undefined) throw new Error(`deno info does not describe npm:${key}`);
    const { name, version, dependencies } = found;
    if (packages.has(`npm:${key}`)) return;
    packages.set(`npm:${key}`, { registry: "npm", name, version, key });
    dependencies.forEach(addNpm);
  };
  for (const { specifier, npmPackage } of modules) {
    if (npmPackage !== undefined) addNpm(npmPackage);
    const [, name, version] = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\//.exec(specifier) ??
      [];
    if (name === undefined || version === undefined) continue;
    const key = `${name}@${version}`;
    packages.set(`jsr:${key}`, { registry: "jsr", name, version, key });
  }
  return [...packages].sort(([a], [b]) => a < b ? -1 : 1).map(([, found]) => found);
}
