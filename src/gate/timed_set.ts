/**
 * A set whose entries go away by themselves, as nftables' dynamic sets, ipset and RouterOS address
 * lists have it. An entry that was written at `t` with timeout `T` is there until just before
 * `t + T`; writing it again renews it.
 */

interface Entry<Value> {
  until: number;
  value: Value;
}

/** See the header. Moments are milliseconds and never go back. */
export class TimedSet<Value = undefined> {
  // In order of expiry: the timeout is the same for all, and a renewed entry moves to the end.
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #timeoutMs: number;
  readonly #size: number;

  /** @param options.size how many live entries there is room for. */
  constructor(options: { timeoutMs: number; size: number }) {
    this.#timeoutMs = options.timeoutMs;
    this.#size = options.size;
  }

  /** When the entry goes away; undefined where there is none. */
  until(key: string, at: number): number | undefined {
    const until = this.#entries.get(key)?.until;
    return until !== undefined && at < until ? until : undefined;
  }

  /** Whether there is an entry. */
  has(key: string, at: number): boolean {
    return this.until(key, at) !== undefined;
  }

  /** The value of a live entry. */
  get(key: string, at: number): Value | undefined {
    return this.has(key, at) ? this.#entries.get(key)?.value : undefined;
  }

  /** Writes or renews an entry; false where the set is full, which changes nothing. */
  write(key: string, value: Value, at: number): boolean {
    this.#forgetExpired(at);
    if (!this.#entries.delete(key) && this.#entries.size >= this.#size) return false;
    this.#entries.set(key, { until: at + this.#timeoutMs, value });
    return true;
  }

  /** Removes an entry; false where there was none. */
  delete(key: string, at: number): boolean {
    const isLive = this.has(key, at);
    this.#entries.delete(key);
    return isLive;
  }

  #forgetExpired(at: number): void {
    for (const [key, { until }] of this.#entries) {
      if (at < until) return;
      this.#entries.delete(key);
    }
  }
}
