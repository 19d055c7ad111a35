/**
 * From the bytes of a terminal to keys.
 *
 * A key is a string: one code point (`"a"`, `"😀"`, `"\x15"` for Ctrl-U), or a whole escape sequence
 * (`"\x1b[A"` for the up arrow, `"\x1bd"` for Alt-D). Rules:
 * - UTF-8 and escape sequences may be split over any number of reads;
 * - Enter is {@linkcode ENTER}, however it came: CR, LF or CR LF (a paste);
 * - an escape sequence that breaks off is dropped with what it had; what follows within
 *   {@linkcode SPLIT_MS} belongs to it, as readline does it;
 * - {@linkcode ESCAPE} is the Escape key, once nothing has followed it for so long;
 * - bytes that are not UTF-8 become U+FFFD.
 */

/** The Enter key. */
export const ENTER = "\r";
/** Ctrl-C. */
export const CTRL_C = "\x03";
/** Ctrl-D. */
export const CTRL_D = "\x04";
/** Ctrl-Z. */
export const CTRL_Z = "\x1a";
/** The Escape key. */
export const ESCAPE = "\x1b";
/** What terminals send before and after a paste (bracketed paste mode, `CSI ? 2004 h`). */
export const PASTE_START = "\x1b[200~";
/** See {@linkcode PASTE_START}. */
export const PASTE_END = "\x1b[201~";
/** The tabulator key. */
export const TAB = "\t";

/** Milliseconds within which two reads may hold two parts of one key. */
export const SPLIT_MS = 100;

/**
 * In this order: a CSI sequence (with the Linux console's `ESC [ [ A`), an SS3 sequence, Alt and a
 * character, a broken sequence, a line end, any code point. ECMA-48, sections 5.4 and 5.5.
 */
const KEY =
  // deno-lint-ignore no-control-regex -- keys are control characters
  /\x1b\[\[?[\x30-\x3f]*[\x20-\x2f]*[\x40-\x5a\x5c-\x7e]|\x1bO[0-9]?[A-Za-z]|\x1b(?![[O])[^\x00-\x1f\x80-\x9f]|\x1b(?:\[\[?[\x30-\x3f]*[\x20-\x2f]*|O[0-9]?)?|\r\n?|[^]/gu;

/** The whole of a broken sequence: where the text ends with it, the rest may be on its way. */
// deno-lint-ignore no-control-regex -- keys are control characters
const BROKEN = /^\x1b(?:\[\[?[\x30-\x3f]*[\x20-\x2f]*|O[0-9]?)?$/;

/** Turns reads into keys; keeps what is not whole yet. */
export class KeyDecoder {
  // A byte order mark inside a pasted passphrase is part of it.
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #broken = "";
  #isAfterReturn = false;
  #lastAt = -Infinity;

  /**
   * The keys that `bytes` complete.
   *
   * @param atMs when they were read, in milliseconds of any steady clock.
   */
  push(bytes: Uint8Array, atMs: number): string[] {
    const isLate = atMs - this.#lastAt > SPLIT_MS;
    this.#lastAt = atMs;
    let text = this.#utf8.decode(bytes, { stream: true });
    if (text === "") return [];
    if (!isLate && this.#isAfterReturn && text.startsWith("\n")) text = text.slice(1);
    if (!isLate) text = this.#broken + text;
    this.#broken = "";
    this.#isAfterReturn = text.endsWith("\r");
    return this.#split(text);
  }

  /** Whether all that is not whole yet is an Escape: the key, unless more follows. */
  get hasEscape(): boolean {
    return this.#broken === ESCAPE;
  }

  /** Forgets what is not whole yet. */
  reset(): void {
    this.#broken = "";
  }

  #split(text: string): string[] {
    const keys: string[] = [];
    for (const match of text.matchAll(KEY)) {
      const key = match[0];
      if (key.startsWith("\r") || key === "\n") keys.push(ENTER);
      else if (!BROKEN.test(key)) keys.push(key);
      else if (match.index + key.length === text.length) this.#broken = key;
    }
    return keys;
  }
}

/** Whether `key` is one character to be written, and no control. */
export function isText(key: string): boolean {
  return /^\P{Cc}$/u.test(key);
}
