/** Doubles of the world that several folders' tests need. */
import type { Clock } from "../src/core/clock.ts";
import type { KnockNet } from "../src/knock/send.ts";
import type { SynKnock, TcpConnection } from "../src/net/connection.ts";
import type { EchoKnock } from "../src/net/echo.ts";
import type { RunProgram } from "../src/probe/mod.ts";
import type { SecretPorts } from "../src/secret/kinds.ts";

/** Lets everything run that waits for no more than promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

const JUMPS_A_TURN = 500;

interface Sleeper {
  at: number;
  resolve(): void;
}

/**
 * A clock that stands still until it is told to go on; with `auto` it jumps to the next sleeper as
 * soon as nothing else is left to do.
 */
export class FakeClock implements Clock {
  /** Every moment that was slept for, in order of asking. */
  readonly slept: number[] = [];
  #now: number;
  #sleepers: Sleeper[] = [];
  #jumps = 0;
  readonly #isAuto: boolean;

  constructor({ start = 0, auto = false }: { start?: number; auto?: boolean } = {}) {
    this.#now = start;
    this.#isAuto = auto;
  }

  now(): number {
    return this.#now;
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  async sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (at <= this.#now) return;
    this.slept.push(at);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { at, resolve };
    this.#sleepers.push(sleeper);
    signal?.addEventListener("abort", () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal.reason);
    }, { once: true });
    if (this.#isAuto) void this.#jump();
    await promise;
  }

  /** Time passes without anybody being woken, as when a call takes long. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Time goes on; sleepers wake at their own moments, each before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (this.#wakeNext(end)) await settle();
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  /** What is not of this clock, such as a file that is read, has a turn after many jumps: it may be what is waited for. */
  async #jump(): Promise<void> {
    await settle();
    if (++this.#jumps % JUMPS_A_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
    this.#wakeNext(Infinity);
  }

  #wakeNext(end: number): boolean {
    const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) return false;
    this.#sleepers = this.#sleepers.filter((other) => other !== next);
    this.#now = Math.max(this.#now, next.at);
    next.resolve();
    return true;
  }
}

/** A packet that {@linkcode FakeNet} was given. */
export interface SentPacket {
  protocol: "tcp" | "udp" | "icmp";
  address: string;
  source: string | undefined;
  port: number;
  payload: string;
  handshakeMs?: number;
  size?: number;
  /** The clock's milliseconds. */
  at: number;
}

/** Sockets that record; a send takes `sendMs` of the clock. */
export class FakeNet implements KnockNet {
  readonly sent: SentPacket[] = [];
  /** The number of the socket that each datagram left from. */
  readonly sockets: number[] = [];
  /** Sockets that were opened, and are open now. */
  opened = 0;
  open = 0;
  /** The error of the next send. */
  failure: Error | undefined;
  /** The errors of every send, by address. */
  failures: Record<string, Error> = {};
  readonly #clock: FakeClock;
  readonly #sendMs: number;

  constructor(clock: FakeClock, { sendMs = 0 }: { sendMs?: number } = {}) {
    this.#clock = clock;
    this.#sendMs = sendMs;
  }

  openUdp(address: string, { source }: { source?: string | undefined } = {}) {
    this.open++;
    const socket = ++this.opened;
    return {
      send: (payload: Uint8Array, port: number) => {
        this.sockets.push(socket);
        return this.#record({ protocol: "udp", address, source, port, payload: textOf(payload) });
      },
      close: () => void this.open--,
    };
  }

  sendSyn({ address, port, source, payload, handshakeMs }: SynKnock): Promise<void> {
    const handshake = handshakeMs === undefined ? {} : { handshakeMs };
    return this.#record({
      protocol: "tcp",
      address,
      source,
      port,
      payload: textOf(payload ?? new Uint8Array()),
      ...handshake,
    });
  }

  sendEcho({ address, source, size, pattern }: EchoKnock): Promise<void> {
    const payload = textOf(pattern);
    return this.#record({ protocol: "icmp", address, source, port: 0, payload, size });
  }

  async #record(packet: Omit<SentPacket, "at">): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    const failure = this.failures[packet.address];
    if (failure !== undefined) throw failure;
    this.sent.push({ ...packet, at: this.#clock.now() });
    this.#clock.pass(this.#sendMs);
  }
}

/** A connection that says `chunks` and then ends, or with `hangs` never says anything more. */
export class FakeConnection implements TcpConnection {
  isClosed = false;
  written = "";
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> = new ReadableStream();
  readonly writable: WritableStream<Uint8Array<ArrayBufferLike>> = new WritableStream();
  readonly #chunks: string[];
  readonly #hangs: boolean;

  constructor(chunks: readonly string[] = [], { hangs = false }: { hangs?: boolean } = {}) {
    this.#chunks = [...chunks];
    this.#hangs = hangs;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      return this.#hangs ? Promise.withResolvers<null>().promise : Promise.resolve(null);
    }
    const { read, written } = new TextEncoder().encodeInto(chunk, buffer);
    if (read < chunk.length) this.#chunks.unshift(chunk.slice(read));
    return Promise.resolve(written);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written += textOf(bytes);
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Deno.errors.BadResource("it is closed already");
    this.isClosed = true;
  }
}

/** Programs that end as told, one entry a run; records how they were called. */
export function fakePrograms(
  ends: readonly (Awaited<ReturnType<RunProgram>> | Error)[],
): {
  run: RunProgram;
  calls: { command: readonly string[]; options: Parameters<RunProgram>[1] }[];
} {
  const calls: { command: readonly string[]; options: Parameters<RunProgram>[1] }[] = [];
  const run: RunProgram = (command, options) => {
    const end = ends[Math.min(calls.length, ends.length - 1)];
    calls.push({ command, options });
    if (end === undefined || end instanceof Error) {
      return Promise.reject(end ?? new Error("no program was expected"));
    }
    return Promise.resolve(end);
  };
  return { run, calls };
}

/** Secret sources over plain values; what is not given fails. */
export function fakeSecretPorts(
  {
    answers = [],
    env = {},
    files = {},
    modes = {},
    canChangeMode = true,
    stdin = "",
    isStdinTerminal = false,
    run,
    home = "/home/me",
  }: {
    /** What is typed at each prompt, in order. */
    answers?: readonly string[];
    env?: Record<string, string>;
    files?: Record<string, string | Uint8Array | Error>;
    /** 0o600 where undefined; of a regular file, unless it says of which type. */
    modes?: Record<string, number>;
    canChangeMode?: boolean;
    stdin?: string;
    isStdinTerminal?: boolean;
    run?: SecretPorts["run"];
    home?: string | undefined;
  } = {},
): { ports: SecretPorts; asked: string[] } {
  const asked: string[] = [];
  const ports: SecretPorts = {
    ask(message) {
      asked.push(message);
      const answer = answers[asked.length - 1];
      return answer === undefined
        ? Promise.reject(new Error("no answer was expected"))
        : Promise.resolve(answer);
    },
    env: (name) => env[name],
    readFile(path) {
      const file = files[path] ?? new Deno.errors.NotFound("os error 2");
      if (file instanceof Error) return Promise.reject(file);
      return Promise.resolve(typeof file === "string" ? new TextEncoder().encode(file) : file);
    },
    fileMode(path) {
      return files[path] === undefined
        ? Promise.reject(new Deno.errors.NotFound("os error 2"))
        : Promise.resolve(addFileType(modes[path] ?? 0o600));
    },
    isStdinTerminal: () => isStdinTerminal,
    canChangeMode: () => Promise.resolve(canChangeMode),
    readStdin: () => Promise.resolve(new TextEncoder().encode(stdin)),
    run: run ?? (() => Promise.reject(new Error("no program was expected"))),
    home,
  };
  return { ports, asked };
}

function addFileType(mode: number): number {
  return (mode & 0o170000) === 0 ? 0o100000 | mode : mode;
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
