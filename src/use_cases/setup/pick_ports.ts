/** Random ports for the knocks of a new door. */
import { UsageError } from "../../core/errors.ts";
import { isAmong, type Service } from "../../core/service.ts";

/** High, and below the ports that Linux gives to outgoing packets (`ip_local_port_range`: 32768 to 60999). */
const FIRST = 20_000;
const LAST = 32_767;

const PROTOCOLS = ["tcp", "udp"] as const;

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
  const named = opens.filter(({ protocol }) => protocol !== "all");
  const free = Array.from({ length: LAST - FIRST + 1 }, (_, index) => FIRST + index)
    .filter((port) =>
      !taken.has(port) &&
      !PROTOCOLS.some((protocol) => isAmong(named, { protocol, port }))
    );
  if (free.length < count) {
    throw new UsageError(`there are no ${count} free ports from ${FIRST} to ${LAST}`, {
      hint: "open fewer ports",
    });
  }
  return Array.from({ length: count }, () => free.splice(drawIndex(free.length), 1)).flat();
}

function drawIndex(length: number): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % length;
}
