/** Writes a file that the user named: private, whole or not at all, never over another by chance. */
import type { FileSystem } from "../config/mod.ts";
import { ConfigError, UsageError } from "../core/errors.ts";

/**
 * Saves `text` with mode 0600.
 *
 * @throws {UsageError} if the file exists, unless `force`, or is no regular file.
 * @throws {ConfigError} if it cannot be written.
 */
export async function saveNew(
  file: string,
  text: string,
  { fs, force }: { fs: FileSystem; force: boolean },
): Promise<void> {
  const isThere = await exists(file, fs);
  if (isThere && !force) {
    throw new UsageError(`"${file}" exists already`, { hint: "--force writes over it" });
  }
  // Written beside it and moved over, so that the old one stays until the new one is whole.
  const place = isThere ? `${file}.${crypto.randomUUID().slice(0, 8)}.tmp` : file;
  let isMine = false;
  try {
    const created = await fs.create(place, 0o600);
    isMine = true;
    try {
      await created.write(new TextEncoder().encode(text));
      await created.sync();
    } finally {
      created.close();
    }
    if (isThere) await fs.rename(place, file);
  } catch (cause) {
    if (isMine) await fs.remove(place).catch(() => {});
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ file, message: `cannot be written: ${reason}` }], { cause });
  }
}

/**
 * Whether a regular file is there.
 *
 * @throws {UsageError} if something else is.
 */
export async function exists(file: string, fs: FileSystem): Promise<boolean> {
  try {
    const isLink = await fs.readLink(file) !== undefined;
    if (!isLink && (await fs.stat(file)).isFile) return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ file, message: `cannot be written: ${reason}` }], { cause });
  }
  throw new UsageError(`"${file}" is no regular file`, { hint: "name another one" });
}
