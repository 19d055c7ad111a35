/** What an exported file has where a secret of the exporting machine would be. */

/** Of a key; base64 cannot be so. */
export const KEY_PLACEHOLDER = "PUT-THE-KEY-HERE";
/** Of a fixed payload; ping can carry it. */
export const PAYLOAD_PLACEHOLDER = "PUT-SECRET-HERE";

/** Whether a text is a placeholder that is not replaced yet. */
export function isPlaceholder(text: unknown): boolean {
  return text === KEY_PLACEHOLDER || text === PAYLOAD_PLACEHOLDER;
}
