/**
 * One-time codes at a door: which code is right at a moment, and which source it belongs to
 * (docs/firewall-model.md, "One-time codes").
 */
import { CODE_BYTES, findValidity, findWindow } from "../core/rolling.ts";
import { type Codes, computeCode, findWindows } from "../plan/codes.ts";
import { listCodedDoors, type Plan } from "../plan/plan.ts";
import { TimedSet } from "./timed_set.ts";

/**
 * What a payload is:
 * - `right`: a code of now, and the source's own from here on;
 * - `used`: a code of now that belongs to another source;
 * - `past`, `future`: a code of another time, not far from now;
 * - `wrong`: anything else.
 */
export type CodeVerdict = "right" | "used" | "past" | "future" | "wrong";

/** What is not a code of now, or not the source's. */
export type RefusedCode = Exclude<CodeVerdict, "right">;

/** How long a code stays bound; longer than it is valid, whatever the window. */
const DAY_MS = 86_400_000;
/** How many windows before and after now are told from a wrong code. */
const NEAR_WINDOWS = 3;
/** Windows whose codes are kept in memory. */
const MAX_KEPT = 32;

/** The codes of one door, and who has used them. Sources are as the plan tells them apart. */
export class CodeBook {
  readonly #codes: Codes;
  readonly #owners: TimedSet<string>;

  constructor(codes: Codes) {
    this.#codes = codes;
    const { from, until } = findValidity(codes, 0);
    this.#owners = new TimedSet({
      timeoutMs: Math.max(DAY_MS, 2 * (until - from)),
      size: Infinity,
    });
  }

  /**
   * Returns what a payload is, and binds a right one to its source.
   *
   * @param moment `at` in milliseconds that never go back, `wall` in Unix milliseconds, which may.
   */
  accept(
    payload: Uint8Array,
    source: string,
    { at, wall }: { at: number; wall: number },
  ): CodeVerdict {
    if (payload.length !== CODE_BYTES) return "wrong";
    const code = payload.toHex();
    const window = this.#findWindow(code, wall);
    if (window === undefined) return "wrong";
    const validity = findValidity(this.#codes, window);
    if (wall < validity.from) return "future";
    if (wall >= validity.until) return "past";
    // The same code in another window is another one.
    const name = `${window} ${code}`;
    const owner = this.#owners.get(name, at);
    if (owner !== undefined) return owner === source ? "right" : "used";
    this.#owners.write(name, source, at);
    return "right";
  }

  /** The nearest window with the code. */
  #findWindow(code: string, wall: number): number | undefined {
    const now = findWindow(this.#codes, wall);
    for (let distance = 0; distance <= NEAR_WINDOWS; distance++) {
      const found = [now - distance, now + distance].find((each) =>
        recallCodes(this.#codes, each).has(code)
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** By the number of a window, its codes in hexadecimal; each attack of a proof asks a model of its own for the same ones. */
const LISTED = new WeakMap<Codes, Map<number, ReadonlySet<string>>>();

function recallCodes(codes: Codes, window: number): ReadonlySet<string> {
  const windows = LISTED.get(codes) ?? new Map<number, ReadonlySet<string>>();
  LISTED.set(codes, windows);
  const known = windows.get(window);
  if (known !== undefined) return known;
  const listed = new Set(listCodes(codes, window));
  if (windows.size >= MAX_KEPT) windows.clear();
  windows.set(window, listed);
  return listed;
}

/** Returns all codes of a window in hexadecimal; none outside of the horizon. */
function listCodes(codes: Codes, window: number): string[] {
  if (!hasWindow(codes, window)) return [];
  return codes.keys.flatMap(({ key }) =>
    Array.from({ length: codes.slots }, (_, slot) => makeCodePayload(key, window, slot).toHex())
  );
}

/** Returns a code as it is sent. */
export function makeCodePayload(key: string, window: number, slot: number): Uint8Array {
  return new TextEncoder().encode(computeCode(key, window, slot));
}

/** Whether the firewall has codes for a window. */
export function hasWindow(codes: Codes, window: number): boolean {
  const { first, last } = findWindows(codes);
  return window >= first && window <= last;
}

/** How far after its beginning an endless horizon is looked at. */
const USUAL_DAYS = 30;

/**
 * Returns a moment at which the firewall has codes: in the middle of a window, in the middle of the horizon;
 * in Unix milliseconds.
 */
export function findMidWindow(codes: Codes): number {
  const { from, until, windowMs } = codes;
  const end = Number.isFinite(until) ? until : from + 2 * USUAL_DAYS * DAY_MS;
  return findWindow(codes, (from + end) / 2) * windowMs + windowMs / 2;
}

/** Returns the codes of the first door that has some. */
export function findCodes(plan: Pick<Plan, "doors">): Codes | undefined {
  return listCodedDoors(plan)[0]?.codes;
}
