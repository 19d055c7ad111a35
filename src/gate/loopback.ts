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
import type { NetworkError } from "../core/errors.ts";
import { type Protocol, renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec } from "../core/plan.ts";
import { bindSocket, type BoundSocket } from "./loopback_socket.ts";
import { createGate, type Gate, type Verdict } from "./model.ts";

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

/**
 * Binds the knock ports and waits for knocks until it is closed.
 *
 * @throws {NetworkError} if a port cannot be bound; nothing stays bound then.
 */
export async function openDoor(plan: Plan, options: DoorOptions): Promise<Door> {
  const door = new LoopbackDoor(plan, options);
  try {
    await door.bindAll();
  } catch (error) {
    await door.close();
    throw error;
  }
  return door;
}

class LoopbackDoor implements Door {
  readonly address: string;
  readonly #options: DoorOptions;
  readonly #gate: Gate;
  readonly #knockPorts: readonly PortSpec[];
  readonly #protectedPorts: ReadonlySet<string>;
  /** The protected ports but those that are knock ports, which are bound anyway. */
  readonly #doorPorts: readonly PortSpec[];
  readonly #realPorts = new Map<string, number>();
  readonly #sockets = new Map<string, BoundSocket>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #turn = Promise.resolve();
  /** When the door shuts; undefined while it is shut. */
  #shutAt: number | undefined;

  constructor(plan: Plan, options: DoorOptions) {
    this.address = plan.families.includes("ipv4") ? "127.0.0.1" : "::1";
    this.#options = options;
    this.#gate = createGate({ ...plan, trusted: [] });
    this.#knockPorts = uniquePorts(plan.stages);
    this.#protectedPorts = new Set(plan.open.map(renderPortSpec));
    const knockPorts = new Set(this.#knockPorts.map(renderPortSpec));
    this.#doorPorts = uniquePorts(plan.open).filter((spec) =>
      !knockPorts.has(renderPortSpec(spec))
    );
  }

  async bindAll(): Promise<void> {
    for (const spec of this.#knockPorts) this.#bind(spec);
    // Only to see that they can be had, and to choose where any will do: it is shut.
    for (const spec of this.#doorPorts) this.#bind(spec);
    await this.#unbind(this.#doorPorts);
  }

  portOf(spec: PortSpec): number {
    const port = this.#realPorts.get(renderPortSpec(spec));
    if (port === undefined) throw new RangeError(`"${renderPortSpec(spec)}" is not in the plan`);
    return port;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#unbind([...this.#knockPorts, ...this.#doorPorts]);
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #emit(event: DoorEvent): void {
    this.#options.onEvent?.(event);
  }

  #track(task: Promise<void>): Promise<void> {
    const tracked = task.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  #bind(spec: PortSpec): void {
    const key = renderPortSpec(spec);
    const port = this.#realPorts.get(key) ?? this.#options.ports?.[key] ?? spec.port;
    const socket = bindSocket(spec, {
      place: { hostname: this.address, port },
      judge: (...packet) => this.#judge(...packet),
    });
    this.#realPorts.set(key, socket.port);
    this.#sockets.set(key, socket);
    this.#track(socket.done);
  }

  /** A closed listener holds its port until its last `accept` is over. */
  async #unbind(specs: readonly PortSpec[]): Promise<void> {
    await Promise.all(specs.map((spec) => {
      const key = renderPortSpec(spec);
      const socket = this.#sockets.get(key);
      this.#sockets.delete(key);
      socket?.close();
      return socket?.done;
    }));
  }

  /** Opening and shutting, one after the other. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(() => this.#stop.signal.aborted ? undefined : task());
    this.#turn = this.#track(next);
    return this.#turn;
  }

  #judge(spec: PortSpec, source: string, payload?: Uint8Array): string | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const at = this.#options.clock.now();
    const { port, protocol } = spec;
    const verdict = this.#gate.receive({ source, port, protocol, payload }, at);
    this.#emit({ kind: "packet", at, source, port, protocol, verdict });
    if (verdict.kind === "open") this.#inTurn(() => this.#openUp(source, verdict.until));
    const isProtected = this.#protectedPorts.has(renderPortSpec(spec));
    return verdict.accepted && isProtected ? BANNER : undefined;
  }

  async #openUp(source: string, until: number): Promise<void> {
    const isShut = this.#shutAt === undefined;
    const at = this.#options.clock.now();
    try {
      if (isShut) { for (const spec of this.#doorPorts) this.#bind(spec); }
    } catch (error) {
      await this.#unbind(this.#doorPorts);
      this.#emit({ kind: "failed", at, error: error as NetworkError });
      return;
    }
    this.#shutAt = until;
    this.#emit({ kind: "opened", at, source, until });
    if (isShut) this.#track(this.#watchTime());
  }

  async #watchTime(): Promise<void> {
    try {
      while (this.#shutAt !== undefined) {
        await this.#options.clock.sleepUntil(this.#shutAt, this.#stop.signal);
        await this.#inTurn(() => this.#shutIfDue());
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #shutIfDue(): Promise<void> {
    const at = this.#options.clock.now();
    if (this.#shutAt === undefined || at < this.#shutAt) return;
    this.#shutAt = undefined;
    await this.#unbind(this.#doorPorts);
    this.#emit({ kind: "shut", at });
  }
}

function uniquePorts(specs: readonly PortSpec[]): PortSpec[] {
  const ports = new Map(specs.map(({ port, protocol }) => {
    const spec = { port, protocol };
    return [renderPortSpec(spec), spec];
  }));
  return [...ports.values()];
}
