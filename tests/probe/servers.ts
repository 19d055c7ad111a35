/** Servers on loopback for probes to ask, and what a probe is asked with. */
import { openTcp } from "../../src/net/tcp.ts";
import { askUdp } from "../../src/net/udp.ts";
import type { ProbeContext } from "../../src/probe/probe.ts";
import { realClock } from "../../src/system/clock.ts";
import { runProgram } from "../../src/system/program.ts";

/** What a server does with a connection, which is closed afterwards. */
export type Handler = (connection: Deno.Conn) => Promise<unknown>;

/** A server on loopback; disposing closes it and waits for its connections. */
export interface Server extends AsyncDisposable {
  port: number;
}

/** Serves TCP on `hostname`. */
export function serveTcp(handle: Handler, { hostname = "127.0.0.1" } = {}): Server {
  return serve(Deno.listen({ hostname, port: 0 }), handle);
}

/** Serves TLS with a certificate that nobody trusts. */
export function serveTls(handle: Handler): Server {
  const read = (name: string) =>
    Deno.readTextFileSync(new URL(`./fixtures/${name}.pem`, import.meta.url));
  const [key, cert] = [read("self_signed_key"), read("self_signed_cert")];
  return serve(Deno.listenTls({ hostname: "127.0.0.1", port: 0, key, cert }), handle);
}

function serve(listener: Deno.Listener, handle: Handler): Server {
  const accepting = (async () => {
    const handled: Promise<void>[] = [];
    for await (const connection of listener) handled.push(handleOne(connection, handle));
    await Promise.all(handled);
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

async function handleOne(connection: Deno.Conn, handle: Handler): Promise<void> {
  try {
    await handle(connection);
  } catch {
    // Probes hang up when they know enough.
  }
  connection.close();
}

/** Says `text` and hangs up when the other side does. */
export const says = (text: string): Handler => async (connection) => {
  await connection.write(new TextEncoder().encode(text));
  await untilClosed(connection);
};

/** Reads a request up to its empty line, answers `text`, and hangs up. */
export const answers = (text: string, requests: string[] = []): Handler => async (connection) => {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4_096);
  let request = "";
  while (!request.includes("\r\n\r\n")) {
    request += decoder.decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  }
  requests.push(request);
  await connection.write(new TextEncoder().encode(text));
};

/** Reads until the other side hangs up. */
export async function untilClosed(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4_096);
  while (await connection.read(buffer).catch(() => null) !== null);
}

/** A port that nobody listens on. */
export function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What a probe is asked with: the real world, on loopback, with a deadline that is never met. */
export function probeContext(more: Partial<ProbeContext> = {}): ProbeContext {
  return {
    target: "home",
    host: "fw.example",
    address: "127.0.0.1",
    family: "ipv4",
    attempt: 1,
    timeoutMs: 60_000,
    silenceTimeoutMs: more.timeoutMs ?? 60_000,
    signal: new AbortController().signal,
    clock: realClock,
    openTcp,
    askUdp,
    runProgram,
    os: Deno.build.os,
    ...more,
  };
}
