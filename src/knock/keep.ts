/**
 * Holds a door open: knocks again before its time is over, and when a look finds it shut.
 *
 * Rules:
 * - the knock is renewed at {@linkcode RENEW_AT} of the open time, counted from the last knock that
 *   opened the door, and {@linkcode RENEW_BEFORE_MS} before its end at the latest (at the half of a time that is
 *   shorter than twice that);
 * - a look every {@linkcode LOOK_MS} (or a fifth of the open time, where that is less) and, after a
 *   renewal, one as soon as the time before it is over: whether a renewal was lost shows only then;
 * - where the machine slept (the wall clock ran ahead of the monotonic one, which stops then on Linux, or a timer is late), it is renewed at once: how much of the open time is left is unknown;
 * - where a knock fails, nothing is looked at, and it is tried again after {@linkcode RETRY_MS}, doubling up to
 *   {@linkcode MAX_RETRY_MS}; the network may come back.
 */
import type { Clock } from "../core/clock.ts";

/** The part of the open time after which it is renewed. */
const RENEW_AT = 0.8;
/**
 * Milliseconds from a renewal to the end of the open time at least: daemons count whole seconds (fwknopd closes
 * up to a second early, measured), and a renewal takes its time.
 */
const RENEW_BEFORE_MS = 2_000;
/** Milliseconds between two looks at most. */
const LOOK_MS = 30_000;
/** Milliseconds until a failed knock is tried again, at first and at most. */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** Milliseconds after the end of the former open time: the firewall's clock is not ours. */
const AFTER_END_MS = 1_000;
/** Milliseconds between two comparisons of the clocks. */
const WAKE_CHECK_MS = 5_000;
/** Milliseconds by which the clocks have to differ: a correction by NTP is smaller. */
const SLEPT_MS = 10_000;

/** What happens while a door is held open. */
export type KeepEvent =
  | { kind: "opened" | "renewed"; renewInMs: number }
  | { kind: "shut" }
  | { kind: "slept"; forMs: number }
  | { kind: "failed"; reason: string; retryInMs: number };

/** A door to be held open. */
interface KeepRequest {
  openForMs: number;
  /** Knocks until it is open; why it did not open, or undefined. */
  knock(): Promise<string | undefined>;
  /** Whether it is open; undefined where nothing can tell. */
  look?: (() => Promise<boolean>) | undefined;
  onEvent(event: KeepEvent): void;
  /** Milliseconds of the wall clock. */
  wallNow?: (() => number) | undefined;
}

/**
 * Holds a door open that was opened at this moment, until the signal aborts.
 *
 * @throws the signal's reason; what `knock` and `look` throw.
 */
export async function keepOpen(
  { openForMs, knock, look, onEvent, wallNow = Date.now }: KeepRequest,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<never> {
  const latestMs = Math.max(openForMs / 2, openForMs - RENEW_BEFORE_MS);
  const renewMs = Math.min(openForMs * RENEW_AT, latestMs);
  const lookMs = Math.min(LOOK_MS, openForMs / 5);
  let openedAt = clock.now();
  let formerEnd = -Infinity;
  let retryMs = RETRY_MS;
  let isFailing = false;
  let knockAt = openedAt + renewMs;
  onEvent({ kind: "opened", renewInMs: renewMs });
  for (;;) {
    const lookAt = look === undefined || isFailing ? Infinity : nextLook();
    const sleptMs = await sleepThrough(Math.min(knockAt, lookAt));
    if (sleptMs > 0) onEvent({ kind: "slept", forMs: sleptMs });
    else if (clock.now() < knockAt) {
      if (await look?.() !== false) continue;
      onEvent({ kind: "shut" });
    }
    await renew();
  }

  /** Waits; returns early where the machine slept, and for how many milliseconds. */
  async function sleepThrough(end: number): Promise<number> {
    while (clock.now() < end) {
      const [start, wallStart] = [clock.now(), wallNow()];
      const at = Math.min(end, start + WAKE_CHECK_MS);
      await clock.sleepUntil(at, signal);
      const late = clock.now() - at;
      const ahead = wallNow() - wallStart - (clock.now() - start);
      if (Math.max(late, ahead) >= SLEPT_MS) return Math.round(Math.max(late, ahead));
    }
    return 0;
  }

  function nextLook(): number {
    const regular = clock.now() + lookMs;
    return formerEnd > clock.now() ? Math.min(regular, formerEnd) : regular;
  }

  async function renew(): Promise<void> {
    const reason = await knock();
    const now = clock.now();
    isFailing = reason !== undefined;
    if (reason !== undefined) {
      knockAt = now + retryMs;
      onEvent({ kind: "failed", reason, retryInMs: retryMs });
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      return;
    }
    formerEnd = openedAt + openForMs + AFTER_END_MS;
    openedAt = now;
    knockAt = now + renewMs;
    retryMs = RETRY_MS;
    onEvent({ kind: "renewed", renewInMs: renewMs });
  }
}
