/**
 * The keyboard of a terminal, shared by every question that is asked on it.
 *
 * Rules: what was typed or pasted ahead stays here for the next question, also for one of another
 * prompter; the end of the input, once met, cancels every further question; Ctrl-C cancels and, as
 * a terminal does, throws away what was typed ahead.
 */
import { CancelledError } from "../core/errors.ts";
import { CTRL_C, KeyDecoder } from "./keys.ts";
import type { Terminal } from "./prompter.ts";

/** The keys of one terminal, in order. */
export class Keyboard {
  readonly #terminal: Terminal;
  readonly #decoder = new KeyDecoder();
  readonly #buffer = new Uint8Array(1024);
  #ahead: string[] = [];
  #hasEnded = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * The next key; reads only when nothing was typed ahead.
   *
   * @throws {CancelledError} on Ctrl-C and at the end of the input.
   */
  async next(): Promise<string> {
    for (;;) {
      const key = this.#ahead.shift();
      if (key === CTRL_C) {
        this.#ahead = [];
        throw new CancelledError();
      }
      if (key !== undefined) return key;
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const count = this.#hasEnded ? null : await this.#terminal.read(this.#buffer);
    if (count === null || count === 0) {
      this.#hasEnded = true;
      throw new CancelledError("cancelled: the input ended at a question");
    }
    this.#ahead = this.#decoder.push(this.#buffer.subarray(0, count), performance.now());
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
