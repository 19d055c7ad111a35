/**
 * A connection through the door: knocks, and races new SYNs until one is answered. The socket of the SYN that
 * wins is the connection.
 *
 * Rules:
 * - where nothing speaks against a knock that proves to be needless (`lookMs` is undefined), one SYN leaves right
 *   before the knocks; if it is answered, the door is open already, and the knocks end there. It is given
 *   up before the kernel repeats it ({@linkcode EARLY_MS}), for a packet to another port can reset a
 *   sequence;
 * - else it looks first (`first_look.ts`): if the door is open, no secret is asked for and no knock is sent;
 * - tries, pace and patience are those of `until_open.ts`, the SYNs after a knock those of `wait_for_port.ts`;
 * - a way that no packet gets to is given up for the next, a silent one is not. A closed door may answer
 *   "prohibited", which looks the same: so what the first look finds unreachable is knocked on last, not never.
 */
import { detectFamily } from "../core/address/syntax.ts";
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import { describeReason, isUnreachable } from "../net/socket_errors.ts";
import { waitForAnyPort } from "../net/wait_for_port.ts";
import type { TcpConnection } from "../net/connection.ts";
import { type ConnectWay, type Found, type KnownWay, lookFirst, waitAtMost } from "./first_look.ts";
import { explainSaid, explainUnreachable, type GivenUp } from "./given_up.ts";
import type { KnockNet } from "./send.ts";
import {
  type BoundProbe,
  knockUntilOpen,
  type OpenEvents,
  type OpenReport,
  type OpenRequest,
  type Payloads,
} from "./until_open.ts";

/** A connection through a door. */
interface ConnectRequest {
  /** What is knocked on, for errors. */
  host: string;
  sequence: OpenRequest["sequence"];
  /** Collects the payloads, one a knock; with a first look called only if the door is shut. */
  payloads(): Promise<Payloads>;
  /** At least one, in the order in which they are tried. */
  ways: readonly ConnectWay[];
  source?: string | undefined;
  tries: number;
  /** Milliseconds for one try's SYNs. */
  timeoutMs: number;
  /**
   * Milliseconds that the first look may take; 0 for none; undefined where the first SYN need not be
   * waited for.
   */
  lookMs: number | undefined;
}

/** What came of it. */
interface ConnectResult {
  /** Undefined where the door stayed shut. */
  connection: TcpConnection | undefined;
  /** Where the connection leads or, where there is none, was last tried to. */
  address: string;
  /** Undefined where the door was open already. */
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

/** Milliseconds after which an early SYN is given up: the kernel would repeat it after a second. */
const EARLY_MS = 900;
/** Milliseconds that an open door has to answer where there are no secrets to knock with. */
const UNKNOCKED_MS = 150;
/** What came of one way: an error says that no packet gets there. */
type WayResult = NetworkError | Omit<ConnectResult, "givenUp">;

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
  const { lookMs } = request;
  const all = request.ways.map((way): KnownWay => ({ ...way, roundTrip: {} }));
  if (lookMs === undefined) {
    const payloads = { collected: request.payloads() };
    return await tryWays(all, (way) => knockAtOnce(way, { ...request, ...payloads }, options), {
      request,
      options,
    });
  }
  const { found, ways, payloads } = await lookFirst(all, { ...request, lookMs }, options);
  if (found !== undefined) return { ...found, knocks: undefined, givenUp: [] };
  return await tryWays(ways, (way) => knockOn(way, { ...request, payloads }, options), {
    request,
    options,
  });
}

/** Tries one way after the other, until packets get to one. */
async function tryWays(
  ways: readonly KnownWay[],
  work: (way: KnownWay & { canGiveUp: boolean }) => Promise<WayResult>,
  { request: { host }, options: { events } }: { request: ConnectRequest; options: ConnectOptions },
): Promise<ConnectResult> {
  const givenUp: GivenUp[] = [];
  for (const [index, way] of ways.entries()) {
    const next = ways[index + 1];
    const result = await work({ ...way, canGiveUp: next !== undefined });
    if (result instanceof NetworkError) {
      givenUp.push({ address: way.address, reason: explainSaid(result) });
      if (next === undefined) throw explainUnreachable(result, { host, givenUp });
    } else {
      const unreachable = result.knocks?.unreachable;
      if (result.connection !== undefined) return { ...result, givenUp };
      if (unreachable !== undefined) givenUp.push({ address: result.address, reason: unreachable });
      if (unreachable === undefined || next === undefined) return { ...result, givenUp };
    }
    const last = givenUp.at(-1);
    if (last !== undefined) events?.onGiveUp?.(last, next.address);
  }
  throw new TypeError("there is no way to connect");
}

/** Sends one SYN and knocks at the same time; an answer to that SYN ends the knocks. */
async function knockAtOnce(
  way: KnownWay & { canGiveUp: boolean },
  { collected, ...request }: ConnectRequest & { collected: Promise<Payloads> },
  options: ConnectOptions,
): Promise<WayResult> {
  const { clock } = options;
  const { ends, roundTrip } = way;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let found: Found | undefined;
  const single = { clock, timeoutMs: EARLY_MS, isSingle: true, roundTrip, signal };
  const early = waitForAnyPort(ends, single).then((result) => {
    if (result.status !== "open") return;
    if (signal.aborted) return result.connection.close();
    found = result;
    stop.abort();
  }, () => {});
  try {
    // An open door needs no secret, and those that are at hand may fail before it has answered.
    await collected.catch(() => waitAtMost(UNKNOCKED_MS, early, { clock, signal }));
    const payloads = await collected;
    const result = await knockOn(way, { ...request, payloads }, { ...options, signal });
    if (found === undefined) return result;
    if (!(result instanceof NetworkError)) result.connection?.close();
  } catch (error) {
    if (options.signal.aborted) found?.connection.close();
    if (options.signal.aborted || found === undefined) throw error;
  } finally {
    stop.abort();
  }
  return { ...found, knocks: undefined };
}

/** Knocks on one way. */
async function knockOn(
  { address, alsoAt, ends, canGiveUp, roundTrip, probes = [] }: KnownWay & { canGiveUp: boolean },
  request: Omit<ConnectRequest, "payloads"> & { payloads: Payloads },
  { net, clock, signal, events = {} }: ConnectOptions,
): Promise<WayResult> {
  let connection: TcpConnection | undefined;
  let end = ends[0]?.address ?? address;
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const race: BoundProbe = async ({ silenceTimeoutMs, signal }) => {
    const options = { clock, timeoutMs: silenceTimeoutMs, roundTrip, signal };
    const result = await waitForAnyPort(ends, options);
    end = result.address;
    const { status, ms } = result;
    if (result.status === "open") {
      if (stop.signal.aborted) result.connection.close();
      else connection = result.connection;
    }
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
      { ...request, address, alsoAt, canGiveUp, probes: [race, ...probes] },
      { net, clock, signal: over, events },
    );
    if (knocks.isOpen) return { connection, address: end, knocks };
    connection?.close();
    return { connection: undefined, address: end, knocks };
  } catch (error) {
    // Another probe may have failed while this one still waits.
    stop.abort();
    connection?.close();
    if (error instanceof NetworkError && isUnreachable(error)) return error;
    throw error;
  }
}
