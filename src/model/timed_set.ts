/**
 * A set whose entries expire, like the dynamic sets of nftables, ipset and RouterOS address lists. An
 * entry that was written at `t` with timeout `T` exists until just before `t + T`; writing it again
 * renews it.
 */

interface Entry<Value> {
  until: number;
  value: Value;
}

/** A set whose entries expire. Moments are milliseconds and never go back. */
export class TimedSet<Value = undefined> {
  // In order of expiry: the timeout is the same for all, and a renewed entry moves to the end.
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #timeoutMs: number;
  readonly #size: number;

  /** @param options.size the most live entries. */
  constructor(options: { timeoutMs: number; size: number }) {
    this.#timeoutMs = options.timeoutMs;
    this.#size = options.size;
  }

  /** Returns when the entry expires; undefined where there is none. */
  until(key: string, at: number): number | undefined {
    const until = this.#entries.get(key)?.until;
    return until !== undefined && at < until ? until : undefined;
  }

  /** Whether there is an entry. */
  has(key: string, at: number): boolean {
    return this.until(key, at) !== undefined;
  }

  /** Returns the value of a live entry. */
  get(key: string, at: number): Value | undefined {
    return this.has(key, at) ? this.#entries.get(key)?.value : undefined;
  }

  /** Writes or renews an entry; returns false, and changes nothing, where the set is full. */
  write(key: string, value: Value, at: number): boolean {
    this.#forgetExpired(at);
    if (!this.#entries.delete(key) && this.#entries.size >= this.#size) return false;
    this.#entries.set(key, { until: at + this.#timeoutMs, value });
    return true;
  }

  /** Removes an entry; returns false where there was none. */
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
