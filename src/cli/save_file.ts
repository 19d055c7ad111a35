/** Writes a file that the user named: private, whole or not at all, never over another by chance. */
import type { FileSystem } from "../config/mod.ts";
import { ConfigError, UsageError } from "../core/errors.ts";

/**
 * Saves `text` with mode 0600.
 *
 * @throws {UsageError} if the file exists, unless `force`; {ConfigError} if it cannot be written.
 */
export async function saveNew(
  file: string,
  text: string,
  { fs, force }: { fs: FileSystem; force: boolean },
): Promise<void> {
  const temporary = `${file}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    if (!force && await exists(file, fs)) {
      throw new UsageError(`"${file}" exists already`, { hint: "--force writes over it" });
    }
    const created = await fs.create(temporary, 0o600);
    try {
      await created.write(new TextEncoder().encode(text));
      await created.sync();
    } finally {
      created.close();
    }
    await fs.rename(temporary, file);
  } catch (cause) {
    await fs.remove(temporary).catch(() => {});
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ file, message: `cannot be written: ${reason}` }], { cause });
  }
}

async function exists(file: string, fs: FileSystem): Promise<boolean> {
  try {
    await fs.stat(file);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}
