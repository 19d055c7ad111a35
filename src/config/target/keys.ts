/**
 * The keys of a target as data: a new setting is a row here, a field of `TargetSettings` and a
 * definition in `targets.schema.json`; `deno task docs` does the rest there.
 */
import { renderDuration } from "../../core/duration.ts";
import { type Delay, parseDelay, renderDelay } from "../../core/sequence.ts";
import { ValueError } from "../../core/errors.ts";
import type { Fwknop } from "../../core/fwknop.ts";
import { type Knock, type KnockPayload } from "../../core/knock.ts";
import { parseServices, renderService, type Service } from "../../core/service.ts";
import {
  type ConnectSpec,
  DEFAULT_SETTINGS,
  makeDefaultProbes,
  parseHost,
  parseLogin,
  parseSource,
  type Target,
  type TargetSettings,
} from "../../core/target.ts";
import { suggestOr } from "../../core/suggest.ts";
import { joinOr } from "../../core/text.ts";
import { choosePayload, hasOwnSecrets, readHandshake, writeKnock, writeSecret } from "./knocks.ts";
import { type Place, renderPath } from "../toml/place.ts";
import { FWKNOP_SETTINGS, writePlace } from "./fwknop.ts";
import { readRolling, writeRolling } from "./rolling.ts";
import { type Plugins, readAfter, readProbe, writeAfter, writeProbe } from "./probes.ts";
import {
  isSameData,
  type RawTable,
  readChoice,
  readDuration,
  readInteger,
  readList,
  readString,
} from "../values.ts";

/** What reading the keys of a target depends on. */
export interface KeyContext {
  plugins: Plugins;
  /** The folder that relative paths start from; "" for the current one. */
  folder: string;
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
  field: "openForMs" | "stageTimeoutMs" | "timeoutMs",
  min: number,
): KeyRow {
  return row(field, (value, place) => readDuration(value, place, { min }), renderDuration);
}

/** The settings, in the order in which they are written. */
export const SETTING_KEYS: Readonly<Record<string, KeyRow>> = {
  description: row("description", readString),
  tags: row(
    "tags",
    (value, place) => readList(value, place, { form: 'tags = ["family"]', readItem: readTag }),
  ),
  delay: row("delayMs", readDelay, renderDelay),
  family: row(
    "family",
    (value, place) => readChoice(value, place, ["any", "ipv4", "ipv6", "both"] as const),
  ),
  opens: row(
    "opens",
    (value, place) =>
      readList(value, place, { form: '["22/tcp"]', readItem: readServices })?.flat(),
    (opens) => opens.map(renderService),
  ),
  source: row("source", readSource),
  admin: row("admin", readAdmin),
  handshake: row("handshakeMs", readHandshake, renderDuration),
  tries: row("tries", (value, place) => readInteger(value, place, { min: 1, max: 100 })),
  copies: row("copies", readCopies),
  open_for: durationRow("openForMs", 1),
  stage_timeout: durationRow("stageTimeoutMs", 1),
  timeout: durationRow("timeoutMs", 1),
  probes: row(
    "probes",
    (value, place, { plugins }) =>
      readList(value, place, {
        form: `probes = ["22/tcp"], or [[${renderPath(place.path)}]] with type = "tcp"`,
        readItem: (item, at) => readProbe(item, at, plugins),
      }),
    (probes) => probes.map(writeProbe),
  ),
  after: row(
    "after",
    (value, place, { plugins }) =>
      readList(value, place, {
        form: `[[${renderPath(place.path)}]] with run = ["program"]`,
        readItem: (item, at) => readAfter(item, at, plugins),
      }),
    (entries) => entries.map(writeAfter),
  ),
  rolling: row("rolling", readRolling, writeRolling),
};

/** Settings that each target has for itself: two of them are not administered in one place by default. */
const OWN_SETTINGS: readonly string[] = ["admin"];

/** Every key of `[defaults]`. */
export const DEFAULTS_KEYS: readonly string[] = [
  ...Object.keys(SETTING_KEYS).filter((key) => !OWN_SETTINGS.includes(key)),
  "secret",
];

/** Every key of `[targets.NAME]`. */
export const TARGET_KEYS: readonly string[] = [
  "host",
  "protocol",
  "knocks",
  "one_time",
  ...Object.keys(SETTING_KEYS),
  "secret",
  "fwknop",
  "close",
  "connect",
];

/** Keys that a target cannot be without, once it has them. */
const KEPT_KEYS: readonly string[] = ["host", "knocks", "one_time", "protocol", "fwknop"];

/** Keys that can be removed from a target. */
export const OPTIONAL_KEYS: readonly string[] = TARGET_KEYS.filter((key) =>
  !KEPT_KEYS.includes(key)
);

/**
 * Returns the key of a target that `text` names, in the spelling of TOML; `-` counts as `_`, so that
 * options are understood too.
 *
 * @throws {RangeError} if it is not a key, or a target cannot be without it.
 */
export function parseOptionalKey(text: string): string {
  const key = text.replaceAll("-", "_");
  if (OPTIONAL_KEYS.includes(key)) return key;
  if (TARGET_KEYS.includes(key)) {
    throw new ValueError(text, `cannot be removed: a target needs its ${key}`);
  }
  const otherwise = `: use ${joinOr(OPTIONAL_KEYS)}`;
  throw new ValueError(
    text,
    `is not a key that can be removed${suggestOr(otherwise, key, OPTIONAL_KEYS)}`,
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

/** Reads one element of `opens`: a service, or several where a string lists them. */
function readServices(value: unknown, place: Place): Service[] | undefined {
  if (typeof value === "string" || typeof value === "number") {
    return place.guard(() => parseServices(String(value)));
  }
  return place.fail('is not a port: use "22/tcp"');
}

function readSource(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseSource(text));
}

function readAdmin(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseLogin(text));
}

function readDelay(value: unknown, place: Place): Delay | undefined {
  if (typeof value === "string" || typeof value === "number") {
    return place.guard(() => parseDelay(value));
  }
  return place.fail(
    'is not a duration: use a "string" such as "250ms", "2s", "5m", "1h", or "auto"',
  );
}

function readCopies(value: unknown, place: Place): "auto" | number | undefined {
  if (value === "auto") return value;
  if (typeof value === "number") return readInteger(value, place, { min: 1, max: 10 });
  return place.fail('cannot be used: use "auto" or a whole number from 1 to 10');
}

/**
 * A target to write. Settings that are missing are not written; a whole {@linkcode Target} will do,
 * as what equals the defaults is not written either.
 */
export interface TargetDraft extends Partial<TargetSettings> {
  name: string;
  host: string;
  knocks: readonly Knock[];
  oneTime?: string | undefined;
  fwknop?: Fwknop | undefined;
  close?: readonly Knock[] | undefined;
  connect?: ConnectSpec | undefined;
}

/** What changes in a target; what is missing stays as it is. */
export interface TargetChange extends Partial<TargetSettings> {
  name: string;
  host?: string | undefined;
  knocks?: readonly Knock[] | undefined;
  /** Keys of its table that are removed, so that their defaults apply. */
  unset?: readonly string[] | undefined;
}

/** What writing a target depends on. */
interface WriteContext {
  /** What `[defaults]` says: it is not written again. */
  defaults: Partial<TargetSettings>;
  /** The payload of udp knocks where the target names none. */
  inherited: KnockPayload;
  /** The payload that its `secret` is written as. */
  payload: KnockPayload;
}

/** Returns what the table of a target says, in the order of a new file; undefined for what is left out. */
export function writeTarget(
  draft: TargetDraft,
  { defaults, inherited, payload }: WriteContext,
): Record<string, unknown> {
  const { fwknop } = draft;
  const unset = { ...DEFAULT_SETTINGS, ...defaults, ...(fwknop && FWKNOP_SETTINGS) };
  unset.probes = defaults.probes ?? makeDefaultProbes(draft.opens ?? unset.opens);
  const rows = Object.entries(SETTING_KEYS).map(([key, { field, write }]) => {
    const setting = draft[field];
    const isUnset = setting === undefined ||
      (fwknop !== undefined && field === "openForMs"
        ? !fwknop.asksTime
        : isSameData(setting, unset[field]));
    return [key, isUnset ? undefined : write(setting)] as const;
  });
  const { description, tags, ...settings } = Object.fromEntries(rows);
  const { oneTime } = draft;
  if (fwknop !== undefined) {
    const knocks = writePlace(draft.knocks);
    return { host: draft.host, protocol: "fwknop", description, tags, knocks, ...settings };
  }
  const knocks = oneTime === undefined
    ? draft.knocks.map((knock) => writeKnock(knock, payload))
    : undefined;
  const secret = isSameData(payload, inherited) ? undefined : writeSecret(payload);
  const own = { host: draft.host, description, tags, knocks, one_time: oneTime, secret };
  return { ...own, ...settings };
}

/**
 * Returns what the table of a target says, and what it will say.
 *
 * @param present the target, its table as it is in the file, and the `payload` of that.
 */
export function writeChange(
  { unset = [], ...changed }: TargetChange,
  { target, raw, ...present }: WriteContext & { target: Target; raw: RawTable },
): Record<"from" | "to", RawTable> {
  const { host = target.host, knocks = target.knocks } = changed;
  const keepsPayload = changed.knocks === undefined || hasOwnSecrets(raw);
  const payload = keepsPayload ? present.payload : choosePayload(knocks, present.payload);
  const from = writeTarget(target, present);
  const fwknop = target.fwknop && changed.openForMs !== undefined
    ? { ...target.fwknop, asksTime: true }
    : target.fwknop;
  // Knocks of its own replace a file of one-time sequences.
  const oneTime = changed.knocks === undefined ? target.oneTime : undefined;
  const to = writeTarget({ ...target, ...changed, host, knocks, fwknop, oneTime }, {
    ...present,
    payload,
  });
  for (const [key, { field, write }] of Object.entries(SETTING_KEYS)) {
    const before = target[field];
    // What is in the table can say the same as a default, and what is not there can come from another key.
    from[key] = raw[key] === undefined || before === undefined ? undefined : write(before);
    const isSame = raw[key] !== undefined && isSameData(changed[field], before);
    if (!(field in changed) || isSame) to[key] = from[key];
  }
  // Where it is the usual port, the place of a packet of fwknop is not written.
  if (fwknop !== undefined) {
    from["knocks"] = raw["knocks"];
    if (changed.knocks === undefined) to["knocks"] = raw["knocks"];
  }
  // A key that says the same as its default is removed, too.
  for (const key of unset) [from[key], to[key]] = [raw[key], undefined];
  // A string that lists several ports equals none of them: it is replaced.
  for (const key of ["knocks", "opens"] as const) {
    const items = raw[key];
    const hasList = Array.isArray(items) && items.length !== target[key].length;
    if (hasList && changed[key] !== undefined) from[key] = items;
  }
  return { from, to };
}
