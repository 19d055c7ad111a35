/** What every command is given: the world, its arguments, a voice, and the configuration. */
import type { Config } from "../config/mod.ts";
import { renderProblem, SecretError, UsageError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { Output } from "../output/output.ts";
import { sanitize } from "../output/sanitize.ts";
import type { Prompter } from "../prompt/mod.ts";
import { suggest } from "../core/suggest.ts";
import type { ParsedArgs } from "./options.ts";
import type { Ports } from "./ports.ts";

/** One run of one command. */
export interface Context {
  ports: Ports;
  out: Output;
  args: ParsedArgs;
  color: boolean;
  plain: boolean;
  /** `--config`, if it was given. */
  configFile: string | undefined;
}

/** Loaded when it is wanted: an ad hoc knock reads no configuration. */
const loadConfigModule = () => import("../config/mod.ts");

/** The file that targets are saved in. */
export async function targetsPath({ ports, configFile }: Context): Promise<string> {
  const { configPath } = await loadConfigModule();
  return configFile ?? configPath({ env: ports.env, os: ports.os });
}

/** As {@linkcode loadTargets}, without a word about the file. */
export async function readTargets({ ports, configFile }: Context): Promise<Config> {
  const { loadConfig } = await loadConfigModule();
  return await loadConfig({ env: ports.env, os: ports.os, file: configFile }, ports.fs);
}

/** The targets; empty where there is no file yet. A file named with `--config` must exist. */
export async function loadTargets(context: Context): Promise<Config> {
  const { out } = context;
  const config = await readTargets(context);
  if (config.kind === "legacy") {
    const file = sanitize(config.file);
    out.note(`reading the old ${file}; to edit targets: spknock import ${file}`);
  }
  if (out.verbose) {
    const { size } = config.targets;
    out.note(`${size} ${size === 1 ? "target" : "targets"} in ${sanitize(config.file)}`);
  }
  for (const problem of config.warnings) out.note(`skipped: ${sanitize(renderProblem(problem))}`);
  return config;
}

/** The targets to add to: here `--config` may name a file that is yet to be made. */
export async function loadForAdding(context: Context): Promise<Config> {
  const { configFile, ports } = context;
  const { parseConfig, readText } = await loadConfigModule();
  const isNew = configFile !== undefined && await readText(configFile, ports.fs) === undefined;
  return isNew ? parseConfig("", { file: configFile }) : await readTargets(context);
}

/** The original's file, where there is one. */
export async function findLegacy({ ports }: Context): Promise<string | undefined> {
  const { legacyPath, readText } = await loadConfigModule();
  const path = legacyPath({ env: ports.env, os: ports.os });
  return path !== undefined && await readText(path, ports.fs) !== undefined ? path : undefined;
}

/**
 * Says no to edits where only the original's file exists, which is never written.
 *
 * @throws {UsageError}
 */
export function refuseLegacy({ kind, file }: Config): void {
  if (kind !== "legacy") return;
  throw new UsageError(`the old file "${file}" is only read`, {
    hint: `take its targets over first: spknock import ${file}`,
  });
}

/**
 * A target by its name.
 *
 * @throws {UsageError} that names the nearest known one.
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
  throw new UsageError(`there is no target "${name}"`, { code: "unknown_target", hint });
}

/** The questions, on the terminal; undefined where there is none to ask on. */
export async function maybePrompter(context: Context): Promise<Prompter | undefined> {
  const terminal = await context.ports.openTerminal();
  if (terminal === undefined) return undefined;
  const { openPrompter } = await import("../prompt/mod.ts");
  const plain = context.plain || context.ports.env("TERM") === "dumb";
  return await openPrompter(terminal, { plain, color: context.color });
}

/**
 * The questions, for a command that cannot do without.
 *
 * @param hint what to do without a terminal.
 * @throws {UsageError} where there is no terminal.
 */
export async function needPrompter(context: Context, hint: string): Promise<Prompter> {
  const prompter = context.ports.stdin.isTerminal() ? await maybePrompter(context) : undefined;
  if (prompter === undefined) throw new UsageError("there is no terminal to ask on", { hint });
  return prompter;
}

/** Asks for a passphrase, wherever a terminal can be had; twice where a slip would be dear. */
export async function askSecret(
  context: Context,
  message: string,
  { ask = (prompter) => prompter.secret({ message }) }: {
    ask?: (prompter: Prompter) => Promise<string>;
  } = {},
): Promise<string> {
  const prompter = await maybePrompter(context);
  if (prompter === undefined) {
    throw new SecretError(`there is no terminal to ask on: "${message}"`, {
      hint: "use --secrets-from, or a secret from env, file or command in the configuration",
    });
  }
  return await ask(prompter);
}

/** The words of a command line: at least `min`, at most `max`. */
export function wantWords(
  { args }: Context,
  { min, max = min, usage }: { min: number; max?: number; usage: string },
): string[] {
  const { words } = args;
  if (words.length < min || words.length > max) {
    const what = words.length < min ? "too few arguments" : `unexpected argument "${words[max]}"`;
    throw new UsageError(what, { hint: `usage: ${usage}` });
  }
  return words;
}
