/**
 * The message of a packet of fwknop before it is encrypted, and what may be in it.
 *
 * `RAND:USER:TIME:VERSION:TYPE:ACCESS[:NAT][:TIMEOUT]`, then `:DIGEST`; the texts in base64 without `=`. The
 * server takes a packet of 400 characters or more for one of GPG, and reads IPv4 only.
 */
import { ValueError } from "../core/errors.ts";
import { type FwknopDigest, type FwknopNat, renderAccess } from "../core/fwknop.ts";
import { isPorts, type PortRange, type Service } from "../core/service.ts";

/** What a packet asks for. */
export interface FwknopMessage {
  /** 16 decimal digits. */
  random: string;
  user: string;
  /** Unix seconds. */
  seconds: number;
  /** IPv4; 0.0.0.0 for the source of the packet. */
  address: string;
  /** Single ports: fwknopd 2.6 refuses everything else. */
  access: readonly PortRange[];
  nat?: FwknopNat | undefined;
  /** Where a local NAT leads to: the address of the daemon's host. */
  localAddress: string;
  /** Seconds; the daemon's own time where undefined. */
  timeout?: number | undefined;
}

/** Seconds that a packet can ask for. */
const MAX_TIMEOUT = 65_536;

/** Characters of a packet, at most. */
const MAX_WIRE = 399;

/** Bytes of a key, at most: of the encryption (its block of the key), and of the HMAC. */
const MAX_KEY_BYTES = { key: 32, hmacKey: 128 } as const;

/** Bytes of each hash. */
const DIGEST_BYTES: Readonly<Record<FwknopDigest, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** Returns base64 without `=`, as fwknop writes it. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64().replace(/=+$/, "");
}

/** Returns the message, without its digest. */
export function renderMessage(message: FwknopMessage): string {
  const { random, user, seconds, address, access, nat, localAddress, timeout } = message;
  const encode = (text: string) => toBase64(new TextEncoder().encode(text));
  return [
    random,
    encode(user),
    seconds,
    "3.0.0",
    findType(message),
    encode(`${address},${renderAccess(access)}`),
    ...(nat === undefined ? [] : [encode(`${nat.host ?? localAddress},${nat.port}`)]),
    ...(timeout === undefined ? [] : [timeout]),
  ].join(":");
}

/** 1 access, 3 with a timeout; 2 and 4 with NAT; 5 and 6 with local NAT. A timeout in a type without one is ignored. */
function findType({ nat, timeout }: FwknopMessage): number {
  if (nat === undefined) return timeout === undefined ? 1 : 3;
  if (nat.host === undefined) return timeout === undefined ? 5 : 6;
  return timeout === undefined ? 2 : 4;
}

/**
 * Throws if the packet of a message would be too long for the server.
 *
 * @throws {RangeError}
 */
export function checkLength(
  message: FwknopMessage,
  { digest, hmacDigest }: { digest: FwknopDigest; hmacDigest: FwknopDigest },
): void {
  const countBase64 = (bytes: number) => Math.ceil(bytes * 4 / 3);
  const plain = renderMessage(message).length + 1 + countBase64(DIGEST_BYTES[digest]);
  const encrypted = (Math.floor(plain / 16) + 1) * 16;
  // "Salted__" and the salt are encoded too, but not sent.
  const wire = countBase64(16 + encrypted) - 10 + countBase64(DIGEST_BYTES[hmacDigest]);
  if (wire <= MAX_WIRE) return;
  throw new RangeError(
    `the packet would have ${wire} characters, but fwknopd reads at most ${MAX_WIRE}: use fewer ports, ` +
      `a shorter user, or a shorter hmac_digest or digest`,
  );
}

/**
 * Returns `seconds` if a packet can ask for them.
 *
 * @throws {RangeError} with what is allowed.
 */
export function checkTimeout(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_TIMEOUT) return seconds;
  throw new ValueError(
    `${seconds}s`,
    `cannot be asked of fwknopd: use whole seconds, from 1s to ${MAX_TIMEOUT}s`,
  );
}

/**
 * Returns `user` if a packet can have it.
 *
 * @throws {RangeError} with what is allowed.
 */
export function checkUser(user: string): string {
  if (/^[ !#-).0-9@A-Z^-{}~_-]{1,48}$/.test(user)) return user;
  throw new ValueError(
    user,
    'is not a user of fwknop: use 1 to 48 printable ASCII characters, without " / \\ [ ] : ; | = , + * ? < >',
  );
}

/**
 * Returns the services as the ports that a packet asks for.
 *
 * @throws {RangeError} with what is allowed.
 */
export function checkAccess(services: readonly Service[]): PortRange[] {
  const ports = services.filter(isPorts).filter(({ last }) => last === undefined);
  if (ports.length === services.length) return ports;
  const bad = services.find((service) => !isPorts(service) || service.last !== undefined);
  const what = bad === undefined || isPorts(bad) ? "a range" : bad.protocol;
  throw new RangeError(`has ${what}: fwknopd opens single tcp and udp ports only`);
}

/** How a key is written, and what it is for. */
interface KeyForm {
  isBase64: boolean;
  use: keyof typeof MAX_KEY_BYTES;
}

/**
 * Returns the bytes of a key's text.
 *
 * @throws {RangeError} with what is allowed; never with the text.
 */
export function decodeKey(text: Uint8Array, { isBase64, use }: KeyForm): Uint8Array {
  const max = MAX_KEY_BYTES[use];
  const bytes = isBase64 ? decodeBase64(text) : text;
  if (bytes === undefined) {
    throw new RangeError(
      `is not base64: use what fwknop --key-gen or spknock fwknop keygen prints`,
    );
  }
  if (bytes.length === 0) throw new RangeError(`is empty: use 1 to ${max} bytes`);
  if (bytes.length > max) {
    throw new RangeError(`has ${bytes.length} bytes: fwknop uses 1 to ${max}`);
  }
  if (!isBase64 && bytes.includes(0)) {
    throw new RangeError("has a zero byte, which ends a key of fwknop: use base64");
  }
  return bytes;
}

function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(new TextDecoder("utf-8", { fatal: true }).decode(text).trim());
  } catch {
    return undefined;
  }
}
