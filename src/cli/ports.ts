/**
 * What the command line needs of the world on top of the use cases: standard streams and a terminal.
 * `main.ts` builds the real ones; tests bring fakes.
 */
import type { LocalStream } from "../net/relay.ts";
import type { Sink } from "../output/output.ts";
import type { Terminal } from "../prompt/mod.ts";
import type { Ports } from "../use_cases/ports.ts";
import type { Build } from "../core/system/build.ts";

/** The ports of the whole program. */
export interface CliPorts extends Ports {
  stdout: Sink;
  stderr: Sink;
  /** Standard input and output as bytes, for a relay. */
  stdio: LocalStream;
  /** The terminal to ask on, even when stdin and stdout carry data; undefined where there is none. */
  openTerminal(): Promise<Terminal | undefined>;
  cwd(): string;
  /** From now on SIGHUP ends the run as Ctrl-C does, unless it is ignored (nohup). */
  endOnHangup(): Promise<void>;
  /** Returns the words that start this program, from any folder and without a PATH. */
  listStartWords(): readonly string[];
  /**
   * Asks for what the runtime has to be started with.
   *
   * @throws {UsageError} if it was not.
   */
  checkRuntime(): void;
  /** What this program was built of, and what runs it. */
  readBuild(): Promise<Build>;
  /**
   * Runs a program that has our standard streams, and so the terminal, until it ends.
   *
   * @param options.env on top of ours.
   * @returns its exit code; 128 and the number of the signal that killed it.
   * @throws the system's error if it cannot be started.
   */
  runAttached(
    command: readonly string[],
    options: { env: Record<string, string> },
  ): Promise<number>;
}
