/** A real server: one login, commands over it and over new connections, and root by sudo. */
import { NetworkError, SecretError } from "../core/errors.ts";
import { listFreshWords, listSharedWords } from "./commands.ts";
import type { Destination } from "./destination.ts";
import { explainStart, findSshReason, SSH_FAILED } from "./failures.ts";
import { type Keeper, logIn } from "./keeper.ts";
import type { SshPorts } from "./ports.ts";
import { cutOutput, makeCommand, makeSudoCommand, type RemoteCommand } from "./remote.ts";
import type { RootWay, Server, ServerCommand, ServerResult } from "./server.ts";

/** How often sudo's password is asked for. */
const PASSWORD_TRIES = 3;
/** Milliseconds for the first command over a shared connection. */
const PROBE_TIMEOUT_MS = 15_000;

/** A question for sudo's password. */
export interface PasswordQuestion {
  /** Who sudo asks, at which server: as ssh has it. */
  user: string;
  host: string;
  /** 1 for the first; more where sudo did not accept the last answer. */
  attempt: number;
}

/** What a login needs. */
interface OpenServerOptions {
  ports: SshPorts;
  /** Asks on our terminal; it rejects where there is none. */
  askPassword(question: PasswordQuestion): Promise<string>;
}

/**
 * Logs in to a server.
 *
 * @throws {NetworkError} code `ssh` where that fails; the signal's reason when it aborts.
 */
export async function openServer(
  destination: Destination,
  options: OpenServerOptions,
): Promise<Server> {
  const keeper = await logIn(destination, options.ports);
  const session = new Session({ destination, keeper, options });
  try {
    await session.tryToShare();
    return session;
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

interface SessionParts {
  destination: Destination;
  keeper: Keeper;
  options: OpenServerOptions;
}

type RunOptions = Omit<ServerCommand, "asRoot">;

class Session implements Server {
  readonly place: string;
  readonly folder: string;
  rootWay: RootWay;
  readonly #parts: SessionParts;
  #control: string | undefined;
  #password: string | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.place = parts.destination.place;
    this.folder = parts.keeper.folder;
    this.rootWay = parts.keeper.rootWay;
    this.#control = parts.keeper.control;
  }

  /** A server can refuse a second command on one connection (MaxSessions 1), and a program around ssh its options. */
  async tryToShare(): Promise<void> {
    if (this.#control === undefined) return;
    const { isStarted } = await this.#start(makeCommand(":"), { timeoutMs: PROBE_TIMEOUT_MS });
    if (!isStarted) this.#control = undefined;
  }

  async run(line: string, { asRoot = false, ...options }: ServerCommand): Promise<ServerResult> {
    if (asRoot && this.rootWay !== "root") return await this.#runBySudo(line, options);
    return (await this.#start(makeCommand(line), options)).result;
  }

  async runFresh(line: string, options: RunOptions): Promise<ServerResult> {
    return (await this.#startFresh(makeCommand(line), options)).result;
  }

  async isAlive(timeoutMs: number): Promise<boolean> {
    return await this.#parts.keeper.isAlive(timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#password = undefined;
    await this.#parts.keeper.end();
  }

  async #runBySudo(line: string, options: RunOptions): Promise<ServerResult> {
    const { destination: { user, host } } = this.#parts;
    if (this.rootWay === "none") {
      throw new NetworkError(`"${user}" is not root on "${host}", and there is no sudo`, {
        code: "ssh",
        hint: "log in as root, or as a user with sudo",
      });
    }
    if (this.rootWay === "sudo") {
      const command = makeSudoCommand(line, { hasPassword: false });
      const { result, isStarted } = await this.#start(command, options);
      if (isStarted || !hasEnded(result)) return result;
      // sudo had a password in its cache, and has forgotten it.
      this.rootWay = "sudo-password";
    }
    return await this.#runWithPassword(line, options);
  }

  async #runWithPassword(line: string, options: RunOptions): Promise<ServerResult> {
    const { destination: { user, host }, options: { askPassword } } = this.#parts;
    const command = makeSudoCommand(line, { hasPassword: true });
    let reason = "";
    for (let attempt = 1; attempt <= PASSWORD_TRIES; attempt++) {
      const password = this.#password ?? await askPassword({ user, host, attempt });
      this.#password = undefined;
      const stdin = [`${password.replace(/[\r\n].*$/s, "")}\n`];
      const { result, isStarted } = await this.#start(command, { ...options, stdin });
      if (isStarted) this.#password = password;
      if (isStarted || !hasEnded(result)) return result;
      reason = findSshReason(result.stderr.replace(/^sudo: /gm, ""), 1);
      if (/not in the sudoers|not allowed|may not run/.test(result.stderr)) break;
    }
    throw new SecretError(`sudo on "${host}" did not run the command as root: ${reason}`, {
      hint: `"${user}" needs the right to run commands as root; or log in as root`,
    });
  }

  /** Runs a command over the login, or a login of its own where it cannot be shared. */
  async #start(command: RemoteCommand, options: RunOptions): Promise<Started> {
    const { destination, keeper } = this.#parts;
    if (this.#control === undefined) return await this.#startFresh(command, options);
    if (!keeper.isOpen()) {
      const result = { code: SSH_FAILED, stdout: "", stderr: "the login has ended\n" };
      return { result, isStarted: false };
    }
    const shared = { control: this.#control, command: command.words };
    return await this.#execute(listSharedWords(destination, shared), command, options);
  }

  async #startFresh(command: RemoteCommand, options: RunOptions): Promise<Started> {
    const words = listFreshWords(this.#parts.destination, command.words);
    return await this.#execute(words, command, options);
  }

  async #execute(
    words: readonly string[],
    { script }: RemoteCommand,
    { stdin = [], timeoutMs, survivesCancel = false }: RunOptions,
  ): Promise<Started> {
    const { runProgram, signal } = this.#parts.options.ports;
    const { code, stdout, stderr } = await runProgram(words, {
      stdin: chain(script, stdin),
      timeoutMs,
      ...(survivesCancel ? {} : { signal }),
    }).catch((cause) => {
      if (!survivesCancel) signal.throwIfAborted();
      throw explainStart(words, cause);
    });
    const output = cutOutput(stdout);
    const result = { code, stdout: output ?? stdout, stderr };
    return { result, isStarted: output !== undefined };
  }
}

interface Started {
  result: ServerResult;
  /** Whether the command itself was started. */
  isStarted: boolean;
}

/** Whether the server said how it ended: neither the time was over nor did ssh fail. */
function hasEnded({ code }: ServerResult): boolean {
  return code !== undefined && code !== SSH_FAILED;
}

function* chain(first: string, rest: Iterable<string>): Iterable<string> {
  yield first;
  yield* rest;
}
