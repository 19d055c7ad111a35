/** Bytes of passphrases as text: the first line, without the byte order mark that editors put before it. */
import { SecretError } from "../core/errors.ts";

/** How a passphrase is taken from bytes. */
interface PassphraseOptions {
  /** Where the bytes come from, for errors. */
  subject: string;
  /** Whether an empty passphrase is meant. */
  allowEmpty: boolean;
}

/** What helps against an empty passphrase. */
export const EMPTY_HINT = "if it is meant to be empty: --allow-empty";

/**
 * Returns `bytes` without the UTF-8 byte order mark at their start, which is never part of a passphrase.
 *
 * @throws {SecretError} if they are UTF-16: its hash is that of other bytes.
 */
export function dropMark(bytes: Uint8Array, subject: string): Uint8Array {
  if (detectUtf16(bytes) !== undefined) {
    throw new SecretError(`${subject} is UTF-16 text`, { hint: "save it as UTF-8" });
  }
  return hasMark(bytes) ? bytes.subarray(3) : bytes;
}

/** Whether the bytes start with the UTF-8 byte order mark. */
export function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Returns which UTF-16 the bytes are, by the name that iconv knows it by; undefined for other text. */
export function detectUtf16(bytes: Uint8Array): "UTF-16" | "UTF-16LE" | "UTF-16BE" | undefined {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return "UTF-16";
  // ASCII in UTF-16 has a zero in every other byte.
  const zeros = [...bytes.subarray(0, 4)].map((byte) => byte === 0 ? "0" : "x").join("");
  return zeros === "x0x0" ? "UTF-16LE" : zeros === "0x0x" ? "UTF-16BE" : undefined;
}

/**
 * Returns the passphrase in `bytes`: the first line, without its line ending (LF or CRLF).
 *
 * @throws {SecretError} if it is empty or not UTF-8.
 */
export function readPassphrase(
  bytes: Uint8Array,
  { subject, allowEmpty }: PassphraseOptions,
): Uint8Array {
  const [line = new Uint8Array()] = splitLines(dropMark(bytes, subject));
  requireText(line, { subject, allowEmpty });
  return line;
}

/** Throws a SecretError if a passphrase is empty, unless that is meant. */
export function requireText(
  passphrase: string | Uint8Array,
  { subject, allowEmpty }: PassphraseOptions,
): void {
  if (passphrase.length > 0 || allowEmpty) return;
  throw new SecretError(`${subject} is empty`, { hint: EMPTY_HINT });
}

/** Splits at LF or CRLF; the last line need not end. */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end;
    const line = bytes.subarray(start, stop);
    lines.push(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
    start = stop + 1;
  }
  return lines;
}
