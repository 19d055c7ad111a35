/**
 * TOML values to a configuration; every mistake is found in one run. The keys of a target are rows of
 * `keys.ts`; knocks, secrets and probes have files of their own.
 */
import type { Problem } from "../core/errors.ts";
import { listKeys } from "../core/fwknop.ts";
import type { Knock, KnockPayload } from "../core/knock.ts";
import {
  type ConnectSpec,
  DEFAULT_SETTINGS,
  makeDefaultProbes,
  parseTargetName,
  type Target,
  type TargetSettings,
} from "../core/target.ts";
import {
  CLOSE_KEYS,
  CONNECT_KEYS,
  DEFAULTS_KEYS,
  type KeyContext,
  readHost,
  SETTING_KEYS,
  TARGET_KEYS,
  TOP_KEYS,
} from "./target/keys.ts";
import { readFwknopTarget, readProtocol } from "./target/fwknop.ts";
import { isFixed, listVariables, readKnocks as readItem, readSecret } from "./target/knocks.ts";
import { dirname } from "./paths.ts";
import { type Finding, Place } from "./toml/place.ts";
import { type Plugins, readPlugins } from "./target/probes.ts";
import { checkCodeKnocks } from "./target/rolling.ts";
import { readPort, readValue } from "./value_specs.ts";
import { checkKeys, isTable, type RawTable, readList, readTable } from "./values.ts";

/** What a configuration file says. */
export interface Config {
  /** The file as the user knows it. */
  file: string;
  /** `legacy`: read from the original's `.conf`, which is never written. */
  kind: "toml" | "legacy";
  /** By name, in file order. */
  targets: ReadonlyMap<string, Target>;
  /** What `[defaults]` says, without its `secret`. */
  defaults: Partial<TargetSettings>;
  /** The payload of udp knocks where neither they nor their target names one. */
  payload: KnockPayload;
  /** `[plugins]`, by name. */
  plugins: Plugins;
  /** Whether a payload or its hash is in the file: every reader of the file can knock. */
  holdsSecret: boolean;
  /** The environment variables that hold a passphrase, whether or not a target uses them. */
  secretVariables: readonly string[];
  /** What was skipped in a legacy file, or could not be confirmed at a write. */
  warnings: readonly Problem[];
  /** Where there is no file: one that may be the user's, for a shell (`~user/...`). */
  elsewhere?: string | undefined;
}

/** The payload of udp knocks where neither they nor their target nor `[defaults]` names one. */
export const PROMPT: KnockPayload = { kind: "secret", source: { kind: "prompt" } };

/** A configuration with the mistakes beside what could be read. */
export interface ConfigReading {
  config: Config;
  /** In file order. */
  problems: readonly Problem[];
}

/** A configuration, with what is wrong with it. */
export interface CheckedConfig {
  config: Config;
  /** In the order of the schema, not of the file. */
  findings: readonly Finding[];
}

/** Returns the configuration that the values of a file are, as far as they are right. */
export function checkConfig(value: RawTable, { file }: { file: string }): CheckedConfig {
  const findings: Finding[] = [];
  return { config: readTop(value, { file, place: new Place(findings) }), findings };
}

interface TargetContext extends KeyContext {
  defaults: Partial<TargetSettings>;
  /** The payload of udp knocks that name none. */
  payload: KnockPayload;
  /** Everything that was read, to tell whether the file holds a secret. */
  payloads: KnockPayload[];
}

function readTop(top: RawTable, { file, place }: { file: string; place: Place }): Config {
  checkKeys(top, place, TOP_KEYS);
  const version = top["version"];
  if (version !== undefined && version !== 1) {
    place.at("version").fail("is not a known version: use 1");
  }
  const [pluginsPlace, defaultsPlace] = [place.at("plugins"), place.at("defaults")];
  const plugins = readPlugins(readTable(top["plugins"], pluginsPlace) ?? {}, pluginsPlace);
  const rawDefaults = readTable(top["defaults"], defaultsPlace) ?? {};
  checkKeys(rawDefaults, defaultsPlace, TARGET_KEYS);
  for (const key of Object.keys(rawDefaults)) {
    const isOfTarget = TARGET_KEYS.includes(key) && !DEFAULTS_KEYS.includes(key);
    if (isOfTarget) defaultsPlace.at(key).fail(`each target has its own ${key}: it has no default`);
  }
  const folder = dirname(file);
  const defaults = readSettings(rawDefaults, defaultsPlace, { plugins, folder });
  const context = {
    plugins,
    folder,
    defaults,
    payload: PROMPT,
    payloads: [],
  };
  const payload = readInherited(rawDefaults, defaultsPlace, context);
  const targetContext: TargetContext = { ...context, payload };
  const targets = readTargets(top["targets"], place.at("targets"), targetContext);
  const { payloads } = targetContext;
  return {
    file,
    kind: "toml",
    targets,
    defaults,
    payload,
    plugins,
    holdsSecret: payloads.some(isFixed),
    secretVariables: [...new Set(payloads.flatMap(listVariables))],
    warnings: [],
  };
}

/** The payload of udp knocks that name none: the table's own `secret`, or what it inherits. */
function readInherited(table: RawTable, place: Place, context: TargetContext): KnockPayload {
  const { secret } = table;
  if (secret === undefined) return context.payload;
  const payload = readSecret(secret, place.at("secret"), context) ?? PROMPT;
  context.payloads.push(payload);
  return payload;
}

/** The settings that the table names, those that are wrong left out. */
function readSettings(
  table: RawTable,
  place: Place,
  context: KeyContext,
): Partial<TargetSettings> {
  const settings: Record<string, unknown> = {};
  for (const key of Object.keys(table)) {
    const row = Object.hasOwn(SETTING_KEYS, key) ? SETTING_KEYS[key] : undefined;
    const setting = row?.read(table[key], place.at(key), context);
    if (row !== undefined && setting !== undefined) settings[row.field] = setting;
  }
  return settings;
}

function readTargets(value: unknown, place: Place, context: TargetContext): Map<string, Target> {
  const targets = new Map<string, Target>();
  for (const [name, entry] of Object.entries(readTable(value, place) ?? {})) {
    if (!isTable(entry)) {
      place.failUnnamed(name, "has a target that is not a table with host and knocks");
      continue;
    }
    const here = place.at(name);
    const isName = here.guard(() => parseTargetName(name)) !== undefined;
    const target = readTarget(entry, here, { ...context, name });
    if (isName && target !== undefined) targets.set(name, target);
  }
  return targets;
}

function readTarget(
  table: RawTable,
  place: Place,
  context: TargetContext & { name: string },
): Target | undefined {
  checkKeys(table, place, TARGET_KEYS);
  const host = requireKey("host", table, place) && readHost(table["host"], place.at("host"));
  const written = {
    ...DEFAULT_SETTINGS,
    ...context.defaults,
    ...readSettings(table, place, context),
  };
  const isFwknop = readProtocol(table, place);
  const payload = isFwknop ? context.payload : readInherited(table, place, context);
  const opening = isFwknop
    ? readPacket(table, place, { ...context, settings: written })
    : readSequence(table, place, { ...context, payload });
  const settings = { ...written, ...opening?.settings };
  const namesProbes = table["probes"] !== undefined || context.defaults.probes !== undefined;
  const { rolling } = settings;
  if (rolling !== undefined && opening !== undefined) checkCodeKnocks(opening.knocks, place);
  const close = isFwknop ? undefined : readClose(table["close"], place.at("close"), {
    ...context,
    // They close the door for their own source only, and carry no code.
    payload: rolling === undefined ? payload : { kind: "none" },
  });
  const connect = readConnect(table["connect"], place.at("connect"));
  if (!host || opening === undefined) return undefined;
  const { settings: _, ...sent } = opening;
  return {
    name: context.name,
    host,
    ...settings,
    ...sent,
    ...(namesProbes ? {} : { probes: makeDefaultProbes(settings.opens) }),
    ...(close === undefined ? {} : { close }),
    ...(connect === undefined ? {} : { connect }),
  };
}

/** What opens a door, and the settings that follow from it. */
interface Opening extends Pick<Target, "knocks" | "oneTime" | "fwknop"> {
  settings: Partial<TargetSettings>;
}

/** A packet of fwknop. */
function readPacket(
  table: RawTable,
  place: Place,
  { folder, settings, payloads }: TargetContext & { settings: TargetSettings },
): Opening | undefined {
  const door = readFwknopTarget(table, place, { folder, settings });
  payloads.push(...listKeys(door ?? {}).map(({ payload }) => payload));
  return door;
}

/** Knocks, or the file that each run takes a sequence of. */
function readSequence(table: RawTable, place: Place, context: TargetContext): Opening | undefined {
  if (table["one_time"] !== undefined) {
    const oneTime = readOneTime(table, place, context);
    return oneTime === undefined ? undefined : { knocks: [], oneTime, settings: { copies: 1 } };
  }
  if (!requireKey("knocks", table, place)) return undefined;
  const knocks = readKnocks(table["knocks"], place.at("knocks"), context);
  return knocks && { knocks, settings: {} };
}

function requireKey(key: keyof typeof MISSING, table: RawTable, place: Place): boolean {
  if (table[key] === undefined) place.fail(MISSING[key]);
  return table[key] !== undefined;
}

/** `one_time`: the file of knockd's one-time sequences, instead of `knocks`. */
function readOneTime(table: RawTable, place: Place, { folder }: KeyContext): string | undefined {
  const { one_time: value, copies } = table;
  if (value === undefined) return undefined;
  if (table["knocks"] !== undefined) place.at("one_time").fail("choose one: knocks, or one_time");
  if (copies !== undefined && copies !== 1) {
    place.at("copies").fail(
      "has to be 1 with one_time: to knockd a packet that comes twice is two knocks",
    );
  }
  const path = readValue(value, place.at("one_time"), { spec: { type: "path" }, folder });
  return typeof path === "string" ? path : undefined;
}

/** `[targets.NAME.close]`: the knocks that shut the door. */
function readClose(value: unknown, place: Place, context: TargetContext): Knock[] | undefined {
  const table = readTable(value, place);
  if (table === undefined) return undefined;
  checkKeys(table, place, CLOSE_KEYS);
  if (table["knocks"] === undefined) {
    return place.fail(`the knocks are missing: use ${KNOCKS_FORM}`);
  }
  return readKnocks(table["knocks"], place.at("knocks"), context);
}

/** `[targets.NAME.connect]`: where `connect` leads. */
function readConnect(value: unknown, place: Place): ConnectSpec | undefined {
  const table = readTable(value, place);
  if (table === undefined) return undefined;
  checkKeys(table, place, CONNECT_KEYS);
  const host = table["host"] === undefined ? undefined : readHost(table["host"], place.at("host"));
  const port = table["port"] === undefined ? undefined : readPort(table["port"], place.at("port"));
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
}

const KNOCKS_FORM = 'knocks = ["7000/udp", "8000/tcp"]';

const MISSING = {
  host: 'the host is missing: use host = "fw.example.com"',
  knocks: `the knocks are missing: use ${KNOCKS_FORM}`,
} as const;

function readKnocks(value: unknown, place: Place, context: TargetContext): Knock[] | undefined {
  const knocks = readList(value, place, {
    form: KNOCKS_FORM,
    readItem: (item, at) => readItem(item, at, context),
  })?.flat();
  for (const knock of knocks ?? []) context.payloads.push(knock.payload);
  if (knocks?.length === 0) {
    return place.fail('is empty: use at least one knock, such as "7000/udp"');
  }
  return knocks;
}
