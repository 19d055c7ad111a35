/**
 * The configuration file: reading and writing it.
 *
 * Rules:
 * - read: at most 8 MiB of UTF-8 without NUL; a file that holds a secret (a hash or a fixed payload)
 *   must be its owner's alone (not checked on Windows, which has no mode bits);
 * - write: under an exclusive lock on `FILE.lock`, read, edit, check, write `.FILE.*.tmp` beside it
 *   (0600, or the file's own mode where that is stricter), fsync, rename, fsync the folder: whoever
 *   reads, and whenever the power fails, there is the old or the new file;
 * - a device or a pipe is never replaced;
 * - a symbolic link stays one: what it leads to is replaced, and locked;
 * - whatever a killed writer left behind is removed by the next one, under the lock.
 */
import { ConfigError, type ErrorDetails, type Problem } from "../core/errors.ts";
import { type FileFacts, type FileSystem, realFiles } from "./files.ts";
import { configPath, legacyPath, type Surroundings } from "./paths.ts";
import { readConfig } from "./read.ts";
import { type Config, folderOf } from "./schema.ts";

/** The largest file that is read, in bytes. */
export const MAX_BYTES = 8 * 1024 * 1024;
const MAX_MIB = MAX_BYTES / 1024 / 1024;

/** Which file to read. */
export interface ConfigSource extends Surroundings {
  /** The file of `--config`, which then has to exist. */
  file?: string | undefined;
}

const LOCK_WAIT_MS = 10_000;

/**
 * The configuration: of `file`, or of the usual place; where nothing is there, that of the original
 * spknock (kind `legacy`); else an empty one.
 *
 * @throws {ConfigError} with every mistake.
 */
export async function loadConfig(
  source: ConfigSource,
  files: FileSystem = realFiles,
): Promise<Config> {
  const path = source.file ?? configPath(source);
  const text = await readText(path, files);
  if (text !== undefined) return await checkConfig(text, { path, files, os: source.os });
  if (source.file !== undefined) throw fail(path, "cannot be read: there is no such file", {});
  const old = legacyPath(source);
  const oldText = old === undefined ? undefined : await readText(old, files);
  if (old !== undefined && oldText !== undefined) {
    const { parseLegacy } = await import("./legacy.ts");
    return parseLegacy(oldText, { file: old });
  }
  return (await readConfig("", { file: path })).config;
}

async function checkConfig(
  text: string,
  { path, files, os }: { path: string; files: FileSystem; os: string },
): Promise<Config> {
  const { config, problems } = await readConfig(text, { file: path });
  const mode = config.holdsSecret && os !== "windows" ? (await files.stat(path)).mode : null;
  const isExposed = mode !== null && (mode & 0o077) !== 0;
  const exposure: Problem[] = isExposed
    ? [{
      file: path,
      message: `holds a secret, but its mode ${renderMode(mode)} lets others at it: use 0600`,
    }]
    : [];
  if (problems.length + exposure.length === 0) return config;
  throw new ConfigError(
    [...exposure, ...problems],
    isExposed ? { hint: `chmod 600 ${quoteForShell(path)}` } : {},
  );
}

/**
 * The text of a file; undefined if it does not exist.
 *
 * @throws {ConfigError} if it cannot be read or is no text.
 */
export async function readText(
  path: string,
  files: FileSystem = realFiles,
): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    if ((await files.stat(path)).isDirectory) throw fail(path, "is a folder: name a file", {});
    bytes = await files.read(path, MAX_BYTES + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof ConfigError) throw error;
    throw fail(path, `cannot be read: ${reasonOf(error)}`, {
      cause: error,
      hint: error instanceof Deno.errors.PermissionDenied
        ? `look at its mode: ls -l ${quoteForShell(path)}`
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
    throw fail(path, "is not UTF-8", { cause: error, hint: "save it as UTF-8" }, badLine(bytes));
  }
}

/** The 1-based line of the first byte that is not UTF-8: a line is decoded by itself. */
function badLine(bytes: Uint8Array): number {
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
  files: FileSystem = realFiles,
): Promise<Config> {
  try {
    const place = await followLinks(path, files);
    await wantRegular(place, { path, files });
    await files.makeFolder(parentOf(place));
    const lock = await files.lock(`${place}.lock`, LOCK_WAIT_MS);
    if (lock === undefined) {
      throw fail(path, "is being changed by another spknock; nothing was changed", {
        hint: "end the other one, then try again",
      });
    }
    try {
      await removeLeftovers(place, files);
      const before = await readText(place, files);
      const after = edit(before ?? "");
      if (new TextEncoder().encode(after).length > MAX_BYTES) {
        throw fail(path, `would be larger than ${MAX_MIB} MiB; nothing was changed`, {});
      }
      const { config, problems } = await readConfig(after, { file: path });
      if (problems.length > 0) throw new ConfigError(problems);
      if (after !== before) await replaceFile(place, after, files);
      return config;
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && isSystemError(error)) {
      throw fail(path, `cannot be written: ${reasonOf(error)}; nothing was changed`, {
        cause: error,
        hint: hintOf(error, path),
      });
    }
    throw error;
  }
}

async function replaceFile(place: string, text: string, files: FileSystem): Promise<void> {
  const present = await statIfThere(place, files);
  const temporary = `${parentOf(place)}/.${nameOf(place)}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await files.create(temporary, modeFor(present));
    try {
      await file.write(new TextEncoder().encode(text));
      await file.sync();
    } finally {
      file.close();
    }
    await keepOwner(temporary, present, files);
    await files.rename(temporary, place);
  } catch (error) {
    // The first error is the one to tell; what is left the next writer removes.
    await files.remove(temporary).catch(() => {});
    throw error;
  }
  await files.syncFolder(parentOf(place));
}

/** 0600, or the mode that the file has, where that allows no more. */
function modeFor(present: FileFacts | undefined): number {
  const mode = (present?.mode ?? 0o600) & 0o777;
  return (mode & ~0o600) === 0 ? mode : 0o600;
}

/** With sudo the file stays its owner's; who may not give it away owns it already. */
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

/** A device or a pipe can be read from; it would be gone if a file were put in its place. */
async function wantRegular(
  place: string,
  { path, files }: { path: string; files: FileSystem },
): Promise<void> {
  const present = await statIfThere(place, files);
  if (present === undefined || present.isFile || present.isDirectory) return;
  throw fail(path, "is no regular file: it can be read, not changed", { hint: "name a file" });
}

/** Temporary files of writers that were killed: under the lock no other writer is at work. */
async function removeLeftovers(place: string, files: FileSystem): Promise<void> {
  const prefix = `.${nameOf(place)}.`;
  for (const name of await files.list(parentOf(place))) {
    const isLeftover = name.startsWith(prefix) &&
      /^[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length));
    if (isLeftover) await files.remove(`${parentOf(place)}/${name}`);
  }
}

/** What a path leads to, also where the last link leads to nothing yet. */
async function followLinks(path: string, files: FileSystem): Promise<string> {
  let place = path;
  for (let count = 0; count < 40; count++) {
    const target = await files.readLink(place);
    if (target === undefined) return place;
    const isAbsolute = /^(?:[/\\]|[A-Za-z]:)/.test(target);
    place = isAbsolute ? target : `${parentOf(place)}/${target}`;
  }
  throw fail(path, "is a symbolic link that leads to itself", {});
}

function parentOf(path: string): string {
  return folderOf(path) || ".";
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
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

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isSystemError(error: Error): boolean {
  return /^E[A-Z0-9]+$/.test(codeOf(error));
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return REASONS[codeOf(error)] ?? text;
}

function hintOf(error: Error, path: string): string | undefined {
  const folder = quoteForShell(parentOf(path));
  return HINTS[codeOf(error)] ??
    (/^E(?:ACCES|PERM)$/.test(codeOf(error))
      ? `look at the modes of the file and its folder: ls -ld ${folder} ${quoteForShell(path)}`
      : undefined);
}

/** `text` as one word of a POSIX shell. */
function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
