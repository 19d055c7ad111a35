/**
 * `tls`: a TLS handshake. The question is whether the door is open, not whom to trust: a server whose
 * certificate is not trusted has answered, and is reported as open with that detail.
 */
import type { Probe } from "./probe.ts";
import { probeOverTcp } from "./tcp.ts";

/** Returns what the detail says of a certificate that is not trusted; "" of one that is. */
export function describeTrust(distrust: string | undefined): string {
  return distrust === undefined ? "" : `, certificate not trusted: ${distrust}`;
}

/** Asks for a TLS handshake. */
export const probe: Probe<"tls"> = ({ port }, context) =>
  probeOverTcp(port, context, async (connection, signal) => {
    const { openTls } = await import("../net/tls.ts");
    const { protocol, distrust } = await openTls(connection, { host: context.host, signal });
    return { detail: `${protocol} handshake done${describeTrust(distrust)}` };
  });
