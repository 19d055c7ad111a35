/** Symbolic links. */
import type { FileSystem } from "../files.ts";
import { isAbsolute } from "../paths.ts";
import { parentFolder } from "./replace_file.ts";

const MAX_LINKS = 40;

/**
 * Returns a path and everything that its links lead to, what they end in as the last one, also where
 * that does not exist yet.
 *
 * @throws {RangeError} if the links lead in a circle.
 */
export async function followLinks(path: string, files: FileSystem): Promise<[string, ...string[]]> {
  const chain: [string, ...string[]] = [path];
  let current = path;
  for (let count = 0; count < MAX_LINKS; count++) {
    const target = await files.readLink(current);
    if (target === undefined) return chain;
    current = isAbsolute(target) ? target : `${parentFolder(current)}/${target}`;
    chain.push(current);
  }
  throw new RangeError("is a symbolic link that leads to itself");
}
