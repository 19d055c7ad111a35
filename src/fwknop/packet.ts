/**
 * A packet of fwknop: its message with a digest, encrypted as OpenSSL does it, and signed.
 *
 * Rules:
 * - AES-256-CBC; key and IV are MD5 over key and salt, three rounds (OpenSSL's EVP_BytesToKey);
 * - the HMAC is over the base64 text with its `Salted__` in front, which is not sent: every server knows it;
 * - each packet has a random number and a salt of its own: the server refuses the same bytes ever after.
 */
import type { FwknopDigest } from "../core/fwknop.ts";
import { checkLength, type FwknopMessage, renderMessage, toBase64 } from "./message.ts";
import { hashBytes, signBytes } from "./hash.ts";

/** What a packet is encrypted and signed with. */
interface FwknopSeal {
  key: Uint8Array;
  hmacKey: Uint8Array;
  digest: FwknopDigest;
  hmacDigest: FwknopDigest;
  /** 8 bytes; random ones where undefined. */
  salt?: Uint8Array | undefined;
}

/** What OpenSSL writes before the salt. */
const MAGIC = encode("Salted__");

/** Its base64, as far as it does not depend on the salt. */
const MAGIC_LENGTH = 10;

/** Returns 16 decimal digits from the system's random numbers. */
export function makeRandomDigits(): string {
  let digits = "";
  while (digits.length < 16) {
    const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
    // The values above would make some digits likelier.
    if (value < 4_000_000_000) digits += String(value % 100_000_000).padStart(8, "0");
  }
  return digits;
}

/**
 * Returns the bytes to send.
 *
 * @throws {RangeError} if the packet would be too long.
 */
export async function makePacket(
  message: FwknopMessage,
  seal: FwknopSeal,
): Promise<Uint8Array<ArrayBuffer>> {
  checkLength(message, seal);
  const text = renderMessage(message);
  const digest = toBase64(await hashBytes(encode(text), seal.digest));
  const salt = seal.salt ?? crypto.getRandomValues(new Uint8Array(8));
  const encrypted = await encrypt(encode(`${text}:${digest}`), { key: seal.key, salt });
  const full = toBase64(join(MAGIC, salt, encrypted));
  const hmac = await signBytes(encode(full), {
    key: Uint8Array.from(seal.hmacKey),
    name: seal.hmacDigest,
  });
  return encode(full.slice(MAGIC_LENGTH) + toBase64(hmac));
}

async function encrypt(
  plain: Uint8Array<ArrayBuffer>,
  { key, salt }: { key: Uint8Array; salt: Uint8Array },
): Promise<Uint8Array> {
  const first = await hashBytes(join(key, salt), "md5");
  const second = await hashBytes(join(first, key, salt), "md5");
  const iv = await hashBytes(join(second, key, salt), "md5");
  const raw = join(first, second);
  const imported = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt"]);
  const algorithm = { name: "AES-CBC", iv: Uint8Array.from(iv) };
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, plain));
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
