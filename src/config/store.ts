/**
 * The configuration file: reading and writing it.
 *
 * Rules:
 * - read: at most 8 MiB of UTF-8 without NUL; a file that holds a secret (a hash or a fixed payload)
 *   must be readable by its owner alone (not checked on Windows, which has no mode bits);
 * - write: under an exclusive lock on `FILE.lock`, read, edit, check, write `.FILE.*.tmp` beside it
 *   (0600, or the file's own mode where that is stricter), fsync, rename, fsync the folder: readers
 *   see the old or the new file, also after a power failure;
 * - a device or a pipe is never replaced;
 * - a symbolic link stays one: what it leads to is replaced, and locked;
 * - the next writer removes the temporary files of killed ones, under the lock.
 */
import { ConfigError, type ErrorDetails, type Problem } from "../core/errors.ts";
import { quoteShell } from "../core/quote_shell.ts";
import { errorMessage } from "../core/text.ts";
import type { FileFacts, FileSystem } from "./files.ts";
import {
  basename,
  configPath,
  dirname,
  type Environment,
  isAbsolute,
  legacyPath,
  readConfigVariable,
} from "./paths.ts";
import { readConfig } from "./read.ts";
import type { Config } from "./schema.ts";

const MAX_MIB = 8;
const MAX_BYTES = MAX_MIB * 1024 * 1024;

/** Which file to read. */
interface ConfigSource extends Environment {
  /** The file of `--config`, which then has to exist, as that of `$SPKNOCK_CONFIG` has. */
  file?: string | undefined;
}

const LOCK_WAIT_MS = 10_000;

/**
 * Returns the configuration of `file`, of `$SPKNOCK_CONFIG`, or of the usual file; where there is none, that of the
 * original spknock (kind `legacy`), or an empty one.
 *
 * @throws {ConfigError} with every mistake.
 */
export async function loadConfig(
  source: ConfigSource,
  files: FileSystem,
): Promise<Config> {
  const path = source.file ?? configPath(source);
  const text = await readText(path, files);
  if (text !== undefined) return await requireValid(text, { path, files, os: source.os });
  const isVariable = source.file === undefined && readConfigVariable(source.env) !== undefined;
  if (source.file !== undefined || isVariable) {
    throw fail(path, "cannot be read: there is no such file", {
      hint: isVariable ? "SPKNOCK_CONFIG names it; spknock add makes it" : undefined,
    });
  }
  const old = legacyPath(source);
  const oldText = old === undefined ? undefined : await readText(old, files);
  if (old !== undefined && oldText !== undefined) {
    const { parseLegacy } = await import("./import/legacy_file.ts");
    return parseLegacy(oldText, { file: old });
  }
  return (await readConfig("", { file: path })).config;
}

async function requireValid(
  text: string,
  { path, files, os }: { path: string; files: FileSystem; os: string },
): Promise<Config> {
  const { config, problems } = await readConfig(text, { file: path });
  const mode = config.holdsSecret && os !== "windows" ? (await files.stat(path)).mode : null;
  const isExposed = mode !== null && (mode & 0o077) !== 0;
  const exposure: Problem[] = isExposed
    ? [{
      file: path,
      message: `contains a secret, but other users can read it (mode ${
        renderMode(mode)
      }): set mode 0600`,
    }]
    : [];
  if (problems.length + exposure.length === 0) return config;
  throw new ConfigError(
    [...exposure, ...problems],
    isExposed ? { hint: `chmod 600 ${quoteShell(path)}` } : {},
  );
}

/**
 * Returns the text of a file; undefined if it does not exist.
 *
 * @throws {ConfigError} if it cannot be read or is not text.
 */
export async function readText(
  path: string,
  files: FileSystem,
): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    if ((await files.stat(path)).isDirectory) throw fail(path, "is a folder: name a file", {});
    bytes = await files.read(path, MAX_BYTES + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof ConfigError) throw error;
    throw fail(path, `cannot be read: ${describeReason(error)}`, {
      cause: error,
      hint: error instanceof Deno.errors.PermissionDenied
        ? `look at its mode: ls -l ${quoteShell(path)}`
        : undefined,
    });
  }
  return decode(path, bytes);
}

function decode(path: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) {
    throw fail(path, `is larger than ${MAX_MIB} MiB: is it the right file?`, {});
  }
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) throw fail(path, "is UTF-16", { hint: "save it as UTF-8" });
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw fail(path, "is a binary file: it has a NUL byte", { hint: "name a text file" });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw fail(
      path,
      "is not UTF-8",
      { cause: error, hint: "save it as UTF-8" },
      findBadLine(bytes),
    );
  }
}

/** The 1-based line of the first byte that is not UTF-8: a line is decoded by itself. */
function findBadLine(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 1;; line++) {
    const end = bytes.indexOf(10, start);
    try {
      new TextDecoder("utf-8", { fatal: true })
        .decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}

/**
 * Changes the file by `edit`, from its present text ("" if there is none) to the new one; a text
 * that did not change is not written.
 *
 * @returns the configuration as it is then.
 * @throws {ConfigError} if the result is wrong or cannot be written; the file is then as it was.
 */
export async function updateConfig(
  path: string,
  edit: (text: string) => string,
  files: FileSystem,
): Promise<Config> {
  try {
    const realPath = await followLinks(path, files);
    await requireRegularFile(realPath, { path, files });
    await files.makeFolder(parentFolder(realPath));
    const lock = await files.lock(`${realPath}.lock`, LOCK_WAIT_MS);
    if (lock === undefined) {
      throw fail(path, "is being changed by another spknock; nothing was changed", {
        hint: "end the other one, then try again",
      });
    }
    try {
      await removeLeftovers(realPath, files);
      const before = await readText(realPath, files);
      const after = edit(before ?? "");
      if (new TextEncoder().encode(after).length > MAX_BYTES) {
        throw fail(path, `would be larger than ${MAX_MIB} MiB; nothing was changed`, {});
      }
      const { config, problems } = await readConfig(after, { file: path });
      if (problems.length > 0) throw new ConfigError(problems);
      if (after !== before) await replaceFile(realPath, after, files);
      return config;
    } finally {
      lock.release();
    }
  } catch (error) {
    throw describeWriteError(path, error);
  }
}

/**
 * Writes a text file of the user's as the configuration is written, but without a lock: private, whole
 * or not at all, through symbolic links; missing folders are made with mode 0700.
 *
 * @throws {ConfigError} if it cannot be written; the file is then as it was.
 */
export async function writeText(path: string, text: string, files: FileSystem): Promise<void> {
  try {
    const realPath = await followLinks(path, files);
    await requireRegularFile(realPath, { path, files });
    await files.makeFolder(parentFolder(realPath));
    await replaceFile(realPath, text, files);
  } catch (error) {
    throw describeWriteError(path, error);
  }
}

/** A failure of the system by name; anything else as it is. */
function describeWriteError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && "code" in error && isSystemError(error))) return error;
  return fail(path, `cannot be written: ${describeReason(error)}; nothing was changed`, {
    cause: error,
    hint: findHint(error, path),
  });
}

async function replaceFile(realPath: string, text: string, files: FileSystem): Promise<void> {
  const present = await statIfThere(realPath, files);
  const temporary = `${parentFolder(realPath)}/.${basename(realPath)}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await files.create(temporary, chooseMode(present));
    try {
      await file.write(new TextEncoder().encode(text));
      await file.sync();
    } finally {
      file.close();
    }
    await keepOwner(temporary, present, files);
    await files.rename(temporary, realPath);
  } catch (error) {
    // The first error is the one to report; the next writer removes what is left.
    await files.remove(temporary).catch(() => {});
    throw error;
  }
  await files.syncFolder(parentFolder(realPath));
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

async function statIfThere(path: string, files: FileSystem): Promise<FileFacts | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A rename over a device or a pipe would remove it. */
async function requireRegularFile(
  realPath: string,
  { path, files }: { path: string; files: FileSystem },
): Promise<void> {
  const present = await statIfThere(realPath, files);
  if (present === undefined || present.isFile || present.isDirectory) return;
  throw fail(path, "is not a regular file: it can be read, not changed", { hint: "name a file" });
}

/** Temporary files of writers that were killed: under the lock no other writer is at work. */
async function removeLeftovers(realPath: string, files: FileSystem): Promise<void> {
  const prefix = `.${basename(realPath)}.`;
  for (const name of await files.list(parentFolder(realPath))) {
    const isLeftover = name.startsWith(prefix) &&
      /^[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length));
    if (isLeftover) await files.remove(`${parentFolder(realPath)}/${name}`);
  }
}

/** Returns what a path leads to, also where the last link leads to nothing yet. */
async function followLinks(path: string, files: FileSystem): Promise<string> {
  let realPath = path;
  for (let count = 0; count < 40; count++) {
    const target = await files.readLink(realPath);
    if (target === undefined) return realPath;
    realPath = isAbsolute(target) ? target : `${parentFolder(realPath)}/${target}`;
  }
  throw fail(path, "is a symbolic link that leads to itself", {});
}

function parentFolder(path: string): string {
  return dirname(path) || ".";
}

function renderMode(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

function fail(file: string, message: string, details: ErrorDetails, line?: number): ConfigError {
  return new ConfigError([{ file, line, message }], details);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of its path is not a folder",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links lead in a circle",
  ENOENT: "a part of its path does not exist",
};

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "make room on the disk, then try again",
  EDQUOT: "make room, then try again",
  EROFS: "use --config FILE to write elsewhere",
};

function readCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isSystemError(error: Error): boolean {
  return /^E[A-Z0-9]+$/.test(readCode(error));
}

function describeReason(error: unknown): string {
  return REASONS[readCode(error)] ?? errorMessage(error);
}

function findHint(error: Error, path: string): string | undefined {
  const folder = quoteShell(parentFolder(path));
  return HINTS[readCode(error)] ??
    (/^E(?:ACCES|PERM)$/.test(readCode(error))
      ? `look at the modes of the file and its folder: ls -ld ${folder} ${quoteShell(path)}`
      : undefined);
}
