/** `tcp`: a full handshake with its time (tcping). The others that need a connection start here. */
import type { ProbeSpec } from "../core/target.ts";
import { raceConnect, type RaceResult } from "../net/race.ts";
import type { TcpConnection } from "../net/tcp.ts";
import type { ProbeContext, ProbeKind, ProbeResult } from "./probe.ts";

/** Races for a connection to `port` within the context's patience. */
export function reach(port: number, context: ProbeContext): Promise<RaceResult> {
  const { address, source, clock, patienceMs, signal } = context;
  return raceConnect({
    open: (stop) => context.openTcp({ address, port, source }, stop),
    clock,
    timeoutMs: patienceMs,
    signal,
  });
}

/** What is said of a race that opened nothing. */
export function failureOf(
  race: Exclude<RaceResult, { status: "open" }>,
): Omit<ProbeResult, "label"> {
  const details = {
    closed: "no answer",
    refused: "connection refused",
    error: race.cause instanceof Error ? race.cause.message : "no connection",
  };
  return { status: race.status, ms: race.ms, detail: details[race.status] };
}

/**
 * Asks `question` over a connection to `port`; what it throws or leaves unanswered until the
 * timeout becomes an `error` result. Its signal aborts when the question is over, for whatever it
 * has built on the connection, which is closed then.
 */
export async function askOver(
  port: number,
  context: ProbeContext,
  question: (
    connection: TcpConnection,
    signal: AbortSignal,
  ) => Promise<{ status?: "error"; detail: string }>,
): Promise<Omit<ProbeResult, "label">> {
  const start = context.clock.now();
  const race = await reach(port, context);
  if (race.status !== "open") return failureOf(race);
  const { connection } = race;
  const stop = new AbortController();
  const over = AbortSignal.any([stop.signal, context.signal]);
  const deadline = context.clock.sleepUntil(start + context.timeoutMs, over).then(() => ({
    status: "error" as const,
    detail: "connected, but no answer in time",
  }));
  try {
    const answer = await Promise.race([question(connection, over), deadline]);
    context.signal.throwIfAborted();
    return { status: answer.status ?? "open", ms: race.ms, detail: answer.detail };
  } catch (cause) {
    context.signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    return { status: "error", ms: race.ms, detail: `connected, but: ${why}` };
  } finally {
    stop.abort();
    closeQuietly(connection);
  }
}

/** Closes what may be closed already. */
export function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // It was closed by the other side, or taken over by TLS.
  }
}

/** The port of a spec; the configuration has made sure of it where a kind needs one. */
export function portOf(spec: ProbeSpec, fallback: number): number {
  return spec.port ?? fallback;
}

/** `tcp`. */
export const kind: ProbeKind = {
  label: (spec) => `tcp ${spec.port}`,
  async ask(spec, context) {
    const race = await reach(portOf(spec, 22), context);
    if (race.status !== "open") return failureOf(race);
    race.connection.close();
    return { status: "open", ms: race.ms, detail: "" };
  },
};
