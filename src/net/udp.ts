/** UDP: one socket for a whole sequence, so that a firewall sees one flow. */
import { detectFamily } from "../core/address/syntax.ts";
import type { Clock } from "../core/clock.ts";
import type { SentPacket } from "./connection.ts";
import { explainSendError, findErrno, isUnreachable } from "./socket_errors.ts";
import { guessSource, pickSource } from "./source.ts";

/** Opens a socket for datagrams. */
type Listen = (options: Deno.UdpListenOptions & { transport: "udp" }) => Deno.DatagramConn;

/** An open socket that datagrams leave from. */
interface UdpSender {
  /**
   * Hands one datagram to the kernel; returns where it left from, as far as that was asked for.
   *
   * @throws {NetworkError} if the kernel does not take it.
   */
  send(payload: Uint8Array, port: number): Promise<SentPacket>;
  close(): void;
}

/**
 * A socket towards `address`, bound to `source` if given.
 *
 * @throws {NetworkError} if `source` is not an address of this machine.
 */
export function openUdp(
  address: string,
  { source: given, isTraced = false, listen = Deno.listenDatagram }: {
    source?: string | undefined;
    isTraced?: boolean | undefined;
    /** Opens the socket; tests play that of another system. */
    listen?: Listen;
  } = {},
): UdpSender {
  const source = pickSource(given, address);
  const socket = bindSocket(address, source, listen);
  const local = isTraced ? findLocal(socket, { address, source }) : Promise.resolve({});
  return {
    async send(payload, port) {
      await sendTo(socket, payload, { address, port, source });
      return await local;
    },
    close: () => socket.close(),
  };
}

/** The socket's own port, and its address where that is certain: it is bound to any. */
async function findLocal(
  { addr }: Deno.DatagramConn,
  { address, source }: { address: string; source: string | undefined },
): Promise<SentPacket> {
  const port = "port" in addr ? addr.port : undefined;
  return { address: source ?? await guessSource(address), port };
}

/** More than a datagram holds, and less than what is refused before the route is looked up. */
const OVERSIZE = 65_530;

/**
 * Returns the error of the kernel where it has no way to an address; undefined where it has one, or does
 * not say. No packet leaves: Linux looks up the route of a datagram first, and refuses its size then
 * (EMSGSIZE; measured on Linux 6.18, IPv4 and IPv6).
 */
export async function findRouteError(
  { address, source }: { address: string; source?: string | undefined },
): Promise<unknown> {
  const socket = bindSocket(address, source);
  try {
    await socket.send(new Uint8Array(OVERSIZE), { transport: "udp", hostname: address, port: 9 });
    return undefined;
  } catch (cause) {
    return isUnreachable(cause) ? cause : undefined;
  } finally {
    socket.close();
  }
}

/** Milliseconds between two copies of a question. */
const ASK_INTERVAL_MS = 250;

/** A datagram that asks for an answer. */
export interface UdpQuestion {
  address: string;
  port: number;
  source?: string | undefined;
  payload: Uint8Array;
  clock: Clock;
  /** Milliseconds until silence is believed. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Opens the socket; tests play that of another system. */
  listen?: Listen;
}

/**
 * Sends a datagram, every {@linkcode ASK_INTERVAL_MS} again, until the port answers or the time is over.
 * An ICMP "port unreachable" looks like silence: the kernel reports it to connected sockets only
 * (udp(7)), and Deno's are not; what Windows says of it is left out.
 *
 * @returns the answer; undefined where there was none.
 * @throws {NetworkError} if the kernel does not take the datagram; the signal's reason when it aborts.
 */
export async function askUdp(question: UdpQuestion): Promise<Uint8Array | undefined> {
  const { address, port, payload, clock, timeoutMs, signal, listen } = question;
  const source = pickSource(question.source, address);
  signal.throwIfAborted();
  const socket = bindSocket(address, source, listen);
  const stop = new AbortController();
  const isOver = AbortSignal.any([stop.signal, signal]);
  const end = clock.now() + timeoutMs;
  const ask = async (): Promise<undefined> => {
    for (let at = clock.now(); at < end; at += ASK_INTERVAL_MS) {
      await clock.sleepUntil(at, isOver);
      await sendTo(socket, payload, { address, port, source });
    }
    await clock.sleepUntil(end, isOver);
  };
  const answer = receiveFrom(socket, { address, port });
  try {
    return await Promise.race([answer, ask()]);
  } finally {
    stop.abort();
    socket.close();
    await answer.catch(() => {});
  }
}

/** Waits for a datagram of one sender and drops all others. */
async function receiveFrom(
  socket: Deno.DatagramConn,
  { address, port }: { address: string; port: number },
): Promise<Uint8Array | undefined> {
  const [bare] = address.split("%");
  for (;;) {
    const received = await receiveNext(socket);
    if (received === undefined) return undefined;
    const [data, from] = received;
    if (from.transport !== "udp" || from.port !== port) continue;
    if (from.hostname.split("%")[0] === bare) return data;
  }
}

/** Returns the next datagram; undefined once the socket is closed. */
async function receiveNext(
  socket: Pick<Deno.DatagramConn, "receive">,
): Promise<[Uint8Array, Deno.Addr] | undefined> {
  for (;;) {
    try {
      return await socket.receive();
    } catch (cause) {
      const isClosed = cause instanceof Deno.errors.BadResource ||
        cause instanceof Deno.errors.Interrupted;
      if (isClosed) return undefined;
      if (!isPortUnreachable(cause)) throw cause;
    }
  }
}

/** Windows tells an unconnected socket of an ICMP "port unreachable", too, by the next call (WSAECONNRESET). */
function isPortUnreachable(cause: unknown): boolean {
  return findErrno(cause) === "ECONNRESET";
}

function bindSocket(
  address: string,
  source: string | undefined,
  listen: Listen = Deno.listenDatagram,
): Deno.DatagramConn {
  const hostname = source ?? (detectFamily(address) === "ipv6" ? "::" : "0.0.0.0");
  try {
    return listen({ transport: "udp", hostname, port: 0 });
  } catch (cause) {
    throw explainSendError(cause, { address, source });
  }
}

async function sendTo(
  socket: Deno.DatagramConn,
  payload: Uint8Array,
  { address, port, source }: { address: string; port: number; source: string | undefined },
): Promise<void> {
  const send = () => socket.send(payload, { transport: "udp", hostname: address, port });
  try {
    await send().catch((cause) => {
      // It is about the datagram before this one, which was not sent.
      if (!isPortUnreachable(cause)) throw cause;
      return send();
    });
  } catch (cause) {
    throw explainSendError(cause, { address, port, source });
  }
}
