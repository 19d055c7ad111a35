/** Steps of Knock on Ports as knocks: the same packets, or a problem. */
import { detectFamily, isAddress } from "../../../core/address/syntax.ts";
import type { Knock, KnockPayload, Protocol } from "../../../core/knock.ts";
import { MAX_PAYLOAD } from "../../value_specs.ts";
import { isPlaceholder } from "../../../core/placeholder.ts";
import { recognizePayload } from "../payload.ts";
import { SECRET_PLACEHOLDER, WORDS } from "./format.ts";
import type { JsonPlace } from "./json.ts";

/** Packets that one step can be; the app has no limit. */
const MAX_COUNT = 100;

/** Bytes of ICMP's header, and of IP's. */
const ICMP_HEADER = 8;
const IP_HEADERS = { ipv4: 20, ipv6: 40 } as const;

/** Bytes that the system's ping can repeat. */
const MAX_PATTERN = 16;

/** What a step depends on. */
interface StepContext {
  /** Whether it has the numbers of version 0. */
  isOld: boolean;
  /** Bytes that its `icmp_size` counts besides the data; undefined where that depends on the address. */
  icmpHeaders: number | undefined;
}

/** Returns the bytes besides the data that `icmp_size` counts. */
export function measureHeaders(
  kind: typeof WORDS.icmp_type[number],
  { host, family }: { host: string; family: string },
): number | undefined {
  if (kind === "without_headers") return 0;
  if (kind === "with_ip_header") return ICMP_HEADER;
  const known = isAddress(host) ? detectFamily(host) : family;
  return known === "ipv4" || known === "ipv6" ? IP_HEADERS[known] + ICMP_HEADER : undefined;
}

/** Returns one of the words of a list; of version 0, also by its number. */
export function readWord<Key extends "type" | "encoding" | "ipv" | "icmp_type">(
  place: JsonPlace,
  key: Key,
  { isOld, fallback }: { isOld: boolean; fallback: typeof WORDS[Key][number] },
): typeof WORDS[Key][number] | undefined {
  const words: readonly (typeof WORDS[Key][number])[] = WORDS[key];
  const at = place.at(key);
  // A file that other hands made can have the words in an array, too.
  if (!isOld || at.isText) return at.readChoice(words, fallback);
  if (at.isAbsent) return fallback;
  const number = at.readInteger();
  if (number === undefined) return undefined;
  // The app takes the first one for a number that it does not know.
  return words[number] ?? at.fail(`is unknown: use a number from 0 to ${words.length - 1}`);
}

/** Returns the knocks that a step is; undefined where a problem was added. */
export function readStep(step: JsonPlace, context: StepContext): Knock[] | undefined {
  if (!step.isObject) return step.fail("is not a step: use { ... }");
  const type = readWord(step, "type", { isOld: context.isOld, fallback: "udp" });
  if (type === undefined) return undefined;
  if (type === "icmp") return readEchoes(step, context);
  const port = readStepPort(step.at("port"));
  const payload = readStepPayload(step, type, context);
  if (port === undefined || payload === undefined) return undefined;
  return [{ port, protocol: type, payload }];
}

function readStepPort(place: JsonPlace): number | undefined {
  if (place.isAbsent) return place.fail("missing port: the app leaves the step out");
  const port = place.readInteger();
  if (port === undefined || (port >= 1 && port <= 65_535)) return port;
  return place.fail("is not a port: use a whole number from 1 to 65535");
}

function readStepPayload(
  step: JsonPlace,
  type: Protocol,
  context: StepContext,
): KnockPayload | undefined {
  // The app has the fields of all types in each step, and looks at its own.
  if (type === "tcp") return { kind: "none" };
  const content = readContent(step, context);
  if (content === undefined) return undefined;
  const size = step.at("udp_payload_size");
  const length = size.isAbsent ? content.length : size.readInteger();
  if (length === undefined) return undefined;
  const bytes = length < 0 ? content : resize(content, length);
  return bytes === undefined
    ? size.fail(`has too many bytes: use at most ${MAX_PAYLOAD}`)
    : choosePayload(bytes, step);
}

/** The content is cut, or filled up with zeros. */
function resize(content: Uint8Array, length: number): Uint8Array | undefined {
  if (length > MAX_PAYLOAD) return undefined;
  const bytes = new Uint8Array(length);
  bytes.set(content.subarray(0, length));
  return bytes;
}

/** 64 hex digits are a secret knock, however they are encoded. */
function choosePayload(bytes: Uint8Array, step: JsonPlace): KnockPayload | undefined {
  if (bytes.length > MAX_PAYLOAD) {
    return step.at("content").fail(`has ${bytes.length} bytes: use at most ${MAX_PAYLOAD}`);
  }
  if (new TextDecoder().decode(bytes) !== SECRET_PLACEHOLDER) return recognizePayload(bytes);
  step.at("content").remark("its secret is not in the file: spknock asks for the passphrase");
  return { kind: "secret", source: { kind: "prompt" } };
}

/** Returns the bytes of the content; empty where there is none. */
function readContent(step: JsonPlace, { isOld }: StepContext): Uint8Array | undefined {
  const place = step.at("content");
  const encoding = readWord(step, "encoding", { isOld, fallback: "raw" });
  const text = place.isAbsent ? "" : place.readText();
  if (encoding === undefined || text === undefined) return undefined;
  if (isPlaceholder(text)) return place.fail("is a placeholder: put the payload there");
  if (encoding === "raw") return new TextEncoder().encode(text);
  try {
    return encoding === "hex" ? Uint8Array.fromHex(text) : Uint8Array.fromBase64(text);
  } catch {
    return place.fail(`is not ${encoding}: the app sends an empty packet`);
  }
}

/** Returns the echo requests of a step, as many as `icmp_count` says. */
function readEchoes(step: JsonPlace, context: StepContext): Knock[] | undefined {
  const [sizePlace, countPlace] = [step.at("icmp_size"), step.at("icmp_count")];
  const count = countPlace.isAbsent ? 1 : countPlace.readInteger();
  const written = sizePlace.isAbsent ? 0 : sizePlace.readInteger();
  const pattern = readContent(step, context);
  if (count === undefined || written === undefined || pattern === undefined) return undefined;
  if (count > MAX_COUNT) return countPlace.fail(`is too much: use at most ${MAX_COUNT}`);
  if (context.icmpHeaders === undefined) {
    return sizePlace.fail(
      "counts the IP header, whose size depends on the address: choose only_ipv4 or only_ipv6",
    );
  }
  const size = Math.max(written - context.icmpHeaders, 0);
  if (size > MAX_PAYLOAD) return sizePlace.fail(`is too large: use at most ${MAX_PAYLOAD} bytes`);
  const bytes = pattern.subarray(0, size);
  if (bytes.length > MAX_PATTERN) {
    return step.at("content").fail(
      `has ${bytes.length} bytes: ping can repeat at most ${MAX_PATTERN}`,
    );
  }
  const payload: KnockPayload = bytes.length === 0 ? { kind: "none" } : { kind: "bytes", bytes };
  return Array.from({ length: Math.max(count, 1) }, () => ({
    port: 0,
    protocol: "icmp",
    size,
    payload,
  }));
}
