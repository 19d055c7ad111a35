/**
 * Rolling one-time codes: a knock whose payload is another one in each window of time.
 *
 * Rules:
 * - window `n` is the whole part of Unix seconds divided by the window's length; each has `slots` codes, so
 *   that several addresses of one owner can each use one of their own;
 * - a code is the first 32 hex digits of SHA-512 over `KEY:n:SLOT`: ASCII, 128 bits. The prefix is a secret,
 *   and the digest is truncated to a quarter, so that its length cannot be extended;
 * - the firewall takes a code from the skew before its window until the skew after it, and only from the
 *   first source that sends it;
 * - the skew is a quarter of the window, in whole seconds and at most a minute: two maps from time to window,
 *   one early by it and one late, cover each moment then.
 */
import { ValueError } from "./errors.ts";

/** How the codes of a target change with time. */
export interface Rolling {
  /** Milliseconds of a window: whole seconds, from {@linkcode WINDOW_LIMITS}. */
  windowMs: number;
  /** Codes for each window. */
  slots: number;
  /** Who has the key, for the firewall's counters; the target's name where undefined. */
  name?: string | undefined;
  /** The first and the last moment for which the firewall holds codes, in Unix milliseconds. */
  from?: number | undefined;
  until?: number | undefined;
  /** The file of the former key, while the firewall may still have its codes. */
  formerKey?: string | undefined;
}

/** The shortest and the longest window, in milliseconds. */
export const WINDOW_LIMITS = { min: 60_000, max: 86_400_000 } as const;
/** The most codes for one window. */
export const MAX_SLOTS = 16;
/** What a target has by default. */
export const DEFAULT_ROLLING: Rolling = { windowMs: 600_000, slots: 4 };
/** Bytes of a code, as they are sent. */
export const CODE_BYTES = 32;
/** Random bytes of a key. */
const KEY_BYTES = 32;
/** The longest skew, in milliseconds. */
const MAX_SKEW_MS = 60_000;
/** The part of the horizon at whose beginning each knock warns. */
const LAST_PART = 0.1;
/** The horizon where the target does not say when it began: a year. */
const USUAL_HORIZON_MS = 365 * 86_400_000;

/** Returns a new key: 32 random bytes as base64. */
export function makeKey(): string {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES)).toBase64();
}

/**
 * Returns `text` if it is a key.
 *
 * @throws {RangeError} that does not repeat it.
 */
export function parseKey(text: string): string {
  const key = text.trim();
  if (/^[A-Za-z0-9+/]{43}=$/.test(key)) return key;
  throw new ValueError("", `is not a key: it has to be ${KEY_BYTES} bytes in base64`);
}

/** Whether `text` is a key. */
export function isKey(text: string): boolean {
  try {
    parseKey(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the milliseconds by which a code is taken before and after its window: whole seconds, because
 * firewalls and their scripts count in them.
 */
export function findSkew({ windowMs }: Pick<Rolling, "windowMs">): number {
  return Math.min(MAX_SKEW_MS, Math.floor(windowMs / 4_000) * 1_000);
}

/** Returns the number of the window of a moment, in Unix milliseconds. */
export function findWindow({ windowMs }: Pick<Rolling, "windowMs">, at: number): number {
  return Math.floor(at / windowMs);
}

/** Returns the moments from which and until which the codes of a window are taken, in Unix milliseconds. */
export function findValidity(
  { windowMs }: Pick<Rolling, "windowMs">,
  window: number,
): { from: number; until: number } {
  const skew = findSkew({ windowMs });
  return { from: window * windowMs - skew, until: (window + 1) * windowMs + skew };
}

/** Returns what is hashed for a code. */
export function makeCodeText(key: string, window: number, slot: number): string {
  return `${key}:${window}:${slot}`;
}

/** Returns the code of a slot in a window: 32 lowercase hex digits. */
export async function makeCode(key: string, window: number, slot: number): Promise<string> {
  const bytes = new TextEncoder().encode(makeCodeText(key, window, slot));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
  return digest.subarray(0, CODE_BYTES / 2).toHex();
}

/** How much of the horizon is left: `last` is its last tenth, `over` after it. */
export type HorizonState = "unknown" | "good" | "last" | "over";

/** Returns how much of the horizon is left at a moment, in Unix milliseconds. */
export function judgeHorizon({ from, until }: Rolling, at: number): HorizonState {
  if (until === undefined) return "unknown";
  if (at >= until) return "over";
  const start = from ?? until - USUAL_HORIZON_MS;
  return at >= until - (until - start) * LAST_PART ? "last" : "good";
}
