/**
 * Options as data: what a command takes, how its values are read, what the help says. Parsing is
 * @std/cli's; this adds what a contract needs: unknown options with a suggestion, missing and
 * repeated values, `-` as a value, and `-u4` as `-u -4`.
 *
 * The names of a command's options are a type ({@linkcode OptionNames}), so that asking for one that
 * the command does not declare does not compile.
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError, ValueError } from "../core/errors.ts";
import { suggest } from "../core/suggest.ts";

/** One option. */
export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter or digit. */
  readonly short?: string;
  /** What the value is called in the help; a switch where undefined. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly many?: boolean;
  /** Whether "" is a value. */
  readonly mayBeEmpty?: boolean;
  readonly help: string;
}

/** The names of the options that are declared in a list. */
export type OptionNames<Specs extends readonly OptionSpec[]> = Specs[number]["name"];

/** A command line after parsing, with options of these names. */
export interface ParsedArgs<Name extends string> {
  /** The arguments that are not options, in order. */
  readonly positionals: readonly string[];
  /** The arguments after `--`; undefined where there is no `--`. */
  readonly passthrough: readonly string[] | undefined;
  /** Whether the option was given. */
  readonly has: (name: Name) => boolean;
  /** Returns the value of an option, if it was given. */
  readonly value: (name: Name) => string | undefined;
  /** Returns the values of an option that may be repeated. */
  readonly values: (name: Name) => readonly string[];
  /**
   * Returns the value as `parse` reads it.
   *
   * @throws {UsageError} with the option's name before what `parse` says.
   */
  readonly read: <T>(name: Name, parse: (text: string) => T) => T | undefined;
}

/** Options that every command takes. */
export const GLOBAL_OPTIONS = [
  { name: "config", short: "c", value: "FILE", help: "use this file of targets" },
  { name: "trust-config", help: "use it even if other users can change it" },
  { name: "json", help: "print one JSON value" },
  { name: "quiet", short: "q", help: "print only results and errors" },
  { name: "verbose", short: "v", help: "print details" },
  { name: "plain", help: "plain prompts, for dumb terminals and screen readers" },
  { name: "no-color", help: "no colours; see: spknock help environment" },
  { name: "help", short: "h", help: "show help" },
  { name: "version", short: "V", help: "show the version; with -v details of the build" },
] as const satisfies readonly OptionSpec[];

/** The names of {@linkcode GLOBAL_OPTIONS}. */
export type GlobalName = OptionNames<typeof GLOBAL_OPTIONS>;

/**
 * Parses `argv`.
 *
 * @throws {UsageError}
 */
export function parseOptions<Name extends string>(
  argv: readonly string[],
  specs: readonly (OptionSpec & { name: Name })[],
): ParsedArgs<Name> {
  const withValue = specs.filter(({ value }) => value !== undefined);
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const single = argv.flatMap((arg, index) => index < end ? splitSwitches(arg, specs) : [arg]);
  const parsed = parseArgs(joinValues(single, withValue), {
    string: ["_", ...withValue.map(({ name }): string => name)],
    boolean: specs.filter(({ value }) => value === undefined).map(({ name }): string => name),
    alias: Object.fromEntries(specs.flatMap(({ name, short }) => short ? [[name, short]] : [])),
    collect: withValue.map(({ name }): string => name),
    "--": true,
    unknown: (arg: string, key?: string) => {
      if (key !== undefined) throw unknownOption(arg, specs);
    },
  }) as Record<string, unknown>;
  for (const spec of specs) if (spec.value === undefined) refuseValue(spec, argv);
  const values = (name: Name) => (parsed[name] ?? []) as string[];
  for (const spec of withValue) checkValues(spec, values(spec.name));
  const value = (name: Name) => values(name)[0];
  return {
    positionals: (parsed["_"] as unknown[]).map(String),
    passthrough: argv.includes("--") ? parsed["--"] as string[] : undefined,
    has: (name) => parsed[name] === true || values(name).length > 0,
    value,
    values,
    read(name, parse) {
      const text = value(name);
      return text === undefined ? undefined : asUsageError(() => parse(text), `--${name}: `);
    },
  };
}

/**
 * Returns what `read` returns; a RangeError of a pure parser becomes a usage error.
 *
 * @param prefix names the option; its value is not repeated then, because it can be a secret by mistake.
 *
 * @throws {UsageError}
 */
export function asUsageError<T>(read: () => T, prefix = ""): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const isOfOption = prefix !== "" && cause instanceof ValueError;
    throw new UsageError(prefix + (isOfOption ? cause.problem : cause.message));
  }
}

/** `-u4` as `-u`, `-4`: @std/cli would take a digit for the value of the switch before it. */
function splitSwitches(arg: string, specs: readonly OptionSpec[]): string[] {
  const isSwitch = specs.some(({ short, value }) => short === arg[1] && value === undefined);
  if (!/^-[^-][^=]/.test(arg) || !isSwitch) return [arg];
  return [arg.slice(0, 2), ...splitSwitches(`-${arg.slice(2)}`, specs)];
}

/** `--secrets-from -` as `--secrets-from=-`: @std/cli takes a lone `-`, or "", for a positional. */
function joinValues(argv: readonly string[], withValue: readonly OptionSpec[]): string[] {
  const names = new Set(
    withValue.flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]),
  );
  const joined: string[] = [];
  for (const [index, arg] of argv.entries()) {
    if (arg === "--") return [...joined, ...argv.slice(index)];
    const isLone = arg === "-" || arg === "";
    if (isLone && names.has(argv[index - 1] ?? "")) joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/** `--json=no` would count as `--json`. */
function refuseValue({ name, short }: OptionSpec, argv: readonly string[]): void {
  const end = argv.indexOf("--");
  const given = end < 0 ? argv : argv.slice(0, end);
  if (
    given.some((arg) => arg.startsWith(`--${name}=`) || (short && arg.startsWith(`-${short}=`)))
  ) {
    throw new UsageError(`--${name} takes no value`, { hint: `--${name}` });
  }
}

function checkValues(spec: OptionSpec, values: readonly string[]): void {
  if (values.length > 1 && !spec.many) {
    throw new UsageError(`--${spec.name} was given ${values.length} times`, {
      hint: "give it once",
    });
  }
  if (values.includes("") && !spec.mayBeEmpty) {
    throw new UsageError(`--${spec.name} needs a value`, {
      hint: `--${spec.name} ${spec.value}`,
    });
  }
}

function unknownOption(arg: string, specs: readonly OptionSpec[]): UsageError {
  const name = arg.split("=")[0] ?? arg;
  const known = specs.flatMap((spec) => [
    `--${spec.name}`,
    ...(spec.short ? [`-${spec.short}`] : []),
  ]);
  const near = suggest(name, known);
  // `-pPASSPHRASE` is how other programs take one.
  const shown = /^-[^-]/.test(name) ? name.slice(0, 2) : name;
  return new UsageError(`unknown option "${shown}"`, {
    hint: near === undefined ? "see the options with --help" : `did you mean ${near}?`,
  });
}
