/** Where the configuration is. */
import { ConfigError } from "../core/errors.ts";

/** What says where the configuration is. */
export interface Surroundings {
  /** Reads an environment variable. */
  env: (name: string) => string | undefined;
  /** As in `Deno.build.os`. */
  os: string;
}

/**
 * `$SPKNOCK_CONFIG`, else `$XDG_CONFIG_HOME/spknock/targets.toml`, else
 * `~/.config/spknock/targets.toml`; on Windows `%APPDATA%\spknock\targets.toml`. Empty variables do
 * not count, nor does an `XDG_CONFIG_HOME` that is not absolute (XDG Base Directory Specification).
 *
 * @throws {ConfigError} if no variable names a folder.
 */
export function configPath({ env, os }: Surroundings): string {
  const named = env("SPKNOCK_CONFIG");
  if (named) return named;
  if (os === "windows") {
    const folder = env("APPDATA");
    if (folder) return `${folder}\\spknock\\targets.toml`;
  } else {
    const xdg = env("XDG_CONFIG_HOME");
    if (xdg?.startsWith("/")) return `${xdg}/spknock/targets.toml`;
    const home = env("HOME");
    if (home) return `${home}/.config/spknock/targets.toml`;
  }
  const missing = os === "windows" ? "APPDATA" : "HOME";
  throw new ConfigError(
    [{ file: "targets.toml", message: `has no place: ${missing} is not set` }],
    { hint: "set SPKNOCK_CONFIG, or use --config FILE" },
  );
}

/** The original's file, `~/.secrets/spknock-targets.conf`; undefined where there is no home folder. */
export function legacyPath({ env, os }: Surroundings): string | undefined {
  const home = env(os === "windows" ? "USERPROFILE" : "HOME");
  return home ? `${home}/.secrets/spknock-targets.conf` : undefined;
}
