/**
 * A door on loopback: the gate's model behind real sockets, for `simulate` and `demo`.
 *
 * - Every knock port is a UDP socket or a TCP listener; knocks that share a port share the socket.
 *   A program without raw sockets does not see a SYN: on loopback a TCP knock shows as a connection,
 *   which is closed at once.
 * - The protected ports are not bound until the door opens, so that they refuse like closed ports;
 *   then they answer with one line and close. They are unbound when the last source's time is over.
 * - Only packets to these ports are seen: a mistake at any other port does not reach the guard, as
 *   it would in the rules.
 * - Everything comes from this machine, so the plan's trusted sources do not count here.
 */
import type { Clock } from "../core/clock.ts";
import { NetworkError } from "../core/errors.ts";
import { type Protocol, renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec } from "../core/plan.ts";
import { createGate, type Verdict } from "./model.ts";

/** What happens at the door, as it happens. `at` is the clock's, in milliseconds. */
export type DoorEvent =
  /** A packet arrived; `port` is the plan's, not the one that stands in for it. */
  | {
    kind: "packet";
    at: number;
    source: string;
    port: number;
    protocol: Protocol;
    verdict: Verdict;
  }
  /** The protected ports answer now; they shut at `until` unless someone knocks again. */
  | { kind: "opened"; at: number; source: string; until: number }
  /** The protected ports refuse again. */
  | { kind: "shut"; at: number }
  /** The sequence was right, but a protected port could not be bound. */
  | { kind: "failed"; at: number; error: NetworkError };

/** What a door is made with. */
export interface DoorOptions {
  clock: Clock;
  /** Called for every event, in order; must not throw. */
  onEvent?: (event: DoorEvent) => void;
  /**
   * Ports that stand in for the plan's, by `PORT/PROTOCOL` (`{ "22/tcp": 0 }`): privileged ones, or 0
   * for any free one. A port that is not named stands for itself.
   */
  ports?: Readonly<Record<string, number>> | undefined;
}

/** A door that waits for knocks. */
export interface Door extends AsyncDisposable {
  /** Where it is: `127.0.0.1`, or `::1` if the plan covers IPv6 only. */
  readonly address: string;
  /** The real port that stands in for one of the plan's (a knock's or a protected one). */
  portOf(spec: PortSpec): number;
  /** Unbinds everything; resolves when nothing is left running. */
  close(): Promise<void>;
}

/** What a protected port says when it is open: enough for a probe that reads an ssh banner. */
export const BANNER = "SSH-2.0-spknock_simulated_door\r\n";

/** The largest UDP payload; a shorter buffer would cut a datagram to the length of a payload. */
const MAX_DATAGRAM = 65_535;

/**
 * Binds the knock ports and waits for knocks until it is closed.
 *
 * @throws {NetworkError} if a port cannot be bound; nothing stays bound then.
 */
export async function openDoor(plan: Plan, options: DoorOptions): Promise<Door> {
  const address = plan.families.includes("ipv4") ? "127.0.0.1" : "::1";
  const sockets = createSockets(plan, { address, ...options });
  try {
    sockets.bindAll();
  } catch (error) {
    await sockets.close();
    throw error;
  }
  return {
    address,
    portOf: sockets.portOf,
    close: sockets.close,
    [Symbol.asyncDispose]: sockets.close,
  };
}

interface Bound {
  /** The real port. */
  port: number;
  close(): void;
  /** Resolves when the socket is closed and its last packet answered. */
  done: Promise<void>;
}

function createSockets(plan: Plan, options: DoorOptions & { address: string }) {
  const { address, clock, onEvent = () => {} } = options;
  const gate = createGate({ ...plan, trusted: [] });
  const knockPorts = uniquePorts(plan.stages);
  const doorPorts = uniquePorts(plan.open)
    .filter((spec) => !knockPorts.some((knock) => renderPortSpec(knock) === renderPortSpec(spec)));
  const protectedPorts = new Set(plan.open.map(renderPortSpec));
  const realPorts = new Map<string, number>();
  const bound = new Map<string, Bound>();
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  let shutAt: number | undefined;

  function track(task: Promise<void>): Promise<void> {
    const tracked = task.finally(() => running.delete(tracked));
    running.add(tracked);
    return tracked;
  }

  function bind(spec: PortSpec): void {
    const key = renderPortSpec(spec);
    const place = {
      hostname: address,
      port: realPorts.get(key) ?? options.ports?.[key] ?? spec.port,
    };
    const socket = spec.protocol === "udp"
      ? bindUdp(spec, { place, judge })
      : bindTcp(spec, { place, judge });
    realPorts.set(key, socket.port);
    bound.set(key, socket);
    track(socket.done);
  }

  function unbind(specs: readonly PortSpec[]): void {
    for (const spec of specs) {
      const key = renderPortSpec(spec);
      bound.get(key)?.close();
      bound.delete(key);
    }
  }

  /** Hands a packet to the gate; the answer to send, if any. */
  function judge(spec: PortSpec, source: string, payload?: Uint8Array): string | undefined {
    if (stop.signal.aborted) return undefined;
    const at = clock.now();
    const { port, protocol } = spec;
    const verdict = gate.receive({ source, port, protocol, payload }, at);
    onEvent({ kind: "packet", at, source, port, protocol, verdict });
    if (verdict.kind === "open") openUp(source, verdict.until);
    return verdict.accepted && protectedPorts.has(renderPortSpec(spec)) ? BANNER : undefined;
  }

  function openUp(source: string, until: number): void {
    const isShut = shutAt === undefined;
    try {
      if (isShut) { for (const spec of doorPorts) bind(spec); }
    } catch (error) {
      unbind(doorPorts);
      onEvent({ kind: "failed", at: clock.now(), error: error as NetworkError });
      return;
    }
    shutAt = until;
    onEvent({ kind: "opened", at: clock.now(), source, until });
    if (isShut) track(shutInTime());
  }

  async function shutInTime(): Promise<void> {
    try {
      while (shutAt !== undefined && clock.now() < shutAt) {
        await clock.sleepUntil(shutAt, stop.signal);
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      throw error;
    }
    unbind(doorPorts);
    shutAt = undefined;
    onEvent({ kind: "shut", at: clock.now() });
  }

  async function close(): Promise<void> {
    stop.abort();
    for (const socket of bound.values()) socket.close();
    bound.clear();
    await Promise.all(running);
  }

  return {
    bindAll(): void {
      for (const spec of knockPorts) bind(spec);
      // Only to see that they can be had, and to choose where any will do: it is shut.
      for (const spec of doorPorts) bind(spec);
      unbind(doorPorts);
    },
    close,
    portOf(spec: PortSpec): number {
      const port = realPorts.get(renderPortSpec(spec));
      if (port === undefined) throw new RangeError(`"${renderPortSpec(spec)}" is not in the plan`);
      return port;
    },
  };
}

interface BindOptions {
  place: { hostname: string; port: number };
  judge: (spec: PortSpec, source: string, payload?: Uint8Array) => string | undefined;
}

function bindUdp(spec: PortSpec, { place, judge }: BindOptions): Bound {
  const socket = explained(spec, place, () => Deno.listenDatagram({ transport: "udp", ...place }));
  const buffer = new Uint8Array(MAX_DATAGRAM);
  const { close, done } = serve(socket, async () => {
    const [payload, from] = await socket.receive(buffer) as [Uint8Array, Deno.NetAddr];
    const answer = judge(spec, from.hostname, payload);
    if (answer !== undefined) await socket.send(new TextEncoder().encode(answer), from);
  });
  return { port: (socket.addr as Deno.NetAddr).port, close, done };
}

function bindTcp(spec: PortSpec, { place, judge }: BindOptions): Bound {
  const listener = explained(spec, place, () => Deno.listen({ transport: "tcp", ...place }));
  const { close, done } = serve(listener, async () => {
    using connection = await listener.accept();
    const answer = judge(spec, connection.remoteAddr.hostname);
    if (answer !== undefined) await connection.write(new TextEncoder().encode(answer));
  });
  return { port: listener.addr.port, close, done };
}

/** Answers one packet after the other until the socket is closed by us. */
function serve(socket: { close(): void }, answerOne: () => Promise<void>) {
  let isClosed = false;
  async function answerAll(): Promise<void> {
    while (!isClosed) {
      try {
        await answerOne();
      } catch {
        // We closed it, or something that concerns one visitor: who left at once, or who does not
        // listen for the answer.
      }
    }
  }
  return {
    close(): void {
      isClosed = true;
      socket.close();
    },
    done: answerAll(),
  };
}

function explained<Socket>(
  spec: PortSpec,
  { hostname, port }: { hostname: string; port: number },
  open: () => Socket,
): Socket {
  try {
    return open();
  } catch (cause) {
    const place = `"${hostname}" port "${port}/${spec.protocol}"`;
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new NetworkError(`the simulated door cannot use ${place}: it is taken`, {
        hint: `let another port stand in for ${
          renderPortSpec(spec)
        }, or end the program that has it`,
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new NetworkError(`the simulated door may not use ${place}`, {
        hint: `ports below 1024 are privileged: let one above stand in for ${renderPortSpec(spec)}`,
        cause,
      });
    }
    throw new NetworkError(`the simulated door cannot use ${place}`, { cause });
  }
}

function uniquePorts(specs: readonly PortSpec[]): PortSpec[] {
  const ports = new Map(specs.map(({ port, protocol }) => {
    const spec = { port, protocol };
    return [renderPortSpec(spec), spec];
  }));
  return [...ports.values()];
}
