/** The one-time codes that a firewall takes (see core/rolling.ts), made in one piece for rules and the model. */
import { createHash } from "node:crypto";
import { CODE_BYTES, findWindow, makeCodeText, type Rolling } from "../core/rolling.ts";

/** A key, and who has it. */
export interface CodeKey {
  /** Letters, digits, `-` and `_`. */
  name: string;
  /** Base64 of 32 bytes. */
  key: string;
}

/** What a knock with a one-time code carries. */
export interface Codes extends Pick<Rolling, "windowMs" | "slots"> {
  /** At least one; their names differ. */
  keys: readonly CodeKey[];
  /** The first and the last moment that the firewall has codes for, in Unix milliseconds. */
  from: number;
  until: number;
}

/** Returns the code of a slot in a window: 32 lowercase hex digits. */
export function computeCode(key: string, window: number, slot: number): string {
  const digest = createHash("sha512").update(makeCodeText(key, window, slot)).digest("hex");
  return digest.slice(0, CODE_BYTES);
}

/** Returns the first and the last window of which a firewall has codes: the last one begins before the end. */
export function findWindows(codes: Codes): { first: number; last: number } {
  return {
    first: findWindow(codes, codes.from),
    last: Math.ceil(codes.until / codes.windowMs) - 1,
  };
}

/** Whether two knocks can carry the same code. */
export function haveSameKey(one: Codes, other: Codes): boolean {
  return one.keys.some(({ key }) => other.keys.some((each) => each.key === key));
}
