/**
 * TCP: the bare SYN of a knock, and connections for probes and `connect`.
 *
 * Measured on Linux 6.18 in network namespaces: a `Deno.connect` that is aborted right away has sent
 * exactly one SYN and retransmits nothing. `Deno.connect` cannot choose its local address, so with
 * `source` the SYN comes from node:net.
 */
import { NetworkError } from "../core/errors.ts";
import { explainSendError, findErrno, isUnreachable } from "./socket_errors.ts";
import { guessSource, isKernelsChoice, pickSource } from "./source.ts";
import { findRouteError } from "./udp.ts";
import type { Endpoint, SentPacket, SynKnock, TcpConnection } from "./connection.ts";

/** Answers of the kernel: no host, or a closed port. The knock was sent all the same. */
const ANSWERS = new Set(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH"]);

/**
 * node:net starts to connect a few turns of the event loop late, the first time two (measured): turns
 * are counted, for on a busy machine each takes longer. Far below the first retransmission (1 s).
 */
const SOURCE_TURNS = 5;
const SOURCE_TURN_MS = 2;

/** Milliseconds for the handshake of a connection that carries a payload: one SYN may get lost. */
const PAYLOAD_MS = 2_500;

/**
 * Sends one SYN and forgets about it: no retransmission, no waiting for an answer; a port that
 * turns out to be open is closed again. With `handshakeMs` the handshake may end first: behind networks
 * that end TCP themselves a bare SYN does not arrive. A payload needs the handshake, follows it, and ends the
 * connection.
 *
 * @throws {NetworkError} if the kernel does not send it.
 */
export async function sendSyn(knock: SynKnock): Promise<SentPacket> {
  const { isTraced = false, payload = new Uint8Array(), ...given } = knock;
  const handshakeMs = payload.length > 0 ? PAYLOAD_MS : knock.handshakeMs;
  const place = { ...given, source: pickSource(given.source, given.address) };
  const local = isTraced ? await chooseLocal(place) : {};
  const stop = new AbortController();
  const isSlow = place.source !== undefined || local.port !== undefined;
  // Loaded beforehand, or the first SYN would be aborted before it is sent.
  if (isSlow) await import("./tcp_source.ts");
  let unreachable: unknown;
  const attempt = openTcp({ ...place, localPort: local.port }, stop.signal).then(
    (connection) => deliver(connection, payload),
    async (cause) => {
      if (stop.signal.aborted) return;
      // The same number is a router's answer, and this machine's own where it has no way.
      const own = findErrno(cause) === "EHOSTUNREACH" ? await findRouteError(place) : undefined;
      if (own !== undefined) throw explainSendError(own, place);
      if (!ANSWERS.has(findErrno(cause) ?? "")) {
        throw cause instanceof NetworkError ? cause : explainSendError(cause, place);
      }
      if (isUnreachable(cause)) unreachable = cause;
    },
  );
  try {
    for (let turn = 0; turn < (isSlow ? SOURCE_TURNS : 1); turn++) {
      await untilTurn(attempt, isSlow ? SOURCE_TURN_MS : 0);
    }
    if (handshakeMs !== undefined) await untilTurn(attempt, handshakeMs);
  } finally {
    stop.abort();
  }
  await attempt;
  return { ...local, ...(unreachable === undefined ? {} : { unreachable }) };
}

/** Writes all bytes, and ends the connection. */
async function deliver(connection: TcpConnection, payload: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < payload.length;) at += await connection.write(payload.subarray(at));
  } catch (error) {
    if (!ANSWERS.has(findErrno(error) ?? "")) throw error;
  } finally {
    connection.close();
  }
}

/** Loads what a traced packet needs, so that it does not come between two knocks. */
export async function prepareTrace(address: string): Promise<void> {
  await Promise.all([import("./tcp_source.ts"), guessSource(address)]);
}

/**
 * Chooses the local port beforehand: of a SYN that is aborted nothing tells it afterwards. Not towards an
 * address with a zone: node:net, which binds the port, drops zones.
 */
async function chooseLocal({ address, source }: Endpoint): Promise<SentPacket> {
  if (address.includes("%")) return { address: source ?? await guessSource(address) };
  const hostname = address.includes(":") ? "::" : "0.0.0.0";
  using listener = Deno.listen({ hostname, port: 0 });
  return { address: source ?? await guessSource(address), port: listener.addr.port };
}

/** Waits for `attempt`, at most one turn of the event loop that takes `ms`. */
async function untilTurn(attempt: Promise<void>, ms: number): Promise<void> {
  const turn = Promise.withResolvers<void>();
  const end = () => turn.resolve();
  // Not setTimeout: its first call takes 9 ms (see system/clock.ts).
  const timer = AbortSignal.timeout(ms);
  timer.addEventListener("abort", end, { once: true });
  try {
    await Promise.race([attempt, turn.promise]);
  } finally {
    timer.removeEventListener("abort", end);
  }
}

/**
 * A full handshake.
 *
 * @throws what the system throws: an abort, ECONNREFUSED, ...
 */
export async function openTcp(
  given: Endpoint & { localPort?: number | undefined },
  signal?: AbortSignal,
): Promise<TcpConnection> {
  const place = { ...given, source: pickSource(given.source, given.address) };
  const isBound = place.source !== undefined && !isKernelsChoice(place.source, place.address);
  if (isBound || place.localPort !== undefined) return await openFrom(place, signal);
  return await Deno.connect({
    hostname: place.address,
    port: place.port,
    ...(signal ? { signal } : {}),
  });
}

async function openFrom(
  place: Endpoint & { localPort?: number | undefined },
  signal?: AbortSignal,
): Promise<TcpConnection> {
  const { connectFrom } = await import("./tcp_source.ts");
  return await connectFrom(place, signal);
}
