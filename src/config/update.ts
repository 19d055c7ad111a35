/**
 * The configuration file: changing it.
 *
 * Rules:
 * - write: under an exclusive lock on `FILE.lock`, read, edit, check, replace (`disk/replace_file.ts`).
 *   Where the file system has no locks, it is written all the same, with a warning;
 * - a file that another program has saved meanwhile is read and edited anew: between the last look and
 *   the rename there is no system call of ours;
 * - a device or a pipe is not replaced;
 * - a symbolic link stays one: what it leads to is replaced, and locked;
 * - the next writer removes the temporary files of killed ones.
 */
import { ConfigError } from "../core/errors.ts";
import { chooseCommands } from "../core/system/commands.ts";
import {
  describeSystemError,
  findErrno,
  findFileHint,
  isSystemError,
} from "../core/system_errors.ts";
import { followLinks } from "./disk/links.ts";
import { parentFolder, removeLeftovers, replaceFile, statIfThere } from "./disk/replace_file.ts";
import type { FileSystem } from "./files.ts";
import { readConfig } from "./read.ts";
import type { Config } from "./schema.ts";
import {
  fail,
  failSpecial,
  MAX_BYTES,
  MAX_MIB,
  readText,
  refuseSpecial,
} from "./disk/read_text.ts";

const LOCK_WAIT_MS = 10_000;
/** How often another program may save the file while we edit it. */
const MAX_RACES = 10;

/**
 * Changes the file by `edit`, from its present text ("" if there is none) to the new one; a text
 * that did not change is not written.
 *
 * @returns the configuration as it is then; its `warnings` say what could not be done as it should.
 * @throws {ConfigError} if the result is wrong or cannot be written; the file is then as it was.
 */
export async function updateConfig(
  path: string,
  edit: (text: string) => string,
  files: FileSystem,
): Promise<Config> {
  return await inPlace(path, files, async (realPath) => {
    const lock = await takeLock(path, { realPath, files });
    try {
      await removeLeftovers(realPath, files);
      const { config, warning } = await editUntilCurrent(path, edit, { realPath, files });
      const messages = [lock.warning, warning].filter((message) => message !== undefined);
      const warnings = messages.map((message) => ({ file: path, message }));
      return { ...config, warnings: [...config.warnings, ...warnings] };
    } finally {
      lock.release();
    }
  });
}

/**
 * Writes a text file of the user's as the configuration is written, but without a lock: private, whole
 * or not at all, through symbolic links; missing folders are made with mode 0700.
 *
 * @throws {ConfigError} if it cannot be written; the file is then as it was.
 */
export async function writeText(path: string, text: string, files: FileSystem): Promise<void> {
  await inPlace(path, files, (realPath) => replaceFile(realPath, text, { files }));
}

/**
 * As {@linkcode writeText}, for a file that must not exist.
 *
 * @returns what could not be confirmed after it was written; undefined where all is well.
 * @throws {ConfigError} if it exists or cannot be written; nothing was changed then.
 */
export async function writeNewText(
  path: string,
  text: string,
  files: FileSystem,
): Promise<string | undefined> {
  return await inPlace(path, files, async (realPath) => {
    if (await statIfThere(realPath, files) !== undefined) throw failTaken(path, files);
    try {
      return (await replaceFile(realPath, text, { files, isNew: true })).warning;
    } catch (cause) {
      throw cause instanceof Deno.errors.AlreadyExists ? failTaken(path, files) : cause;
    }
  });
}

function failTaken(path: string, { os }: Pick<FileSystem, "os">): ConfigError {
  return fail(path, "exists already, and is not overwritten", {
    hint: `look whether it is still needed: ${chooseCommands(os).showAccess(path)}`,
  });
}

/** Writes where a path leads to, in a folder that is there then; system errors are told as ours. */
async function inPlace<T>(
  path: string,
  files: FileSystem,
  write: (realPath: string) => Promise<T>,
): Promise<T> {
  try {
    const realPath = await findRealPath(path, files);
    const present = await statIfThere(realPath, files);
    if (present !== undefined) refuseSpecial(path, present);
    await files.makeFolder(parentFolder(realPath));
    return await write(realPath);
  } catch (error) {
    if (isSystemError(error)) throw failToWrite(path, error, files);
    if (error instanceof Deno.errors.NotCapable) throw failSpecial(path);
    throw error;
  }
}

async function findRealPath(path: string, files: FileSystem): Promise<string> {
  try {
    return (await followLinks(path, files)).at(-1) ?? path;
  } catch (error) {
    throw error instanceof RangeError ? fail(path, error.message, {}) : error;
  }
}

/** The lock of the file; without locks (some network file systems) a warning. */
async function takeLock(
  path: string,
  { realPath, files }: { realPath: string; files: FileSystem },
): Promise<{ release(): void; warning?: string }> {
  try {
    const lock = await files.lock(`${realPath}.lock`, LOCK_WAIT_MS);
    if (lock !== undefined) return lock;
  } catch (error) {
    if (!/^(?:ENOLCK|ENOTSUP|EOPNOTSUPP|ENOSYS|EINVAL)$/.test(findErrno(error) ?? "")) throw error;
    return {
      release: () => {},
      warning: "was changed without a lock, as the file system has no locks: " +
        "two changes at the same time can lose one",
    };
  }
  throw fail(path, "is being changed by another spknock; nothing was changed", {
    hint: "end the other one, then try again",
  });
}

/** Edits what is there at the moment of the rename: an editor takes no lock. */
async function editUntilCurrent(
  path: string,
  edit: (text: string) => string,
  { realPath, files }: { realPath: string; files: FileSystem },
): Promise<{ config: Config; warning?: string | undefined }> {
  for (let race = 0; race < MAX_RACES; race++) {
    const before = await readText(realPath, files);
    const after = edit(before ?? "");
    if (new TextEncoder().encode(after).length > MAX_BYTES) {
      throw fail(path, `would be larger than ${MAX_MIB} MiB; nothing was changed`, {});
    }
    const { config, problems } = await readConfig(after, { file: path });
    if (problems.length > 0) throw new ConfigError(problems);
    if (after === before) return { config };
    const isCurrent = async () => await readText(realPath, files) === before;
    const { status, warning } = await replaceFile(realPath, after, { files, isCurrent });
    if (status === "written") return { config, warning };
  }
  throw fail(path, "is being changed by another program; nothing was changed", {
    hint: "end the other one, then try again",
  });
}

function failToWrite(
  path: string,
  cause: unknown,
  { os }: Pick<FileSystem, "os">,
): ConfigError {
  const look = chooseCommands(os).showAccess(parentFolder(path), path);
  const denied = `look who may change the file and its folder: ${look}`;
  const hint = findErrno(cause) === "EROFS"
    ? "use --config FILE to write elsewhere"
    : findFileHint(cause, { denied });
  return fail(path, `cannot be written: ${describeSystemError(cause)}; nothing was changed`, {
    cause,
    hint,
  });
}
