/**
 * Room for sockets and programs: what the system has no more of for a moment (descriptors, local ports,
 * buffers, processes) is waited for and tried again, so that it is never taken for a door's answer.
 *
 * Rules: a call that found no room is tried again as soon as another one has ended, and after a pause
 * that grows. It gives up after a second where nothing else of this program runs, which could make room.
 * A spare call, one that repeats another which still runs (a further SYN), leaves the room to the first
 * ones: it starts only below a limit, which sinks to what there was when the system had no more, and is
 * forgotten once nothing runs.
 * Deno cannot ask for the limit of descriptors (it has no getrlimit, and /proc is closed to a program
 * without `--allow-all`), so it is found by reaching it.
 */
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import { describeReason, findErrno } from "./socket_errors.ts";
import type { Endpoint, SentPacket, SocketTurn, TcpConnection } from "./connection.ts";

/** Spare calls start below so many calls that run; a silent door alone would have forty. */
const MOST_AT_ONCE = 1_024;

/** Milliseconds of the first pause and of the longest. */
const PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/** Milliseconds until a call gives up: where nothing else runs, and else. */
const LONE_PATIENCE_MS = 1_000;
const PATIENCE_MS = 60_000;

/** What the system may have again in a moment; EADDRINUSE comes where a free port was asked for. */
const SCARCE = new Set([
  ...["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN", "EADDRINUSE"],
]);

/** Whether an error, or what caused it, says that the system has no room for a socket or program now. */
export function isScarce(cause: unknown): boolean {
  if (SCARCE.has(findErrno(cause) ?? "")) return true;
  const { cause: deeper } = (cause ?? {}) as { cause?: unknown };
  return deeper !== undefined && isScarce(deeper);
}

/** Returns the error of a connection for which there was no room in the end. */
export function explainNoRoom(cause: unknown): NetworkError {
  return new NetworkError(`no connection can be opened: ${describeReason(cause)}`, {
    hint: "use fewer --jobs, or raise ulimit -n",
    cause,
  });
}

/** How one call shares the room. */
interface CallOptions {
  signal?: AbortSignal | undefined;
  turn?: SocketTurn | undefined;
  /** Whether an error says that there is no room; {@linkcode isScarce} where undefined. */
  isScarce?: ((cause: unknown) => boolean | Promise<boolean>) | undefined;
}

/** Shares what the system has among the calls of one program. */
interface Room {
  /**
   * Runs a call, again where there was no room.
   *
   * @throws what the call throws; the signal's reason when it aborts.
   */
  run<T>(call: () => Promise<T>, options?: CallOptions): Promise<T>;
  /** Calls back when a call that is not spare found no room; returns what ends that. */
  watch(onScarce: () => void): () => void;
}

/** Makes the room of a program; `signal` ends every waiting. */
export function createRoom({ clock, signal }: { clock: Clock; signal: AbortSignal }): Room {
  let running = 0;
  let limit = MOST_AT_ONCE;
  const watchers = new Set<() => void>();
  const urgent = new Set<() => void>();
  const spare = new Set<() => void>();
  return {
    watch(onScarce) {
      watchers.add(onScarce);
      return () => watchers.delete(onScarce);
    },
    async run(call, { turn, isScarce: isFull = isScarce, ...given } = {}) {
      const isSpare = turn?.isSpare ?? false;
      let since: number | undefined;
      for (let pauseMs = PAUSE_MS;; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
        if (isSpare) await untilBelowLimit(given.signal ?? signal);
        running++;
        let hadNoRoom = false;
        try {
          return await call();
        } catch (cause) {
          given.signal?.throwIfAborted();
          hadNoRoom = await isFull(cause);
          if (!hadNoRoom) throw cause;
          limit = Math.max(1, Math.min(limit, Math.floor(running / 2)));
          since ??= clock.now();
          const patienceMs = running > 1 ? PATIENCE_MS : LONE_PATIENCE_MS;
          if (clock.now() - since >= patienceMs) throw cause;
        } finally {
          running--;
          if (!hadNoRoom) wake();
        }
        if (!isSpare) {
          turn?.onWait();
          for (const onScarce of watchers) onScarce();
        }
        await pause(pauseMs, { queue: isSpare ? spare : urgent, stop: given.signal ?? signal });
      }
    },
  };

  /** One that has ended well makes room for another. */
  function wake(): void {
    if (running === 0) limit = MOST_AT_ONCE;
    const [next = running < limit ? spare.values().next().value : undefined] = urgent;
    next?.();
  }

  function wait(queue: Set<() => void>, stop: AbortSignal, timer?: Promise<void>): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const go = () => {
      queue.delete(go);
      stop.removeEventListener("abort", onAbort);
      turn.resolve();
    };
    const onAbort = () => {
      queue.delete(go);
      turn.reject(stop.reason);
    };
    timer?.then(go, () => {});
    if (stop.aborted) return Promise.reject(stop.reason);
    stop.addEventListener("abort", onAbort, { once: true });
    queue.add(go);
    return turn.promise;
  }

  async function untilBelowLimit(stop: AbortSignal): Promise<void> {
    while (running >= limit) await wait(spare, stop);
  }

  async function pause(
    ms: number,
    { queue, stop }: { queue: Set<() => void>; stop: AbortSignal },
  ): Promise<void> {
    const over = new AbortController();
    const timer = clock.sleepUntil(clock.now() + ms, over.signal);
    await wait(queue, stop, timer).finally(() => over.abort());
  }
}

/** A socket that datagrams leave from. */
interface UdpSocket {
  send(payload: Uint8Array, port: number): Promise<SentPacket>;
  close(): void;
}

/** Returns the opener of sockets that are opened later where there is no room now: with the first datagram. */
export function openUdpIn<Options>(
  room: Room,
  open: (address: string, options?: Options) => UdpSocket,
): (address: string, options?: Options) => UdpSocket {
  return (address, options) => {
    let socket: UdpSocket | undefined;
    try {
      socket = open(address, options);
    } catch (cause) {
      if (!isScarce(cause)) throw cause;
    }
    return {
      send: (payload, port) =>
        room.run(async () => {
          socket ??= open(address, options);
          return await socket.send(payload, port);
        }),
      close: () => socket?.close(),
    };
  };
}

/**
 * Returns the opener of connections that wait for room. The local ports to an address can be used up
 * (EADDRNOTAVAIL); the same number says that this machine has no address of its family.
 */
export function openTcpIn<Place extends Endpoint>(
  room: Room,
  open: (place: Place, signal?: AbortSignal) => Promise<TcpConnection>,
  { findRouteError }: { findRouteError: (place: Endpoint) => Promise<unknown> },
): (place: Place, signal?: AbortSignal) => Promise<TcpConnection> {
  return (place, signal) =>
    room.run(() => open(place, signal), {
      signal,
      turn: place.turn,
      isScarce: async (cause) => {
        if (isScarce(cause)) return true;
        const hasNoPort = findErrno(cause) === "EADDRNOTAVAIL" && place.source === undefined;
        return hasNoPort && await findRouteError(place) === undefined;
      },
    });
}
