/**
 * Probes, what to run after them, and plug-ins of a configuration; the kinds of probes, their keys and
 * their short forms are the table in `probe/kinds.ts`.
 *
 * Rules:
 * - a probe is a string as `--probe` takes it, or a table with `type` and that type's keys;
 * - `after` entries are `exec` where they name no type;
 * - `[plugins.NAME] command = [...]` makes `type = "NAME"`; all other keys, the plug-in's own and
 *   then the entry's, go to it as options.
 */
import { ValueError } from "../../core/errors.ts";
import { parsePort, parsePortSpec, splitList } from "../../core/knock.ts";
import { suggestOr } from "../../core/suggest.ts";
import {
  type AfterSpec,
  parseTargetName,
  type PluginSpec,
  type ProbeSpec,
  type ProbeType,
} from "../../core/target.ts";
import {
  findProbeKind,
  listProbeForms,
  makeProbe,
  PROBE_KINDS,
  PROBE_TYPES,
  type ProbeKey,
} from "../../probe/kinds.ts";
import type { Place } from "../toml/place.ts";
import { parseWebAddress, readPort, readValue, writeValue } from "../value_specs.ts";
import { checkKeys, isTable, type RawTable } from "../values.ts";

/** A program with a name. */
interface Plugin {
  /** Program and arguments. */
  command: readonly string[];
  /** Its other keys. */
  options: Readonly<Record<string, unknown>>;
}

/** The plug-ins of a configuration, by name. */
export type Plugins = ReadonlyMap<string, Plugin>;

const NO_PLUGINS: Plugins = new Map();

/**
 * Reads `--probe`: one probe, or a list of ports such as `22,443/tcp`, a tcp probe each.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseProbeSpecs(text: string, plugins: Plugins = NO_PLUGINS): ProbeSpec[] {
  const isList = isPortText(text) && text.includes(",");
  return (isList ? splitList(text) : [text]).map((part) => parseProbeSpec(part, plugins));
}

/** Whether a text means a port: `22`, `22/tcp`, `tcp/22`. */
function isPortText(text: string): boolean {
  return /^\s*(?:\d|(?:tcp|udp)[/:](?!.*[/:]))/i.test(text);
}

/** A port that is written as a knock's is; a udp probe needs to know what it sends. */
function parsePortProbe(text: string): ProbeSpec {
  const { port, protocol } = parsePortSpec(text);
  if (protocol === "tcp") return makeProbe("tcp", { port });
  throw new ValueError(
    text,
    `is not a probe: a udp probe is a table in the configuration, such as ` +
      `{ type = "udp", port = ${port}, send = { hex = "..." } }`,
  );
}

/**
 * Reads a probe as `--probe` takes it: one of the table's forms, or a plug-in's name, with `:PORT` where
 * it needs one.
 *
 * @throws {RangeError} with what is allowed.
 */
function parseProbeSpec(text: string, plugins: Plugins): ProbeSpec {
  if (isPortText(text)) return parsePortProbe(text);
  const [given = "", portText, ...rest] = text.split(":");
  const head = plugins.has(given) ? given : given.toLowerCase();
  const scheme = `${head}:`;
  const byScheme = PROBE_TYPES.find((type) =>
    portText !== undefined && PROBE_KINDS[type].forms.some((form) => form.startsWith(`${scheme}/`))
  );
  if (byScheme !== undefined) return makeProbe(byScheme, { url: parseWebAddress(text) });
  const plugin = plugins.get(head);
  if (plugin !== undefined && rest.length === 0) {
    const port = portText === undefined ? {} : { port: parsePort(portText) };
    return { type: "plugin", name: head, ...port, ...plugin };
  }
  const kind = findProbeKind(head);
  const use = `: use ${listProbeForms()}`;
  if (kind === undefined && plugin === undefined) {
    const types = PROBE_TYPES.filter((type) => PROBE_KINDS[type].forms.length > 0);
    const hint = suggestOr(use, head, [...types, ...plugins.keys()]);
    throw new ValueError(text, `is not a probe${hint}`);
  }
  const key = kind?.keys.find(({ field }) => field === "port");
  if (kind?.example !== undefined && portText === undefined && key?.isRequired) {
    throw new ValueError(text, `names no port: use one, such as ${kind.example}`);
  }
  const hasForm = kind?.forms.some((form) => form.split(":")[0] === head && !form.includes("/"));
  if (kind === undefined || hasForm !== true || rest.length > 0) {
    throw new ValueError(text, `is not a probe${use}`);
  }
  if (portText !== undefined && key === undefined) {
    throw new ValueError(text, `is not a probe: ${head} has no port, use "${kind.example}"`);
  }
  const port = portText === undefined ? key?.default : parsePort(portText);
  return makeProbe(head as ProbeType, port === undefined ? {} : { port });
}

/** Reads `[plugins]`. */
export function readPlugins(value: RawTable, place: Place): Plugins {
  const plugins = new Map<string, Plugin>();
  for (const [name, entry] of Object.entries(value)) {
    if (!isTable(entry)) {
      place.failUnnamed(name, 'has a plug-in that is not a table with command = ["program"]');
      continue;
    }
    const here = place.at(name);
    if (findProbeKind(name) !== undefined) {
      here.fail(`"${name}" is a probe of spknock itself: give the plug-in another name`);
      continue;
    }
    if (here.guard(() => parseTargetName(name)) === undefined) continue;
    const { command: raw, ...options } = entry;
    const command = readKey(COMMAND, { command: raw }, here);
    if (command !== undefined) plugins.set(name, { command: command as string[], options });
  }
  return plugins;
}

/** The key that says which program runs; `exec`'s own. */
const COMMAND = PROBE_KINDS.exec.keys.find(({ field }) => field === "command") as ProbeKey;

/** Reads one element of `probes`. */
export function readProbe(value: unknown, place: Place, plugins: Plugins): ProbeSpec | undefined {
  if (typeof value === "string") return place.guard(() => parseProbeSpec(value, plugins));
  if (!isTable(value)) {
    return place.fail(`is not a probe: use ${listProbeForms()}, or a table`);
  }
  const type = readType(value, place, [...PROBE_TYPES, ...plugins.keys()]);
  if (type === undefined) return undefined;
  const plugin = plugins.get(type);
  if (plugin === undefined) return readOwnProbe(type as ProbeType, value, place);
  const spec = readPlugin(type, value, plugin);
  if (value["port"] === undefined) return spec;
  const port = readPort(value["port"], place.at("port"));
  return port === undefined ? undefined : { ...spec, port };
}

function readOwnProbe(type: ProbeType, table: RawTable, place: Place): ProbeSpec | undefined {
  const { keys }: { keys: readonly ProbeKey[] } = PROBE_KINDS[type];
  checkKeys(table, place, ["type", ...keys.flatMap(listNames)]);
  const fields: Record<string, unknown> = {};
  let isRight = true;
  for (const key of keys) {
    const isOptional = key.isRequired !== true && listNames(key).every((name) => !(name in table));
    const value = isOptional ? key.default : readKey(key, table, place);
    if (value !== undefined) fields[key.field] = value;
    else if (!isOptional) isRight = false;
  }
  return isRight ? makeProbe(type, fields) : undefined;
}

/** Reads a key that may have several names; undefined, and a problem, where it is missing or wrong. */
function readKey(key: ProbeKey, table: RawTable, place: Place): unknown {
  const [first, ...others] = listNames(key).filter((name) => table[name] !== undefined);
  if (others.length > 0) {
    return place.fail(`has both ${[first, ...others].join(" and ")}: use one of them`);
  }
  const name = first ?? listNames(key)[0] ?? key.field;
  // A missing port is named where it should be, as it always was.
  if (first !== undefined || key.value.type === "port") {
    return readValue(table[name], place.at(name), { spec: key.value });
  }
  return place.fail(`the ${key.field} is missing: use ${name} = ${key.example}`);
}

function listNames({ field, names }: ProbeKey): readonly string[] {
  return names ?? [field];
}

/** Reads one element of `after`. */
export function readAfter(value: unknown, place: Place, plugins: Plugins): AfterSpec | undefined {
  if (!isTable(value)) {
    return place.fail('cannot be run: use a table with run = ["program"]');
  }
  const known = ["exec", ...plugins.keys()];
  const type = value["type"] === undefined ? "exec" : readType(value, place, known);
  if (type === undefined) return undefined;
  const plugin = plugins.get(type);
  if (plugin !== undefined) return readPlugin(type, value, plugin);
  checkKeys(value, place, ["type", ...listNames(COMMAND)]);
  const command = readKey(COMMAND, value, place);
  return command === undefined ? undefined : { type: "exec", command: command as string[] };
}

function readType(table: RawTable, place: Place, known: readonly string[]): string | undefined {
  const type = table["type"];
  const use = `: use ${known.join(", ")}`;
  if (type === undefined) return place.fail(`the type is missing${use}`);
  if (typeof type === "string" && known.includes(type)) return type;
  const hint = typeof type === "string" ? suggestOr(use, type, known) : use;
  return place.at("type").fail(`is not a known type${hint}`);
}

function readPlugin(name: string, table: RawTable, plugin: Plugin): PluginSpec {
  const { type: _type, port: _port, ...options } = table;
  return {
    type: "plugin",
    name,
    command: plugin.command,
    options: { ...plugin.options, ...options },
  };
}

/** Returns the element of `probes` that reads as this probe. */
export function writeProbe(spec: ProbeSpec): unknown {
  if (spec.type === "plugin") {
    const { name: type, port, options } = spec;
    return { type, ...(port === undefined ? {} : { port }), ...options };
  }
  const { keys }: { keys: readonly ProbeKey[] } = PROBE_KINDS[spec.type];
  const pairs = keys.map((key) =>
    [key.names?.[0] ?? key.field, writeValue(Reflect.get(spec, key.field))] as const
  );
  return {
    type: spec.type,
    ...Object.fromEntries(pairs.filter(([, value]) => value !== undefined)),
  };
}

/** Returns the element of `after` that reads as this program. */
export function writeAfter(spec: AfterSpec): unknown {
  return spec.type === "exec" ? { run: spec.command } : { type: spec.name, ...spec.options };
}
