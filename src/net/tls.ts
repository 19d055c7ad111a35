/**
 * TLS over an open connection, by node:tls: unlike `Deno.startTls` it takes a connection from a chosen
 * source, and continues with a server whose certificate is not trusted. The caller decides what that
 * means, by `distrust`.
 */
import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { domainToASCII } from "node:url";
import { isAddress } from "../core/address/syntax.ts";
import type { TcpConnection } from "./connection.ts";
import { toConnection } from "./tcp_source.ts";

/** A finished handshake. */
interface TlsLink {
  connection: TcpConnection;
  /** `TLSv1.3` and its kin. */
  protocol: string;
  /** Why the certificate is not trusted, such as `DEPTH_ZERO_SELF_SIGNED_CERT`; else undefined. */
  distrust: string | undefined;
}

/** How to shake hands. */
interface TlsOptions {
  /** The name to ask for; an address is not sent (RFC 6066, section 3). */
  host: string;
  /** Ends the connection, and a handshake that is not finished. */
  signal: AbortSignal;
}

/**
 * The client's side of a handshake over `connection`, which it takes over.
 *
 * @throws what the other side or the signal made of it.
 */
export function openTls(
  connection: TcpConnection,
  { host, signal }: TlsOptions,
): Promise<TlsLink> {
  const { promise, resolve, reject } = Promise.withResolvers<TlsLink>();
  const { readable, writable } = connection;
  const raw = Duplex.fromWeb({ readable, writable } as Parameters<typeof Duplex.fromWeb>[0]);
  const isName = !isAddress(host);
  const socket = connect({
    socket: raw,
    rejectUnauthorized: false,
    ...(isName ? { servername: domainToASCII(host.replace(/\.$/, "")) } : {}),
  });
  const stop = () => {
    socket.destroy();
    raw.destroy();
    reject(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  raw.on("error", reject);
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("the connection was closed in the handshake")));
  socket.once("secureConnect", () =>
    resolve({
      connection: toConnection(socket),
      protocol: socket.getProtocol() ?? "TLS",
      distrust: socket.authorized ? undefined : String(socket.authorizationError),
    }));
  return promise;
}
