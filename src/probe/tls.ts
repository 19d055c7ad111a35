/**
 * `tls`: a TLS handshake. The question is whether the door is open, not whom to trust: a server whose
 * certificate is not trusted has answered, and is reported as open with that detail.
 */
import type { ProbeKind } from "./probe.ts";
import { askOver, portOf } from "./tcp.ts";

/** What is added to the detail of an open door behind a certificate that nobody vouches for. */
export function trustNote(distrust: string | undefined): string {
  return distrust === undefined ? "" : `, certificate not trusted: ${distrust}`;
}

/** `tls`. */
export const kind: ProbeKind = {
  label: (spec) => `tls ${portOf(spec, 443)}`,
  ask: (spec, context) =>
    askOver(portOf(spec, 443), context, async (connection, signal) => {
      const { openTls } = await import("../net/tls.ts");
      const { protocol, distrust } = await openTls(connection, { host: context.host, signal });
      return { detail: `${protocol} handshake done${trustNote(distrust)}` };
    }),
};
