/**
 * Reads plain TOML values: text, numbers, lists, tables, durations. Each reader returns undefined
 * after it has added a mistake to the place.
 */
import { parseDuration, renderDuration } from "../core/duration.ts";
import { suggest } from "../core/suggest.ts";
import type { Place } from "./toml/place.ts";

/** A TOML table as `@std/toml` gives it. */
export type RawTable = Readonly<Record<string, unknown>>;

/** As many names as a message can list. */
const MAX_LISTED = 8;

export function isTable(value: unknown): value is RawTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** Whether two plain values (with byte arrays) are the same; undefined keys do not count. */
export function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  if (one instanceof Date || other instanceof Date) {
    return one instanceof Date && other instanceof Date && one.getTime() === other.getTime();
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Array.isArray(one) === Array.isArray(other) &&
    [...keys].every((key) => isSameData(Reflect.get(one, key), Reflect.get(other, key)));
}

/** Reads a table; undefined where the key is missing. */
export function readTable(value: unknown, place: Place): RawTable | undefined {
  if (value === undefined || isTable(value)) return value;
  return place.fail("is not a table");
}

/** Letters that a key may have more than the known one that it resembles, to be named. */
const MAX_MORE = 2;

/**
 * Adds a mistake for every key that is not in `known`. Only a slip of a known key is named: any other can
 * be a secret, and where `holdsSecret` this one too.
 */
export function checkKeys(
  table: RawTable,
  place: Place,
  known: readonly string[],
  { holdsSecret = false }: { holdsSecret?: boolean } = {},
): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue;
    const near = suggest(key, known);
    const isListed = known.length > 0 && known.length <= MAX_LISTED;
    const allowed = near !== undefined
      ? `, did you mean "${near}"?`
      : isListed
      ? `: use ${known.join(", ")}`
      : "";
    const isSlip = near !== undefined && key.length <= near.length + MAX_MORE;
    const named = isSlip && !holdsSecret ? ` ${JSON.stringify(key)}` : "";
    place.failUnnamed(key, `unknown key${named}${allowed}`);
  }
}

export function readString(value: unknown, place: Place): string | undefined {
  return typeof value === "string" ? value : place.fail('is not a "string"');
}

export function readInteger(
  value: unknown,
  place: Place,
  { min, max }: { min: number; max: number },
): number | undefined {
  const isGood = typeof value === "number" && Number.isInteger(value) && value >= min &&
    value <= max;
  if (isGood) return value;
  return place.fail(`cannot be used: use a whole number from ${min} to ${max}`);
}

/** Reads the milliseconds of a duration: `"250ms"`, or a bare number of milliseconds. */
export function readDuration(
  value: unknown,
  place: Place,
  { min }: { min: number },
): number | undefined {
  if (typeof value !== "string" && typeof value !== "number") {
    return place.fail('is not a duration: use a "string" such as "250ms", "2s", "5m", "1h"');
  }
  const ms = place.guard(() => parseDuration(value));
  if (ms !== undefined && ms < min) {
    return place.fail(`is too short: use ${renderDuration(min)} or more`);
  }
  return ms;
}

/**
 * Reads a list by its elements; undefined if one of them is wrong.
 *
 * @param options.form how the list is written, for the error.
 */
export function readList<T>(
  value: unknown,
  place: Place,
  { form, readItem }: {
    form: string;
    readItem: (item: unknown, place: Place) => T | undefined;
  },
): T[] | undefined {
  if (!Array.isArray(value)) return place.fail(`is not an [array]: use ${form}`);
  const items: T[] = [];
  for (const [index, item] of value.entries()) {
    const read = readItem(item, place.at(index));
    if (read !== undefined) items.push(read);
  }
  return items.length === value.length ? items : undefined;
}

export function readChoice<T extends string>(
  value: unknown,
  place: Place,
  choices: readonly T[],
): T | undefined {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const allowed = choices.map((choice) => JSON.stringify(choice)).join(", ");
  return place.fail(`cannot be used: use one of ${allowed}`);
}

/** Reads program and arguments. Messages never repeat them: they may contain a secret. */
export function readCommand(value: unknown, place: Place): string[] | undefined {
  const isList = Array.isArray(value) && value.length > 0;
  if (!isList || value.some((item) => typeof item !== "string" || item.includes("\0"))) {
    return place.fail('is not a command: use a list of strings, such as ["program", "argument"]');
  }
  if (value[0] === "") return place.fail("is not a command: its program is empty");
  return value.map(String);
}
