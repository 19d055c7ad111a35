/** A TCP knock whose handshake may end, for networks that end TCP themselves. */
import type { Endpoint } from "../../net/connection.ts";
import type { Ports } from "../ports.ts";

/** Milliseconds that a handshake has: below the first retransmission (1 s, RFC 6298). */
const HANDSHAKE_MS = 250;

/** Sends one SYN, waits for its answer, at most {@linkcode HANDSHAKE_MS}, and closes. */
export async function sendByHandshake(
  place: Endpoint,
  { net, clock, signal }: Pick<Ports, "net" | "clock" | "signal">,
): Promise<void> {
  const stop = new AbortController();
  const cancel = () => stop.abort();
  signal.addEventListener("abort", cancel, { once: true });
  const timer = clock.sleepUntil(clock.now() + HANDSHAKE_MS, stop.signal).then(cancel, () => {});
  try {
    (await net.openTcp(place, stop.signal)).close();
  } catch {
    // Refused or silent: the SYN was sent.
  } finally {
    stop.abort();
    signal.removeEventListener("abort", cancel);
    await timer;
  }
  signal.throwIfAborted();
}
