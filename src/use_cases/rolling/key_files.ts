/**
 * The files of rolling keys: `keys/NAME.key` beside the configuration, with mode 0600, in a folder with 0700.
 *
 * Rules:
 * - a key is made by us, is never printed, and its file is never overwritten;
 * - the key is saved first, then the target that names it; without the target the key is removed again;
 * - a former key is removed only where it is a file of ours that no target names any more.
 */
import { readText } from "../../config/mod.ts";
import { basename } from "../../config/paths.ts";
import type { Problem } from "../../core/errors.ts";
import { makeKey } from "../../core/rolling.ts";
import {
  KEY_FOLDER,
  listNamedFiles,
  locateKeyFile,
  nameKeyFile,
  readSaved,
  saveWithSecrets,
  type TargetsFile,
} from "../secret_files.ts";

/** Returns the path of the key that follows `present`: a number more, and no file yet. */
export async function nameNextKeyFile(
  name: string,
  { present, file, fs }: TargetsFile & { present: string },
): Promise<string> {
  const digits = basename(present).slice(name.length).match(/^-(\d{1,9})\.key$/)?.[1];
  for (let number = Number(digits ?? 1) + 1;; number++) {
    const path = nameKeyFile(name, number);
    if (await readText(locateKeyFile(path, file), fs) === undefined) return path;
  }
}

/**
 * Makes a key, and then the target that names it.
 *
 * @param key the path, from the folder of the configuration.
 * @param edit changes the configuration; it is tried first, so that what is refused leaves no trace.
 * @returns what could not be confirmed after it was written.
 * @throws {ConfigError} where neither was saved.
 */
export async function saveWithKey(
  { key, ...rest }: { key: string; edit: (text: string) => string; text: string },
  place: TargetsFile,
): Promise<readonly Problem[]> {
  return await saveWithSecrets(
    { ...rest, secrets: [{ path: key, text: `${makeKey()}\n` }] },
    place,
  );
}

/** What became of the file of a former key. */
export interface FormerFile {
  path: string;
  /** `foreign`: not in our folder. `used`: a target still names it. `kept`: it could not be removed. */
  status: "removed" | "missing" | "foreign" | "used" | "kept";
}

/**
 * Removes the file of a former key, where it is ours and nothing names it.
 *
 * @throws the system's error.
 */
export async function removeFormerFile(
  path: string,
  { file, fs }: TargetsFile,
): Promise<FormerFile> {
  const { filled } = await readSaved({ file, fs });
  const folder = locateKeyFile(KEY_FOLDER, file);
  const isOurs = path === `${folder}/${basename(path)}`;
  if (!isOurs) return { path, status: "foreign" };
  if (listNamedFiles(filled).has(path)) return { path, status: "used" };
  try {
    await fs.remove(path);
    return { path, status: "removed" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path, status: "missing" };
    throw error;
  }
}
