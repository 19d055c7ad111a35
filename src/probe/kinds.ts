/**
 * The probes that spknock knows itself, one row a kind. Made from it: what the configuration and
 * `--probe` take, what is written back, the help and error texts, and (by `deno task docs`)
 * targets.schema.json and the table in docs/targets.md.
 *
 * Every run with a configuration loads it, so it is data: the code of a probe is loaded when one runs.
 */
import type { Protocol } from "../core/knock.ts";
import { type PortSpec } from "../core/service.ts";
import { isPorts, listDistinctServices, type Service } from "../core/service.ts";
import type { ProbeKeys, ProbeOf, ProbeSpec, ProbeType, Target } from "../core/target.ts";
import { joinOr } from "../core/text.ts";
import type { ValueSpec } from "../core/value_spec.ts";
import type { Probe } from "./probe.ts";

/** One key of a probe's table. */
export interface ProbeKey<Field extends string = string> {
  /** What it fills in the spec; its name in TOML, unless `names` says otherwise. */
  field: Field;
  value: ValueSpec;
  /** Its names in TOML; the first one is written. */
  names?: readonly [string, ...string[]];
  /** Without it the probe is refused. */
  isRequired?: true;
  /** What it is where it is missing. */
  default?: number;
  /** A value in TOML, for the error that says that it is missing, and for the table. */
  example: string;
}

/** One kind of probe. */
interface ProbeKind<T extends ProbeType = ProbeType> {
  /** What it asks, in half a line. */
  summary: string;
  /** The keys beside `type`, in the order in which they are written. */
  keys: readonly ProbeKey<keyof ProbeKeys[T] & string>[];
  /**
   * How `--probe` and a string in `probes` write it; empty where only a table can. A form that begins
   * with `http:` or `https:` is the value of `url`, any other is the type, with `:PORT` where it has one;
   * a port as a knock writes it is a tcp probe.
   */
  forms: readonly string[];
  /** One of the forms, filled in, for the help. */
  example?: string;
  /** The transport of its port; undefined where it has none. */
  transport?: Protocol;
  /** What is behind its port, as far as the kind tells: `any` can be ssh too. */
  service?: "ssh" | "any";
  /** Whether it starts a program, for which the process keeps the permission. */
  startsProgram?: true;
  load: () => Promise<{ probe: Probe<T> }>;
}

const PORT = { field: "port", value: { type: "port" }, isRequired: true } as const;

/** The table, by type. */
export const PROBE_KINDS: { readonly [T in ProbeType]: ProbeKind<T> } = {
  tcp: {
    summary: "a full handshake",
    keys: [{ ...PORT, example: "22" }],
    forms: ["PORT/tcp"],
    example: "22/tcp",
    transport: "tcp",
    service: "any",
    load: () => import("./tcp.ts"),
  },
  tls: {
    summary: "a TLS handshake; a certificate that is not trusted is open too, with that detail",
    keys: [{ ...PORT, example: "443" }],
    forms: ["tls:PORT"],
    example: "tls:443",
    transport: "tcp",
    load: () => import("./tls.ts"),
  },
  http: {
    summary: "the status of a GET: `status`, or any below 500",
    keys: [
      {
        field: "url",
        value: { type: "web-address" },
        isRequired: true,
        example: '"https://..."',
      },
      { field: "status", value: { type: "integer", min: 100, max: 599 }, example: "200" },
    ],
    forms: ["http://...", "https://..."],
    example: "http://...",
    transport: "tcp",
    load: () => import("./http.ts"),
  },
  ssh: {
    summary: "the banner of an ssh server",
    keys: [{ field: "port", value: { type: "port" }, default: 22, example: "22" }],
    forms: ["ssh", "ssh:PORT"],
    example: "ssh",
    transport: "tcp",
    service: "ssh",
    load: () => import("./ssh.ts"),
  },
  ping: {
    summary: "one echo of the system's own `ping`",
    keys: [],
    forms: ["ping"],
    example: "ping",
    startsProgram: true,
    load: () => import("./ping.ts"),
  },
  udp: {
    summary: "any answer to what is sent; silence proves nothing, so it is `closed`",
    keys: [
      { ...PORT, example: "53" },
      {
        field: "send",
        value: { type: "payload" },
        isRequired: true,
        example: '{ hex = "..." }',
      },
    ],
    forms: [],
    transport: "udp",
    load: () => import("./udp.ts"),
  },
  exec: {
    summary: "any program: exit code 0 is open",
    keys: [
      { field: "port", value: { type: "port" }, example: "22" },
      {
        field: "command",
        names: ["run", "command"],
        value: { type: "command" },
        isRequired: true,
        example: '["program", "argument"]',
      },
    ],
    forms: [],
    // What the program does with the port is its own affair; rules open it for TCP.
    transport: "tcp",
    startsProgram: true,
    load: () => import("./program.ts"),
  },
};

/** The types of the table. */
export const PROBE_TYPES = Object.keys(PROBE_KINDS) as readonly ProbeType[];

/** Returns the row of a type; undefined for anything else, the name of a plug-in among it. */
export function findProbeKind(type: string): ProbeKind | undefined {
  return Object.hasOwn(PROBE_KINDS, type) ? PROBE_KINDS[type as ProbeType] as ProbeKind : undefined;
}

/** Returns every way to write a probe as text, for errors. */
export function listProbeForms(): string {
  return joinOr(PROBE_TYPES.flatMap((type) => PROBE_KINDS[type].forms));
}

/** Returns an example of each probe that can be written as text, for the help of `--probe`. */
export function listProbeExamples(): string[] {
  return PROBE_TYPES.flatMap((type) => PROBE_KINDS[type].example ?? []);
}

/** Returns the probe for people, such as `tcp 22`: its type, and the value of its first fixed key. */
export function describeProbe(spec: ProbeSpec): string {
  if (spec.type === "plugin") return spec.name;
  const { keys } = PROBE_KINDS[spec.type];
  const key = keys.find(({ isRequired, default: value }) => isRequired || value !== undefined);
  const value: unknown = key === undefined ? undefined : Reflect.get(spec, key.field);
  const shown = Array.isArray(value) ? value[0] : value;
  return shown === undefined ? spec.type : `${spec.type} ${shown}`;
}

/** Whether asking it starts a program. */
export function startsProgram(spec: ProbeSpec): boolean {
  return spec.type === "plugin" || PROBE_KINDS[spec.type].startsProgram === true;
}

/** Returns the port that a probe names, with its transport; a plug-in's counts as TCP. */
export function findPort(spec: ProbeSpec): PortSpec | undefined {
  const port = "port" in spec ? spec.port : undefined;
  if (port === undefined) return undefined;
  const protocol = spec.type === "plugin" ? "tcp" : PROBE_KINDS[spec.type].transport;
  return protocol === undefined ? undefined : { port, protocol };
}

/** What a target says about its ports. */
type Door = Pick<Target, "opens" | "probes">;

/** Returns what a target opens: what it says, else the port that it probes; empty for neither. */
export function listOpenServices({ opens, probes }: Door): Service[] {
  if (opens.length > 0) return listDistinctServices(opens);
  const probed = findProbedPort({ opens, probes });
  return probed === undefined ? [] : [probed];
}

/** Returns the port that a target is about: that of its first probe of a port, else the first that it opens. */
export function findProbedPort(
  { opens, probes }: Door,
  { protocol }: { protocol?: Protocol } = {},
): PortSpec | undefined {
  return [...probes.flatMap((probe) => findPort(probe) ?? []), ...listSinglePorts(opens)]
    .find((port) => protocol === undefined || port.protocol === protocol);
}

function listSinglePorts(opens: readonly Service[]): PortSpec[] {
  return opens.filter(isPorts).filter(({ last }) => last === undefined);
}

const SSH_PORT = 22;

/** Returns the port of a target where an ssh server is: an ssh probe's, or one that can be it. */
export function findSshPort({ opens, probes }: Door): number | undefined {
  const findService = (service: ProbeKind["service"]) =>
    probes.find(({ type }) => type !== "plugin" && PROBE_KINDS[type].service === service);
  const own = findService("ssh");
  if (own !== undefined) return findPort(own)?.port;
  const open = listSinglePorts(opens).filter(({ protocol }) => protocol === "tcp")
    .map(({ port }) => port);
  if (open.includes(SSH_PORT)) return SSH_PORT;
  const other = findService("any");
  return other === undefined ? open[0] : findPort(other)?.port;
}

/** Loads the code of a probe. */
export async function loadProbe(spec: ProbeSpec): Promise<Probe> {
  const { load } = PROBE_KINDS[spec.type === "plugin" ? "exec" : spec.type];
  // The row of a spec's type takes that spec; a plug-in is run as exec is.
  return (await load()).probe as Probe;
}

/** A spec from the values of a row's keys, by field. */
export function makeProbe<T extends ProbeType>(
  type: T,
  fields: Readonly<Record<string, unknown>>,
): ProbeOf<T> {
  return { type, ...fields } as ProbeOf<T>;
}
