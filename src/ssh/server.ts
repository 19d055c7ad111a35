/** A server that ssh logs in to, as `apply` needs it. `session.ts` makes the real one; tests bring fakes. */

/** How a command of the server ended. */
export interface ServerResult {
  /** Exit code; undefined where the time was over or ssh was killed. 255 is ssh's own: the connection failed. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** How a command is run there. */
export interface ServerCommand {
  /** What the command reads from its standard input, in pieces; nothing where undefined. */
  stdin?: Iterable<string> | undefined;
  /**
   * Runs it as root: directly, by `sudo -n`, or by sudo with a password that is asked for once. By sudo with a
   * password its standard input is empty.
   */
  asRoot?: boolean;
  /** Milliseconds until it is given up. */
  timeoutMs: number;
  /** Runs it also when the run was cancelled (Ctrl-C): what takes something back. */
  survivesCancel?: boolean;
}

/** How root is reached there; `none`: neither root nor sudo. */
export type RootWay = "root" | "sudo" | "sudo-password" | "none";

/** See the header. */
export interface Server extends AsyncDisposable {
  /** As ssh was given it: `[USER@]HOST`. */
  place: string;
  /** A folder there that only the login user can read; it is removed when the login ends. */
  folder: string;
  readonly rootWay: RootWay;
  /**
   * Runs a line of POSIX shell over the one login.
   *
   * `stdout` is what the line printed, without what rc files of the login shell printed before it.
   *
   * @throws {NetworkError} code `ssh` where ssh cannot be started, or the user has neither root nor sudo;
   * {SecretError} where sudo does not accept the password, or it cannot be asked for; the signal's reason
   * when it aborts.
   */
  run(line: string, options: ServerCommand): Promise<ServerResult>;
  /** Runs it over a new connection, which shares nothing with the login; as the login user. */
  runFresh(line: string, options: Omit<ServerCommand, "asRoot">): Promise<ServerResult>;
  /** Whether the login itself still answers, within `timeoutMs`. */
  isAlive(timeoutMs: number): Promise<boolean>;
}
