/** What a command is, and what each run of one is given. */
import { UsageError } from "../core/errors.ts";
import { joinOr } from "../core/text.ts";
import type { Output } from "../output/output.ts";
import type { OptionNames, OptionSpec, ParsedArgs } from "./options.ts";
import type { CliPorts } from "./ports.ts";

/** One run of one command, which declares options of these names. */
export interface Context<Name extends string = never> {
  ports: CliPorts;
  out: Output;
  args: ParsedArgs<Name>;
  /** `--config`, if it was given. */
  configFile: string | undefined;
  /** `--trust-config`. */
  trustConfig: boolean;
}

/** A command: what its command line looks like, and what it does. */
export interface Command {
  /** The command line without `spknock`, one form a line. */
  usage: readonly string[];
  /** What the help says below the usage. */
  details?: string;
  options: readonly OptionSpec[];
  /** Two command lines without `spknock`, for the help. */
  examples: readonly [string, string];
  /** Whether `-- COMMAND [ARG...]` may follow. */
  takesCommand?: boolean;
  /** Returns the exit code. */
  run(context: Context<string>): Promise<number>;
}

/** Makes a command whose `run` can only ask for the options that it declares. */
export function defineCommand<const Specs extends readonly OptionSpec[]>(
  command: Omit<Command, "options" | "run"> & {
    options: Specs;
    run: (context: Context<OptionNames<Specs>>) => Promise<number>;
  },
): Command {
  return command;
}

/**
 * Returns the positionals of a command line: at least `min`, at most `max`.
 *
 * @throws {UsageError} that names the usage.
 */
export function requirePositionals(
  { args: { positionals } }: Context,
  { min, max = min, usage }: { min: number; max?: number; usage: string },
): readonly string[] {
  if (positionals.length < min || positionals.length > max) {
    const what = positionals.length > max
      ? `unexpected argument "${positionals[max]}"`
      : describeMissing(usage, positionals.length);
    throw new UsageError(what, { hint: `usage: ${usage}` });
  }
  return positionals;
}

/** Says which required word a usage line has at a place: an argument such as `TARGET`, or an action. */
function describeMissing(usage: string, index: number): string {
  const required = usage.replaceAll(/ \[[^\]]*\]/g, "").replaceAll(/ --\S+ [A-Z]+/g, "")
    .split(" ").slice(2);
  const word = required[index] ?? required.at(-1) ?? "";
  return /^[a-z]/.test(word)
    ? `missing action: use ${joinOr(word.split("|"))}`
    : `missing argument ${word.replace(/[[.].*$/, "")}`;
}
