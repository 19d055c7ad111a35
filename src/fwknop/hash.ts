/** Hashes and HMACs from WebCrypto; MD5, which it has not, from `node:crypto`, loaded where it is needed. */
import type { FwknopDigest } from "../core/fwknop.ts";

const WEB_NAMES: Readonly<Record<Exclude<FwknopDigest, "md5">, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

/** Returns the hash of bytes. */
export async function hashBytes(
  bytes: Uint8Array<ArrayBuffer>,
  name: FwknopDigest,
): Promise<Uint8Array> {
  if (name !== "md5") return new Uint8Array(await crypto.subtle.digest(WEB_NAMES[name], bytes));
  const { createHash } = await import("node:crypto");
  return Uint8Array.from(createHash("md5").update(bytes).digest());
}

/** Returns the HMAC of bytes. */
export async function signBytes(
  bytes: Uint8Array<ArrayBuffer>,
  { key, name }: { key: Uint8Array<ArrayBuffer>; name: FwknopDigest },
): Promise<Uint8Array> {
  if (name === "md5") {
    const { createHmac } = await import("node:crypto");
    return Uint8Array.from(createHmac("md5", key).update(bytes).digest());
  }
  const algorithm = { name: "HMAC", hash: WEB_NAMES[name] };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes));
}
