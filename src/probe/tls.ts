/**
 * `tls`: a TLS handshake. The question is whether the door is open, not whom to trust: a server whose
 * certificate is not trusted has answered, and is reported as open with that detail.
 */
import type { TcpConnection } from "../net/tcp.ts";
import type { ProbeContext, ProbeKind } from "./probe.ts";
import { askOver, closeQuietly, portOf } from "./tcp.ts";

/** The name that TLS asks for: the host, or the address where the host is one. */
export function startTls(connection: TcpConnection, context: ProbeContext): Promise<Deno.TlsConn> {
  return Deno.startTls(connection as Deno.TcpConn, { hostname: context.host });
}

/** The reason in a rustls certificate error, such as `UnknownIssuer`. */
export function untrusted(cause: unknown): string | undefined {
  const message = cause instanceof Error ? cause.message : "";
  return /invalid peer certificate: (.*)/.exec(message)?.[1];
}

/** `tls`. */
export const kind: ProbeKind = {
  label: (spec) => `tls ${portOf(spec, 443)}`,
  ask: (spec, context) =>
    askOver(portOf(spec, 443), { ...context, source: undefined }, async (connection) => {
      try {
        const tls = await startTls(connection, context);
        const { alpnProtocol } = await tls.handshake();
        closeQuietly(tls);
        return { detail: alpnProtocol ? `handshake done, ${alpnProtocol}` : "handshake done" };
      } catch (cause) {
        const reason = untrusted(cause);
        if (reason === undefined) throw cause;
        return { detail: `handshake answered, certificate not trusted: ${reason}` };
      }
    }),
};
