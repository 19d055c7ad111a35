/** What a running program says, as it says it: tests wait for words, never for time. */

/** Milliseconds after which a program counts as stuck; generous, for machines are busy. */
const STUCK_MS = 30_000;

/** The text of a stream. */
export class Transcript {
  /** All that was said. */
  text = "";
  /** Resolves at the end of the stream. */
  readonly done: Promise<void>;
  #seen = 0;
  #hasEnded = false;
  #wake = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.done = this.#read(stream);
  }

  /**
   * Waits until `wanted` is said after what was waited for before.
   *
   * @returns what was said from there up to its end.
   */
  async until(wanted: string): Promise<string> {
    const timer = setTimeout(() => {
      this.#hasEnded = true;
      this.#wake.resolve();
    }, STUCK_MS);
    try {
      for (;;) {
        const at = this.text.indexOf(wanted, this.#seen);
        if (at >= 0) {
          const said = this.text.slice(this.#seen, at + wanted.length);
          this.#seen = at + wanted.length;
          return said;
        }
        if (this.#hasEnded) throw new Error(`"${wanted}" was not said, but: ${this.text}`);
        await this.#wake.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#notify();
    }
    this.#hasEnded = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
