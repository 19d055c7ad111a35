/** What differs between systems where the program meets them: signals, the terminal, the path of a checkout. */
import { assertEquals } from "@std/assert";
import { toFilePath } from "../../src/core/system/file_urls.ts";
import { hasHangup, listEndSignals, listForwardedSignals } from "../../src/system/signals.ts";
import { openTerminal } from "../../src/system/terminal.ts";
import { table } from "../table.ts";

table<
  [end: readonly string[], piped: readonly string[], terminal: readonly string[], hup: boolean]
>(
  "signals: those that end us, those for a child without and with a terminal, SIGHUP",
  {
    linux: [["SIGINT", "SIGTERM"], ["SIGTERM", "SIGHUP", "SIGINT"], ["SIGTERM", "SIGHUP"], true],
    darwin: [["SIGINT", "SIGTERM"], ["SIGTERM", "SIGHUP", "SIGINT"], ["SIGTERM", "SIGHUP"], true],
    windows: [["SIGINT", "SIGBREAK"], [], [], false],
  },
  (signals, os) => {
    const forwarded = [false, true].map((hasTerminal) => listForwardedSignals(os, { hasTerminal }));
    assertEquals([listEndSignals(os), ...forwarded, hasHangup(os)], [...signals]);
  },
);

table<[os: string, url: string, path: string]>("toFilePath", {
  "Linux": ["linux", "file:///home/me/sp%20knock/main.ts", "/home/me/sp knock/main.ts"],
  "macOS": ["darwin", "file:///Users/me/main.ts", "/Users/me/main.ts"],
  "Windows": [
    "windows",
    "file:///C:/Users/me/sp%20knock/main.ts",
    "C:\\Users\\me\\sp knock\\main.ts",
  ],
  "Windows, a share": ["windows", "file://nas/tools/main.ts", "\\\\nas\\tools\\main.ts"],
}, ([os, url, path]) => assertEquals(toFilePath(url, os), path));

type System = Parameters<typeof openTerminal>[1];

/** Standard streams and devices: those that are named are terminals; any other device cannot be opened. */
function playSystem(os: string, terminals: readonly string[], env: Record<string, string> = {}) {
  const opened: [path: string, options: string][] = [];
  const closed: string[] = [];
  const read: string[] = [];
  const written: string[] = [];
  const modes: [name: string, mode: boolean][] = [];
  const stream = (name: string) => ({
    isTerminal: () => terminals.includes(name),
    setRaw: (mode: boolean) => void modes.push([name, mode]),
    read: () => Promise.resolve(read.push(name)),
    writeSync: (bytes: Uint8Array) => {
      written.push(name);
      return bytes.length;
    },
    close: () => void closed.push(name),
  });
  const deno = {
    stdin: stream("stdin"),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    openSync(path: string, options: Deno.OpenOptions) {
      opened.push([path, Object.keys(options).join("+")]);
      if (!terminals.includes(path)) throw new Deno.errors.NotFound("os error 2");
      return stream(path);
    },
    consoleSize: () => ({ columns: 0, rows: 50 }),
    env: { get: (name: string) => env[name] },
  };
  // Of Deno's streams only these calls are needed.
  const system = { os, deno: deno as unknown as System["deno"] };
  return { system, opened, closed, read, written, modes };
}

const { signal } = new AbortController();
const DEVICE = "\\\\.\\CONIN$";

interface Played {
  os: string;
  terminals: readonly string[];
  /** The keyboard and the screen that are used; undefined where there is no terminal. */
  uses: readonly [string, string] | undefined;
  opened?: readonly (readonly [string, string])[];
}

table<Played>("openTerminal", {
  "Windows: the standard streams": {
    os: "windows",
    terminals: ["stdin", "stderr"],
    uses: ["stdin", "stderr"],
  },
  "Windows: ssh gives a pipe as standard input": {
    os: "windows",
    terminals: ["CONIN$", "stderr"],
    uses: ["CONIN$", "stderr"],
    opened: [["CONIN$", "read+write"]],
  },
  "Windows: the other way of writing the device": {
    os: "windows",
    terminals: [DEVICE, "stdout"],
    uses: [DEVICE, "stdout"],
    opened: [["CONIN$", "read+write"], [DEVICE, "read+write"]],
  },
  "Windows: no stream is a console": {
    os: "windows",
    terminals: ["CONIN$", "CONOUT$"],
    uses: ["CONIN$", "CONOUT$"],
    opened: [["CONIN$", "read+write"], ["CONOUT$", "read+write"]],
  },
  "Windows: a service": {
    os: "windows",
    terminals: [],
    uses: undefined,
    opened: [["CONIN$", "read+write"], [DEVICE, "read+write"]],
  },
  "Linux: the controlling terminal": {
    os: "linux",
    terminals: ["stdin", "/dev/tty", "stderr"],
    uses: ["/dev/tty", "stderr"],
    opened: [["/dev/tty", "read"]],
  },
  "macOS: where /dev/tty may not be opened": {
    os: "darwin",
    terminals: ["stdin", "stdout"],
    uses: ["stdin", "stdout"],
    opened: [["/dev/tty", "read"]],
  },
}, async ({ os, terminals, uses, opened = [] }) => {
  const played = playSystem(os, terminals);
  const terminal = openTerminal(signal, played.system);
  assertEquals(played.opened, opened.map(([path, options]) => [path, options]));
  if (terminal === undefined || uses === undefined) {
    return assertEquals([terminal, uses], [undefined, undefined]);
  }
  const [keyboard, screen] = uses;
  terminal.setRaw(true);
  await terminal.read(new Uint8Array(1));
  terminal.write("?");
  assertEquals([played.modes, played.read, played.written], [[[keyboard, true]], [keyboard], [
    screen,
  ]]);
  assertEquals([terminal.columns(), terminal.rows()], [80, 50]);
  assertEquals(terminal.suspend !== undefined, os !== "windows");
  await terminal.close();
  assertEquals(openTerminal(signal, playSystem(os, []).system), undefined);
});
