/**
 * The configuration file: reading it. What writes it is in `update.ts`.
 *
 * Rules: one that holds a secret (a hash or a fixed payload) must be readable by its owner alone, and one
 * that makes us run programs or read files must be ours (not checked on Windows, which has no mode bits).
 */
<<<<<<< HEAD
import { ConfigError, type ErrorDetails, type Problem } from "../core/errors.ts";
import { chooseCommands } from "../core/system/commands.ts";
=======
import { ConfigError, type Problem } from "../core/errors.ts";
>>>>>>> e84c628 (Complete commands, options and names in the shells)
import { quoteShell, renderMode } from "../core/text.ts";
import { fail, type ReadFile, readFile, readText } from "./disk/read_text.ts";
import { fillSecrets } from "./fill_secrets.ts";
import type { FileSystem } from "./files.ts";
import { configPath, type Environment, legacyPath, readConfigVariable } from "./paths.ts";
import { readConfig } from "./read.ts";
import type { Config } from "./schema.ts";

/** Which file to read. */
interface ConfigSource extends Environment {
  /** The file of `--config`, which then has to exist, as that of `$SPKNOCK_CONFIG` has. */
  file?: string | undefined;
  /** Whether its owner and modes do not count (`--trust-config`). */
  isTrusted?: boolean | undefined;
}

/**
 * Returns the configuration of `file`, of `$SPKNOCK_CONFIG`, or of the usual file; where there is none,
 * that of the original spknock (kind `legacy`), or an empty one. Placeholders in its secrets are filled
 * in.
 *
 * @throws {ConfigError} with every mistake.
 */
export async function loadConfig(
  source: ConfigSource,
  files: FileSystem,
): Promise<Config> {
  const path = source.file ?? configPath(source);
  const present = await readFile(path, files);
  if (present !== undefined) {
    return fillSecrets(await requireValid(present, { ...source, path, files }));
  }
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
  const { config } = await readConfig("", { file: path });
  return { ...config, elsewhere: findElsewhere(source, files) };
}

/** Under sudo the targets of the user are not those of root; the shell knows the user's home. */
function findElsewhere({ env }: ConfigSource, files: FileSystem): string | undefined {
  const user = env("SUDO_USER");
  const isOther = user !== undefined && /^[A-Za-z_][\w.-]*$/.test(user) && user !== "root";
  return isOther && files.ownUid() === 0 ? `~${user}/.config/spknock/targets.toml` : undefined;
}

/**
 * Returns the environment variables that hold a passphrase, also of a configuration with mistakes; none
 * where it cannot be read.
 */
export async function readSecretVariables(
  source: ConfigSource,
  files: FileSystem,
): Promise<readonly string[]> {
  try {
    const path = source.file ?? configPath(source);
    const text = await readText(path, files) ?? "";
    return (await readConfig(text, { file: path })).config.secretVariables;
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

async function requireValid(
  { text, facts }: ReadFile,
  { path, files, os, isTrusted = false }: ConfigSource & { path: string; files: FileSystem },
): Promise<Config> {
  const { config, problems } = await readConfig(text, { file: path });
  const mode = config.holdsSecret && os !== "windows" ? facts.mode : null;
  const isExposed = mode !== null && (mode & 0o077) !== 0;
  const exposure: Problem[] = isExposed
    ? [{
      file: path,
      message: `contains a secret, but other users can read it (mode ${
        renderMode(mode)
      }): set mode 0600`,
    }]
    : [];
  if (problems.length + exposure.length > 0) {
    throw new ConfigError(
      [...exposure, ...problems],
      isExposed ? { hint: `chmod 600 ${quoteShell(path)}` } : {},
    );
  }
  if (isTrusted || os === "windows") return config;
  const { findDistrust } = await import("./disk/trust.ts");
  const distrust = await findDistrust(config, { facts, files });
  if (distrust === undefined) return config;
  const { message, hint } = distrust;
  throw new ConfigError([{ file: path, message }], { code: "untrusted", hint });
}
<<<<<<< HEAD

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
interface ReadFile {
  text: string;
  /** Of the very file whose text it is. */
  facts: FileFacts;
}

async function readFile(path: string, files: FileSystem): Promise<ReadFile | undefined> {
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
=======
>>>>>>> e84c628 (Complete commands, options and names in the shells)
