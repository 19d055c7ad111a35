/** What an exported file has where a secret of the exporting machine would be. */

/** Of a key; base64 cannot be so. */
export const KEY_PLACEHOLDER = "PUT-THE-KEY-HERE";
/** Of a fixed payload; ping can carry it. */
export const PAYLOAD_PLACEHOLDER = "PUT-SECRET-HERE";

/** Of the hash of a passphrase, which a person can make. */
export const HASH_PLACEHOLDER = "SHA256_OF_THE_PASSPHRASE";

/** Whether a text is a placeholder that is not replaced yet. */
export function isPlaceholder(text: unknown): boolean {
  return text === KEY_PLACEHOLDER || text === PAYLOAD_PLACEHOLDER;
}
