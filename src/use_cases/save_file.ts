/** Writes a file that the user named: private, whole or not at all, and over another only by `force`. */
import { removeLeftovers, replaceFile } from "../config/disk/replace_file.ts";
import type { FileSystem } from "../config/mod.ts";
import { ConfigError, SpknockError, UsageError } from "../core/errors.ts";
import { describeSystemError } from "../core/system_errors.ts";

/**
 * Saves `text`, or pieces of it, with mode 0600, or the file's own where that is stricter.
 *
 * @returns what could not be confirmed after it was saved; undefined where all is well.
 * @throws {UsageError} if the file exists, unless `force`, or is not a regular file.
 * @throws {ConfigError} if it cannot be written.
 */
export async function saveNew(
  file: string,
  text: string | Iterable<string>,
  { fs, force }: { fs: FileSystem; force: boolean },
): Promise<string | undefined> {
  const isThere = await checkNew(file, { fs, force });
  await removeLeftovers(file, fs);
  try {
    return (await replaceFile(file, text, { files: fs, isNew: !isThere })).warning;
  } catch (cause) {
    if (cause instanceof SpknockError) throw cause;
    throw cause instanceof Deno.errors.AlreadyExists
      ? makeExistsError(file)
      : makeWriteError(file, cause);
  }
}

function makeExistsError(file: string): UsageError {
  return new UsageError(`"${file}" already exists`, { hint: "use --force to overwrite it" });
}

/**
 * Whether a file has to be overwritten to save another under its name.
 *
 * @throws {UsageError} if it exists, unless `force`, or is not a regular file.
 */
export async function checkNew(
  file: string,
  { fs, force }: { fs: FileSystem; force: boolean },
): Promise<boolean> {
  const isThere = await isExistingFile(file, fs);
  if (!isThere || force) return isThere;
  throw makeExistsError(file);
}

/**
 * Whether a regular file of this name exists.
 *
 * @throws {UsageError} if it is something else, such as a folder or a device.
 */
export async function isExistingFile(file: string, fs: FileSystem): Promise<boolean> {
  try {
    const isLink = await fs.readLink(file) !== undefined;
    if (!isLink && (await fs.stat(file)).isFile) return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw makeWriteError(file, cause);
  }
  throw new UsageError(`"${file}" is not a regular file`, { hint: "name another file" });
}

function makeWriteError(file: string, cause: unknown): ConfigError {
  const why = cause instanceof Deno.errors.NotCapable
    ? "it is a device, or in a folder of devices"
    : describeSystemError(cause);
  return new ConfigError([{ file, message: `cannot be written: ${why}` }], { cause });
}
