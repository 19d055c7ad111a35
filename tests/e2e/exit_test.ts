/** A run ends with its last word: each timeout here is far longer than what is waited for. */
import { assert, assertEquals } from "@std/assert";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { needs } from "./old_runtime.ts";
import { Home } from "./program.ts";

/** A timer that was left would hold the program for as long. */
const TIMEOUT = "60s";
/** Milliseconds from the last output to the exit, and from the start to it, on a busy machine. */
const MOST_MS = 5_000;
const MOST_IN_ALL_MS = 30_000;

/** Services on loopback. */
class Services implements AsyncDisposable {
  readonly #listeners: Deno.TcpListener[] = [];
  readonly #connections: Deno.TcpConn[] = [];
  readonly #sockets: Deno.DatagramConn[] = [];
  readonly #serving: Promise<void>[] = [];

  /** Returns a port that says a word to each connection, and keeps it. */
  start(word: string): number {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listeners.push(listener);
    this.#serving.push((async () => {
      for await (const connection of listener) {
        this.#connections.push(connection);
        await connection.write(new TextEncoder().encode(word)).catch(() => {});
      }
    })());
    return listener.addr.port;
  }

  /** Returns a port that answers each datagram. */
  startUdp(): number {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    this.#sockets.push(socket);
    this.#serving.push((async () => {
      for await (const [data, from] of socket) await socket.send(data, from);
    })());
    return (socket.addr as Deno.NetAddr).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [...this.#listeners, ...this.#connections, ...this.#sockets]) each.close();
    await Promise.all(this.#serving);
  }
}

/** Returns a port that nothing listens on. */
function findFreePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const TARGET = '[targets.home]\nhost = "127.0.0.1"\nknocks = ["9/udp"]\ntries = 1\n';

interface Watched {
  code: number;
  /** Milliseconds from the last output to the exit, and from the start. */
  afterLast: number;
  inAll: number;
  text: string;
}

/** Runs the program with a standard input that is never closed. */
async function watch(
  home: Home,
  args: readonly string[],
  { signal }: { signal?: Deno.Signal } = {},
): Promise<Watched> {
  const start = performance.now();
  const child = home.start(args);
  let last = start;
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) {
      last = performance.now();
      text += new TextDecoder().decode(chunk);
      if (signal !== undefined && text.includes('"opened"')) child.kill(signal);
    }
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const { code } = await child.status;
  const end = performance.now();
  await reading;
  await child.stdin.close().catch(() => {});
  return { code, afterLast: end - last, inAll: end - start, text };
}

interface Case {
  /** The arguments; a service listens on `open`, and none on `free`. */
  args(ports: { open: number; free: number }): string[];
  code: number;
  /** `UDP_PORT` answers each datagram. */
  config?: string;
  signal?: Deno.Signal;
}

const probe = (text: string, command = "probe") => [
  ...[command, "home", "--timeout", TIMEOUT, "-v"],
  ...["--probe", text],
];

const IS_WINDOWS = lacks("sh");

async function endsSoon({ args, code, config = "", signal }: Case): Promise<void> {
  await using home = new Home();
  await using services = new Services();
  const secret = config.includes("secret =") ? "" : 'secret = "none"\n';
  await home.write(TARGET + secret + config.replace("UDP_PORT", `${services.startUdp()}`));
  const ports = {
    open: services.start("SSH-2.0-x\r\n"),
    free: findFreePort(),
  };
  const ended = await watch(home, args(ports), signal === undefined ? {} : { signal });
  assertEquals(ended.code, code, ended.text);
  assert(ended.afterLast < MOST_MS, `${ended.afterLast} ms after the last output`);
  assert(ended.inAll < MOST_IN_ALL_MS, `${ended.inAll} ms: ${ended.text}`);
}

table<Case>(
  `the program ends with its last word${needs("tls").reason}`,
  {
    "tls, where no TLS is spoken": { args: ({ open }) => probe(`tls:${open}`), code: 1 },
    "https, where no TLS is spoken": {
      args: ({ open }) => probe(`https://127.0.0.1:${open}/`),
      code: 1,
    },
  },
  endsSoon,
  { ignore: IS_WINDOWS || needs("tls").ignore },
);

table<Case>(
  "the program ends with its last word",
  {
    "tcp, open": { args: ({ open }) => probe(`${open}/tcp`), code: 0 },
    "tcp, refused": { args: ({ free }) => probe(`${free}/tcp`), code: 1 },
    "ssh, open": { args: ({ open }) => probe(`ssh:${open}`), code: 0 },
    "http, where no HTTP is spoken": {
      args: ({ open }) => probe(`http://127.0.0.1:${open}/`),
      code: 1,
    },
    "an exec probe whose child keeps its pipes": {
      args: () => ["probe", "home", "--timeout", TIMEOUT, "-v"],
      config: 'probes = [{ type = "exec", run = ["sh", "-c", "sleep 60 & echo open"] }]\n',
      code: 0,
    },
    "a plug-in": {
      args: () => ["probe", "home", "--timeout", TIMEOUT, "-v"],
      config: 'probes = [{ type = "look" }]\n[plugins.look]\ncommand = ["sh", "-c", "echo open"]\n',
      code: 0,
    },
    "udp, answered": {
      args: () => ["probe", "home", "--timeout", TIMEOUT, "-v"],
      config: 'probes = [{ type = "udp", port = UDP_PORT, send = { text = "?" } }]\n',
      code: 0,
    },
    "ping, answered": { args: () => probe("ping"), code: 0 },
    "two probes, one of them refused": {
      args: ({ open, free }) => [...probe(`${open}/tcp`), "--probe", `${free}/tcp`],
      code: 1,
    },
    "knocks again after a refusal": {
      args: ({ free }) => [...probe(`${free}/tcp`, "knock"), "--tries", "2"],
      code: 1,
    },
    "doctor": {
      args: () => ["doctor"],
      code: 0,
    },
    "a knock and a probe": { args: ({ open }) => probe(`${open}/tcp`, "knock"), code: 0 },
    "a knock without a probe": { args: () => ["knock", "home", "--no-probe", "-v"], code: 0 },
    "a secret's command whose child keeps its pipes": {
      args: () => ["knock", "home", "--no-probe", "-v"],
      config: 'secret = { command = ["sh", "-c", "echo word; sleep 60 2>/dev/null &"] }\n',
      code: 0,
    },
    "a command after the knock": {
      args: ({ open }) => [...probe(`${open}/tcp`, "knock"), "--", "true"],
      code: 0,
    },
    "connect where the service refuses": {
      args: ({ free }) => ["connect", "home", `${free}`, "--timeout", TIMEOUT, "--tries", "1"],
      code: 1,
    },
    "close": {
      args: ({ free }) => ["close", "home", "--probe", `${free}/tcp`, "--timeout", TIMEOUT],
      config: '[targets.home.close]\nknocks = ["10/udp"]\n',
      code: 0,
    },
    "list": { args: () => ["list"], code: 0 },
    "keep, stopped by Ctrl-C": {
      args: ({ open }) => [...probe(`${open}/tcp`, "keep"), "--json"],
      signal: "SIGINT",
      code: 0,
    },
    "keep, stopped by SIGTERM": {
      args: ({ open }) => [...probe(`${open}/tcp`, "keep"), "--json"],
      signal: "SIGTERM",
      code: 0,
    },
  },
  endsSoon,
  { ignore: IS_WINDOWS },
);
