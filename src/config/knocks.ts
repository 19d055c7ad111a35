/**
 * Knocks, secrets and payloads of a configuration.
 *
 * Rules:
 * - a knock is `7000`, `"7000"`, `"7000/udp"`, `"7000:udp"` or a table; tcp where none is named;
 * - a udp knock without `secret` and `payload` of its own takes the target's `secret`, which is
 *   "prompt" where the target names none;
 * - a tcp knock is a bare SYN: it can have neither;
 * - nothing of what stands in a secret or a payload is ever repeated in a message.
 */
import {
  type Knock,
  type KnockPayload,
  parsePort,
  parsePortSpec,
  type Protocol,
  type SecretSource,
} from "../core/knock.ts";
import type { Place } from "./place.ts";
import {
  checkKeys,
  describe,
  describeKind,
  isTable,
  type RawTable,
  readCommand,
  readDuration,
} from "./values.ts";

/** The largest payload, in bytes: what fits one Ethernet frame over IPv4 unfragmented. */
export const MAX_PAYLOAD = 1_472;

/** What reading a secret depends on. */
export interface SecretContext {
  /** The folder that relative paths start from; "" for the current one. */
  folder: string;
}

/** What reading a knock depends on. */
export interface KnockContext extends SecretContext {
  /** The payload of a udp knock that names none. */
  payload: KnockPayload;
}

/** The keys of a knock's table. */
export const KNOCK_KEYS = ["port", "protocol", "secret", "payload", "delay"] as const;

const SECRET_FORMS = '"prompt", "none", { prompt = true }, { env = "NAME" }, { file = "path" }, ' +
  '{ command = ["program"] } or { hash = "64 hex digits" }';

type SecretReader = (value: unknown, place: Place, c: SecretContext) => SecretSource | undefined;

/** The kinds of a secret table: a new one is one row. */
export const SECRET_KINDS: Readonly<Record<SecretSource["kind"], SecretReader>> = {
  prompt: (value, place) =>
    value === true ? { kind: "prompt" } : place.fail("can only be true: leave the table out else"),
  env: (value, place) =>
    typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)
      ? { kind: "env", name: value }
      : place.fail("is not the name of an environment variable: use letters, digits and _"),
  file: (value, place, { folder }) =>
    typeof value === "string" && value !== "" && !value.includes("\0")
      ? { kind: "file", path: resolvePath(value, folder) }
      : place.fail("is not a file: use a path"),
  command: (value, place) => {
    const command = readCommand(value, place);
    return command && { kind: "command", command };
  },
  hash: (value, place) =>
    typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)
      ? { kind: "hash", hash: value.toLowerCase() }
      : place.fail("is not a hash: use 64 hex digits, as `spknock hash` prints them"),
};

/** The payload kinds of `payload = { ... }`: what turns the text into bytes. */
export const PAYLOAD_KINDS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  text: (text) => new TextEncoder().encode(text),
  hex: (text) => Uint8Array.fromHex(text),
  base64: (text) => Uint8Array.fromBase64(text),
};

/** `"prompt"`, `"none"` or a secret table: the payload of a knock. */
export function readSecret(
  value: unknown,
  place: Place,
  context: SecretContext,
): KnockPayload | undefined {
  if (value === "none") return { kind: "none" };
  if (value === "prompt") return { kind: "secret", source: { kind: "prompt" } };
  if (!isTable(value)) {
    return place.fail(`${describeKind(value)} is not a secret: use ${SECRET_FORMS}`);
  }
  const known = Object.keys(SECRET_KINDS);
  checkKeys(value, place, known);
  const [kind, ...more] = known.filter((key) => Object.hasOwn(value, key));
  if (kind === undefined || more.length > 0) {
    const found = kind === undefined
      ? "no source"
      : `two sources, ${[kind, ...more].join(" and ")}`;
    return place.fail(`the secret has ${found}: use exactly one of ${known.join(", ")}`);
  }
  const read = SECRET_KINDS[kind as SecretSource["kind"]];
  const source = read(value[kind], place.at(kind), context);
  return source && { kind: "secret", source };
}

/** One element of `knocks`. */
export function readKnock(value: unknown, place: Place, context: KnockContext): Knock | undefined {
  if (typeof value === "string" || typeof value === "number") {
    const spec = place.guard(() => parsePortSpec(String(value)));
    return spec && { ...spec, payload: spec.protocol === "udp" ? context.payload : NO_PAYLOAD };
  }
  if (isTable(value)) return readKnockTable(value, place, context);
  return place.fail(`${describe(value)} is not a knock: use "7000", "7000/udp" or { port = 7000 }`);
}

const NO_PAYLOAD: KnockPayload = { kind: "none" };

function readKnockTable(table: RawTable, place: Place, context: KnockContext): Knock | undefined {
  checkKeys(table, place, KNOCK_KEYS);
  const port = readPort(table["port"], place.at("port"));
  const protocol = readProtocol(table["protocol"], place.at("protocol"));
  const payload = readKnockPayload(table, place, { ...context, protocol: protocol ?? "udp" });
  const delay = table["delay"];
  const delayMs = delay === undefined
    ? undefined
    : readDuration(delay, place.at("delay"), { min: 0 });
  if (port === undefined || protocol === undefined || payload === undefined) return undefined;
  if (delay !== undefined && delayMs === undefined) return undefined;
  return { port, protocol, payload, ...(delayMs === undefined ? {} : { delayMs }) };
}

/** A port as TOML writes it: a whole number. */
export function readPort(value: unknown, place: Place): number | undefined {
  if (value === undefined) return place.fail("the port is missing: use a number from 1 to 65535");
  if (typeof value === "number") return place.guard(() => parsePort(String(value)));
  return place.fail(`${describe(value)} is not a port: use a whole number from 1 to 65535`);
}

function readProtocol(value: unknown, place: Place): Protocol | undefined {
  if (value === undefined) return "tcp";
  if (value === "tcp" || value === "udp") return value;
  return place.fail(`${describe(value)} is an unknown protocol: use "tcp" or "udp"`);
}

function readKnockPayload(
  { secret, payload }: RawTable,
  place: Place,
  context: KnockContext & { protocol: Protocol },
): KnockPayload | undefined {
  if (secret !== undefined && payload !== undefined) {
    return place.fail("the knock has both a secret and a payload: use one of them");
  }
  const [key, value] = secret === undefined ? ["payload", payload] : ["secret", secret];
  if (context.protocol === "tcp") {
    if (value === undefined || value === "none") return NO_PAYLOAD;
    return place.at(key).fail(`a tcp knock has no ${key}: use protocol = "udp", or leave it out`);
  }
  if (value === undefined) return context.payload;
  return key === "secret"
    ? readSecret(value, place.at(key), context)
    : readPayload(value, place.at(key));
}

/** `"none"` or `{ text | hex | base64 = "..." }`. */
export function readPayload(value: unknown, place: Place): KnockPayload | undefined {
  if (value === "none") return NO_PAYLOAD;
  const kinds = Object.keys(PAYLOAD_KINDS);
  const forms = `"none" or { ${kinds.join(" | ")} = "..." }`;
  if (!isTable(value)) return place.fail(`${describeKind(value)} is not a payload: use ${forms}`);
  checkKeys(value, place, kinds);
  const [kind, ...more] = kinds.filter((key) => Object.hasOwn(value, key));
  if (kind === undefined || more.length > 0) {
    return place.fail(`the payload needs exactly one of ${kinds.join(", ")}`);
  }
  const bytes = decodePayload(kind, value[kind]);
  if (bytes === undefined) return place.at(kind).fail(`is not ${kind} in a "string"`);
  if (bytes.length > MAX_PAYLOAD) {
    return place.at(kind).fail(`has ${bytes.length} bytes: use at most ${MAX_PAYLOAD}`);
  }
  return { kind: "bytes", bytes };
}

function decodePayload(kind: string, text: unknown): Uint8Array | undefined {
  try {
    return typeof text === "string" ? PAYLOAD_KINDS[kind]?.(text) : undefined;
  } catch {
    return undefined;
  }
}

/** `path` as seen from `folder`; absolute paths and those from `~` stay as they are. */
export function resolvePath(path: string, folder: string): string {
  const isAbsolute = /^(?:[~/\\]|[A-Za-z]:[\\/])/.test(path);
  return isAbsolute || folder === "" ? path : `${folder}/${path}`;
}

/** Whether the payload itself stands in the file: whoever reads the file can knock. */
export function isFixed(payload: KnockPayload): boolean {
  return payload.kind === "bytes" ||
    (payload.kind === "secret" && payload.source.kind === "hash");
}
