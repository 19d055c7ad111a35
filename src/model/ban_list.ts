/** Mistakes that are counted, and the sources that are banned for them. */
import { BAN_RULE, SET_SIZE } from "../plan/plan.ts";
import { TimedSet } from "./timed_set.ts";

/** The bans of rules 4 and 10. */
export class BanList {
  readonly #banned = new TimedSet({ timeoutMs: BAN_RULE.banMs, size: SET_SIZE });
  /** `#mistakes[i - 1]` is for sources with `i` mistakes. */
  readonly #mistakes = Array.from(
    { length: BAN_RULE.mistakes },
    () => new TimedSet({ timeoutMs: BAN_RULE.windowMs, size: SET_SIZE }),
  );

  isBanned(key: string, at: number): boolean {
    return this.#banned.has(key, at);
  }

  /** Counts a mistake; returns whether the source is banned for it. */
  count(key: string, at: number): boolean {
    const [first] = this.#mistakes;
    if (!first?.has(key, at)) {
      first?.write(key, undefined, at);
      return false;
    }
    for (let count = this.#mistakes.length; count >= 1; count--) {
      if (!this.#mistakes[count - 1]?.has(key, at)) continue;
      const next = this.#mistakes[count] ?? this.#banned;
      if (next.write(key, undefined, at)) return next === this.#banned;
    }
    return false;
  }
}
