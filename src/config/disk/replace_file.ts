/**
 * The one way in which files are written: a temporary file `.FILE.*.tmp` beside it, fsync, rename,
 * fsync of the folder. Readers see the old or the new file, also after a power failure.
 *
 * Rules:
 * - mode 0600, or the file's own where that is stricter; its owner stays (sudo);
 * - a file system without fsync (EINVAL, ENOTSUP) needs none; after the rename nothing fails any more:
 *   what goes wrong then is a warning;
 * - a temporary file is locked while its writer lives, so that those of killed writers can be removed.
 */
import { describeSystemError, findErrno } from "../../core/system_errors.ts";
import type { FileFacts, FileSystem } from "../files.ts";
import { basename, dirname } from "../paths.ts";

/** How a file is replaced. */
interface ReplaceOptions {
  files: FileSystem;
  /** Asked last before the rename: false where another program has changed the file. */
  isCurrent?: () => Promise<boolean>;
  /** The file must not exist: rejects with AlreadyExists where it does. */
  isNew?: boolean;
}

/** What became of a file. */
interface Replaced {
  /** `stale`: nothing was written, because `isCurrent` said no. */
  status: "written" | "stale";
  /** What could not be confirmed after the rename. */
  warning?: string;
}

/**
 * Writes `text`, or pieces of it one after the other, to a path; a link there would be replaced.
 *
 * @throws the system's error, or what the pieces throw; nothing was changed then.
 */
export async function replaceFile(
  path: string,
  text: string | Iterable<string>,
  { files, isCurrent = () => Promise.resolve(true), isNew = false }: ReplaceOptions,
): Promise<Replaced> {
  const present = await statIfThere(path, files);
  const temporary = `${parentFolder(path)}/.${basename(path)}.${crypto.randomUUID()}.tmp`;
  let isMade = false;
  try {
    const file = await files.create(temporary, chooseMode(present));
    isMade = true;
    try {
      // A string is its characters, too.
      const pieces = typeof text === "string" ? [text] : text;
      for (const piece of pieces) await file.write(new TextEncoder().encode(piece));
      await file.sync().catch(ignoreUnsupported);
      await keepOwner(temporary, present, files);
      if (!await isCurrent()) {
        await files.remove(temporary);
        return { status: "stale" };
      }
      if (isNew) await renameToNew(temporary, path, files);
      else await files.rename(temporary, path);
    } finally {
      file.close();
    }
  } catch (error) {
    // The first error is the one to report; the next writer removes what is left.
    if (isMade) await files.remove(temporary).catch(() => {});
    throw error;
  }
  return await confirm(parentFolder(path), files);
}

async function confirm(folder: string, files: FileSystem): Promise<Replaced> {
  try {
    await files.syncFolder(folder).catch(ignoreUnsupported);
    return { status: "written" };
  } catch (cause) {
    const why = describeSystemError(cause);
    return {
      status: "written",
      warning: `was changed, but the disk did not confirm it: ${why}`,
    };
  }
}

/** A rename would replace a file that was made meanwhile; a second name cannot. */
async function renameToNew(from: string, to: string, files: FileSystem): Promise<void> {
  try {
    await files.link(from, to);
  } catch (cause) {
    const hasLinks = !/^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/.test(findErrno(cause) ?? "");
    if (hasLinks) throw cause;
    if (await statIfThere(to, files) !== undefined) throw new Deno.errors.AlreadyExists();
    return await files.rename(from, to);
  }
  await files.remove(from).catch(() => {});
}

/** Removes the temporary files of writers that were killed; those of others stay. */
export async function removeLeftovers(path: string, files: FileSystem): Promise<void> {
  const prefix = `.${basename(path)}.`;
  const names = await files.list(parentFolder(path)).catch(() => []);
  for (const name of names) {
    const isTemporary = name.startsWith(prefix) &&
      /^[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length));
    if (isTemporary) await removeIfLeft(`${parentFolder(path)}/${name}`, files);
  }
}

/** What cannot be locked or removed stays, and the write goes on. */
async function removeIfLeft(temporary: string, files: FileSystem): Promise<void> {
  const lock = await files.lock(temporary, 0).catch(() => undefined);
  if (lock === undefined) return;
  await files.remove(temporary).catch(() => {});
  lock.release();
}

/** Returns the facts of what a path leads to; undefined where it leads to nothing. */
export async function statIfThere(
  path: string,
  files: FileSystem,
): Promise<FileFacts | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Returns the folder of a file, `.` where its path names none. */
export function parentFolder(path: string): string {
  return dirname(path) || ".";
}

/** 0600, or the mode that the file has, where that allows no more. */
function chooseMode(present: FileFacts | undefined): number {
  const mode = (present?.mode ?? 0o600) & 0o777;
  return (mode & ~0o600) === 0 ? mode : 0o600;
}

/** Keeps the owner under sudo. Where chown is not permitted, we own the file already. */
async function keepOwner(
  temporary: string,
  present: FileFacts | undefined,
  files: FileSystem,
): Promise<void> {
  const made = await files.stat(temporary);
  const { uid = null, gid = null } = present ?? {};
  if (uid === null || gid === null || (uid === made.uid && gid === made.gid)) return;
  await files.chown(temporary, { uid, gid }).catch(() => {});
}

function ignoreUnsupported(cause: unknown): void {
  if (!/^(?:EINVAL|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(findErrno(cause) ?? "")) throw cause;
}
