/** A run with a one-time sequence: taken right before the first packet, the same in all tries. */
import type { OpenEvents } from "../../knock/until_open.ts";
import type { Target } from "../../core/target.ts";
import type { Ports } from "../ports.ts";
import type { TargetReport } from "../target_report.ts";
import { type OneTimeTarget, takeSequence } from "./take_sequence.ts";

/** A target with the sequence that was taken, and nothing in its packets. */
interface TakenTarget {
  target: Target;
  payloads: Uint8Array[];
}

/**
 * Knocks with the next sequence of a target's file. Where no packet left, the sequence is not spent.
 *
 * @param knock sends it.
 * @throws {SecretError} where there is no sequence; what `knock` throws.
 */
export async function knockOnce(
  target: Target & OneTimeTarget,
  ports: Ports,
  { events, knock }: {
    events: OpenEvents;
    knock(taken: TakenTarget, events: OpenEvents): Promise<TargetReport>;
  },
): Promise<TargetReport> {
  const taken = await takeSequence(target, ports);
  const { file, left, line, knocks } = taken;
  const watched = watchPackets(events);
  const payloads = knocks.map(() => new Uint8Array());
  events.onSequence?.(knocks);
  try {
    const report = await knock({ target: { ...target, knocks }, payloads }, watched.events);
    return { ...report, oneTime: { file, left, line } };
  } catch (error) {
    if (!watched.hasSent()) await taken.giveBack();
    throw error;
  }
}

/** Returns the events, and whether a packet has left. */
export function watchPackets(events: OpenEvents): { events: OpenEvents; hasSent(): boolean } {
  let hasSent = false;
  return {
    events: {
      ...events,
      onPacket(...packet) {
        hasSent = true;
        events.onPacket?.(...packet);
      },
    },
    hasSent: () => hasSent,
  };
}
