/** Writes a file that the user named: private, whole or not at all, and over another only by `force`. */
import type { FileSystem } from "../config/mod.ts";
import { ConfigError, UsageError } from "../core/errors.ts";
import { errorMessage } from "../core/text.ts";

/**
 * Saves `text` with mode 0600.
 *
 * @throws {UsageError} if the file exists, unless `force`, or is not a regular file.
 * @throws {ConfigError} if it cannot be written.
 */
export async function saveNew(
  file: string,
  text: string,
  { fs, force }: { fs: FileSystem; force: boolean },
): Promise<void> {
  const isThere = await checkNew(file, { fs, force });
  // Written beside it and renamed, so that the old file is kept until the new one is complete.
  const path = isThere ? `${file}.${crypto.randomUUID().slice(0, 8)}.tmp` : file;
  let isMine = false;
  try {
    const created = await fs.create(path, 0o600);
    isMine = true;
    try {
      await created.write(new TextEncoder().encode(text));
      await created.sync();
    } finally {
      created.close();
    }
    if (isThere) await fs.rename(path, file);
  } catch (cause) {
    if (isMine) await fs.remove(path).catch(() => {});
    throw makeWriteError(file, cause);
  }
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
  throw new UsageError(`"${file}" already exists`, { hint: "use --force to overwrite it" });
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
  return new ConfigError([{ file, message: `cannot be written: ${errorMessage(cause)}` }], {
    cause,
  });
}
