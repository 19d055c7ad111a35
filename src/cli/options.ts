/**
 * Options as data: what a command takes, how its values are read, what the help says. Parsing is
 * @std/cli's; this adds what a contract needs: unknown options with the nearest known one, missing
 * and repeated values, `-` as a value, and `-u4` as `-u -4`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../core/errors.ts";
import { suggest } from "../core/suggest.ts";

/** One option. */
export interface OptionSpec {
  /** Long name without dashes. */
  name: string;
  /** One letter or digit. */
  short?: string;
  /** What the value is called in the help; a switch where undefined. */
  value?: string;
  /** May be given several times. */
  many?: boolean;
  /** Whether "" is a value. */
  mayBeEmpty?: boolean;
  help: string;
}

/** A command line after parsing. */
export interface ParsedArgs {
  /** What is no option, in order. */
  words: string[];
  /** What follows `--`; undefined where there is no `--`. */
  rest: string[] | undefined;
  has(name: string): boolean;
  /** The value of an option, if it was given. */
  text(name: string): string | undefined;
  /** The values of an option that may be repeated. */
  texts(name: string): string[];
  /**
   * The value as `parse` reads it.
   *
   * @throws {UsageError} with the option's name before what `parse` says.
   */
  read<T>(name: string, parse: (text: string) => T): T | undefined;
}

/** Options that every command takes. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "config", short: "c", value: "FILE", help: "use this file of targets" },
  { name: "json", help: "print one JSON value" },
  { name: "quiet", short: "q", help: "say only what was asked for, and errors" },
  { name: "verbose", short: "v", help: "say more" },
  { name: "plain", help: "plain prompts: dumb terminals, screen readers" },
  { name: "no-color", help: "no colours (NO_COLOR is respected too)" },
  { name: "help", short: "h", help: "show help" },
  { name: "version", short: "V", help: "show the version" },
];

/**
 * Parses `argv`.
 *
 * @param options.stopEarly stop at the first word: it and all that follows are words.
 * @throws {UsageError}
 */
export function parseOptions(
  argv: readonly string[],
  specs: readonly OptionSpec[],
  { stopEarly = false }: { stopEarly?: boolean } = {},
): ParsedArgs {
  const withValue = specs.filter(({ value }) => value !== undefined);
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  // The caller counts the words of an early stop: they stay as they are.
  const single = stopEarly
    ? argv
    : argv.flatMap((arg, index) => index < end ? splitSwitches(arg, specs) : [arg]);
  const values = parseArgs(joinValues(single, withValue), {
    string: ["_", ...withValue.map(({ name }) => name)],
    boolean: specs.filter(({ value }) => value === undefined).map(({ name }) => name),
    alias: Object.fromEntries(specs.flatMap(({ name, short }) => short ? [[name, short]] : [])),
    collect: withValue.map(({ name }) => name),
    stopEarly,
    "--": true,
    unknown: (arg: string, key?: string) => {
      if (key !== undefined) throw unknownOption(arg, specs);
    },
  }) as Record<string, unknown>;
  for (const spec of specs) if (spec.value === undefined) refuseValue(spec, argv);
  const textsOf = (name: string) => (values[name] ?? []) as string[];
  for (const spec of withValue) checkValues(spec, textsOf(spec.name));
  const text = (name: string) => textsOf(name)[0];
  const isSplit = argv.includes("--");
  return {
    words: (values["_"] as unknown[]).map(String),
    rest: isSplit ? values["--"] as string[] : undefined,
    has: (name) => values[name] === true || textsOf(name).length > 0,
    text,
    texts: textsOf,
    read(name, parse) {
      const value = text(name);
      if (value === undefined) return undefined;
      try {
        return parse(value);
      } catch (cause) {
        throw asUsage(cause, `--${name}: `);
      }
    },
  };
}

/** What a pure parser threw, as a usage error. */
export function asUsage(cause: unknown, prefix = ""): unknown {
  return cause instanceof RangeError ? new UsageError(prefix + cause.message) : cause;
}

/** `-u4` as `-u`, `-4`: @std/cli would take a digit for the value of the switch before it. */
function splitSwitches(arg: string, specs: readonly OptionSpec[]): string[] {
  const isSwitch = specs.some(({ short, value }) => short === arg[1] && value === undefined);
  if (!/^-[^-][^=]/.test(arg) || !isSwitch) return [arg];
  return [arg.slice(0, 2), ...splitSwitches(`-${arg.slice(2)}`, specs)];
}

/** `--secrets-from -` as `--secrets-from=-`: @std/cli takes a lone `-`, or "", for a word. */
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
  const known = specs.flatMap((
    spec,
  ) => [`--${spec.name}`, ...(spec.short ? [`-${spec.short}`] : [])]);
  const near = suggest(name, known);
  return new UsageError(`unknown option "${name}"`, {
    hint: near === undefined ? "see the options with --help" : `did you mean ${near}?`,
  });
}
