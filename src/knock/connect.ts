/**
 * A connection through the door: looks whether it is open already, else knocks and races new SYNs
 * until one is answered. The socket of the SYN that wins is the connection.
 *
 * Rules: the first look is one SYN and its answer within the grace; if it is answered, no secret is
 * asked for and no knock is sent. Tries, pace and patience are those of `until_open.ts`. A way that no
 * packet gets to is given up for the next, a silent one is not. A closed door may answer "prohibited",
 * which looks the same: so what the first look finds unreachable is knocked on last, not never.
 */
import { detectFamily } from "../core/address_syntax.ts";
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import type { SequencePlan } from "../core/sequence.ts";
import { describeReason, isUnreachable } from "../net/socket_errors.ts";
import { waitForAnyPort, type Way } from "../net/wait_for_port.ts";
import type { TcpConnection } from "../net/connection.ts";
import { explainSaid, explainUnreachable, type GivenUp } from "./given_up.ts";
import type { KnockNet } from "./send.ts";
import {
  type BoundProbe,
  knockUntilOpen,
  type OpenEvents,
  type OpenReport,
  type Payloads,
} from "./until_open.ts";

/** One way through a door. */
export interface ConnectWay {
  /** The pinned address that is knocked on. */
  address: string;
  /** Addresses of the other family that are knocked on at the same time. */
  alsoAt?: readonly string[] | undefined;
  /** Where the connection can lead: the first that opens is used. */
  ends: readonly Way[];
  /** What has to pass besides, after a knock. */
  probes?: readonly BoundProbe[] | undefined;
}

/** A connection through a door. */
interface ConnectRequest {
  /** What is knocked on, for errors. */
  host: string;
  sequence: SequencePlan;
  /** Collects the payloads, one a knock; called only if the door is shut. */
  payloads(): Promise<Payloads>;
  /** At least one, in the order in which they are tried. */
  ways: readonly ConnectWay[];
  source?: string | undefined;
  tries: number;
  /** Milliseconds for one try's SYNs. */
  timeoutMs: number;
  /** Milliseconds that the first look may take; 0 for none. */
  graceMs: number;
}

/** What came of it. */
interface ConnectResult {
  /** Undefined where the door stayed shut. */
  connection: TcpConnection | undefined;
  /** Where the connection leads or, where there is none, was last tried to. */
  address: string;
  /** Undefined where no knock was needed. */
  knocks: OpenReport | undefined;
  /** Ways that no packet gets to, by where they lead. */
  givenUp: readonly GivenUp[];
}

/** What sends, waits and reports. */
interface ConnectOptions {
  net: KnockNet;
  clock: Clock;
  signal: AbortSignal;
  events?: OpenEvents;
}

/**
 * Connects; see the rules above.
 *
 * @throws {NetworkError} if a packet cannot be sent; what `payloads` throws; the signal's reason when
 * it aborts.
 */
export async function connectThrough(
  request: ConnectRequest,
  options: ConnectOptions,
): Promise<ConnectResult> {
  const { connection, ways, address = "" } = await look(request, options);
  if (connection !== undefined) return { connection, address, knocks: undefined, givenUp: [] };
  const payloads = await request.payloads();
  const givenUp: GivenUp[] = [];
  for (const [index, way] of ways.entries()) {
    const next = ways[index + 1];
    const result = await knockOn(
      way,
      { ...request, payloads, canGiveUp: next !== undefined },
      options,
    );
    if (result instanceof NetworkError) {
      givenUp.push({ address: way.address, reason: explainSaid(result) });
      if (next === undefined) throw explainUnreachable(result, { host: request.host, givenUp });
    } else {
      const { unreachable } = result.knocks;
      if (result.connection !== undefined) return { ...result, givenUp };
      if (unreachable !== undefined) givenUp.push({ address: result.address, reason: unreachable });
      if (unreachable === undefined || next === undefined) return { ...result, givenUp };
    }
    const last = givenUp.at(-1);
    if (last !== undefined) options.events?.onGiveUp?.(last, next.address);
  }
  throw new TypeError("there is no way to connect");
}

/** The first look: an open connection, or the ways in the order in which they are knocked on. */
async function look(
  { ways, graceMs }: ConnectRequest,
  { clock, signal }: ConnectOptions,
): Promise<{ connection?: TcpConnection; address?: string; ways: readonly ConnectWay[] }> {
  if (graceMs === 0) return { ways };
  const lost: ConnectWay[] = [];
  for (const [index, way] of ways.entries()) {
    const found = await waitForAnyPort(way.ends, {
      clock,
      timeoutMs: graceMs,
      intervalMs: graceMs,
      refusals: 1,
      signal,
    });
    if (found.status === "open") {
      return { connection: found.connection, address: found.address, ways };
    }
    if (found.status !== "error" || !isUnreachable(found.cause)) {
      return { ways: [way, ...ways.slice(index + 1), ...lost] };
    }
    lost.push(way);
  }
  return { ways: lost };
}

/** Knocks on one way; returns the error where it says that no packet gets there. */
async function knockOn(
  { address, alsoAt, ends, probes = [] }: ConnectWay,
  request: Omit<ConnectRequest, "payloads"> & {
    payloads: Payloads;
    canGiveUp: boolean;
  },
  { net, clock, signal, events = {} }: ConnectOptions,
): Promise<NetworkError | Omit<ConnectResult, "givenUp"> & { knocks: OpenReport }> {
  let connection: TcpConnection | undefined;
  let end = ends[0]?.address ?? address;
  const race: BoundProbe = async ({ silenceTimeoutMs, signal }) => {
    const result = await waitForAnyPort(ends, { clock, timeoutMs: silenceTimeoutMs, signal });
    end = result.address;
    const { status, ms } = result;
    if (result.status === "open") connection = result.connection;
    const cause = result.status === "error" ? result.cause : undefined;
    return {
      label: "connect",
      ...(ends.length > 1 ? { over: detectFamily(end) } : {}),
      status,
      ms,
      detail: cause === undefined ? "" : describeReason(cause),
      isUnreachable: isUnreachable(cause),
    };
  };
  try {
    const knocks = await knockUntilOpen(
      { ...request, address, alsoAt, probes: [race, ...probes] },
      { net, clock, signal, events },
    );
    if (knocks.isOpen) return { connection, address: end, knocks };
    connection?.close();
    return { connection: undefined, address: end, knocks };
  } catch (error) {
    if (error instanceof NetworkError && isUnreachable(error)) return error;
    throw error;
  }
}
