import { assertEquals } from "@std/assert";
import type { Terminal } from "../../src/prompt/prompter.ts";

/** One read each: text, or bytes; or a pause of so many milliseconds before the next. */
export type Chunk = string | Uint8Array | number;

/** `text` as a person types it: a read ends with each Enter. */
export function splitLines(text: Chunk): Chunk[] {
  return typeof text === "string" ? text.split(/(?<=\r\n?|\n)(?!\n)/) : [text];
}

/** A terminal whose keyboard is a script; records what is written and the raw mode. */
export class FakeTerminal implements Terminal {
  output = "";
  isRaw = false;
  isClosed = false;
  /** How often raw mode was entered. */
  rawCount = 0;
  /** How often the program was stopped. */
  stopCount = 0;
  readonly #chunks: (Uint8Array | number)[];
  readonly #size: { columns: number; rows: number };

  constructor(chunks: readonly Chunk[], { columns = 80, rows = 24 } = {}) {
    const encoder = new TextEncoder();
    this.#chunks = chunks.map((it) => typeof it === "string" ? encoder.encode(it) : it);
    this.#size = { columns, rows };
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    assertEquals(this.isRaw, true, "reads happen in raw mode, or the terminal echoes");
    let chunk = this.#chunks.shift();
    for (; typeof chunk === "number"; chunk = this.#chunks.shift()) await delay(chunk);
    if (chunk === undefined) return null;
    const part = chunk.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
    return part.length;
  }

  write(text: string): void {
    this.output += text;
  }

  setRaw(mode: boolean): void {
    assertEquals(mode, !this.isRaw, "raw mode is not nested");
    this.isRaw = mode;
    if (mode) this.rawCount++;
  }

  columns(): number {
    return this.#size.columns;
  }

  rows(): number {
    return this.#size.rows;
  }

  suspend(): Promise<void> {
    assertEquals(this.isRaw, false, "the shell gets the terminal as it was");
    this.stopCount++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
