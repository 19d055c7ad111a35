/** A world for `run(argv, ports)`: real files in a folder of its own, all the rest is fake. */
import type { Context } from "../../src/cli/command.ts";
import {
  GLOBAL_OPTIONS,
  type OptionNames,
  type OptionSpec,
  parseOptions,
} from "../../src/cli/options.ts";
import { reportError } from "../../src/cli/report_error.ts";
import { run } from "../../src/cli/run.ts";
import type { CliPorts } from "../../src/cli/ports.ts";
import { type FileSystem, realFiles } from "../../src/config/files.ts";
import { CancelledError, OutputError } from "../../src/core/errors.ts";
import type { Address } from "../../src/net/resolve.ts";
import { explainSendError } from "../../src/net/socket_errors.ts";
import type { TcpConnection } from "../../src/net/connection.ts";
import { PLAIN_LOOK } from "../../src/output/look.ts";
import { createOutput, type Sink } from "../../src/output/output.ts";
import type { ProgramResult, RunProgram } from "../../src/probe/mod.ts";
import { FakeClock, FakeConnection, FakeNet, fakePrograms, textOf } from "../fakes.ts";
import { checkJson } from "../json_schemas.ts";
import { makeFolder } from "../systems.ts";
import { type Chunk, FakeTerminal, splitLines } from "../prompt/fake_terminal.ts";

/** What a world has; nothing of it where left out. */
export interface WorldOptions {
  /** Ports that accept connections. */
  open?: readonly number[];
  /** Packets that have to be sent before they do; none where undefined. */
  opensAfter?: number;
  /** Packets after which they are shut again. */
  shutsAfter?: number;
  /** Whether no connection is ever answered. */
  isSilent?: boolean;
  /** What is said on each connection, which ends then. */
  says?: readonly string[];
  /** What names resolve to; others do not. */
  names?: Readonly<Record<string, readonly string[]>>;
  /** The error numbers of packets and connections to addresses that nothing gets to. */
  unreachable?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
  stdin?: string;
  /** What is answered to datagrams; nothing where undefined. */
  udpAnswer?: Uint8Array;
  /** What is typed, line by line; undefined where there is no terminal. */
  keys?: readonly Chunk[];
  /** Whether stdin and stderr are something else than the terminal. */
  isRedirected?: boolean;
  /** Whether stdout is a terminal. */
  isLive?: boolean;
  /** Columns of both streams' terminal; undefined where they are none. */
  columns?: number;
  /** Its lines. */
  rows?: number;
  /** Whether stdout is on a full disk. */
  isFull?: boolean;
  /** What starts this program; `spknock` where undefined. */
  startWords?: readonly string[];
  /** The system that is played, as in `Deno.build.os`; Linux where undefined. */
  os?: string;
  /** How programs end, in order. */
  programs?: readonly (ProgramResult | Error)[];
}

/** What a run left behind. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

class FakeSink implements Sink {
  text = "";
  readonly #isTerminal: boolean;
  readonly #isFull: boolean;
  readonly #columns: number | undefined;
  readonly #rows: number | undefined;

  constructor(
    { isTerminal, isFull = false, columns, rows }: {
      isTerminal: boolean;
      isFull?: boolean;
      columns: number | undefined;
      rows: number | undefined;
    },
  ) {
    this.#columns = columns;
    this.#rows = rows;
    this.#isTerminal = isTerminal;
    this.#isFull = isFull;
  }

  write(text: string): void {
    if (this.#isFull) throw new OutputError("the output cannot be written: no space left");
    this.text += text;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  columns(): number | undefined {
    return this.#columns;
  }

  rows(): number | undefined {
    return this.#rows;
  }
}

/** A terminal that can be redrawn, without colours: a test that is about them sets its own variables. */
const LIVE_ENV: Record<string, string> = { TERM: "xterm", NO_COLOR: "1" };

function makeSystemError(code: string): Error {
  return Object.assign(new Error(`os error ${code}`), { code });
}

/** Everything that the program can touch; removed at the end. */
export class World implements AsyncDisposable {
  readonly home: string = makeFolder("spknock-cli-");
  /** Where the program looks for targets. */
  readonly config: string = `${this.home}/.config/spknock/targets.toml`;
  readonly clock: FakeClock = new FakeClock({ auto: true });
  readonly net: FakeNet = new FakeNet(this.clock);
  /** Connections that were made, in order. */
  readonly connections: { address: string; port: number; connection: FakeConnection }[] = [];
  /** What went to standard output as data. */
  data = "";
  /** What was given up, in order. */
  readonly dropped: string[] = [];
  /** The same, with what had been done before. */
  readonly drops: { name: string; sent: number; programs: number; connections: number }[] = [];
  /** Variables that programs no longer get. */
  readonly hidden = new Set<string>();
  /** For each program that was started, what was hidden from it. */
  readonly hiddenFrom: string[][] = [];
  /** Names that were looked up. */
  readonly lookedUp: string[] = [];
  terminal: FakeTerminal | undefined;
  readonly programs: ReturnType<typeof fakePrograms>;
  readonly cancel: AbortController = new AbortController();
  /** What names resolve to. */
  names: Readonly<Record<string, readonly string[]>>;
  readonly #options: WorldOptions;
  #isRead = false;
  /** What the present run gave up. */
  readonly #given = new Set<string>();

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.terminal = options.keys && new FakeTerminal(options.keys.flatMap(splitLines));
    this.programs = fakePrograms(options.programs ?? []);
    this.names = options.names ?? {};
    for (const [address, code] of Object.entries(options.unreachable ?? {})) {
      this.net.failures[address] = explainSendError(makeSystemError(code), { address });
    }
  }

  /** Saves targets as a user with private files would. */
  async write(text: string, { mode = 0o600 }: { mode?: number } = {}): Promise<void> {
    await Deno.mkdir(this.config.replace(/\/[^/]*$/, ""), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(this.config, text);
    await Deno.chmod(this.config, mode);
  }

  /** The saved targets; "" where nothing is saved. */
  async read(): Promise<string> {
    return await Deno.readTextFile(this.config).catch(() => "");
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.cancel.abort(new CancelledError());
  }

  /** One run on another terminal. */
  async runOn(terminal: FakeTerminal, ...argv: readonly string[]): Promise<Ended> {
    this.terminal = terminal;
    return await this.run(...argv);
  }

  /** One run. */
  async run(...argv: readonly string[]): Promise<Ended> {
    const { stdout, stderr } = this.#openSinks();
    const code = await run(argv, this.#ports(stdout, stderr));
    const ended = { code, stdout: stdout.text, stderr: stderr.text };
    await checkJson(argv, ended);
    return ended;
  }

  /** One run of a part of a command, which gets its parsed options as the command would. */
  async call<const Specs extends readonly OptionSpec[]>(
    argv: readonly string[],
    specs: Specs,
    work: (context: Context<OptionNames<Specs>>) => Promise<number>,
  ): Promise<Ended> {
    const { stdout, stderr } = this.#openSinks();
    const ports = this.#ports(stdout, stderr);
    const args = parseOptions<string>(argv, [...specs, ...GLOBAL_OPTIONS]);
    const [json, quiet, verbose] = [args.has("json"), args.has("quiet"), args.has("verbose")];
    const out = createOutput({ stdout, stderr, json, quiet, verbose, look: PLAIN_LOOK });
    const configFile = args.value("config");
    const context = { ports, out, args, configFile, trustConfig: false };
    const code = await work(context).catch((error: unknown) => reportError(error, out));
    return { code, stdout: stdout.text, stderr: stderr.text };
  }

  #openSinks(): { stdout: FakeSink; stderr: FakeSink } {
    const { isLive = false, isFull = false, isRedirected = false, columns, rows } = this.#options;
    this.#given.clear();
    const isTerminal = this.terminal !== undefined && !isRedirected;
    return {
      stdout: new FakeSink({ isTerminal: isLive, isFull, columns, rows }),
      stderr: new FakeSink({ isTerminal, columns, rows }),
    };
  }

  #ports(stdout: Sink, stderr: Sink): CliPorts {
    const { env = {}, stdin = "", isRedirected = false, isLive = false } = this.#options;
    return {
      stdout,
      stderr,
      stdin: {
        isTerminal: () => this.terminal !== undefined && !isRedirected,
        readAll: () => Promise.resolve(new TextEncoder().encode(stdin)),
      },
      stdio: {
        read: (buffer) => Promise.resolve(this.#readData(buffer)),
        write: (bytes) => {
          this.data += textOf(bytes);
          return Promise.resolve(bytes.length);
        },
      },
      openTerminal: () => Promise.resolve(this.terminal),
      env: (name) => ({ HOME: this.home, ...(isLive ? LIVE_ENV : { TERM: "dumb" }), ...env })[name],
      hideEnv: (name) => void this.hidden.add(name),
      os: this.#options.os ?? "linux",
      cwd: () => this.home,
      endOnHangup: () => Promise.resolve(),
      checkRuntime: () => {},
      readBuild: () =>
        Promise.resolve({
          commit: undefined,
          form: "checkout",
          place: "/src/",
          target: "x86_64-unknown-linux-gnu",
          deno: "2.9.6",
          v8: "15.0",
        }),
      listStartWords: () => this.#options.startWords ?? ["spknock"],
      clock: this.clock,
      net: {
        openUdp: (address, options) => this.net.openUdp(address, options),
        sendSyn: (place) => this.net.sendSyn(place),
        listInterfaces: () => [
          { name: "eth0", address: "192.0.2.10", cidr: "192.0.2.10/24" },
        ],
        sendEcho: (echo) => this.net.sendEcho(echo),
        askUdp: () => Promise.resolve(this.#options.udpAnswer),
        openTcp: ({ address, port }, signal) =>
          this.#options.isSilent ? untilAborted(signal) : this.#connect(address, port),
        lookup: (host) => this.#lookUp(host),
      },
      fs: this.#files(),
      fileMode: async (path) => (await realFiles.stat(path)).mode ?? undefined,
      runProgram: (...call) => this.#start(...call),
      startProgram: () => Promise.reject(new Error("no program was expected")),
      runAttached: async (command, options) => {
        const { code } = await this.#start(command, { ...options, timeoutMs: Infinity });
        return code ?? 137;
      },
      dropPermissions: (names) => {
        for (const name of names.filter((each) => !this.#given.has(each))) {
          this.#given.add(name);
          this.dropped.push(name);
          this.drops.push({
            name,
            sent: this.net.sent.length,
            programs: this.programs.calls.length,
            connections: this.connections.length,
          });
        }
      },
      signal: this.cancel.signal,
    };
  }

  #start(...call: Parameters<RunProgram>): Promise<ProgramResult> {
    this.#require("run");
    this.hiddenFrom.push([...this.hidden]);
    return this.programs.run(...call);
  }

  /** What was given up is not there any more. */
  #require(name: "run" | "write"): void {
    if (this.#given.has(name)) throw new Deno.errors.NotCapable(`${name} was given up`);
  }

  #files(): FileSystem {
    const checked = <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (
      ...args: A
    ): Promise<R> => {
      this.#require("write");
      return await act(...args);
    };
    const { makeFolder, create, chown, rename, remove, link } = realFiles;
    return {
      ...realFiles,
      makeFolder: checked(makeFolder),
      create: checked(create),
      chown: checked(chown),
      rename: checked(rename),
      remove: checked(remove),
      link: checked(link),
    };
  }

  /** Standard input, once. */
  #readData(buffer: Uint8Array): number | null {
    const text = this.#isRead ? "" : this.#options.stdin ?? "";
    this.#isRead = true;
    return text === "" ? null : new TextEncoder().encodeInto(text, buffer).written;
  }

  #connect(address: string, port: number): Promise<TcpConnection> {
    const { open = [], opensAfter = 0, shutsAfter = Infinity, says } = this.#options;
    const lost = this.#options.unreachable?.[address];
    if (lost !== undefined) return Promise.reject(makeSystemError(lost));
    const { length } = this.net.sent;
    if (open.includes(port) && length >= opensAfter && length < shutsAfter) {
      const connection = new FakeConnection(says);
      this.connections.push({ address, port, connection });
      return Promise.resolve(connection);
    }
    return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
  }

  #lookUp(host: string): Promise<Address[]> {
    this.lookedUp.push(host);
    const found = this.names[host];
    if (found === undefined) return Promise.reject(new Error(`ENOTFOUND ${host}`));
    return Promise.resolve(found.map((address) => ({
      address,
      family: address.includes(":") ? "ipv6" as const : "ipv4" as const,
    })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}

/** The one JSON value on stdout. */
export function valueOf<T = Record<string, unknown>>({ stdout }: Ended): T {
  return JSON.parse(stdout) as T;
}

/** The one JSON error on stderr. */
export function errorOf({ stderr }: Ended): { code: string; message: string; hint: string | null } {
  return (JSON.parse(stderr) as { error: { code: string; message: string; hint: string | null } })
    .error;
}
