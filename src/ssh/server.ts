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
  /** Runs it as root: directly, by `sudo -n`, or by sudo with a password that is asked for once. */
  asRoot?: boolean;
  /** Milliseconds until it is given up. */
  timeoutMs: number;
}

/** How root is reached there; `none`: neither root nor sudo. */
export type RootWay = "root" | "sudo" | "sudo-password" | "none";

/** See the header. */
export interface Server extends AsyncDisposable {
  /** As ssh was given it: `[USER@]HOST`. */
  place: string;
  /** A folder there that only the login user can read; it is removed when the login ends. */
  folder: string;
  rootWay: RootWay;
  /**
   * Runs a line of POSIX shell over the one login.
   *
   * @throws {NetworkError} code `ssh` where ssh cannot be started; {SecretError} where sudo wants a password
   * that cannot be had; the signal's reason when it aborts.
   */
  run(line: string, options: ServerCommand): Promise<ServerResult>;
  /** Runs it over a new connection, which shares nothing with the login; never as root. */
  runFresh(line: string, options: Omit<ServerCommand, "asRoot">): Promise<ServerResult>;
  /** Whether the login still answers: a command that does nothing, within `timeoutMs`. */
  isAlive(timeoutMs: number): Promise<boolean>;
}
