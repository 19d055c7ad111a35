/**
 * The exit codes of the contract: one typed table, from which the help, docs/scripting.md and
 * `spknock help exit-codes` are made, and the one place that merges several codes into one.
 */
import {
  CancelledError,
  ClosedError,
  ConfigError,
  InputError,
  NetworkError,
  OutputError,
  SecretError,
  UsageError,
} from "../core/errors.ts";

/** Every exit code of the program by its name. */
export const EXIT = {
  done: 0,
  closed: 1,
  usage: 2,
  network: 3,
  secret: 4,
  output: 5,
  internal: 70,
  notExecutable: 126,
  notFound: 127,
  cancelled: 130,
} as const;

/** The name of an exit code. */
type ExitName = keyof typeof EXIT;

/** What each code means, in the order of the codes. */
const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  done: "done, and every requested probe passed",
  closed: "the knocks were sent, but a probe or an `after` program failed",
  usage: "usage or configuration error; nothing was sent",
  network: "network error: a name did not resolve or a packet could not be sent",
  secret: "a secret was not available; nothing was sent to its target",
  output: "standard input or output failed; packets may have been sent",
  internal: "a bug, or an unexpected system error; packets may have been sent",
  notExecutable: "the command after `--` could not be run",
  notFound: "the command after `--` was not found",
  cancelled: "cancelled by Ctrl-C (the regular end of `keep` and `simulate`: 0)",
};

/** What the codes mean together. */
export const EXIT_NOTES: readonly string[] = [
  "With several targets the most serious one decides (4 over 3 over 1 over 0).",
  "After 2 no packet was sent; after 4 none was sent to the target that failed. With -- COMMAND " +
  "spknock ends with the code of the command.",
];

/** From the least to the most serious; what is last decides. */
const SEVERITY: readonly number[] = [
  EXIT.done,
  EXIT.closed,
  EXIT.network,
  EXIT.secret,
  EXIT.usage,
  EXIT.output,
  EXIT.cancelled,
  EXIT.internal,
];

/** Returns the most serious of several codes; 0 for none. */
export function mergeExitCodes(codes: readonly number[]): number {
  return codes.reduce(
    (worst, code) => SEVERITY.indexOf(code) > SEVERITY.indexOf(worst) ? code : worst,
    EXIT.done,
  );
}

const CODES_BY_ERROR: readonly [new (...args: never[]) => Error, number][] = [
  [CancelledError, EXIT.cancelled],
  [SecretError, EXIT.secret],
  [NetworkError, EXIT.network],
  [OutputError, EXIT.output],
  [InputError, EXIT.output],
  [ClosedError, EXIT.closed],
  [UsageError, EXIT.usage],
  [ConfigError, EXIT.usage],
];

/** Returns the exit code of an error; whatever is not meant for the user is a bug. */
export function findExitCode(error: unknown): number {
  return CODES_BY_ERROR.find(([type]) => error instanceof type)?.[1] ?? EXIT.internal;
}

/** Returns the table as rows of text: the code and its meaning. */
export function listExitCodes(): [code: string, meaning: string][] {
  return (Object.keys(EXIT) as ExitName[]).map((name) => [`${EXIT[name]}`, EXIT_MEANINGS[name]]);
}
