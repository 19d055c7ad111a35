/**
 * A file to text: at most 8 MiB of UTF-8 without NUL, of a regular file; a device or a pipe is not read.
 */
import { ConfigError, type ErrorDetails } from "../../core/errors.ts";
import { chooseCommands } from "../../core/system/commands.ts";
import { describeSystemError, findErrno, findFileHint } from "../../core/system_errors.ts";
import type { FileFacts, FileSystem } from "../files.ts";

/** The largest configuration, in MiB. */
export const MAX_MIB = 8;
/** The same in bytes. */
export const MAX_BYTES = MAX_MIB * 1024 * 1024;

/**
 * Returns the text of a file; undefined if it does not exist.
 *
 * @throws {ConfigError} if it cannot be read or is not text.
 */
export async function readText(
  path: string,
  files: FileSystem,
): Promise<string | undefined> {
  return (await readFile(path, files))?.text;
}

/** A file that was read. */
export interface ReadFile {
  text: string;
  /** Of the very file whose text it is. */
  facts: FileFacts;
}

/**
 * Returns the text and the facts of a file; undefined if it does not exist.
 *
 * @throws {ConfigError} if it cannot be read or is not text.
 */
export async function readFile(path: string, files: FileSystem): Promise<ReadFile | undefined> {
  try {
    // A pipe is not opened: that would wait for a writer.
    let facts = await files.stat(path);
    refuseSpecial(path, facts);
    const bytes = await files.read(path, MAX_BYTES + 1, {
      check(opened) {
        refuseSpecial(path, opened);
        facts = opened;
      },
    });
    return { text: decode(path, bytes), facts };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (/^(?:ENOENT|ENOTDIR)$/.test(findErrno(error) ?? "")) return undefined;
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotCapable) throw failSpecial(path);
    throw fail(path, `cannot be read: ${describeSystemError(error)}`, {
      cause: error,
      hint: findFileHint(error, {
        denied: `look who may read it: ${chooseCommands(files.os).showAccess(path)}`,
      }),
    });
  }
}

/** Refuses what is not a regular file: a pipe would be waited for, a device replaced. */
export function refuseSpecial(path: string, { isDirectory, isFile }: FileFacts): void {
  if (isDirectory) throw fail(path, "is a folder: name a file", {});
  if (!isFile) throw failSpecial(path);
}

/** Returns the error for a device or a pipe. */
export function failSpecial(path: string): ConfigError {
  return fail(path, "is a device or a pipe, not a regular file", { hint: "name a file" });
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

/** Returns the error of a file, or of a line of it. */
export function fail(
  file: string,
  message: string,
  details: ErrorDetails,
  line?: number,
): ConfigError {
  return new ConfigError([{ file, line, message }], details);
}
