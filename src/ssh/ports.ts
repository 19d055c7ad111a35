/** What a login needs of the world. */
import type { Clock } from "../core/clock.ts";

/** How a program ended. */
interface Ended {
  /** Exit code; undefined where it was killed at the deadline. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** A program that runs beside us. */
export interface RunningProgram {
  /** Writes to its standard input when there is room; what a program does not read any more is dropped. */
  write(text: string): Promise<void>;
  /** The end of its standard error so far. */
  readErrors(): string;
  /** Its exit code, when all of its output was read. */
  ended: Promise<number>;
  /** Ends its standard input, asks it to end after `graceMs`, and kills it a second later. */
  stop(graceMs: number): Promise<void>;
}

/** Starts a program with pipes, and does not wait for it; rejects with a system error where it cannot. */
export type StartProgram = (
  command: readonly string[],
  options: {
    /** Each line of its standard output; of a longer one the first 64 KiB. */
    onLine(line: string): void;
  },
) => Promise<RunningProgram>;

/** See the header. */
export interface SshPorts {
  os: string;
  clock: Clock;
  env(name: string): string | undefined;
  runProgram(
    command: readonly string[],
    options: {
      stdin?: Iterable<string>;
      timeoutMs: number;
      signal?: AbortSignal | undefined;
    },
  ): Promise<Ended>;
  startProgram: StartProgram;
  signal: AbortSignal;
}
