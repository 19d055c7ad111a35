/**
 * `udp`: a datagram, and any answer to it. What is sent is the user's, because each service answers to
 * its own protocol only:
 *
 * - OpenVPN without `tls-auth` and `tls-crypt` answers a P_CONTROL_HARD_RESET_CLIENT_V2 (opcode 7,
 *   8 bytes of session id, no acknowledgements, packet id 0), with them it is silent;
 * - WireGuard never answers a sender without a key, so that no probe from outside can see it;
 * - DNS and NTP answer every query.
 *
 * Silence is `closed`, since another try may help then, but it proves nothing: a service can be
 * reachable and silent. A refusal looks the same (see `net/udp.ts`).
 */
import type { Probe } from "./probe.ts";

/** Asks once with a datagram that is repeated until the patience is over. */
export const probe: Probe<"udp"> = async ({ port, send }, context) => {
  const { address, source, clock, silenceTimeoutMs: timeoutMs, signal } = context;
  const start = clock.now();
  const question = { address, port, source, payload: send, clock, timeoutMs, signal };
  const answer = await context.askUdp(question);
  const ms = clock.now() - start;
  return answer === undefined
    ? { status: "closed", ms, detail: "no answer, which over UDP does not prove that it is closed" }
    : { status: "open", ms, detail: `answered ${answer.length} bytes` };
};
