/**
 * spknock: a port knocker for people who keep their ports closed.
 *
 * The only place that builds the real ports and sets the exit code. Nothing imports it.
 *
 * @module
 */
import { run } from "./src/cli/run.ts";
import { EXIT } from "./src/cli/failure.ts";
import type { Ports } from "./src/cli/ports.ts";
import { realFiles } from "./src/config/files.ts";
import { CancelledError } from "./src/core/errors.ts";
import { openTcp, sendSyn } from "./src/net/tcp.ts";
import { askUdp, openUdp } from "./src/net/udp.ts";
import { realClock } from "./src/system/clock.ts";
import { dataOf, readAll, sinkOf } from "./src/system/streams.ts";

const cancel = new AbortController();
/** Whether a program of the user's runs in our place. */
let isHandedOver = false;
const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
for (const signal of signals) {
  Deno.addSignalListener(signal, () => {
    // The second one does not wait for what the first one could not stop; but a program that runs in
    // our place may live through many, and we do not end before it does.
    if (isHandedOver) return cancel.abort(new CancelledError());
    if (cancel.signal.aborted) Deno.exit(EXIT.cancelled);
    cancel.abort(new CancelledError());
  });
}

/** What the programs that we start shall not inherit. */
const hidden = new Map<string, string>();

const ports: Ports = {
  stdout: sinkOf(Deno.stdout),
  stderr: sinkOf(Deno.stderr),
  stdin: {
    isTerminal: () => Deno.stdin.isTerminal(),
    readAll: () => readAll(Deno.stdin, cancel.signal),
  },
  // Most runs neither ask nor start a program: these two are loaded when they are wanted.
  openTerminal: async () => (await import("./src/system/terminal.ts")).openTerminal(cancel.signal),
  data: dataOf(Deno, { clock: realClock }),
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
  net: { askUdp, openUdp, openTcp, sendSyn },
  fs: realFiles,
  fileMode: async (path) => {
    const { mode } = await Deno.stat(path);
    return Deno.build.os === "windows" || mode === null ? undefined : mode;
  },
  runProgram: async (...call) =>
    await (await import("./src/system/program.ts")).runProgram(...call),
  handOver: async (...call) => {
    const { handOver } = await import("./src/system/hand_over.ts");
    isHandedOver = true;
    try {
      return await handOver(...call);
    } finally {
      isHandedOver = false;
    }
  },
  dropPermissions: (names) => {
    for (const name of names) Deno.permissions.revokeSync({ name });
  },
  signal: cancel.signal,
};

// Sockets and prompts that a cancelled run leaves behind must not keep it alive.
Deno.exit(await run(Deno.args, ports));
