/**
 * What a passphrase becomes on the wire: the 64 lowercase hex digits of its SHA-256, as ASCII, as
 * the original does it (UTF-8; an empty passphrase is hashed too).
 */

import { SecretError } from "../core/errors.ts";

/** No passphrase is longer; what is comes from the wrong file or program. */
const MAX_KIB = 64;

/**
 * Returns the payload of a secret knock: 64 bytes of ASCII.
 *
 * @throws {SecretError} if the passphrase is too long to be one.
 */
export async function hashPassphrase(passphrase: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof passphrase === "string"
    ? new TextEncoder().encode(passphrase)
    : Uint8Array.from(passphrase);
  if (bytes.length > MAX_KIB * 1_024) {
    throw new SecretError(`the passphrase is longer than ${MAX_KIB} KiB`, {
      hint: "is it the right file or program? a passphrase is one line",
    });
  }
  // @std/crypto's SHA-256 is this very call; its module would only load a WebAssembly as well.
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new TextEncoder().encode(new Uint8Array(digest).toHex());
}
