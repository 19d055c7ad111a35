/**
 * The keys of a target as data: a new setting is a row here, a field of `TargetSettings` and a
 * definition in `targets.schema.json`; `deno task schema` does the rest there.
 */
import { renderDuration } from "../core/duration.ts";
import { ValueError } from "../core/errors.ts";
import { checkHandshake, type Knock, type KnockPayload } from "../core/knock.ts";
import { parseHost, parseSource, type TargetSettings } from "../core/target.ts";
import { suggestOr } from "../core/suggest.ts";
import { joinOr } from "../core/text.ts";
import { readSourceValue, SECRET_KINDS } from "../secret/kinds.ts";
import type { Place } from "./toml/place.ts";
import { type Plugins, readAfter, readProbe, writeAfter, writeProbe } from "./probes.ts";
import { writePayload } from "./value_specs.ts";
import {
  isSameData,
  readChoice,
  readDuration,
  readInteger,
  readList,
  readString,
} from "./values.ts";

/** What reading the keys of a target depends on. */
export interface KeyContext {
  plugins: Plugins;
}

/** One key: how it is read, which setting it is, and how it is written. */
interface KeyRow {
  /** The setting that it fills. */
  field: keyof TargetSettings;
  /** Reads the setting; undefined when it is wrong, which is then a problem of the place. */
  read: (value: unknown, place: Place, context: KeyContext) => unknown;
  /** The TOML value of a setting, for `render.ts`. */
  write: (setting: unknown) => unknown;
}

/** A row whose types agree with its field. */
function row<F extends keyof TargetSettings>(
  field: F,
  read: (value: unknown, place: Place, c: KeyContext) => TargetSettings[F] | undefined,
  write: (setting: NonNullable<TargetSettings[F]>) => unknown = (setting) => setting,
): KeyRow {
  return {
    field,
    read,
    write: (setting) => write(setting as NonNullable<TargetSettings[F]>),
  };
}

/** A row for a duration of at least `min` milliseconds. */
function durationRow(
  field: "delayMs" | "openForMs" | "stageTimeoutMs" | "timeoutMs",
  min: number,
): KeyRow {
  return row(field, (value, place) => readDuration(value, place, { min }), renderDuration);
}

/** The settings, in the order in which they are written. */
export const SETTING_KEYS: Readonly<Record<string, KeyRow>> = {
  description: row("description", readString),
  tags: row("tags", (value, place) => readList(value, place, readTag)),
  delay: durationRow("delayMs", 0),
  family: row(
    "family",
    (value, place) => readChoice(value, place, ["any", "ipv4", "ipv6", "both"] as const),
  ),
  source: row("source", readSource),
  handshake: row("handshakeMs", readHandshake, renderDuration),
  tries: row("tries", (value, place) => readInteger(value, place, { min: 1, max: 100 })),
  copies: row("copies", readCopies),
  open_for: durationRow("openForMs", 1),
  stage_timeout: durationRow("stageTimeoutMs", 1),
  timeout: durationRow("timeoutMs", 1),
  probes: row(
    "probes",
    (value, place, { plugins }) =>
      readList(value, place, (item, at) => readProbe(item, at, plugins)),
    (probes) => probes.map(writeProbe),
  ),
  after: row(
    "after",
    (value, place, { plugins }) =>
      readList(value, place, (item, at) => readAfter(item, at, plugins)),
    (entries) => entries.map(writeAfter),
  ),
};

/** Every key of `[defaults]`. */
export const DEFAULTS_KEYS: readonly string[] = [...Object.keys(SETTING_KEYS), "secret"];

/** Every key of `[targets.NAME]`. */
export const TARGET_KEYS: readonly string[] = [
  "host",
  "knocks",
  ...DEFAULTS_KEYS,
  "close",
  "connect",
];

/**
 * Returns the key of a target that `text` names, in the spelling of TOML; `-` counts as `_`, so that
 * options are understood too.
 *
 * @throws {RangeError} if it is not a key, or a target cannot be without it.
 */
export function parseOptionalKey(text: string): string {
  const key = text.replaceAll("-", "_");
  const optional = TARGET_KEYS.filter((each) => each !== "host" && each !== "knocks");
  if (optional.includes(key)) return key;
  if (TARGET_KEYS.includes(key)) {
    throw new ValueError(text, `cannot be removed: a target needs its ${key}`);
  }
  const otherwise = `: use ${joinOr(optional)}`;
  throw new ValueError(
    text,
    `is not a key that can be removed${suggestOr(otherwise, key, optional)}`,
  );
}

/** Returns the setting that a key fills; undefined for the keys that are not settings. */
export function findField(key: string): keyof TargetSettings | undefined {
  return Object.hasOwn(SETTING_KEYS, key) ? SETTING_KEYS[key]?.field : undefined;
}

/** The keys of `[targets.NAME.close]`. */
export const CLOSE_KEYS: readonly string[] = ["knocks"];

/** The keys of `[targets.NAME.connect]`. */
export const CONNECT_KEYS: readonly string[] = ["host", "port"];

/** The tables and keys at the top of a file. */
export const TOP_KEYS: readonly string[] = ["version", "defaults", "targets", "plugins"];

/** Reads the value of `host`. */
export function readHost(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseHost(text));
}

function readTag(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === "" ? place.fail('"" is not a tag: use a word') : text;
}

function readSource(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseSource(text));
}

/** Reads the milliseconds that a handshake may take. */
export function readHandshake(value: unknown, place: Place): number | undefined {
  const ms = readDuration(value, place, { min: 0 });
  return ms === undefined ? undefined : place.guard(() => checkHandshake(ms));
}

function readCopies(value: unknown, place: Place): "auto" | number | undefined {
  if (value === "auto") return value;
  if (typeof value === "number") return readInteger(value, place, { min: 1, max: 10 });
  return place.fail('cannot be used: use "auto" or a whole number from 1 to 10');
}

/** Returns the value of `secret` that reads as this payload; undefined for fixed bytes, which have none. */
export function writeSecret(payload: KnockPayload): unknown {
  if (payload.kind === "none") return "none";
  if (payload.kind === "bytes") return undefined;
  const { kind } = payload.source;
  const value = readSourceValue(payload.source);
  return value === true ? SECRET_KINDS[kind].word ?? { [kind]: value } : { [kind]: value };
}

/** Returns the element of `knocks` that reads as this knock under the target's default payload. */
export function writeKnock(knock: Knock, inherited: KnockPayload): unknown {
  const { port, protocol, payload, delayMs, handshakeMs } = knock;
  if (protocol === "icmp") {
    return {
      protocol,
      size: knock.size ?? 0,
      ...(payload.kind === "bytes" ? { payload: writePayload(payload.bytes) } : {}),
      ...(delayMs === undefined ? {} : { delay: renderDuration(delayMs) }),
    };
  }
  const isInherited = protocol === "tcp" || isSamePayload(payload, inherited);
  if (isInherited && delayMs === undefined && handshakeMs === undefined) {
    return `${port}/${protocol}`;
  }
  const secret = writeSecret(payload);
  return {
    port,
    protocol,
    ...(isInherited
      ? {}
      : payload.kind === "bytes"
      ? { payload: writePayload(payload.bytes) }
      : payload.kind === "none"
      ? { payload: "none" }
      : { secret }),
    ...(delayMs === undefined ? {} : { delay: renderDuration(delayMs) }),
    ...(handshakeMs === undefined ? {} : { handshake: renderDuration(handshakeMs) }),
  };
}

/** Whether two payloads are the same. */
export function isSamePayload(one: KnockPayload, other: KnockPayload): boolean {
  return isSameData(one, other);
}
