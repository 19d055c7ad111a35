/** A text from the web: what our public address is. */

/** Bytes that are read of an answer, at most. */
const MAX_BYTES = 65_536;

/**
 * Returns the start of what a URL answers with.
 *
 * @throws what `fetch` throws, and an Error for a status other than 2xx; the signal's reason when it aborts.
 */
export async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal });
  const reader = response.body?.getReader();
  try {
    if (!response.ok) throw new Error(`status ${response.status}`);
    const parts: Uint8Array[] = [];
    for (let length = 0; reader !== undefined && length < MAX_BYTES;) {
      const { value, done } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
    }
    return await new Blob(parts.map((part) => Uint8Array.from(part))).text();
  } finally {
    await reader?.cancel().catch(() => {});
  }
}
