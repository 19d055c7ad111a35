/**
 * Work on many items, a bounded number at a time.
 *
 * An elastic pool finds the number by itself. It looks every 20 ms, and grows by a quarter if its work waits
 * for something outside: all places are taken, few became free since the last look, and the look came in
 * time, so the event loop is idle. (Answers that come at once do not come sooner with more at a time, and a
 * server that answers has a backlog.) Where the looks come very late it shrinks by a quarter; where the system
 * has no room, such as for descriptors, it halves, and grows by one at a time after that.
 */
import type { Clock } from "./clock.ts";

/** A number of places that adapts. */
export interface Elastic {
  first: number;
  most: number;
  clock: Clock;
  /** Calls back when the system had no room; returns what ends that. */
  watch?: ((onScarce: () => void) => () => void) | undefined;
}

/** Milliseconds between two looks at an elastic pool. */
const LOOK_MS = 20;
/** Milliseconds that a look in time is late at most, and those after which the pool shrinks. */
const LATE_MS = 5;
const VERY_LATE_MS = 100;
/** Items that end between two looks, at most, where they wait. */
const FEW = 3;

/** Runs `work` on every item, at most `jobs` at a time; results in the order of the items. */
export async function mapPool<T, R>(
  items: readonly T[],
  jobs: number | Elastic,
  { work }: { work: (item: T, index: number) => Promise<R> },
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const places: Places = typeof jobs === "number" ? { limit: jobs } : makePlaces(jobs);
  const queue = items.entries();
  const done = Promise.withResolvers<void>();
  let left = items.length;
  let isOver = false;
  let running = 0;
  const run = async ([index, item]: [number, T]) => {
    try {
      results[index] = await work(item, index);
    } catch (cause) {
      isOver = true;
      done.reject(cause);
    }
    running--;
    if (--left === 0) done.resolve();
    else fill();
  };
  const fill = () => {
    while (running < places.limit && !isOver) {
      const next = queue.next();
      if (next.done) return;
      running++;
      run(next.value);
    }
  };
  if (left === 0) return results;
  fill();
  const rest = running === left
    ? undefined
    : places.adapt?.({ fill, countTaken: () => running, countLeft: () => left });
  try {
    await done.promise;
    return results;
  } finally {
    isOver = true;
    rest?.stop();
  }
}

/** The pool that an elastic number of places belongs to. */
interface PoolView {
  /** Starts what there are places for. */
  fill(): void;
  /** Places that are taken. */
  countTaken(): number;
  /** Items that have not ended. */
  countLeft(): number;
}

interface Places {
  limit: number;
  /** Adapts the limit until it is stopped. */
  adapt?(pool: PoolView): { stop(): void };
}

function makePlaces({ first, most, clock, watch }: Elastic): Places {
  let isCareful = false;
  const places = { limit: first, adapt };
  return places;

  function adapt({ fill, countTaken, countLeft }: PoolView): { stop(): void } {
    const over = new AbortController();
    const unwatch = watch?.(() => {
      isCareful = true;
      const taken = countTaken();
      // What is over the limit still ends: this shortage is counted already.
      if (taken <= places.limit) places.limit = Math.max(1, Math.floor(taken / 2));
    });
    const look = async () => {
      for (let before = countLeft(); !over.signal.aborted; before = countLeft()) {
        const at = clock.now() + LOOK_MS;
        await clock.sleepUntil(at, over.signal);
        const lateMs = clock.now() - at;
        const isWaiting = countTaken() >= places.limit && before - countLeft() <= FEW;
        if (lateMs > VERY_LATE_MS && places.limit > first) {
          places.limit = Math.max(first, Math.ceil(places.limit * 3 / 4));
        } else if (lateMs <= LATE_MS && isWaiting) {
          const more = isCareful ? 1 : Math.max(1, Math.floor(places.limit / 4));
          places.limit = Math.min(most, places.limit + more);
          fill();
        }
      }
    };
    look().catch(() => {});
    const stop = () => {
      over.abort();
      unwatch?.();
    };
    return { stop };
  }
}
