/**
 * Knocks, secrets and payloads of a configuration: read, and written.
 *
 * Rules:
 * - a knock is `7000`, `"7000/udp"` in any of its spellings, or a table; tcp where none is named; a
 *   string may list several, with commas;
 * - a udp knock without `secret` and `payload` of its own takes the target's `secret`, which is
 *   "prompt" where the target names none;
 * - a tcp knock is a bare SYN: it can have neither;
 * - an icmp knock is an echo request: a size, a payload that fills it, and no port;
 * - no message repeats any part of a secret or a payload.
 */
import { renderDuration } from "../../core/duration.ts";
import {
  checkHandshake,
  type Knock,
  type KnockPayload,
  parsePortList,
  type Protocol,
} from "../../core/knock.ts";
import {
  listSecretForms,
  makeSource,
  readSourceValue,
  SECRET_KEYS,
  SECRET_KINDS,
} from "../../secret/kinds.ts";
import type { Place } from "../toml/place.ts";
import { MAX_PAYLOAD, readPayload, readPort, readValue, writePayload } from "../value_specs.ts";
import {
  checkKeys,
  isSameData,
  isTable,
  type RawTable,
  readDuration,
  readInteger,
} from "../values.ts";

/** What reading a secret depends on. */
interface SecretContext {
  /** The folder that relative paths start from; "" for the current one. */
  folder: string;
}

/** What reading a knock depends on. */
interface KnockContext extends SecretContext {
  /** The payload of a udp knock that names none. */
  payload: KnockPayload;
}

/** The keys of a knock's table. */
export const KNOCK_KEYS = [
  "port",
  "protocol",
  "secret",
  "payload",
  "delay",
  "handshake",
  "size",
] as const;

/** Reads `"none"`, the word of a source, such as `"prompt"`, or a table with one source. */
export function readSecret(
  value: unknown,
  place: Place,
  context: SecretContext,
): KnockPayload | undefined {
  if (value === "none") return { kind: "none" };
  const word = SECRET_KEYS.find((key) => value !== undefined && SECRET_KINDS[key].word === value);
  if (word !== undefined) return { kind: "secret", source: makeSource(word, true) };
  if (!isTable(value)) {
    return place.fail(`is not a secret: use ${listSecretForms()}`);
  }
  checkKeys(value, place, SECRET_KEYS, { holdsSecret: true });
  const [key, ...more] = SECRET_KEYS.filter((each) => Object.hasOwn(value, each));
  if (key === undefined || more.length > 0) {
    const found = key === undefined
      ? "no source"
      : `${more.length + 1} sources, ${[key, ...more].join(" and ")}`;
    return place.fail(`the secret has ${found}: use exactly one of ${SECRET_KEYS.join(", ")}`);
  }
  const { value: spec } = SECRET_KINDS[key];
  const read = readValue(value[key], place.at(key), { spec, folder: context.folder });
  return read === undefined ? undefined : { kind: "secret", source: makeSource(key, read) };
}

/** Reads one element of `knocks`: one knock, or several where a string lists them. */
export function readKnocks(
  value: unknown,
  place: Place,
  context: KnockContext,
): Knock[] | undefined {
  if (typeof value === "string" || typeof value === "number") {
    const specs = place.guard(() => parsePortList(String(value)));
    return specs?.map((spec) => ({
      ...spec,
      payload: spec.protocol === "udp" ? context.payload : NO_PAYLOAD,
    }));
  }
  if (isTable(value)) {
    const knock = readKnockTable(value, place, context);
    return knock && [knock];
  }
  return place.fail('is not a knock: use "7000", "7000/udp" or { port = 7000 }');
}

const NO_PAYLOAD: KnockPayload = { kind: "none" };

function readKnockTable(table: RawTable, place: Place, context: KnockContext): Knock | undefined {
  checkKeys(table, place, KNOCK_KEYS);
  if (toLower(table["protocol"]) === "icmp") return readEchoKnock(table, place);
  if (table["size"] !== undefined) place.at("size").fail("only an icmp knock has a size");
  const port = readPort(table["port"], place.at("port"));
  const protocol = readProtocol(table["protocol"], place.at("protocol"));
  const payload = readKnockPayload(table, place, { ...context, protocol: protocol ?? "udp" });
  const delay = table["delay"];
  const delayMs = delay === undefined
    ? undefined
    : readDuration(delay, place.at("delay"), { min: 0 });
  const handshake = table["handshake"];
  const handshakeMs = handshake === undefined
    ? undefined
    : protocol === "tcp"
    ? readHandshake(handshake, place.at("handshake"))
    : place.at("handshake").fail("only a tcp knock has a handshake");
  if (port === undefined || protocol === undefined || payload === undefined) return undefined;
  if (delay !== undefined && delayMs === undefined) return undefined;
  if (handshake !== undefined && handshakeMs === undefined) return undefined;
  return {
    port,
    protocol,
    payload,
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(handshakeMs === undefined ? {} : { handshakeMs }),
  };
}

function readProtocol(value: unknown, place: Place): Protocol | undefined {
  if (value === undefined) return "tcp";
  const lower = toLower(value);
  if (lower === "tcp" || lower === "udp") return lower;
  return place.fail('is an unknown protocol: use "tcp", "udp" or "icmp"');
}

function toLower(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

/** Bytes that ping's pattern can have, and those that it sends as they are (see net/echo.ts). */
const MAX_PATTERN = 16;
const MAX_EXACT = 15;

/** Reads `{ protocol = "icmp", size = 128 }`, with a payload that fills the bytes, or with one alone. */
function readEchoKnock(table: RawTable, place: Place): Knock | undefined {
  for (const key of ["port", "secret", "handshake"]) {
    if (table[key] !== undefined) place.at(key).fail(`an icmp knock has no ${key}: leave it out`);
  }
  const { size, payload, delay } = table;
  const pattern = payload === undefined ? NO_PAYLOAD : readPayload(payload, place.at("payload"));
  const length = pattern?.kind === "bytes" ? pattern.bytes.length : 0;
  if (length > MAX_PATTERN) {
    return place.at("payload").fail(`has ${length} bytes: ping can repeat at most ${MAX_PATTERN}`);
  }
  if (size === undefined && (length === 0 || length > MAX_EXACT)) {
    return place.fail(
      `an icmp knock needs its size, such as size = 128, or a payload of 1 to ${MAX_EXACT} bytes: ` +
        "ping writes the time into longer ones",
    );
  }
  const bytes = size === undefined
    ? length
    : readInteger(size, place.at("size"), { min: 0, max: MAX_PAYLOAD });
  const delayMs = delay === undefined
    ? undefined
    : readDuration(delay, place.at("delay"), { min: 0 });
  if (bytes === undefined || pattern === undefined) return undefined;
  if (delay !== undefined && delayMs === undefined) return undefined;
  return {
    port: 0,
    protocol: "icmp",
    size: bytes,
    payload: pattern,
    ...(delayMs === undefined ? {} : { delayMs }),
  };
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

/** Whether the file contains the payload itself: who can read the file can knock. */
export function isFixed(payload: KnockPayload): boolean {
  return payload.kind === "bytes" ||
    (payload.kind === "secret" && payload.source.kind === "hash");
}

/** Returns the environment variables that hold the passphrase of a payload. */
export function listVariables(payload: KnockPayload): string[] {
  return payload.kind === "secret" && payload.source.kind === "env" ? [payload.source.name] : [];
}

/** Reads the milliseconds that a handshake may take. */
export function readHandshake(value: unknown, place: Place): number | undefined {
  const ms = readDuration(value, place, { min: 0 });
  return ms === undefined ? undefined : place.guard(() => checkHandshake(ms));
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
  const isInherited = protocol === "tcp" || isSameData(payload, inherited);
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

/** The `secret` that lets most knocks be written as plain strings. */
export function choosePayload(knocks: readonly Knock[], inherited: KnockPayload): KnockPayload {
  const payloads = knocks.filter((knock) => knock.protocol === "udp").map((knock) => knock.payload);
  const [first] = payloads;
  const isShared = first !== undefined && first.kind !== "bytes" &&
    payloads.every((payload) => isSameData(payload, first));
  return isShared ? first : inherited;
}

/** Whether a knock of the table has a secret of its own, so that the table's has to stay. */
export function hasOwnSecrets({ knocks }: RawTable): boolean {
  return Array.isArray(knocks) &&
    knocks.some((item) => isTable(item) && ("secret" in item || "payload" in item));
}
