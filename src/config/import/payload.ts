/** What the bytes of a packet are to a target. */
import type { KnockPayload } from "../../core/knock.ts";

/** Returns the payload that bytes are: 64 lowercase hex digits are the hash of a passphrase. */
export function recognizePayload(bytes: Uint8Array): KnockPayload {
  if (bytes.length === 0) return { kind: "none" };
  const text = new TextDecoder("latin1").decode(bytes);
  return /^[0-9a-f]{64}$/.test(text)
    ? { kind: "secret", source: { kind: "hash", hash: text } }
    : { kind: "bytes", bytes };
}
