/**
 * The simulator: the firewall model behind real sockets on loopback, for `simulate` and `demo`.
 *
 * - Every knock port is a UDP socket or a TCP listener; knocks that share a port share the socket.
 *   A program without raw sockets does not see a SYN: on loopback a TCP knock is a connection, which
 *   is closed at once.
 * - The protected ports are not bound until the sequence is complete, so that they refuse like closed
 *   ports; then they answer with one line and close. They are unbound when the last open time ends, or
 *   the closing sequence of the last source is complete.
 * - Only packets to these ports are seen: unlike in the rules, a packet to another port does not
 *   reach the guard.
 * - All packets come from this machine, so the plan's trusted sources are ignored.
 * - A plan has one door here, and opens ports: ranges, echo requests and forwarded ports cannot be bound.
 */
import type { Clock } from "../core/clock.ts";
import type { NetworkError } from "../core/errors.ts";
import { type Protocol, renderPortSpec } from "../core/knock.ts";
import { type Door, listKnocks, type Plan } from "../plan/plan.ts";
import { listDistinctPorts, type PortSpec } from "../core/service.ts";
import { isPorts } from "../core/service.ts";
import { bindSocket, type BoundSocket } from "./simulator_socket.ts";
import { createFirewallModel, type FirewallModel, type Verdict } from "./model.ts";

/** What the simulator does. `at` is the clock's, in milliseconds. */
export type SimulatorEvent =
  /** A packet arrived; `port` is the plan's, not the real one. */
  | {
    kind: "packet";
    at: number;
    source: string;
    port: number;
    protocol: Protocol;
    verdict: Verdict;
  }
  /** The protected ports answer; they close at `until` unless the sequence is repeated. */
  | { kind: "opened"; at: number; source: string; until: number }
  /** The protected ports refuse again. */
  | { kind: "shut"; at: number }
  /** The sequence was complete, but a protected port could not be bound. */
  | { kind: "failed"; at: number; error: NetworkError };

/** The clock, the listener and the real ports of a simulator. */
interface SimulatorOptions {
  clock: Clock;
  /** Called for each event, in order; must not throw. */
  onEvent?: (event: SimulatorEvent) => void;
  /**
   * The real ports to use instead of the plan's, by `PORT/PROTOCOL` (`{ "22/tcp": 2222 }`); 0 is any
   * free port.
   */
  ports?: Readonly<Record<string, number>> | undefined;
  /** Unix milliseconds, for one-time codes; may go back. The system's clock where undefined. */
  wallNow?: (() => number) | undefined;
}

/** A simulator that waits for knocks. */
export interface Simulator extends AsyncDisposable {
  /** `127.0.0.1`, or `::1` if the plan covers only IPv6. */
  readonly address: string;
  /** Returns the real port for one of the plan's (a knock's or a protected one). */
  findPort(spec: PortSpec): number;
  /** Unbinds all ports; resolves when nothing is left running. */
  close(): Promise<void>;
}

/** The answer of an open protected port: enough for a probe that reads an ssh banner. */
const BANNER = "SSH-2.0-spknock_simulated_door\r\n";

/**
 * Binds the knock ports and waits for knocks until the simulator is closed.
 *
 * @throws {NetworkError} if a port cannot be bound; nothing stays bound then.
 */
export async function startSimulator(plan: Plan, options: SimulatorOptions): Promise<Simulator> {
  const simulator = new LoopbackSimulator(plan, options);
  try {
    await simulator.bindAll();
  } catch (error) {
    await simulator.close();
    throw error;
  }
  return simulator;
}

function getOnlyDoor({ doors }: Plan): Door {
  const [door] = doors;
  if (door === undefined || doors.length > 1) throw new RangeError("a simulator has one door");
  return door;
}

class LoopbackSimulator implements Simulator {
  readonly address: string;
  readonly #options: SimulatorOptions;
  readonly #model: FirewallModel;
  readonly #door: Door;
  readonly #knockPorts: readonly PortSpec[];
  readonly #protectedPorts: ReadonlySet<string>;
  /** The protected ports without those that are knock ports too, which are always bound. */
  readonly #closedPorts: readonly PortSpec[];
  readonly #realPorts = new Map<string, number>();
  readonly #sockets = new Map<string, BoundSocket>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #turn = Promise.resolve();
  /** When the door closes again for each source that opened it. */
  readonly #open = new Map<string, number>();
  /** Whether the protected ports are bound. */
  #isBound = false;

  constructor(plan: Plan, options: SimulatorOptions) {
    this.address = plan.families.includes("ipv4") ? "127.0.0.1" : "::1";
    this.#options = options;
    const { clock, wallNow = Date.now } = options;
    // A firewall asks its clock for each packet: it follows when the clock is set.
    const epoch = () => wallNow() - clock.now();
    this.#model = createFirewallModel({ ...plan, trusted: [] }, { epoch });
    this.#door = getOnlyDoor(plan);
    this.#knockPorts = listDistinctPorts(listKnocks(plan));
    const opens = this.#door.opens.filter(isPorts);
    this.#protectedPorts = new Set(opens.map(renderPortSpec));
    const knockPorts = new Set(this.#knockPorts.map(renderPortSpec));
    this.#closedPorts = listDistinctPorts(opens).filter((spec) =>
      !knockPorts.has(renderPortSpec(spec))
    );
  }

  async bindAll(): Promise<void> {
    for (const spec of this.#knockPorts) this.#bind(spec);
    // Bound for a moment: to see that they are free, and to choose the port where any may be used.
    for (const spec of this.#closedPorts) this.#bind(spec);
    await this.#unbind(this.#closedPorts);
  }

  findPort(spec: PortSpec): number {
    const port = this.#realPorts.get(renderPortSpec(spec));
    if (port === undefined) throw new RangeError(`"${renderPortSpec(spec)}" is not in the plan`);
    return port;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#unbind([...this.#knockPorts, ...this.#closedPorts]);
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #emit(event: SimulatorEvent): void {
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
      endpoint: { hostname: this.address, port },
      judge: (...packet) => this.#judge(...packet),
    });
    this.#realPorts.set(key, socket.port);
    this.#sockets.set(key, socket);
    this.#track(socket.done);
  }

  /** A closed listener keeps its port until its last `accept` has ended. */
  async #unbind(specs: readonly PortSpec[]): Promise<void> {
    await Promise.all(specs.map((spec) => {
      const key = renderPortSpec(spec);
      const socket = this.#sockets.get(key);
      this.#sockets.delete(key);
      socket?.close();
      return socket?.done;
    }));
  }

  /** Opens and closes the ports one task after the other. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(() => this.#stop.signal.aborted ? undefined : task());
    this.#turn = this.#track(next);
    return this.#turn;
  }

  #judge(spec: PortSpec, source: string, payload?: Uint8Array): string | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const at = this.#options.clock.now();
    const { port, protocol } = spec;
    const verdict = this.#model.receive({ source, port, protocol, payload }, at);
    this.#emit({ kind: "packet", at, source, port, protocol, verdict });
    for (const knock of verdict.knocks) {
      if (knock.kind === "closing" && knock.isLast) this.#inTurn(() => this.#closeFor(source));
      if (knock.kind === "open") this.#inTurn(() => this.#openPorts(source, knock.until));
    }
    const isProtected = this.#protectedPorts.has(renderPortSpec(spec));
    return verdict.accepted && isProtected ? BANNER : undefined;
  }

  async #openPorts(source: string, until: number): Promise<void> {
    const isClosed = !this.#isBound;
    const at = this.#options.clock.now();
    try {
      if (isClosed) { for (const spec of this.#closedPorts) this.#bind(spec); }
    } catch (error) {
      await this.#unbind(this.#closedPorts);
      this.#emit({ kind: "failed", at, error: error as NetworkError });
      return;
    }
    this.#isBound = true;
    this.#open.set(source, until);
    this.#emit({ kind: "opened", at, source, until });
    if (isClosed) this.#track(this.#waitForEnd());
  }

  async #waitForEnd(): Promise<void> {
    try {
      while (this.#isBound) {
        await this.#options.clock.sleepUntil(Math.max(...this.#open.values()), this.#stop.signal);
        await this.#inTurn(() => this.#closeIfDue());
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #closeFor(source: string): Promise<void> {
    this.#open.delete(source);
    await this.#closeIfDue();
  }

  async #closeIfDue(): Promise<void> {
    const at = this.#options.clock.now();
    if (!this.#isBound || [...this.#open.values()].some((until) => at < until)) return;
    this.#open.clear();
    this.#isBound = false;
    await this.#unbind(this.#closedPorts);
    this.#emit({ kind: "shut", at });
  }
}
