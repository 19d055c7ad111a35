import { assertEquals } from "@std/assert";
import type { Terminal } from "../../src/prompt/prompter.ts";

/** One read each: text, or bytes. */
export type Chunk = string | Uint8Array;

/** A terminal whose keyboard is a script; records what is written and the raw mode. */
export class FakeTerminal implements Terminal {
  output = "";
  isRaw = false;
  isClosed = false;
  /** How often raw mode was entered. */
  rawCount = 0;
  readonly #chunks: Uint8Array[];
  readonly #columns: number;

  constructor(chunks: readonly Chunk[], { columns = 80 }: { columns?: number } = {}) {
    const encoder = new TextEncoder();
    this.#chunks = chunks.map((it) => typeof it === "string" ? encoder.encode(it) : it);
    this.#columns = columns;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    assertEquals(this.isRaw, true, "reads happen in raw mode, or the terminal echoes");
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return Promise.resolve(null);
    const part = chunk.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
    return Promise.resolve(part.length);
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
    return this.#columns;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
