/**
 * What commands share: the saved targets, and a prompter to ask with. The configuration is loaded when
 * it is needed: an ad hoc knock reads none.
 */
import type { Config } from "../config/mod.ts";
import {
  ConfigError,
  type Problem,
  renderProblem,
  SecretError,
  UsageError,
} from "../core/errors.ts";
import { suggest } from "../core/suggest.ts";
import { isSameHost, type Target } from "../core/target.ts";
import { joinOr, plural } from "../core/text.ts";
import { sanitize } from "../output/sanitize.ts";
import type { StatusLine } from "../output/status_line.ts";
import type { Prompter, SecretQuestion } from "../prompt/mod.ts";
import { askByProgram, findAskpass } from "../secret/askpass.ts";
import { type CollectSecretsOptions, runSecretProgram } from "../use_cases/collect_secrets.ts";
import type { Context } from "./command.ts";
import type { SECRET_OPTIONS } from "./option_specs.ts";
import type { OptionNames, ParsedArgs } from "./options.ts";
import { refuseEmpty } from "./questions/secret_questions.ts";

/** Returns the file that targets are saved in. */
export async function targetsPath(
  { ports, configFile }: Pick<Context, "ports" | "configFile">,
): Promise<string> {
  const { configPath } = await import("../config/mod.ts");
  return configFile ?? configPath({ env: ports.env, os: ports.os });
}

/**
 * As {@linkcode loadTargets}, without notes about the file. No program that is started from here on
 * has the variables that hold a passphrase of any target.
 */
export async function readTargets(
  { ports, configFile, trustConfig }:
    & Pick<Context, "ports" | "configFile">
    & Partial<Pick<Context, "trustConfig">>,
): Promise<Config> {
  const { loadConfig } = await import("../config/mod.ts");
  const { env, os } = ports;
  const source = { env, os, file: configFile, isTrusted: trustConfig };
  const config = await loadConfig(source, ports.fs);
  for (const name of config.secretVariables) ports.hideEnv(name);
  return config;
}

/** Hides the variables that hold a passphrase, for a command that uses no saved target. */
export async function hideSecretVariables({ ports, configFile }: Context): Promise<void> {
  const { readSecretVariables } = await import("../config/mod.ts");
  const source = { env: ports.env, os: ports.os, file: configFile };
  for (const name of await readSecretVariables(source, ports.fs)) ports.hideEnv(name);
}

/**
 * Changes the file of targets by `edit`, from text to text, and reports what could not be done as it
 * should; the file is the one of {@linkcode targetsPath}.
 *
 * @throws {ConfigError} where nothing was changed.
 */
export async function updateTargets(
  file: string,
  edit: (text: string) => string,
  { ports, out }: Context,
): Promise<void> {
  const { updateConfig } = await import("../config/changes.ts");
  const { warnings } = await updateConfig(file, edit, ports.fs);
  noteWarnings(warnings, { out });
}

/** Reports what could not be done as it should. */
export function noteWarnings(
  warnings: readonly Problem[],
  { out }: Pick<Context, "out">,
): void {
  for (const problem of warnings) out.note(`warning: ${sanitize(renderProblem(problem))}`);
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
  const sameHost = findNamesByHost(config.targets, name);
  const near = sameHost.length > 0 ? joinOr(sameHost) : suggest(name, [...config.targets.keys()]);
  const hint = near !== undefined
    ? `did you mean ${near}?`
    : config.targets.size === 0
    ? explainNoTargets(config)
    : "see the targets with: spknock list";
  throw new UsageError(`unknown target "${name}"`, { code: "unknown_target", hint });
}

/** Returns the names of the targets that a host is knocked on for, in file order. */
export function findNamesByHost(targets: ReadonlyMap<string, Target>, host: string): string[] {
  return [...targets.values()].filter((target) => isSameHost(target.host, host))
    .map(({ name }) => name);
}

/** Returns that nothing is saved, and where it was looked for; under sudo, where the user's own file is. */
export function explainNoTargets({ file, elsewhere }: Config): string {
  return elsewhere === undefined
    ? `there are no targets in ${file} yet; save one with: spknock add`
    : `there are no targets in ${file}, which is root's; your own: -c ${elsewhere}`;
}

/** Returns a prompter on the terminal; undefined where there is no terminal. */
async function maybePrompter(context: Context): Promise<Prompter | undefined> {
  const terminal = await context.ports.openTerminal();
  if (terminal === undefined) return undefined;
  const { openPrompter } = await import("../prompt/mod.ts");
  const { hasColor, canRedraw } = context.out.look;
  const stream = { isTerminal: () => true };
  const look = { plain: !canRedraw(stream), color: hasColor(stream) };
  return silenced(await openPrompter(terminal, look), context.out.status);
}

/** The same prompter, with no status line while a question is asked. */
function silenced(prompter: Prompter, { silence }: StatusLine): Prompter {
  return {
    select: (question) => silence(() => prompter.select(question)),
    input: (question) => silence(() => prompter.input(question)),
    secret: (question) => silence(() => prompter.secret(question)),
    confirm: (question) => silence(() => prompter.confirm(question)),
    pause: (message) => silence(() => prompter.pause(message)),
  };
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
type AskSecret = (prompter: Prompter, question: SecretQuestion) => Promise<string>;

/** What the command line says about secrets. */
export type SecretChoice = Pick<CollectSecretsOptions, "secretsFrom" | "allowEmpty">;

/** Reads the options that every command with secrets takes. */
export function readSecretChoice(
  args: ParsedArgs<OptionNames<typeof SECRET_OPTIONS>>,
): SecretChoice {
  return { secretsFrom: args.value("secrets-from"), allowEmpty: args.has("allow-empty") };
}

/**
 * Returns how secrets are collected: typed ones on the terminal or, where there is none, by SSH_ASKPASS.
 *
 * @param ask asks on the terminal; once, unless another way is given.
 */
export function makeSecretOptions(
  context: Context,
  choice: SecretChoice = {},
  ask: AskSecret = (prompter, question) => prompter.secret(question),
): CollectSecretsOptions {
  const { allowEmpty = false } = choice;
  const run = (command: readonly string[]) => runSecretProgram(command, context.ports);
  return {
    ...choice,
    async ask(message) {
      const askpass = findAskpass(context.ports.env);
      const byProgram = { message, run, allowEmpty };
      if (askpass?.isPreferred) return await askByProgram(askpass, byProgram);
      const prompter = await maybePrompter(context);
      const validate = allowEmpty ? undefined : refuseEmpty;
      if (prompter !== undefined) return await ask(prompter, { message, validate });
      if (askpass?.isAllowed) return await askByProgram(askpass, byProgram);
      throw new SecretError(`there is no terminal to ask on: "${message}"`, {
        hint: askpass === undefined || context.ports.env("SSH_ASKPASS_REQUIRE") === "never"
          ? "use --secrets-from, SSH_ASKPASS, or command = [...] in the configuration"
          : "use --secrets-from, SSH_ASKPASS_REQUIRE=force (SSH_ASKPASS needs a display otherwise), " +
            "or command = [...] in the configuration",
      });
    },
  };
}
