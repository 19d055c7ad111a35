/** The home folder, and paths that begin with `~`, where no shell has expanded them. */

/** What tells where the home folder is. */
export interface HomeEnvironment {
  /** Reads an environment variable. */
  env: (name: string) => string | undefined;
  /** As in `Deno.build.os`. */
  os: string;
}

/**
 * Returns the home folder: `HOME`; on Windows `USERPROFILE`, as `HOME` is set there only by shells that came from
 * elsewhere, perhaps in their own form of a path. Empty variables do not count.
 */
export function findHome({ env, os }: HomeEnvironment): string | undefined {
  const home = os === "windows" ? env("USERPROFILE") || env("HOME") : env("HOME");
  return home || undefined;
}

/** Returns a path with the home folder in the place of a leading `~`, `~/` or `~\`. */
export function expandHome(path: string, home: string | undefined): string {
  return home && /^~(?:[/\\]|$)/.test(path) ? `${home}${path.slice(1)}` : path;
}

/** Returns a path with `~` in the place of the home folder, for people. */
export function shortenHome(path: string, home: string | undefined): string {
  const rest = home && path.startsWith(home) ? path.slice(home.length) : "";
  return /^[/\\]/.test(rest) ? `~${rest}` : path;
}
