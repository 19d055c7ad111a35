/**
 * New one-time sequences.
 *
 * Rules:
 * - ports from the system's random generator, high, and below those that Linux gives to outgoing packets
 *   (`ip_local_port_range`: 32768 to 60999), so that an answer to the server is never a knock;
 * - no port is twice in a sequence, and no sequence is there twice;
 * - the ports of a sequence neither rise nor fall from one to the next all the way: one sweep over all ports, up or
 *   down, never sends it in order. Of two knocks the second is the lower one, for sweeps go up;
 * - each line begins with a blank, which the mark of a spent one replaces (knockd's manual recommends it).
 */
import type { Protocol } from "../knock.ts";
import { renderSequence, type SequencePort } from "./sequence.ts";

const FIRST = 20_000;
const LAST = 32_767;

/** What is made. */
export interface GenerateOptions {
  /** How many sequences. */
  count: number;
  /** Knocks of each; at least 2. */
  length: number;
  /** `mixed`: each knock has one or the other, at random. */
  protocol: Protocol | "mixed";
}

/** Returns the lines of a file of one-time sequences, without line ends. */
export function generateSequences(options: GenerateOptions): string[] {
  const lines = new Set<string>();
  while (lines.size < options.count) lines.add(` ${renderSequence(drawSequence(options))}`);
  return [...lines];
}

function drawSequence({ length, protocol }: GenerateOptions): SequencePort[] {
  for (;;) {
    const ports = new Set<number>();
    while (ports.size < length) ports.add(FIRST + drawBelow(LAST - FIRST + 1));
    const sequence = [...ports];
    if (isSweepable(sequence)) continue;
    return sequence.map((port) => ({ port, protocol: drawProtocol(protocol) }));
  }
}

function isSweepable(ports: readonly number[]): boolean {
  const rises = ports.slice(1).map((port, index) => port > (ports[index] ?? 0));
  return rises.every((isRise) => isRise) || (ports.length > 2 && rises.every((isRise) => !isRise));
}

function drawProtocol(protocol: GenerateOptions["protocol"]): Protocol {
  if (protocol !== "mixed") return protocol;
  return drawBelow(2) === 0 ? "tcp" : "udp";
}

/** Returns a number from 0 to `limit` - 1; those that would make some likelier are drawn again. */
function drawBelow(limit: number): number {
  const even = 2 ** 32 - 2 ** 32 % limit;
  for (;;) {
    const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (value < even) return value % limit;
  }
}
