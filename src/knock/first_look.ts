/**
 * The first look: whether a door is open, before something is asked or sent that an open door does not need.
 *
 * Rules: one SYN a way, and its answer within `lookMs`; a way that no packet gets to is looked at no more and
 * knocked on last. The SYN stays on its way while the secrets are asked for; its late answer counts too,
 * unless it is older than {@linkcode FRESH_MS} when they are there.
 */
import type { Clock } from "../core/clock.ts";
import type { TcpConnection } from "../net/connection.ts";
import { isUnreachable } from "../net/socket_errors.ts";
import { type RoundTrip, waitForAnyPort, type Way } from "../net/wait_for_port.ts";
import type { BoundProbe, Payloads } from "./until_open.ts";

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

/** A way, and what its answers tell about it. */
export type KnownWay = ConnectWay & { roundTrip: RoundTrip };

/** A connection that was open before a knock could have opened it. */
export interface Found {
  connection: TcpConnection;
  address: string;
}

/** Milliseconds for which an answer to the first look counts, and a connection that is not used yet lives. */
const FRESH_MS = 30_000;

/**
 * The first look, and the secrets if it finds nothing: an open connection, or the payloads and the ways in the
 * order in which they are knocked on.
 */
export async function lookFirst(
  ways: readonly KnownWay[],
  { lookMs, payloads: collect }: { lookMs: number; payloads(): Promise<Payloads> },
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<{ found?: Found; ways: readonly KnownWay[]; payloads: Payloads }> {
  if (lookMs === 0) return { ways, payloads: await collect() };
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  let found: Found & { since: number } | undefined;
  const sendOne = async ({ ends, roundTrip }: KnownWay) => {
    const options = { clock, timeoutMs: FRESH_MS, isSingle: true, roundTrip, signal: over };
    const result = await waitForAnyPort(ends, options);
    if (result.status === "open") {
      if (over.aborted) result.connection.close();
      else found = { ...result, since: clock.now() };
    }
    return result;
  };
  const lost: KnownWay[] = [];
  try {
    for (const way of ways) {
      const result = await waitAtMost(lookMs, sendOne(way), { clock, signal: over });
      if (result?.status !== "error" || !isUnreachable(result.cause)) break;
      lost.push(way);
    }
    const rest = ways.slice(lost.length);
    const payloads = found === undefined ? await collect() : [];
    if (found !== undefined && clock.now() - found.since > FRESH_MS) {
      found.connection.close();
      found = undefined;
    }
    return { ...(found === undefined ? {} : { found }), ways: [...rest, ...lost], payloads };
  } catch (error) {
    found?.connection.close();
    throw error;
  } finally {
    stop.abort();
  }
}

/** Returns what is awaited; undefined where that takes longer, while it goes on. */
export async function waitAtMost<T>(
  ms: number,
  awaited: Promise<T>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<T | undefined> {
  const timer = new AbortController();
  const limit = clock.sleepUntil(clock.now() + ms, AbortSignal.any([signal, timer.signal]));
  awaited.catch(() => {});
  limit.catch(() => {});
  try {
    return await Promise.race([awaited, limit.then(() => undefined)]);
  } finally {
    timer.abort();
  }
}
