/**
 * spknock: a port knocker for people who keep their ports closed.
 *
 * The only place that builds the real ports and sets the exit code. Nothing imports it.
 *
 * @module
 */
import { run } from "./src/cli/run.ts";
import { EXIT } from "./src/cli/exit_codes.ts";
import type { CliPorts } from "./src/cli/ports.ts";
import { realFiles } from "./src/config/files.ts";
import { CancelledError } from "./src/core/errors.ts";
import { listInterfaces } from "./src/net/source.ts";
import { openTcp, prepareTrace, sendSyn } from "./src/net/tcp.ts";
import { askUdp, openUdp } from "./src/net/udp.ts";
import { realClock } from "./src/system/clock.ts";
import { createSink, createStdio, readAll } from "./src/system/streams.ts";

const cancel = new AbortController();
/** Whether a command of the user's runs attached to the terminal. */
let hasChild = false;
const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
for (const signal of signals) {
  Deno.addSignalListener(signal, () => {
    // A second signal ends the program at once, unless a command runs attached: that one may handle
    // many signals, and we do not end before it does.
    if (hasChild) return cancel.abort(new CancelledError());
    if (cancel.signal.aborted) Deno.exit(EXIT.cancelled);
    cancel.abort(new CancelledError());
  });
}

/** Variables that started programs do not inherit. */
const hidden = new Map<string, string>();

const ports: CliPorts = {
  stdout: createSink(Deno.stdout),
  stderr: createSink(Deno.stderr),
  stdin: {
    isTerminal: () => Deno.stdin.isTerminal(),
    readAll: () => readAll(Deno.stdin, cancel.signal),
  },
  // Most runs neither ask nor start a program: these two are loaded when they are needed.
  openTerminal: async () => (await import("./src/system/terminal.ts")).openTerminal(cancel.signal),
  stdio: createStdio(Deno, { clock: realClock }),
  env: (name) => hidden.get(name) ?? Deno.env.get(name),
  hideEnv: (name) => {
    const value = Deno.env.get(name);
    if (value === undefined) return;
    hidden.set(name, value);
    Deno.env.delete(name);
  },
  os: Deno.build.os,
  cwd: () => Deno.cwd(),
  clock: realClock,
  net: {
    askUdp,
    openUdp,
    openTcp,
    sendSyn,
    prepareTrace,
    sendEcho: async (echo) => {
      const { sendEcho } = await import("./src/net/echo.ts");
      await sendEcho(echo, { run: ports.runProgram, os: ports.os });
    },
    listInterfaces,
  },
  fs: realFiles,
  fileMode: async (path) => {
    const { mode } = await Deno.stat(path);
    return Deno.build.os === "windows" || mode === null ? undefined : mode;
  },
  runProgram: async (...call) =>
    await (await import("./src/system/program.ts")).runProgram(...call),
  runAttached: async (...call) => {
    const { runAttached } = await import("./src/system/run_attached.ts");
    hasChild = true;
    try {
      return await runAttached(...call);
    } finally {
      hasChild = false;
    }
  },
  dropPermissions: (names) => {
    for (const name of names) Deno.permissions.revokeSync({ name });
  },
  signal: cancel.signal,
};

// Sockets and prompts that a cancelled run leaves behind must not keep it alive.
Deno.exit(await run(Deno.args, ports));
