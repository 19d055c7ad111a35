/** Doors with one-time codes on a real kernel, whose clock stays: the windows are chosen around it. */
import { KEY } from "../rules/fixtures.ts";
import { computeCode } from "../../src/plan/codes.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type DoorDraft, makePlan, type PlanOptions } from "../../src/rules/plan.ts";
import type { Agent, SendItem } from "./agent_protocol.ts";
import type { Lab } from "./lab.ts";

/** Other keys. */
export const ANNA = "QW5uYSBoYXMgYSBrZXkgb2YgdGhpcnR5LXR3byBieXQ=";
export const BOB = "Qm9iIGhhcyBhIGtleSBvZiB0aGlydHktdHdvIGJ5dGU=";
export const SLOTS = 16;

/** Where in its window the present moment is, in seconds: after its beginning, or before its end. */
export type Place = { after: readonly [number, number] } | { before: readonly [number, number] };

/**
 * Returns a length of windows, in milliseconds, at which now is at that place.
 *
 * @param start the shortest one, in seconds.
 */
export function findWindowMs(place: Place, start = 600): number {
  const now = Date.now() / 1_000;
  for (let seconds = start; seconds <= 86_400; seconds++) {
    const [[least, most], at] = "after" in place
      ? [place.after, now % seconds]
      : [place.before, seconds - now % seconds];
    if (at >= least && at <= most) return 1_000 * seconds;
  }
  throw new Error("no window is there now");
}

/** A door of a test. */
export interface CodedDoor {
  name: string;
  windowMs: number;
  /** Of its code; it opens the port 20,000 below, of tcp. */
  port: number;
  /** Its regular knock. */
  before?: number;
  keys?: DoorDraft["keys"];
}

/** Returns a plan of these doors, with codes of some windows around now. */
export function planDoors(doors: readonly CodedDoor[], options: PlanOptions = {}): Plan {
  const drafts = doors.map(({ name, windowMs, port, before, keys }): DoorDraft => ({
    target: {
      name,
      knocks: [
        ...(before === undefined
          ? []
          : [{ port: before, protocol: "tcp" as const, payload: { kind: "none" as const } }]),
        {
          port,
          protocol: "udp",
          payload: { kind: "secret", source: { kind: "file", path: "home.key" } },
        },
      ],
      openForMs: 300_000,
      stageTimeoutMs: 5_000,
      family: "any",
      rolling: { windowMs, slots: SLOTS },
    },
    payloads: {
      opening: [
        ...(before === undefined ? [] : [new Uint8Array()]),
        new TextEncoder().encode(KEY),
      ],
    },
    opens: [{ port: findOpened({ port }), protocol: "tcp" }],
    keys,
  }));
  const longest = Math.max(...doors.map(({ windowMs }) => windowMs));
  const horizon = { from: Date.now() - 10 * longest, until: Date.now() + 10 * longest };
  return makePlan(drafts, { name: "home", guard: false, horizon, ...options });
}

/** Returns the port that a door opens. */
export function findOpened({ port }: Pick<CodedDoor, "port">): number {
  return port - 20_000;
}

/** Returns the code of a slot in the window so many after that of now. */
export function codeFor(
  { windowMs }: CodedDoor,
  slot: number,
  { later = 0, key = KEY } = {},
): string {
  return computeCode(key, Math.floor(Date.now() / windowMs) + later, slot);
}

/** Sends codes to one machine, and looks which sources it lets in. */
export class Visitors {
  readonly #lab: Lab;
  readonly #agent: Agent;
  #next = 0;

  private constructor(lab: Lab, agent: Agent) {
    this.#lab = lab;
    this.#agent = agent;
  }

  /** Starts the services of the doors as well. */
  static async create(lab: Lab, doors: readonly CodedDoor[]): Promise<Visitors> {
    const server = await lab.server.agent();
    for (const door of doors) await server.listen(findOpened(door));
    return new Visitors(lab, await lab.client.agent());
  }

  /** Returns a source of which the firewall does not know anything. */
  take(family: "ipv4" | "ipv6" = "ipv4"): string {
    const source = this.#lab.sources[family][this.#next++];
    if (source === undefined) throw new Error("no source is left");
    return source;
  }

  /** Sends a text to the port of a door's code, or another packet. */
  async send(
    source: string,
    { port }: Pick<CodedDoor, "port">,
    text: string,
    more: Partial<SendItem> = {},
  ): Promise<void> {
    await this.sendAll([{ source, port, text, ...more }]);
  }

  /** Sends them in one go. */
  async sendAll(
    items: readonly (Partial<SendItem> & { source: string; port: number; text: string })[],
  ): Promise<void> {
    await this.#agent.send(items.map(({ text, ...item }) => ({
      host: this.#findHost(item.source),
      protocol: "udp",
      payloadHex: new TextEncoder().encode(text).toHex(),
      ...item,
    })));
  }

  /** Whether the door is open for a source. */
  async isIn(source: string, door: Pick<CodedDoor, "port">): Promise<boolean> {
    const host = this.#findHost(source);
    return await this.#agent.connect({ source, host, port: findOpened(door) }) === "open";
  }

  #findHost(source: string): string {
    const { server } = this.#lab;
    return source.includes(":") ? server.ipv6 : server.ipv4;
  }
}
