/**
 * Where the configuration is, and paths taken apart. `@std/path` is not used: it asks for
 * `process.platform`, which starts Deno's Node layer (30 ms where a whole start takes 40).
 */
import { ConfigError } from "../core/errors.ts";
import { findHome, type HomeEnvironment } from "../core/system/home.ts";

/** What tells where the configuration is. */
export type Environment = HomeEnvironment;

/**
 * Returns the configuration file: `$SPKNOCK_CONFIG`, else `$XDG_CONFIG_HOME/spknock/targets.toml`, else
 * `~/.config/spknock/targets.toml`; on Windows `%APPDATA%\spknock\targets.toml`. Empty variables do
 * not count, nor does an `XDG_CONFIG_HOME` that is not absolute (XDG Base Directory Specification).
 *
 * @throws {ConfigError} if no variable names a folder.
 */
export function configPath({ env, os }: Environment): string {
  const named = readConfigVariable(env);
  if (named !== undefined) return named;
  if (os === "windows") {
    const folder = env("APPDATA");
    if (folder) return `${folder}\\spknock\\targets.toml`;
  } else {
    const xdg = env("XDG_CONFIG_HOME");
    if (xdg?.startsWith("/")) return `${xdg}/spknock/targets.toml`;
    const home = findHome({ env, os });
    if (home !== undefined) return `${home}/.config/spknock/targets.toml`;
  }
  const missing = os === "windows" ? "APPDATA" : "HOME";
  throw new ConfigError(
    [{
      file: "targets.toml",
      message: `cannot find the configuration folder: ${missing} is not set`,
    }],
    { hint: "set SPKNOCK_CONFIG, or use --config FILE" },
  );
}

/** Returns the file that `$SPKNOCK_CONFIG` names; undefined where the variable is not set, or empty. */
export function readConfigVariable(env: Environment["env"]): string | undefined {
  return env("SPKNOCK_CONFIG") || undefined;
}

/** Returns the original's file, `~/.secrets/spknock-targets.conf`; undefined where there is no home folder. */
export function legacyPath(environment: Environment): string | undefined {
  const home = findHome(environment);
  return home !== undefined ? `${home}/.secrets/spknock-targets.conf` : undefined;
}

/** Returns the folder of a file, "" where its path names none; both separators count. */
export function dirname(path: string): string {
  const end = findLastSeparator(path);
  return end <= 0 ? path.slice(0, end + 1) : path.slice(0, end);
}

/** Returns the name of a file without its folder. */
export function basename(path: string): string {
  return path.slice(findLastSeparator(path) + 1);
}

/** Whether a path does not depend on the current folder. */
export function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)/.test(path);
}

function findLastSeparator(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
}
