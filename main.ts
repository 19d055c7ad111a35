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
import { createFiles } from "./src/config/files.ts";
import { CancelledError, UsageError } from "./src/core/errors.ts";
import { toFilePath } from "./src/core/system/file_urls.ts";
import { createRoom, openTcpIn, openUdpIn } from "./src/net/room.ts";
import { listInterfaces } from "./src/net/source.ts";
import { openTcp, prepareTrace, sendSyn } from "./src/net/tcp.ts";
import { askUdp, findRouteError, openUdp } from "./src/net/udp.ts";
import { realClock } from "./src/system/clock.ts";
import type { Terminal } from "./src/prompt/mod.ts";
import { listEndSignals } from "./src/system/signals.ts";
import { createSink, createStdio, readAll } from "./src/system/streams.ts";

const { os } = Deno.build;
const cancel = new AbortController();
/** Whether a command of the user's runs attached to the terminal. */
let hasChild = false;
/** Milliseconds in which a second signal is the same Ctrl-C: it must not skip the closing of a door. */
const SAME_SIGNAL_MS = 1_000;
let cancelledAt = 0;

/**
 * A second signal ends the program at once, unless a command runs attached: that one may handle many
 * signals, and we do not end before it does.
 */
function end(): void {
  if (!cancel.signal.aborted) {
    cancelledAt = performance.now();
    cancel.abort(new CancelledError());
  } else if (!hasChild && performance.now() - cancelledAt > SAME_SIGNAL_MS) {
    Deno.exit(EXIT.cancelled);
  }
}

for (const signal of listEndSignals(os)) Deno.addSignalListener(signal, end);

/** What deno.json says of a checkout: the flags for a module of a registry. */
const REMOTE_FLAGS =
  "--unstable-net --allow-read --allow-write --allow-net --allow-env --allow-run --allow-sys=uid,networkInterfaces";

/** What questions were asked on. */
let terminal: Terminal | undefined;

/** Variables that started programs do not inherit. */
const hidden = new Map<string, string>();

/** Windows does not tell upper from lower case in the name of a variable. */
const foldVariable = (name: string) => os === "windows" ? name.toUpperCase() : name;

/** Deno has text only: a variable with other bytes is an error, and which one is said. */
function readEnv(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (cause) {
    throw new UsageError(`the environment variable "${name}" is not UTF-8`, { cause });
  }
}

function readCwd(): string {
  try {
    return Deno.cwd();
  } catch (cause) {
    throw new UsageError("the current folder does not exist any more", {
      hint: "change to another folder",
      cause,
    });
  }
}

const room = createRoom({ clock: realClock, signal: cancel.signal });
const stdio = createStdio(Deno, { clock: realClock });
const files = createFiles({ os });

const ports: CliPorts = {
  stdout: createSink(Deno.stdout),
  stderr: createSink(Deno.stderr),
  stdin: {
    isTerminal: () => Deno.stdin.isTerminal(),
    readAll: () => readAll(stdio, cancel.signal),
  },
  // Most runs neither ask nor start a program: these two are loaded when they are needed.
  openTerminal: async () =>
    terminal = (await import("./src/system/terminal.ts")).openTerminal(cancel.signal, {
      os,
      deno: Deno,
    }),
  stdio,
  env: (name) => hidden.get(foldVariable(name)) ?? readEnv(name),
  hideEnv: (name) => {
    const value = readEnv(name);
    if (value === undefined) return;
    hidden.set(foldVariable(name), value);
    Deno.env.delete(name);
  },
  os,
  cwd: readCwd,
  listStartWords: () => {
    if (Deno.build.standalone) return [Deno.execPath()];
    const start = [Deno.execPath(), "run", "-q", "--no-prompt"];
    // A module of a registry has no deno.json with flags and permissions beside it.
    if (!Deno.mainModule.startsWith("file:")) {
      return [...start, ...REMOTE_FLAGS.split(" "), Deno.mainModule];
    }
    const file = toFilePath(Deno.mainModule, os);
    // tools/deno.ts says where the dependencies come from.
    const given = Deno.env.get("SPKNOCK_DENO_FLAGS");
    const flags: string[] = given === undefined
      ? ["--config", file.replace(/[^/\\]*$/, "deno.json")]
      : JSON.parse(given);
    return [...start, ...flags, "-P=spknock", file];
  },
  checkRuntime: () => {
    if (Deno.listenDatagram !== undefined) return;
    throw new UsageError("deno was started without --unstable-net, which UDP needs", {
      hint: "deno run --unstable-net ...",
    });
  },
  readBuild: async () => await (await import("./src/system/build.ts")).readBuild(),
  clock: realClock,
  net: {
    askUdp: (question) => room.run(() => askUdp(question), question),
    openUdp: openUdpIn(room, openUdp),
    openTcp: openTcpIn(room, openTcp, { findRouteError }),
    sendSyn: (knock) => room.run(() => sendSyn(knock)),
    prepareTrace,
    watchRoom: room.watch,
    sendEcho: async (echo) => {
      const { sendEcho } = await import("./src/net/echo.ts");
      return await sendEcho(echo, { run: ports.runProgram, os });
    },
    listInterfaces,
    fetchText: async (...call) => await (await import("./src/net/web.ts")).fetchText(...call),
  },
  fs: { ...files, read: (...call) => room.run(() => files.read(...call)) },
  fileMode: async (path) => (await files.stat(path)).mode ?? undefined,
  runProgram: (...call) =>
    room.run(async () => await (await import("./src/system/program.ts")).runProgram(...call)),
  startProgram: (...call) =>
    room.run(async () =>
      await (await import("./src/system/start_program.ts")).startProgram(...call)
    ),
  runAttached: async (command, options) => {
    const { runAttached } = await import("./src/system/run_attached.ts");
    hasChild = true;
    try {
      return await runAttached(command, { ...options, os });
    } finally {
      hasChild = false;
    }
  },
  endOnHangup: async () => (await import("./src/system/hangup.ts")).onHangup(end, { os }),
  dropPermissions: (names) => {
    for (const name of names) Deno.permissions.revokeSync({ name });
  },
  signal: cancel.signal,
};

// Sockets and prompts that a cancelled run leaves behind must not keep it alive.
const code = await run(Deno.args, ports);
await terminal?.close();
Deno.exit(code);
