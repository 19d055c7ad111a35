/** The real ports of a login, and fakes. */
import type { RunningProgram, SshPorts } from "../../src/ssh/ports.ts";
import { realClock } from "../../src/system/clock.ts";
import { runProgram } from "../../src/system/program.ts";
import { startProgram } from "../../src/system/start_program.ts";
import { FakeClock } from "../fakes.ts";

/**
 * Real programs and the real clock.
 *
 * @param options.around words before each command line.
 */
export function makeRealPorts(
  { around = [], signal = new AbortController().signal, env = {} }: {
    around?: readonly string[];
    signal?: AbortSignal;
    env?: Readonly<Record<string, string>>;
  } = {},
): SshPorts {
  return {
    os: "linux",
    clock: realClock,
    env: (name) => env[name],
    runProgram: (command, options) => runProgram([...around, ...command], options),
    startProgram: (command, options) => startProgram([...around, ...command], options),
    signal,
  };
}

/** What a program was started with. */
export interface Call {
  command: readonly string[];
  stdin: string;
}

/** How a fake program ends. */
export interface FakeEnd {
  code: number | undefined;
  stdout?: string;
  stderr?: string;
}

/** What a login of the fakes says and how it ends; it lives on where `code` is undefined. */
export interface FakeLogin {
  lines?: readonly string[];
  stderr?: string;
  code?: number;
  error?: Error;
}

/** Programs that end as told, in order; the last one again and again. */
export function makeFakePorts(
  { os = "linux", logins, ends = [] }: {
    os?: string;
    logins: readonly FakeLogin[];
    ends?: readonly (FakeEnd | Error)[];
  },
): { ports: SshPorts; started: string[][]; calls: Call[]; cancel: AbortController } {
  const cancel = new AbortController();
  const started: string[][] = [];
  const calls: Call[] = [];
  const ports: SshPorts = {
    os,
    clock: new FakeClock(),
    env: () => undefined,
    runProgram(command, { stdin = [] }) {
      const end = ends[Math.min(calls.length, ends.length - 1)];
      calls.push({ command, stdin: [...stdin].join("") });
      if (end === undefined || end instanceof Error) {
        return Promise.reject(end ?? new Error("no program was expected"));
      }
      return Promise.resolve({ stdout: "", stderr: "", ...end });
    },
    startProgram(command, { onLine }) {
      const login = logins[Math.min(started.length, logins.length - 1)] ?? {};
      started.push([...command]);
      if (login.error !== undefined) return Promise.reject(login.error);
      for (const line of login.lines ?? []) onLine(line);
      return Promise.resolve(fakeProgram(login));
    },
    signal: cancel.signal,
  };
  return { ports, started, calls, cancel };
}

function fakeProgram({ code, stderr = "" }: FakeLogin): RunningProgram {
  const { promise, resolve } = Promise.withResolvers<number>();
  if (code !== undefined) resolve(code);
  return {
    ended: promise,
    readErrors: () => stderr,
    write: () => Promise.resolve(),
    stop: () => Promise.resolve(resolve(0)),
  };
}
