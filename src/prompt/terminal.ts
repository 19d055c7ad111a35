/**
 * The keyboard of a terminal, shared by every question that is asked on it.
 *
 * Rules:
 * - what was typed ahead stays here for the next question, also for one of another prompter;
 * - a paste answers only the question that it was pasted into: text that arrives in one piece, in one
 *   read or between the marks of bracketed paste mode, is dropped from behind its first line end on;
 * - the end of the input, once met, cancels every further question; Ctrl-C and Escape cancel and, as
 *   a terminal does, throw away what was typed ahead.
 */
import { CancelledError } from "../core/errors.ts";
import {
  CTRL_C,
  ENTER,
  ESCAPE,
  isText,
  KeyDecoder,
  PASTE_END,
  PASTE_START,
  SPLIT_MS,
  TAB,
} from "./keys.ts";
import type { Terminal } from "./prompter.ts";

/** What a question says when a part of a paste was dropped. */
export const DROPPED = "only the first line of the pasted text was used";

/** Milliseconds from one read to the next within which both can hold parts of one paste. */
const PASTE_GAP_MS = 50;
/** Bytes of a read that can be a part of a paste: shorter ones arrive in one piece. */
const PASTE_PART = 512;

/** A read that may still be on its way, and its bytes. */
interface Reading {
  buffer: Uint8Array;
  count: Promise<number | null>;
}

/** The keys of one terminal, in order. */
export class Keyboard {
  readonly #terminal: Terminal;
  readonly #decoder = new KeyDecoder();
  #reading: Reading | undefined;
  #ahead: string[] = [];
  #hasEnded = false;
  /** Between the marks of a bracketed paste: before its first line end, or behind it. */
  #paste: "first line" | "rest" | undefined;
  /** When the last read came of a long paste without marks, of which more may come. */
  #pastedAt = -Infinity;
  #hasDropped = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * The next key; reads only when nothing was typed ahead.
   *
   * @throws {CancelledError} on Ctrl-C, Escape and at the end of the input.
   */
  async next(): Promise<string> {
    for (;;) {
      const key = this.#ahead.shift();
      if (key === CTRL_C || key === ESCAPE) {
        this.#ahead = [];
        throw new CancelledError();
      }
      if (key !== undefined) return key;
      await this.#read();
    }
  }

  /** Whether a part of a paste was dropped since this was last asked. */
  takeDropped(): boolean {
    const hasDropped = this.#hasDropped;
    this.#hasDropped = false;
    return hasDropped;
  }

  async #read(): Promise<void> {
    if (this.#decoder.hasEscape && !await this.#isReadWithin(SPLIT_MS)) {
      this.#decoder.reset();
      this.#ahead = [ESCAPE];
      return;
    }
    const { buffer, count: reading } = this.#startReading();
    this.#reading = undefined;
    const count = this.#hasEnded ? null : await reading;
    if (count === null || count === 0) {
      this.#hasEnded = true;
      throw new CancelledError("cancelled: the input ended at a question");
    }
    const now = performance.now();
    const keys = this.#decoder.push(buffer.subarray(0, count), now);
    const isRest = now - this.#pastedAt < PASTE_GAP_MS;
    this.#pastedAt = -Infinity;
    this.#ahead = this.#dropPasted(keys, { isRest });
    if (this.#ahead.length < keys.length && count >= PASTE_PART) this.#pastedAt = now;
  }

  #startReading(): Reading {
    if (this.#reading !== undefined) return this.#reading;
    const buffer = new Uint8Array(4096);
    const count = this.#hasEnded ? Promise.resolve(null) : this.#terminal.read(buffer);
    // It may be awaited later, by the next question, or never.
    count.catch(() => {});
    return this.#reading = { buffer, count };
  }

  /** Whether a read ends soon; one that does not stays for the next key. */
  async #isReadWithin(ms: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    try {
      return await Promise.race([this.#startReading().count.then(() => true, () => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The keys of one read without what was pasted behind the first line end, or all of a rest. */
  #dropPasted(keys: readonly string[], { isRest }: { isRest: boolean }): string[] {
    // Within a paste a control character is text that cannot be typed; alone it is a key.
    if (keys.length === 1 && keys[0] === CTRL_C) this.#paste = undefined;
    const kept = keys.filter((key) => this.#keepsMarked(key));
    const end = isRest ? -1 : kept.indexOf(ENTER);
    const rest = isRest || end >= 0 ? kept.slice(end + 1) : [];
    if (rest.length === 0) return kept;
    if (rest.some((key) => key !== ENTER)) this.#hasDropped = true;
    return [...kept.slice(0, end + 1), ...rest.includes(CTRL_C) ? [CTRL_C] : []];
  }

  /** Follows the marks of a bracketed paste; whether `key` is kept. */
  #keepsMarked(key: string): boolean {
    if (key === PASTE_START || key === PASTE_END) {
      this.#paste = key === PASTE_START ? "first line" : undefined;
      return false;
    }
    if (this.#paste === undefined) return true;
    if (this.#paste === "rest") {
      if (key !== ENTER) this.#hasDropped = true;
      return false;
    }
    if (key === ENTER) this.#paste = "rest";
    return key === ENTER || key === TAB || isText(key);
  }
}

const keyboards = new WeakMap<Terminal, Keyboard>();

/** The one keyboard of `terminal`. */
export function findKeyboard(terminal: Terminal): Keyboard {
  let keyboard = keyboards.get(terminal);
  if (keyboard === undefined) {
    keyboard = new Keyboard(terminal);
    keyboards.set(terminal, keyboard);
  }
  return keyboard;
}

/**
 * Runs `ask` in raw mode, from its first to its last key: leaving raw mode between two keys would let
 * the terminal itself echo what arrives in between, a pasted passphrase for one.
 */
export async function inRawMode<T>(terminal: Terminal, ask: () => Promise<T>): Promise<T> {
  terminal.setRaw(true);
  try {
    return await ask();
  } finally {
    terminal.setRaw(false);
  }
}

/** Stops the program until it is told to go on; raw mode is left meanwhile. */
export async function suspend(terminal: Terminal): Promise<void> {
  if (terminal.suspend === undefined) return;
  terminal.setRaw(false);
  try {
    await terminal.suspend();
  } finally {
    // In the background this waits until the shell brings the program to the front.
    terminal.setRaw(true);
  }
}
