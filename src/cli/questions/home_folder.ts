/** Paths that are typed at a question, where no shell has expanded them. */

/** Returns a path with the home folder in the place of a leading `~`. */
export function expandHome(path: string, home: string | undefined): string {
  return home && /^~(?:\/|$)/.test(path) ? `${home}${path.slice(1)}` : path;
}
