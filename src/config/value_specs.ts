/**
 * Reads the values that the tables of probes and secret sources describe (`core/value_spec.ts`), and
 * writes them. A new form of value is one row.
 */
import { ValueError } from "../core/errors.ts";
import { type KnockPayload, parsePort } from "../core/knock.ts";
import { joinOr } from "../core/text.ts";
import type { ValueSpec } from "../core/value_spec.ts";
import type { Place } from "./toml/place.ts";
import { checkKeys, isTable, readCommand, readInteger, readString } from "./values.ts";

/** The largest payload, in bytes: what fits one Ethernet frame over IPv4 unfragmented. */
export const MAX_PAYLOAD = 1_472;

/** The payload kinds of `payload = { ... }`: what turns the text into bytes. */
export const PAYLOAD_KINDS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  text: (text) => new TextEncoder().encode(text),
  hex: (text) => Uint8Array.fromHex(text),
  base64: (text) => Uint8Array.fromBase64(text),
};

/** What reading a value depends on. */
interface ValueContext {
  /** The folder that relative paths start from; "" for the current one. */
  folder?: string;
}

type Reader<T extends ValueSpec["type"]> = (
  value: unknown,
  place: Place,
  spec: Extract<ValueSpec, { type: T }> & ValueContext,
) => unknown;

const READERS: { readonly [T in ValueSpec["type"]]: Reader<T> } = {
  port: (value, place) => readPort(value, place),
  integer: (value, place, range) => readInteger(value, place, range),
  "web-address": (value, place) => {
    const text = readString(value, place);
    return text === undefined ? undefined : place.guard(() => parseWebAddress(text));
  },
  command: (value, place) => readCommand(value, place),
  path: (value, place, { folder = "" }) =>
    typeof value === "string" && value !== "" && !value.includes("\0")
      ? resolvePath(value, folder)
      : place.fail("is not a file: use a path"),
  payload: (value, place) => {
    const payload = readPayload(value, place);
    return payload?.kind === "none" ? new Uint8Array() : payload?.bytes;
  },
  choice: (value, place, { values }) =>
    values.some((each) => each === value)
      ? value
      : place.fail(`must be ${joinOr(values.map((each) => JSON.stringify(each)))}`),
  pattern: (value, place, { pattern, problem, isLowerCased }) => {
    if (typeof value !== "string" || !pattern.test(value)) return place.fail(problem);
    return isLowerCased ? value.toLowerCase() : value;
  },
};

/** Reads a value; undefined when it is wrong, which is then a problem of the place. */
export function readValue(
  value: unknown,
  place: Place,
  { spec, ...context }: ValueContext & { spec: ValueSpec },
): unknown {
  // The reader of a type takes the specs of that type.
  const read = READERS[spec.type] as Reader<ValueSpec["type"]>;
  return read(value, place, { ...spec, ...context });
}

/** Returns what {@linkcode readValue} reads as this value again. */
export function writeValue(value: unknown): unknown {
  return value instanceof Uint8Array ? writePayload(value) : value;
}

/**
 * Returns `text` if it is an `http` or `https` URL.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseWebAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new ValueError(text, "is not a web address: use http://... or https://...");
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(
      "the web address contains a user or password, which every report would show: remove it",
    );
  }
  return text;
}

/** Reads a port as TOML writes it: a whole number. */
export function readPort(value: unknown, place: Place): number | undefined {
  if (value === undefined) return place.fail("the port is missing: use a number from 1 to 65535");
  if (typeof value === "number") return place.guard(() => parsePort(String(value)));
  return place.fail("is not a port: use a whole number from 1 to 65535");
}

/** Reads fixed bytes: `"none"` or `{ text | hex | base64 = "..." }`. */
export function readPayload(
  value: unknown,
  place: Place,
): Exclude<KnockPayload, { kind: "secret" }> | undefined {
  if (value === "none") return { kind: "none" };
  const kinds = Object.keys(PAYLOAD_KINDS);
  const forms = `"none" or { ${kinds.join(" | ")} = "..." }`;
  if (!isTable(value)) return place.fail(`is not a payload: use ${forms}`);
  checkKeys(value, place, kinds, { holdsSecret: true });
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

/** Returns what {@linkcode readPayload} reads as these bytes. */
export function writePayload(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return "none";
  const text = new TextDecoder().decode(bytes);
  return /^[ -~]+$/.test(text) ? { text } : { hex: bytes.toHex() };
}

function decodePayload(kind: string, text: unknown): Uint8Array | undefined {
  try {
    return typeof text === "string" ? PAYLOAD_KINDS[kind]?.(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns `path` as seen from `folder`; absolute paths and those from `~` stay as they are. */
export function resolvePath(path: string, folder: string): string {
  const isAbsolute = /^(?:[~/\\]|[A-Za-z]:[\\/])/.test(path);
  return isAbsolute || folder === "" ? path : `${folder}/${path}`;
}

/** Returns what {@linkcode resolvePath} reads as `path` again: relative where it is below `folder`. */
export function relatePath(path: string, folder: string): string {
  const start = `${folder}/`;
  return folder !== "" && path.startsWith(start) ? path.slice(start.length) : path;
}
