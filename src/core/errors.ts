/**
 * The errors that a user can meet. Each has a stable `code` (part of the JSON contract), often a
 * `hint` with the fix, and is mapped to an exit code in `cli/exit_codes.ts` and to text in
 * `cli/report_error.ts`.
 *
 * Wording: what failed, the value in quotes, what is allowed. Never a secret.
 */

/** What may accompany any {@linkcode SpknockError}. */
export interface ErrorDetails {
  /** One line with the fix. */
  hint?: string | undefined;
  /** The error underneath; never shown without `--verbose`. */
  cause?: unknown;
}

/** The base of all errors that are meant for the user. */
export class SpknockError extends Error {
  /** Stable, machine-readable name of what went wrong. */
  readonly code: string;
  /** One line with the fix, if there is one. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: ErrorDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = this.constructor.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** A value that a pure parser cannot read. Its message repeats the value, for who has just typed it. */
export class ValueError extends RangeError {
  /**
   * What is wrong and what is allowed, without the value: for options and files, where a passphrase can
   * be in the wrong place.
   */
  readonly problem: string;

  constructor(text: string, problem: string) {
    super(`${JSON.stringify(text)} ${problem}`);
    this.name = "ValueError";
    this.problem = problem;
  }
}

/** The command line is wrong: exit code 2, nothing was sent. */
export class UsageError extends SpknockError {
  constructor(message: string, options: ErrorDetails & { code?: string } = {}) {
    super(options.code ?? "usage", message, options);
  }
}

/** One mistake in a configuration file. */
export interface Problem {
  /** The file as the user knows it. */
  file: string;
  /** 1-based; undefined where a problem has no line (an unreadable file). */
  line?: number | undefined;
  /** Dotted path of the key, such as `targets.home.knocks[1]`. */
  key?: string | undefined;
  /** What is wrong, with the value in quotes and what is allowed. */
  message: string;
}

/** Returns problems in file order. */
export function sortByLine(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

/** Renders a problem as `FILE:LINE: KEY: what is wrong`. */
export function renderProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return problem.key === undefined
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.key}: ${problem.message}`;
}

/** A configuration, or a rule file, is wrong: exit code 2, nothing was sent. Carries every mistake. */
export class ConfigError extends SpknockError {
  /** Every mistake that was found, in file order. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: ErrorDetails & { code?: string } = {}) {
    super(options.code ?? "config", problems.map(renderProblem).join("\n"), options);
    this.problems = problems;
  }
}

/** A name did not resolve or a packet could not be sent: exit code 3. */
export class NetworkError extends SpknockError {
  constructor(message: string, options: ErrorDetails & { code?: string } = {}) {
    super(options.code ?? "network", message, options);
  }
}

/** A door did not open although the knocks were sent: exit code 1. */
export class ClosedError extends SpknockError {
  constructor(message: string, options: ErrorDetails & { code?: "closed" | "refused" } = {}) {
    super(options.code ?? "closed", message, options);
  }
}

/** A secret is not available: exit code 4, nothing was sent. */
export class SecretError extends SpknockError {
  constructor(message: string, options: ErrorDetails = {}) {
    super("secret", message, options);
  }
}

/** Standard output cannot be written, such as on a full disk: exit code 5. */
export class OutputError extends SpknockError {
  constructor(message: string, options: ErrorDetails = {}) {
    super("output", message, options);
  }
}

/** Standard input cannot be read, such as a folder: exit code 5. */
export class InputError extends SpknockError {
  constructor(message: string, options: ErrorDetails = {}) {
    super("input", message, options);
  }
}

/** The user cancelled, at a prompt or by Ctrl-C: exit code 130. */
export class CancelledError extends SpknockError {
  constructor(message = "cancelled") {
    super("cancelled", message);
  }
}
