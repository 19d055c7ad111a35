/**
 * What commands share: the saved targets, and a prompter to ask with. The configuration is loaded when
 * it is needed: an ad hoc knock reads none.
 */
import type { Config } from "../config/mod.ts";
import { ConfigError, renderProblem, SecretError, UsageError } from "../core/errors.ts";
import { suggest } from "../core/suggest.ts";
import type { Target } from "../core/target.ts";
import { plural } from "../core/text.ts";
import { sanitize } from "../output/sanitize.ts";
import type { Prompter } from "../prompt/mod.ts";
import type { Context } from "./command.ts";

/** Returns the file that targets are saved in. */
export async function targetsPath(
  { ports, configFile }: Pick<Context, "ports" | "configFile">,
): Promise<string> {
  const { configPath } = await import("../config/mod.ts");
  return configFile ?? configPath({ env: ports.env, os: ports.os });
}

/** As {@linkcode loadTargets}, without notes about the file. */
export async function readTargets(
  { ports, configFile }: Pick<Context, "ports" | "configFile">,
): Promise<Config> {
  const { loadConfig } = await import("../config/mod.ts");
  return await loadConfig({ env: ports.env, os: ports.os, file: configFile }, ports.fs);
}

/**
 * Returns the targets; none where there is no file yet. A file that `--config` or `$SPKNOCK_CONFIG`
 * names must exist.
 */
export async function loadTargets(context: Context): Promise<Config> {
  const { out } = context;
  const config = await readTargets(context);
  if (config.kind === "legacy") {
    const file = sanitize(config.file);
    out.note(`reading the old ${file}; to edit targets: spknock import ${file}`);
  }
  if (out.verbose) {
    out.note(`${plural(config.targets.size, "target")} in ${sanitize(config.file)}`);
  }
  for (const problem of config.warnings) out.note(`skipped: ${sanitize(renderProblem(problem))}`);
  return config;
}

/** Returns the targets to add to; here the file that is named need not exist yet. */
export async function loadForAdding(context: Context): Promise<Config> {
  const { configFile, ports } = context;
  const { parseConfig, readConfigVariable, readText } = await import("../config/mod.ts");
  const named = configFile ?? readConfigVariable(ports.env);
  const isNew = named !== undefined && await readText(named, ports.fs) === undefined;
  return isNew ? parseConfig("", { file: named }) : await readTargets(context);
}

/** Returns the saved targets, for a hint: none where the configuration cannot be read. */
export async function readTargetsQuietly(
  context: Pick<Context, "ports" | "configFile">,
): Promise<ReadonlyMap<string, Target>> {
  try {
    return (await readTargets(context)).targets;
  } catch (error) {
    if (error instanceof ConfigError) return new Map();
    throw error;
  }
}

/** Returns the path of the original's file, where there is one. */
export async function findLegacy({ ports }: Context): Promise<string | undefined> {
  const { legacyPath, readText } = await import("../config/mod.ts");
  const path = legacyPath({ env: ports.env, os: ports.os });
  return path !== undefined && await readText(path, ports.fs) !== undefined ? path : undefined;
}

/**
 * Refuses edits where only the original's file exists, which is never written.
 *
 * @throws {UsageError}
 */
export function refuseLegacy({ kind, file }: Config): void {
  if (kind !== "legacy") return;
  throw new UsageError(`the old file "${file}" is read-only`, {
    hint: `import its targets first: spknock import ${file}`,
  });
}

/**
 * Returns the target of a name.
 *
 * @throws {UsageError} with a suggestion.
 */
export function findTarget(config: Config, name: string): Target {
  const target = config.targets.get(name);
  if (target !== undefined) return target;
  const near = suggest(name, [...config.targets.keys()]);
  const hint = near !== undefined
    ? `did you mean ${near}?`
    : config.targets.size === 0
    ? "there are no targets yet: spknock add"
    : "see the targets with: spknock list";
  throw new UsageError(`unknown target "${name}"`, { code: "unknown_target", hint });
}

/** Returns a prompter on the terminal; undefined where there is no terminal. */
async function maybePrompter(context: Context): Promise<Prompter | undefined> {
  const terminal = await context.ports.openTerminal();
  if (terminal === undefined) return undefined;
  const { openPrompter } = await import("../prompt/mod.ts");
  const plain = context.plain || context.ports.env("TERM") === "dumb";
  return await openPrompter(terminal, { plain, color: context.color });
}

/**
 * Returns a prompter on the terminal, for a command that cannot do without.
 *
 * @param hint what to do without a terminal.
 * @throws {UsageError} where there is no terminal.
 */
export async function requirePrompter(context: Context, hint: string): Promise<Prompter> {
  const prompter = context.ports.stdin.isTerminal() ? await maybePrompter(context) : undefined;
  if (prompter === undefined) throw new UsageError("there is no terminal to ask on", { hint });
  return prompter;
}

/** How one passphrase is asked for. */
type AskSecret = (prompter: Prompter, message: string) => Promise<string>;

/**
 * Returns a function that asks for a passphrase, wherever there is a terminal.
 *
 * @param ask asks once, unless another way is given.
 */
export function makeAsk(
  context: Context,
  ask: AskSecret = (prompter, message) => prompter.secret({ message }),
): (message: string) => Promise<string> {
  return async (message) => {
    const prompter = await maybePrompter(context);
    if (prompter !== undefined) return await ask(prompter, message);
    throw new SecretError(`there is no terminal to ask on: "${message}"`, {
      hint: "use --secrets-from, or a secret from env, file or command in the configuration",
    });
  };
}
