/**
 * The file system as the store needs it, and the real one; tests bring their own.
 *
 * On Windows (by its documentation and Deno's source, not measured):
 * - files have access rules and no owner, group and mode bits as here: those that Deno makes up are left out;
 * - a folder cannot be opened, and so needs no fsync; its names are in a journal of their own;
 * - locks are mandatory: a file that another process has locked cannot be read, and a file that a virus scanner or an
 *   indexer looks at cannot be replaced for a moment. Both are waited for.
 */

import { findErrno } from "../core/system_errors.ts";
import { untilFree } from "./disk/until_free.ts";

/** What is known about a file. */
export interface FileFacts {
  isDirectory: boolean;
  /** Whether it is a regular file. */
  isFile: boolean;
  /** Permission bits; null where the system has none. */
  mode: number | null;
  uid: number | null;
  gid: number | null;
}

/** How a file is read. */
interface ReadOptions {
  /** Is given the facts of the opened file before anything is read; throws to refuse it. */
  check?: (facts: FileFacts) => void;
}

/** A new file that is being written. */
interface NewFile {
  /** Writes all of the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Waits until they are on the disk. */
  sync(): Promise<void>;
  close(): void;
}

/** A held lock. */
interface FileLock {
  release(): void;
}

/** A byte of a file that is overwritten in place. */
interface BytePatch {
  /** Its place in the file. */
  at: number;
  byte: number;
}

/** How a byte is overwritten. */
interface PatchOptions {
  /** The bytes that are read at most. */
  limit: number;
  /** Milliseconds to wait for the lock of another process. */
  waitMs: number;
  /** Returns what is overwritten, or undefined; throws to refuse the file. */
  choose: (bytes: Uint8Array, facts: FileFacts) => BytePatch | undefined;
}

/** What the store does with files; errors are those of `Deno.errors`. */
export interface FileSystem {
  /** The system that they are on, as in `Deno.build.os`. */
  readonly os: string;
  /** The user that we run as; undefined where the system has no such numbers. */
  ownUid(): number | undefined;
  /** The first `limit` bytes of a file. */
  read(path: string, limit: number, options?: ReadOptions): Promise<Uint8Array>;
  /** Whether a file can be opened for writing, which does not change it; undefined where we gave that up. */
  canWrite(path: string): Promise<boolean | undefined>;
  /** Facts about what a path leads to. */
  stat(path: string): Promise<FileFacts>;
  /** Where a symbolic link points; undefined if the path is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Makes a folder (mode 0700) and those above it. */
  makeFolder(path: string): Promise<void>;
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  /** Makes a file that must not exist, and locks it where the file system has locks. */
  create(path: string, mode: number): Promise<NewFile>;
  /** Gives a file to another owner. */
  chown(path: string, owner: { uid: number; gid: number }): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file another name as well, which must not exist. */
  link(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Waits until the names in a folder are on the disk, where the system can do that. */
  syncFolder(path: string): Promise<void>;
  /**
   * Overwrites one byte of an existing file, on the disk too, while it has the file's own exclusive lock. The file
   * stays the same (its inode), so that a program that has it open sees the change.
   *
   * @returns false if another process still has the lock after `waitMs`; nothing was read then.
   */
  patch(path: string, options: PatchOptions): Promise<boolean>;
  /**
   * The exclusive lock on a lock file (made with mode 0600); undefined if another process still has
   * it after `waitMs` milliseconds. Rejects where the file system has no locks.
   */
  lock(path: string, waitMs: number): Promise<FileLock | undefined>;
}

/** Whether `chmod` is ours to use: root can always do so, others on their own files. */
export function mayChangeMode(
  uid: number | null,
  { ownUid }: Pick<FileSystem, "ownUid">,
): boolean {
  const own = ownUid();
  return own === undefined || own === 0 || own === uid;
}

const LOCK_STEP_MS = 20;

/** Whether we got the exclusive lock of a file. A blocking lock could not be given up, and would hold a thread. */
async function waitForLock(file: Deno.FsFile, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  while (!await file.tryLock(true)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOCK_STEP_MS));
  }
  return true;
}

/** A file system without locks, or without fsync, is used without them. */
function ignoreUnsupported(cause: unknown): true {
  if (/^(?:EINVAL|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOLCK)$/.test(findErrno(cause) ?? "")) return true;
  throw cause;
}

/** Returns the bytes of a file from its place on, `limit` of them at most. */
async function readBytes(file: Deno.FsFile, limit: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(64 * 1024, limit));
  let length = 0;
  while (length < limit) {
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length, limit));
      larger.set(bytes);
      bytes = larger;
    }
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/** What Deno says about a file, as far as the system has it. */
function toFacts(info: Deno.FileInfo, os: string): FileFacts {
  const { isDirectory, isFile, mode, uid, gid } = info;
  return os === "windows"
    ? { isDirectory, isFile, mode: null, uid: null, gid: null }
    : { isDirectory, isFile, mode, uid, gid };
}

/** The real file system of this machine. */
export const realFiles: FileSystem = createFiles({ os: Deno.build.os });

/**
 * Returns the real file system.
 *
 * @param options.os how it behaves, as in `Deno.build.os`; tests play another one.
 */
export function createFiles({ os }: { os: string }): FileSystem {
  return {
    os,
    ownUid() {
      try {
        return Deno.uid() ?? undefined;
      } catch {
        // Without the permission (--allow-sys=uid) owners are not compared.
        return undefined;
      }
    },
    async read(path, limit, { check } = {}) {
      return await untilFree({ os, use: "read" }, async () => {
        using file = await Deno.open(path);
        check?.(toFacts(await file.stat(), os));
        return await readBytes(file, limit);
      });
    },
    async patch(path, { limit, waitMs, choose }) {
      using file = await Deno.open(path, { read: true, write: true });
      if (!await waitForLock(file, waitMs).catch(ignoreUnsupported)) return false;
      const bytes = await readBytes(file, limit);
      const patch = choose(bytes, toFacts(await file.stat(), os));
      if (patch === undefined) return true;
      const write = async (byte: number) => {
        await file.seek(patch.at, Deno.SeekMode.Start);
        await file.write(Uint8Array.of(byte));
      };
      await write(patch.byte);
      try {
        await file.sync().catch(ignoreUnsupported);
      } catch (error) {
        // The first error is the one to report.
        await write(bytes[patch.at] ?? patch.byte).catch(() => {});
        throw error;
      }
      return true;
    },
    async canWrite(path) {
      try {
        using _file = await Deno.open(path, { write: true });
        return true;
      } catch (error) {
        // Without our own permission to write the system is not asked.
        return error instanceof Deno.errors.NotCapable ? undefined : false;
      }
    },
    stat: async (path) => toFacts(await Deno.stat(path), os),
    async readLink(path) {
      const facts = await Deno.lstat(path).catch((error: unknown) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      return facts?.isSymlink ? await Deno.readLink(path) : undefined;
    },
    makeFolder: (path) => Deno.mkdir(path, { recursive: true, mode: 0o700 }),
    async list(folder) {
      return (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);
    },
    async create(path, mode) {
      const file = await Deno.open(path, { write: true, createNew: true, mode });
      // Tells those that clean up that the writer is alive.
      await file.tryLock(true).catch(() => false);
      return {
        async write(bytes) {
          for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        },
        sync: () => file.sync(),
        close: () => file.close(),
      };
    },
    chown: (path, { uid, gid }) => Deno.chown(path, uid, gid),
    rename: (from, to) => untilFree({ os, use: "replace" }, () => Deno.rename(from, to)),
    link: Deno.link,
    remove: (path) => untilFree({ os, use: "replace" }, () => Deno.remove(path)),
    async syncFolder(path) {
      if (os === "windows") return;
      using folder = await Deno.open(path);
      await folder.sync();
    },
    async lock(path, waitMs) {
      const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
      try {
        if (!await waitForLock(file, waitMs)) {
          file.close();
          return undefined;
        }
      } catch (error) {
        file.close();
        throw error;
      }
      return { release: () => file.close() };
    },
  };
}
