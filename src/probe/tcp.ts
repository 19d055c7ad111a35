/** `tcp`: a full handshake with its time (tcping). The others that need a connection start here. */
import { errorMessage } from "../core/text.ts";
import { describeReason, isUnreachable } from "../net/socket_errors.ts";
import { type PortResult, waitForPort } from "../net/wait_for_port.ts";
import type { TcpConnection } from "../net/connection.ts";
import type { Probe, ProbeAnswer, ProbeContext } from "./probe.ts";

/** Connects to `port` within the context's patience. */
function connectForProbe(port: number, context: ProbeContext): Promise<PortResult> {
  const { address, source, clock, silenceTimeoutMs, roundTrip, signal } = context;
  return waitForPort({
    open: (stop) => context.openTcp({ address, port, source }, stop),
    clock,
    timeoutMs: silenceTimeoutMs,
    roundTrip,
    signal,
  });
}

function describeFailure(race: Exclude<PortResult, { status: "open" }>): ProbeAnswer {
  const details = {
    closed: "no answer",
    refused: "connection refused",
    error: race.cause === undefined ? "no connection" : describeReason(race.cause),
  };
  const isLost = race.status === "error" && isUnreachable(race.cause);
  return {
    status: race.status,
    ms: race.ms,
    detail: details[race.status],
    ...(isLost ? { isUnreachable: true } : {}),
  };
}

/**
 * Connects to `port` and asks `question` there. What that throws, or leaves unanswered until the
 * timeout, becomes an `error` result. Its signal aborts when the question is over, for whatever it has
 * built on the connection, which is closed then.
 */
export async function probeOverTcp(
  port: number,
  context: ProbeContext,
  question: (
    connection: TcpConnection,
    signal: AbortSignal,
  ) => Promise<{ status?: "error"; detail: string }>,
): Promise<ProbeAnswer> {
  const start = context.clock.now();
  const race = await connectForProbe(port, context);
  if (race.status !== "open") return describeFailure(race);
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
    return { status: "error", ms: race.ms, detail: `connected, but: ${errorMessage(cause)}` };
  } finally {
    stop.abort();
    closeQuietly(connection);
  }
}

/** Closes a connection that may be closed already. */
export function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // It was closed by the other side, or taken over by TLS.
  }
}

/** Asks for a handshake. */
export const probe: Probe<"tcp"> = async ({ port }, context) => {
  const race = await connectForProbe(port, context);
  if (race.status !== "open") return describeFailure(race);
  race.connection.close();
  return { status: "open", ms: race.ms, detail: "" };
};
