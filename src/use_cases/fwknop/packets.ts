/**
 * The packets for a door of fwknopd, each made when it is sent, and never stored.
 *
 * Rules:
 * - each try, to each address, is another packet: fwknopd refuses the same bytes ever after;
 * - our public address (`allow_ip = "resolve"`) is asked for once a run, and again for each renewal;
 * - what is wrong with the keys is said before anything is sent; no message repeats a part of them.
 */
import { isIpv4 } from "../../core/address/syntax.ts";
import { NetworkError, SecretError, UsageError } from "../../core/errors.ts";
import type { Fwknop, FwknopKey } from "../../core/fwknop.ts";
import type { Knock } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import {
  checkAccess,
  checkTimeout,
  checkUser,
  decodeKey,
  type FwknopMessage,
} from "../../fwknop/message.ts";
import { makePacket, makeRandomDigits } from "../../fwknop/packet.ts";
import type { Payloads } from "../../knock/until_open.ts";
import type { SecretRequest } from "../../secret/collect.ts";

/** A door of fwknopd, with what its packet asks for. */
type FwknopDoor = Pick<Target, "name" | "opens" | "openForMs"> & { fwknop: Fwknop };

/** What packets need of the world. */
export interface PacketPorts {
  /** Unix milliseconds. */
  wallNow: () => number;
  env(name: string): string | undefined;
  net: { fetchText?(url: string, signal: AbortSignal): Promise<string> };
  signal: AbortSignal;
}

/** What the real client asks for the public address. */
const RESOLVE_URL = "https://www.cipherdyne.org/cgi-bin/myip";

/** Milliseconds that it may take. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** The name that fwknop sends where it finds none. */
const NO_USER = "NO_USER";

/** Returns the request for both keys: first that of the encryption, then that of the HMAC. */
export function toFwknopRequest(
  { name, knocks, fwknop }: Pick<Target, "name" | "knocks"> & { fwknop: Fwknop },
): SecretRequest {
  const [knock] = knocks;
  const carry = ({ payload }: FwknopKey): Knock[] =>
    knock === undefined ? [] : [{ ...knock, payload }];
  return {
    name,
    knocks: [...carry(fwknop.key), ...carry(fwknop.hmacKey)],
    reads: "key_text",
    questions: [
      `Encryption key for ${name}${nameForm(fwknop.key)}`,
      `HMAC key for ${name}${nameForm(fwknop.hmacKey)}`,
    ],
    check: (texts) => void decodeKeys(fwknop, texts),
  };
}

function nameForm({ isBase64 }: FwknopKey): string {
  return isBase64 ? " (base64)" : "";
}

const KEY_HINT = "the server's access.conf has both keys; new ones: spknock fwknop keygen";

/**
 * Returns the bytes of both keys, of the texts that were collected for {@linkcode toFwknopRequest}.
 *
 * @throws {SecretError} if one of the texts is not a key, or both are the same.
 */
export function decodeKeys(
  fwknop: Fwknop,
  [keyText = new Uint8Array(), hmacText = new Uint8Array()]: readonly Uint8Array[],
): Record<"key" | "hmacKey", Uint8Array> {
  const decode = (text: Uint8Array, use: "key" | "hmacKey") => {
    try {
      return decodeKey(text, { isBase64: fwknop[use].isBase64, use });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const subject = use === "key" ? "the encryption key" : "the HMAC key";
      throw new SecretError(`${subject} ${error.message}`, {
        hint: KEY_HINT,
      });
    }
  };
  const keys = { key: decode(keyText, "key"), hmacKey: decode(hmacText, "hmacKey") };
  if (keys.key.toHex() !== keys.hmacKey.toHex()) return keys;
  throw new SecretError("the encryption key and the HMAC key are the same: fwknop needs two", {
    hint: KEY_HINT,
  });
}

/** Returns what is sent, of the texts that were collected for {@linkcode toFwknopRequest}. */
export function createPackets(
  target: FwknopDoor,
  collected: readonly Uint8Array[],
  ports: PacketPorts,
): Payloads {
  const { fwknop } = target;
  const seal = { ...fwknop, ...decodeKeys(fwknop, collected) };
  let allowed: Promise<string> | undefined;
  return async ({ address, attempt }) => {
    if (attempt === 1) allowed = undefined;
    allowed ??= findAllowed(fwknop, ports);
    const source = await allowed;
    const user = findUser(fwknop, ports);
    try {
      const message: FwknopMessage = {
        random: makeRandomDigits(),
        user,
        seconds: Math.floor((ports.wallNow() + fwknop.timeOffsetMs) / 1_000),
        address: source,
        access: checkAccess(target.opens),
        nat: fwknop.nat,
        localAddress: address,
        timeout: fwknop.asksTime ? checkTimeout(target.openForMs / 1_000) : undefined,
      };
      return [await makePacket(message, seal)];
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(`"${target.name}": ${error.message}`);
      throw error;
    }
  };
}

function findUser({ user }: Fwknop, { env }: PacketPorts): string {
  if (user !== undefined) return user;
  const name = env("LOGNAME") || env("USER") || env("USERNAME") || NO_USER;
  try {
    return checkUser(name);
  } catch (cause) {
    throw new UsageError("the login name cannot be a user of fwknop", {
      hint: 'add user = "NAME" to the table fwknop of the target',
      cause,
    });
  }
}

/** The address that the daemon is asked to let in. */
async function findAllowed(
  { allowIp, resolveUrl = RESOLVE_URL }: Fwknop,
  { net, signal }: PacketPorts,
): Promise<string> {
  if (allowIp === "source") return "0.0.0.0";
  if (allowIp !== "resolve") return allowIp;
  const hint = 'use allow_ip = "source", an address, or another resolve_url, in the table fwknop';
  const limited = AbortSignal.any([signal, AbortSignal.timeout(RESOLVE_TIMEOUT_MS)]);
  let text: string;
  try {
    text = await net.fetchText?.(resolveUrl, limited) ?? "";
  } catch (cause) {
    signal.throwIfAborted();
    const why = limited.aborted
      ? `no answer within ${RESOLVE_TIMEOUT_MS / 1_000} s`
      : cause instanceof Error
      ? cause.message
      : "it failed";
    throw new NetworkError(`our public address is unknown: ${resolveUrl}: ${why}`, { hint, cause });
  }
  // No part of a longer number; a page to log in to a network has other addresses besides.
  const numbers = text.match(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/g) ?? [];
  const [found, ...others] = new Set(numbers.filter((each) => isIpv4(each) && each !== "0.0.0.0"));
  if (found !== undefined && others.length === 0) return found;
  const what = found === undefined ? "no IPv4 address" : "several IPv4 addresses";
  throw new NetworkError(
    `our public address is unknown: the answer of ${resolveUrl} has ${what}`,
    { hint },
  );
}
