/** Random ports for the knocks of a new door. */
import { UsageError } from "../../core/errors.ts";
import { isAmong, type Service } from "../../core/service.ts";

/** High, and below the ports that Linux gives to outgoing packets (`ip_local_port_range`: 32768 to 60999). */
const FIRST = 20_000;
const LAST = 32_767;

/** How often a taken port is drawn again. */
const MAX_DRAWS = 10_000;

/** What uses ports there: a knock to one of these would not be seen, or would disturb it. */
interface TakenPorts {
  /** Ports that a program listens on, or that lead elsewhere. */
  used: readonly { port: number }[];
  /** What the door opens. */
  opens: readonly Service[];
}

/**
 * Returns different random ports that nothing uses, over tcp or udp.
 *
 * @throws {UsageError} where there are too few.
 */
export function pickPorts(count: number, { used, opens }: TakenPorts): number[] {
  const taken = new Set(used.map(({ port }) => port));
  const ranges = opens.filter(({ protocol }) => protocol !== "all");
  const isTaken = (port: number) =>
    taken.has(port) ||
    (["tcp", "udp"] as const).some((protocol) => isAmong(ranges, { protocol, port }));
  const picked: number[] = [];
  for (let draws = 0; picked.length < count; draws++) {
    if (draws === MAX_DRAWS) {
      throw new UsageError(`there are no ${count} free ports from ${FIRST} to ${LAST}`, {
        hint: "open fewer ports",
      });
    }
    const port = drawPort();
    if (isTaken(port)) continue;
    taken.add(port);
    picked.push(port);
  }
  return picked;
}

function drawPort(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return FIRST + value % (LAST - FIRST + 1);
}
