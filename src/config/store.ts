/**
 * The configuration file: reading it. What writes it is in `update.ts`.
 *
 * Rules: one that holds a secret (a hash or a fixed payload) must be readable by its owner alone, and one
 * that makes us run programs or read files must be ours (not checked on Windows, which has no mode bits).
 */
import { ConfigError, type Problem } from "../core/errors.ts";
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
