/**
 * Probes, what to run after them, and plug-ins of a configuration.
 *
 * Rules:
 * - a probe is a string as `--probe` takes it (`tcp:22`, `ssh`, `tls:443`, `https://...`, `ping`, the
 *   name of a plug-in) or a table with `type` and that type's keys;
 * - `exec` entries take `run` (or `command`); `after` entries are `exec` where they name no type;
 * - `[plugins.NAME] command = [...]` makes `type = "NAME"`; all other keys, the plug-in's own and
 *   then the entry's, go to it as options.
 */
import { parsePort } from "../core/knock.ts";
import { type AfterSpec, parseTargetName, type ProbeSpec } from "../core/target.ts";
import { readPort } from "./knocks.ts";
import type { Place } from "./place.ts";
import {
  checkKeys,
  describe,
  isTable,
  nearest,
  type RawTable,
  readCommand,
  readInteger,
  readString,
} from "./values.ts";

/** A program with a name. */
export interface Plugin {
  /** Program and arguments. */
  command: readonly string[];
  /** Its other keys. */
  options: Readonly<Record<string, unknown>>;
}

/** The plug-ins of a configuration, by name. */
export type Plugins = ReadonlyMap<string, Plugin>;

interface ProbeKind {
  /** The keys beside `type`. */
  keys: readonly string[];
  /** The port where none is named; `required` where one must be. */
  port?: number | "required";
}

/** The probes that spknock knows itself: a new one is one row. */
export const PROBE_KINDS: Readonly<Record<string, ProbeKind>> = {
  tcp: { keys: ["port"], port: "required" },
  tls: { keys: ["port"], port: "required" },
  http: { keys: ["url", "status"] },
  ssh: { keys: ["port"], port: 22 },
  ping: { keys: [] },
  exec: { keys: ["run", "command", "port"] },
};

const NO_PLUGINS: Plugins = new Map();

/**
 * A probe as `--probe` takes it: `tcp:22`, `tls:443`, `ssh`, `ssh:22`, `http://...`, `https://...`,
 * `ping`, or a plug-in's name, with `:PORT` where it wants one.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseProbeSpec(text: string, plugins: Plugins = NO_PLUGINS): ProbeSpec {
  if (/^https?:\/\//i.test(text)) return { type: "http", url: parseHttpUrl(text) };
  const [type = "", portText, ...rest] = text.split(":");
  const plugin = plugins.get(type);
  const kind = Object.hasOwn(PROBE_KINDS, type) ? PROBE_KINDS[type] : undefined;
  if (kind === undefined && plugin === undefined) {
    throw new RangeError(`"${text}" is not a probe${nearestProbe(type, plugins)}`);
  }
  if (type === "http" || type === "exec" || rest.length > 0) {
    throw new RangeError(`"${text}" is not a probe: use ${SPEC_FORMS}`);
  }
  if (portText !== undefined && type === "ping") {
    throw new RangeError(`"${text}" is not a probe: a ping has no port, use "ping"`);
  }
  if (portText === undefined && kind?.port === "required") {
    throw new RangeError(`"${text}" names no port: use one, such as ${type}:443`);
  }
  const port = portText === undefined ? kind?.port : parsePort(portText);
  return {
    type,
    ...(typeof port === "number" ? { port } : {}),
    ...(plugin && { command: plugin.command, options: plugin.options }),
  };
}

const SPEC_FORMS = "tcp:PORT, tls:PORT, ssh, http://..., https://... or ping";

function nearestProbe(type: string, plugins: Plugins): string {
  return nearest(type, [...Object.keys(PROBE_KINDS), ...plugins.keys()]);
}

function parseHttpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new RangeError(`"${text}" is not a web address: use http://... or https://...`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(
      "a web address with a user or password in it is shown to everyone: leave them out",
    );
  }
  return text;
}

/** `[plugins]`. */
export function readPlugins(value: RawTable, place: Place): Plugins {
  const plugins = new Map<string, Plugin>();
  for (const [name, entry] of Object.entries(value)) {
    const here = place.at(name);
    if (Object.hasOwn(PROBE_KINDS, name)) {
      here.fail(`"${name}" is a probe of spknock itself: give the plug-in another name`);
      continue;
    }
    if (here.guard(() => parseTargetName(name)) === undefined) continue;
    if (!isTable(entry)) {
      here.fail(`${describe(entry)} is not a plug-in: use a table with command = ["program"]`);
      continue;
    }
    const { command: raw, ...options } = entry;
    const command = readRun({ command: raw }, here);
    if (command !== undefined) plugins.set(name, { command, options });
  }
  return plugins;
}

/** One element of `probes`. */
export function readProbe(value: unknown, place: Place, plugins: Plugins): ProbeSpec | undefined {
  if (typeof value === "string") return place.guard(() => parseProbeSpec(value, plugins));
  if (!isTable(value)) {
    return place.fail(`${describe(value)} is not a probe: use ${SPEC_FORMS}, or a table`);
  }
  const type = readType(value, place, [...Object.keys(PROBE_KINDS), ...plugins.keys()]);
  if (type === undefined) return undefined;
  const plugin = plugins.get(type);
  const kind = PROBE_KINDS[type];
  if (kind !== undefined) checkKeys(value, place, ["type", ...kind.keys]);
  const takesPort = plugin !== undefined || kind?.keys.includes("port") === true;
  const isMissing = value["port"] === undefined && kind?.port !== "required";
  const port = takesPort && !isMissing ? readPort(value["port"], place.at("port")) : kind?.port;
  if (takesPort && !isMissing && port === undefined) return undefined;
  const rest = plugin !== undefined
    ? readPlugged(value, plugin)
    : type === "exec"
    ? readExec(value, place)
    : type === "http"
    ? readHttp(value, place)
    : {};
  return rest && { type, ...(typeof port === "number" ? { port } : {}), ...rest };
}

/** One element of `after`. */
export function readAfter(value: unknown, place: Place, plugins: Plugins): AfterSpec | undefined {
  if (!isTable(value)) {
    return place.fail(`${describe(value)} cannot be run: use a table with run = ["program"]`);
  }
  const known = ["exec", ...plugins.keys()];
  const type = value["type"] === undefined ? "exec" : readType(value, place, known);
  const plugin = type === undefined ? undefined : plugins.get(type);
  if (type === undefined) return undefined;
  if (plugin !== undefined) return { type, ...readPlugged(value, plugin) };
  checkKeys(value, place, ["type", "run", "command"]);
  const command = readRun(value, place);
  return command && { type, command };
}

function readType(table: RawTable, place: Place, known: readonly string[]): string | undefined {
  const type = table["type"];
  if (type === undefined) return place.fail(`the type is missing: use ${known.join(", ")}`);
  if (typeof type === "string" && known.includes(type)) return type;
  const hint = typeof type === "string" ? nearest(type, known) : `: use ${known.join(", ")}`;
  return place.at("type").fail(`${describe(type)} is not a known type${hint}`);
}

function readPlugged(
  table: RawTable,
  plugin: Plugin,
): { command: readonly string[]; options: Readonly<Record<string, unknown>> } {
  const { type: _type, port: _port, ...options } = table;
  return { command: plugin.command, options: { ...plugin.options, ...options } };
}

function readExec(table: RawTable, place: Place): { command: string[] } | undefined {
  const command = readRun(table, place);
  return command && { command };
}

function readRun(table: RawTable, place: Place): string[] | undefined {
  const { run, command } = table;
  if (run !== undefined && command !== undefined) {
    return place.fail("has both run and command: use one of them");
  }
  const [key, value] = run === undefined ? ["command", command] : ["run", run];
  if (value === undefined) {
    return place.fail('the command is missing: use run = ["program", "argument"]');
  }
  return readCommand(value, place.at(key));
}

function readHttp(
  table: RawTable,
  place: Place,
): { url: string; status?: number } | undefined {
  if (table["url"] === undefined) {
    return place.fail('the url is missing: use url = "https://..."');
  }
  const text = readString(table["url"], place.at("url"));
  const url = text === undefined ? undefined : place.at("url").guard(() => parseHttpUrl(text));
  const status = table["status"] === undefined
    ? undefined
    : readInteger(table["status"], place.at("status"), { min: 100, max: 599 });
  if (url === undefined || (table["status"] !== undefined && status === undefined)) {
    return undefined;
  }
  return { url, ...(status === undefined ? {} : { status }) };
}
