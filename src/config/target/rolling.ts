/** `rolling = { window = "10m", slots = 4, until = 2027-11-25T00:00:00Z }`: read, checked and written. */
import { renderDuration } from "../../core/duration.ts";
import type { Knock } from "../../core/knock.ts";
import { DEFAULT_ROLLING, MAX_SLOTS, type Rolling, WINDOW_LIMITS } from "../../core/rolling.ts";
import { parseTargetName } from "../../core/target.ts";
import type { Place } from "../toml/place.ts";
import { readValue } from "../value_specs.ts";
import { checkKeys, isTable, readDuration, readInteger, readString } from "../values.ts";

/** The keys of `rolling`. */
const ROLLING_KEYS = ["window", "slots", "name", "from", "until", "former_key"] as const;

/** Reads the table; undefined when it is wrong. */
export function readRolling(
  value: unknown,
  place: Place,
  { folder }: { folder: string },
): Rolling | undefined {
  if (!isTable(value)) {
    return place.fail('is not a table: use { window = "10m", slots = 4 }');
  }
  checkKeys(value, place, ROLLING_KEYS);
  const read = <T>(
    key: typeof ROLLING_KEYS[number],
    reader: (item: unknown, at: Place) => T | undefined,
  ): T | undefined => value[key] === undefined ? undefined : reader(value[key], place.at(key));
  const rolling: Rolling = {
    windowMs: read("window", readWindow) ?? DEFAULT_ROLLING.windowMs,
    slots: read("slots", (item, at) => readInteger(item, at, { min: 1, max: MAX_SLOTS })) ??
      DEFAULT_ROLLING.slots,
    name: read("name", readName),
    from: read("from", readMoment),
    until: read("until", readMoment),
    formerKey: read("former_key", (item, at) => readFormerKey(item, at, folder)),
  };
  const { from = -Infinity, until = Infinity } = rolling;
  if (from >= until) place.at("until").fail("is not after from");
  const isRead = (key: typeof ROLLING_KEYS[number], field: keyof Rolling) =>
    value[key] === undefined || rolling[field] !== undefined;
  const isWhole = isRead("name", "name") && isRead("from", "from") && isRead("until", "until") &&
    isRead("former_key", "formerKey");
  return isWhole ? rolling : undefined;
}

function readWindow(value: unknown, place: Place): number | undefined {
  const { min, max } = WINDOW_LIMITS;
  const ms = readDuration(value, place, { min });
  if (ms === undefined) return undefined;
  if (ms <= max && ms % 1_000 === 0) return ms;
  return place.fail(`is not a window: use whole seconds, at most ${renderDuration(max)}`);
}

function readName(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseTargetName(text));
}

function readMoment(value: unknown, place: Place): number | undefined {
  if (value instanceof Date) return value.getTime();
  return place.fail("is not a date: use 2027-11-25T00:00:00Z, without quotes");
}

function readFormerKey(value: unknown, place: Place, folder: string): string | undefined {
  const path = readValue(value, place, { spec: { type: "path" }, folder });
  return typeof path === "string" ? path : undefined;
}

/** Returns the TOML value of the setting. */
export function writeRolling(
  { windowMs, slots, name, from, until, formerKey }: Rolling,
): Record<string, unknown> {
  const toDate = (ms: number | undefined) => ms === undefined ? undefined : new Date(ms);
  return {
    window: renderDuration(windowMs),
    slots,
    name,
    from: toDate(from),
    until: toDate(until),
    former_key: formerKey,
  };
}

/** Checks the knocks of a target with one-time codes: the last one carries the code, and no other a secret. */
export function checkCodeKnocks(knocks: readonly Knock[], place: Place): void {
  const secret = knocks.filter(({ payload }) => payload.kind === "secret");
  const [knock] = secret;
  if (secret.length !== 1 || knock === undefined || knock !== knocks.at(-1)) {
    place.at("rolling").fail(
      `needs one secret knock, the last one, such as knocks = ["62201/udp"]: ` +
        `its one-time code is enough; knocks before it can be regular ones`,
    );
    return;
  }
  const { payload } = knock;
  if (payload.kind !== "secret") return;
  if (payload.source.kind === "prompt" || payload.source.kind === "hash") {
    place.at("rolling").fail(
      `needs a key, which is not typed: use secret = { file = "keys/NAME.key" }, as ` +
        "spknock rolling new makes it",
    );
  }
}
