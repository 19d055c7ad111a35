/**
 * One knock: a port, a protocol, and where its payload comes from.
 *
 * Rules: ports are 1..65535, written in decimal digits only; the protocol is `tcp` or `udp`, before or
 * after the port, with `/` or (as Debian's `knock` writes it) `:` between them; commas separate several, of
 * which each has the protocol that it names itself: `7000,8000/udp` is 7000/tcp and 8000/udp.
 * What is printed is `22/tcp`. A TCP knock is a bare SYN and has no payload. An ICMP knock is an echo
 * request: it has a size, and no port.
 */

import { renderDuration } from "./duration.ts";
import { ValueError } from "./errors.ts";

/** The transport of a port. */
export type Protocol = "tcp" | "udp";

/** What a knock is sent over; `icmp` is an echo request. */
export type KnockProtocol = Protocol | "icmp";

/** Where a passphrase, or a finished payload, comes from. */
export type SecretSource =
  /** Asked for each knock, or once for all knocks of the target. */
  | { kind: "prompt"; mode?: "once" }
  | { kind: "env"; name: string }
  | { kind: "file"; path: string }
  | { kind: "command"; command: readonly string[] }
  /** The payload itself: 64 lowercase hex digits. */
  | { kind: "hash"; hash: string };

/** What a knock's packet carries. */
export type KnockPayload =
  | { kind: "none" }
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "secret"; source: SecretSource };

/** One packet of a sequence, before its secret is known. */
export interface Knock {
  /** 1..65535; 0 for icmp, which has none. */
  port: number;
  protocol: KnockProtocol;
  /** Bytes of data of an icmp knock, without headers; its payload fills them, repeated. */
  size?: number | undefined;
  payload: KnockPayload;
  /** Milliseconds until the next knock; the target's `delayMs` where undefined. */
  delayMs?: number | undefined;
  /** Milliseconds that the handshake of a tcp knock may take; the target's where undefined. */
  handshakeMs?: number | undefined;
}

/** Whether a knock is an echo request. */
export function isEcho({ protocol }: Pick<Knock, "protocol">): boolean {
  return protocol === "icmp";
}

/** After a second without an answer the kernel sends another SYN (RFC 6298), which is another knock. */
const MAX_HANDSHAKE_MS = 900;

/**
 * Returns `ms` if a handshake can take so long.
 *
 * @throws {RangeError} with what is allowed.
 */
export function checkHandshake(ms: number): number {
  if (ms >= 1 && ms <= MAX_HANDSHAKE_MS) return ms;
  throw new ValueError(
    renderDuration(ms),
    `is not a time for a handshake: use 1ms to ${MAX_HANDSHAKE_MS}ms, as the kernel repeats its SYN ` +
      `after a second, which is another knock`,
  );
}

/**
 * The port number that `text` writes.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port >= 1 && port <= 65535)) {
    throw new ValueError(text, "is not a port: use a whole number from 1 to 65535");
  }
  return port;
}

/**
 * Returns the port and protocol of `7000`, `7000/udp`, `7000:udp`, `udp/7000` or `udp:7000`, in upper or
 * lower case.
 *
 * @param fallback the protocol of a port that names none.
 * @throws {RangeError} with what is allowed.
 */
export function parsePortSpec(
  text: string,
  fallback: Protocol = "tcp",
): { port: number; protocol: Protocol } {
  const parts = text.trim().split(/[/:]/);
  const isTurned = /^[a-z]+[/:]/i.test(text.trim());
  const [portText = "", protocol, ...rest] = isTurned ? parts.toReversed() : parts;
  if (parts.length <= 2 || !isTurned) {
    const port = parsePort(portText);
    if (protocol === undefined) return { port, protocol: fallback };
    const lower = protocol.toLowerCase();
    if (rest.length === 0 && (lower === "tcp" || lower === "udp")) return { port, protocol: lower };
  }
  const example = /^\d+$/.test(portText) ? portText : "7000";
  throw new ValueError(
    text,
    `names an unknown protocol: use tcp or udp, such as ${example}/tcp`,
  );
}

/**
 * Returns the ports of a list such as `7000,8000/udp,udp:9000`, in the order of the text.
 *
 * @param fallback the protocol of a port that names none.
 * @throws {RangeError} with what is allowed.
 */
export function parsePortList(
  text: string,
  fallback: Protocol = "tcp",
): { port: number; protocol: Protocol }[] {
  const parts = text.includes(",") ? splitList(text) : [text];
  return parts.map((part) => parsePortSpec(part, fallback));
}

/**
 * Returns the items of `A,B,C`, without the white space around them.
 *
 * @throws {RangeError} where one is empty.
 */
export function splitList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  const empty = parts.indexOf("");
  if (empty === -1) return parts;
  throw new ValueError(text, `has an empty item ${empty + 1}: use A,B,C`);
}

/** Returns a sequence as `7000/tcp 8000/udp`; of one-time sequences, the file that they are in. */
export function renderKnocks(
  { knocks, oneTime }: { knocks: readonly Knock[]; oneTime?: string | undefined },
): string {
  if (oneTime !== undefined) return `one-time sequences of ${oneTime}`;
  return knocks.map(renderPortSpec).join(" ");
}

/** Port and protocol as `7000/udp`; an icmp knock as `icmp/SIZE`. */
export function renderPortSpec(
  knock: { port: number; protocol: KnockProtocol; size?: number | undefined },
): string {
  if (knock.protocol === "icmp") return `icmp/${knock.size ?? 0}`;
  return `${knock.port}/${knock.protocol}`;
}
