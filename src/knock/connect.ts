/**
 * A connection through the door: looks whether it is open already, else knocks and races new SYNs
 * until one is answered. The socket of the SYN that wins is the connection.
 *
 * Rules: the first look is one SYN and its answer within the grace; if it is answered, no secret is
 * asked for and no knock is sent. Tries, pace and patience are those of `until_open.ts`.
 */
import type { Clock } from "../core/clock.ts";
import type { SequencePlan } from "../core/sequence.ts";
import { errorMessage } from "../core/text.ts";
import { waitForPort } from "../net/wait_for_port.ts";
import type { TcpConnection } from "../net/connection.ts";
import type { KnockNet } from "./send.ts";
import { type BoundProbe, knockUntilOpen, type OpenEvents, type OpenReport } from "./until_open.ts";

/** A connection through a door. */
interface ConnectRequest {
  sequence: SequencePlan;
  /** Collects the payloads, one a knock; called only if the door is shut. */
  payloads(): Promise<readonly Uint8Array[]>;
  /** The pinned address that is knocked on. */
  address: string;
  source?: string | undefined;
  tries: number;
  /** Milliseconds for one try's SYNs. */
  timeoutMs: number;
  /** What has to pass besides, after a knock. */
  probes?: readonly BoundProbe[];
  /** Milliseconds that the first look may take; 0 for none. */
  graceMs: number;
  /** One SYN to where the connection leads; rejects when the signal aborts. */
  open(signal: AbortSignal): Promise<TcpConnection>;
}

/** What came of it. */
interface ConnectResult {
  /** Undefined where the door stayed shut. */
  connection: TcpConnection | undefined;
  /** Undefined where no knock was needed. */
  knocks: OpenReport | undefined;
}

/**
 * Connects; see the rules above.
 *
 * @throws {NetworkError} if a packet cannot be sent; what `payloads` throws; the signal's reason when
 * it aborts.
 */
export async function connectThrough(
  request: ConnectRequest,
  { net, clock, signal, events = {} }: {
    net: KnockNet;
    clock: Clock;
    signal: AbortSignal;
    events?: OpenEvents;
  },
): Promise<ConnectResult> {
  const { open, graceMs } = request;
  if (graceMs > 0) {
    const look = await waitForPort({
      open,
      clock,
      timeoutMs: graceMs,
      intervalMs: graceMs,
      refusals: 1,
      signal,
    });
    if (look.status === "open") return { connection: look.connection, knocks: undefined };
  }
  let connection: TcpConnection | undefined;
  const race: BoundProbe = async ({ silenceTimeoutMs, signal }) => {
    const result = await waitForPort({ open, clock, timeoutMs: silenceTimeoutMs, signal });
    if (result.status === "open") connection = result.connection;
    const detail = result.status === "error" ? errorMessage(result.cause) : "";
    return { label: "connect", status: result.status, ms: result.ms, detail };
  };
  const payloads = await request.payloads();
  const knocks = await knockUntilOpen(
    { ...request, payloads, probes: [race, ...request.probes ?? []] },
    { net, clock, signal, events },
  );
  if (knocks.isOpen) return { connection, knocks };
  connection?.close();
  return { connection: undefined, knocks };
}
