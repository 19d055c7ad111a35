/**
 * A door of fwknopd: `protocol = "fwknop"` and the table `fwknop` of a target, read, checked and written.
 *
 * Rules:
 * - `knocks` is where the one packet goes, `["62201/udp"]` where it is missing, or a tcp port; `opens` is what it asks for;
 * - `open_for` in the table of the target is asked for; `[defaults]` of it, and of `family` and `copies`, do not
 *   count: fwknopd reads IPv4, and refuses a copy as a replay;
 * - a key is a secret source, or a string that is the key itself; no message repeats any part of it.
 */
import { isIpv4, isIpv6 } from "../../core/address/syntax.ts";
import { renderDuration } from "../../core/duration.ts";
import { ValueError } from "../../core/errors.ts";
import {
  type Fwknop,
  FWKNOP_DEFAULTS,
  FWKNOP_DIGESTS,
  FWKNOP_OPEN_FOR_MS,
  FWKNOP_PORT,
  type FwknopKey,
  type FwknopNat,
  renderNat,
} from "../../core/fwknop.ts";
import { type Knock, parsePort, renderPortSpec } from "../../core/knock.ts";
import { parseHost, type TargetSettings } from "../../core/target.ts";
import {
  checkAccess,
  checkLength,
  checkTimeout,
  checkUser,
  decodeKey,
} from "../../fwknop/message.ts";
import type { Place } from "../toml/place.ts";
import { readValue } from "../value_specs.ts";
import {
  checkKeys,
  isSameData,
  isTable,
  type RawTable,
  readChoice,
  readDuration,
  readString,
} from "../values.ts";
import { readSecret, writeSecret } from "./knocks.ts";

/** The keys of the table `fwknop`. */
const FWKNOP_KEYS: readonly string[] = [
  "key",
  "key_base64",
  "hmac_key",
  "hmac_key_base64",
  "allow_ip",
  "resolve_url",
  "nat",
  "user",
  "hmac_digest",
  "digest",
  "time_offset",
];

/** Keys of a target that have no meaning for fwknopd, and why. */
const FOREIGN_KEYS: Readonly<Record<string, string>> = {
  rolling: "each packet of fwknop is a one-time code already",
  close: "fwknopd closes the door itself, after open_for",
  one_time: "each packet of fwknop is a one-time code already",
  handshake: "its packet is a datagram",
  secret: "its keys are in the table fwknop",
};

/** The settings of a door of fwknopd, whatever `[defaults]` says. */
export const FWKNOP_SETTINGS: Pick<TargetSettings, "family" | "copies"> = {
  family: "ipv4",
  copies: 1,
};

/** What the other keys of the target say. */
interface FwknopContext {
  folder: string;
  settings: TargetSettings;
}

/** A target of fwknopd, as far as its table says it. */
interface FwknopReading {
  fwknop: Fwknop;
  knocks: Knock[];
  settings: Partial<TargetSettings>;
}

/** Whether the table of a target is that of a door of fwknopd; `protocol` is checked. */
export function readProtocol({ protocol, fwknop }: RawTable, place: Place): boolean {
  if (protocol === "fwknop") return true;
  if (protocol !== undefined) {
    place.at("protocol").fail('is not a protocol of a target: use "fwknop", or leave it out');
  } else if (fwknop !== undefined) {
    place.at("fwknop").fail('has no effect without protocol = "fwknop" in the target');
  }
  return false;
}

/** Reads what makes a target a door of fwknopd; undefined when it is wrong. */
export function readFwknopTarget(
  table: RawTable,
  place: Place,
  { folder, settings }: FwknopContext,
): FwknopReading | undefined {
  for (const [key, why] of Object.entries(FOREIGN_KEYS)) {
    if (table[key] !== undefined) {
      place.at(key).fail(`cannot be used with protocol = "fwknop": ${why}`);
    }
  }
  const own = readOwnSettings(table, place, settings);
  const fwknop = readFwknop(table["fwknop"], place, {
    folder,
    asksTime: table["open_for"] !== undefined,
  });
  const knocks = fwknop === undefined ? undefined : readPlace(table["knocks"], place, fwknop.key);
  if (fwknop === undefined || knocks === undefined) return undefined;
  checkMessage({ fwknop, settings: { ...settings, ...own } }, place);
  return { fwknop, knocks, settings: own };
}

/** The settings that fwknopd has an opinion about. */
function readOwnSettings(
  table: RawTable,
  place: Place,
  { openForMs }: TargetSettings,
): Partial<TargetSettings> {
  const { family, copies, host, open_for } = table;
  if (typeof host === "string" && isIpv6(host)) {
    place.at("host").fail(
      "is an IPv6 address, and fwknopd reads IPv4 only: use a name or an IPv4 address",
    );
  }
  if (family === "ipv6" || family === "both") {
    place.at("family").fail('cannot be used: fwknopd reads IPv4 only, use "ipv4" or leave it out');
  }
  if (copies !== undefined && copies !== 1) {
    place.at("copies").fail("cannot be used: fwknopd refuses a copy as a replay, use 1");
  }
  return {
    ...FWKNOP_SETTINGS,
    openForMs: open_for === undefined ? FWKNOP_OPEN_FOR_MS : openForMs,
    rolling: undefined,
    handshakeMs: undefined,
  };
}

/** Where the packet goes. */
function readPlace(value: unknown, place: Place, { payload }: FwknopKey): Knock[] | undefined {
  if (value === undefined) return [{ port: FWKNOP_PORT, protocol: "udp", payload }];
  const [text, ...more] = Array.isArray(value) ? value : [];
  const match = typeof text === "string"
    ? /^(?:(?<port>\d{1,5})[/:](?<protocol>udp|tcp)|(?<protocol>udp|tcp)[/:](?<port>\d{1,5}))$/i
      .exec(text.trim())
    : null;
  if (match === null || more.length > 0) {
    return place.at("knocks").fail(
      `needs the one port that fwknopd listens on: use ["${FWKNOP_PORT}/udp"] or tcp, or leave it out`,
    );
  }
  const port = place.at("knocks").guard(() => parsePort(match.groups?.["port"] ?? ""));
  const protocol = match.groups?.["protocol"]?.toLowerCase() === "tcp" ? "tcp" : "udp";
  return port === undefined ? undefined : [{ port, protocol, payload }];
}

/** Checks what the packet will say, as far as it is known before it is made. */
export function checkMessage(
  { fwknop, settings: { opens, openForMs } }: {
    fwknop: Fwknop;
    settings: Pick<TargetSettings, "opens" | "openForMs">;
  },
  place: Place,
): void {
  const seconds = openForMs / 1_000;
  const isTimed = !fwknop.asksTime ||
    place.at("open_for").guard(() => checkTimeout(seconds)) !== undefined;
  const access = opens.length === 0
    ? place.fail('opens is missing: it is what the packet asks for, such as opens = ["22/tcp"]')
    : place.at("opens").guard(() => checkAccess(opens));
  if (access === undefined || !isTimed) return;
  place.at("fwknop").guard(() =>
    checkLength({
      random: "0".repeat(16),
      user: fwknop.user ?? "a",
      seconds: 2_000_000_000,
      address: isIpv4(fwknop.allowIp) ? fwknop.allowIp : "0.0.0.0",
      access,
      nat: fwknop.nat,
      localAddress: "0.0.0.0",
      timeout: fwknop.asksTime ? seconds : undefined,
    }, fwknop)
  );
}

function readFwknop(
  value: unknown,
  target: Place,
  { folder, asksTime }: { folder: string; asksTime: boolean },
): Fwknop | undefined {
  const place = target.at("fwknop");
  if (!isTable(value)) {
    const form = "use [targets.NAME.fwknop] with key_base64 and hmac_key_base64";
    if (value === undefined) return target.fail(`the table fwknop is missing: ${form}`);
    return place.fail(`is not a table: ${form}`);
  }
  const gpg = Object.keys(value).find((key) => /^(?:use_)?gpg/i.test(key));
  if (gpg !== undefined) {
    return place.failUnnamed(
      gpg,
      `a key of GPG (GPG_*): spknock sends packets with symmetric keys only, use key_base64`,
    ),
      undefined;
  }
  checkKeys(value, place, FWKNOP_KEYS, { holdsSecret: true });
  const isWhole = { value: true };
  const read = <T>(key: string, reader: (item: unknown, at: Place) => T | undefined) => {
    if (value[key] === undefined) return undefined;
    const item = reader(value[key], place.at(key));
    if (item === undefined) isWhole.value = false;
    return item;
  };
  const key = readKey(value, place, { name: "key", folder });
  const hmacKey = readKey(value, place, { name: "hmac_key", folder });
  const digest = (item: unknown, at: Place) => readChoice(item, at, FWKNOP_DIGESTS);
  const settings = {
    allowIp: read("allow_ip", readAllowIp) ?? FWKNOP_DEFAULTS.allowIp,
    resolveUrl: read("resolve_url", readUrl),
    nat: read("nat", readNat),
    user: read("user", readUser),
    hmacDigest: read("hmac_digest", digest) ?? FWKNOP_DEFAULTS.hmacDigest,
    digest: read("digest", digest) ?? FWKNOP_DEFAULTS.digest,
    timeOffsetMs: read("time_offset", readOffset) ?? FWKNOP_DEFAULTS.timeOffsetMs,
  };
  if (settings.resolveUrl !== undefined && settings.allowIp !== "resolve") {
    place.at("resolve_url").fail('has no effect without allow_ip = "resolve"');
  }
  if (key === undefined || hmacKey === undefined || !isWhole.value) return undefined;
  refuseSameKeys({ key, hmacKey }, place);
  return { key, hmacKey, ...settings, asksTime };
}

function readKey(
  table: RawTable,
  place: Place,
  { name, folder }: { name: "key" | "hmac_key"; folder: string },
): FwknopKey | undefined {
  const names = [`${name}_base64`, name].filter((each) => table[each] !== undefined);
  const [found, other] = names;
  if (found === undefined) {
    return place.fail(
      `${name}_base64 is missing: use ${name}_base64 = { file = "keys/NAME" }, as spknock fwknop keygen does`,
    );
  }
  if (other !== undefined) {
    return place.at(other).fail(`is a second ${name}: use either ${name} or ${name}_base64`);
  }
  const isBase64 = found !== name;
  const [at, value] = [place.at(found), table[found]];
  if (typeof value !== "string") {
    const payload = readSecret(value, at, { folder });
    if (payload?.kind !== "secret") return undefined;
    if (payload.source.kind === "hash") {
      return at.at("hash").fail("is not a key, but a hash of one");
    }
    return { payload, isBase64 };
  }
  const bytes = new TextEncoder().encode(value);
  const use = name === "key" ? "key" : "hmacKey";
  if (at.guard(() => decodeKey(bytes, { isBase64, use })) === undefined) return undefined;
  return { payload: { kind: "bytes", bytes }, isBase64 };
}

/** Adds a mistake where the keys are the same, as far as it is known before a packet is made. */
export function refuseSameKeys(
  { key, hmacKey }: Pick<Fwknop, "key" | "hmacKey">,
  place: Place,
): void {
  const decode = ({ payload, isBase64 }: FwknopKey, use: "key" | "hmacKey") =>
    payload.kind === "bytes" ? decodeKey(payload.bytes, { isBase64, use }) : payload.source;
  const isTyped = key.payload.kind === "secret" && key.payload.source.kind === "prompt" &&
    key.payload.source.mode === undefined;
  if (isTyped || !isSameData(decode(key, "key"), decode(hmacKey, "hmacKey"))) return;
  place.fail("the key and the HMAC key are the same: fwknop needs two that differ");
}

function readAllowIp(value: unknown, place: Place): string | undefined {
  if (value === "source" || value === "resolve") return value;
  if (typeof value === "string" && isIpv4(value)) return value;
  return place.fail('cannot be used: use "source", "resolve" or an IPv4 address');
}

function readUrl(value: unknown, place: Place): string | undefined {
  const url = readValue(value, place, { spec: { type: "web-address" } });
  return typeof url === "string" ? url : undefined;
}

function readUser(value: unknown, place: Place): string | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => checkUser(text));
}

function readNat(value: unknown, place: Place): FwknopNat | undefined {
  const text = readString(value, place);
  return text === undefined ? undefined : place.guard(() => parseNat(text));
}

/** Reads `HOST:PORT`, or `:PORT` for the daemon's own host. */
function parseNat(text: string): FwknopNat {
  const [, host, port] = /^([^:]*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined) {
    throw new ValueError(
      text,
      'is not a place for NAT: use "192.168.1.5:80", or ":2222" for a port of the daemon\'s own host',
    );
  }
  return { ...(host === "" ? {} : { host: parseHost(host) }), port: parsePort(port) };
}

/** `-` in front takes away. */
function readOffset(value: unknown, place: Place): number | undefined {
  const [, sign, rest] = typeof value === "string" ? /^([+-]?)(.*)$/s.exec(value.trim()) ?? [] : [];
  const ms = readDuration(rest ?? value, place, { min: 0 });
  return ms === undefined ? undefined : sign === "-" ? -ms : ms;
}

/** Returns the TOML of the table. */
export function writeFwknop(fwknop: Fwknop): Record<string, unknown> {
  const { key, hmacKey, allowIp, resolveUrl, nat, user, hmacDigest, digest, timeOffsetMs } = fwknop;
  const unless = <T>(value: T, usual: T) => value === usual ? undefined : value;
  const sign = timeOffsetMs < 0 ? "-" : "";
  return {
    [key.isBase64 ? "key_base64" : "key"]: writeKey(key),
    [hmacKey.isBase64 ? "hmac_key_base64" : "hmac_key"]: writeKey(hmacKey),
    allow_ip: unless(allowIp, FWKNOP_DEFAULTS.allowIp),
    resolve_url: resolveUrl,
    nat: nat && renderNat(nat),
    user,
    hmac_digest: unless(hmacDigest, FWKNOP_DEFAULTS.hmacDigest),
    digest: unless(digest, FWKNOP_DEFAULTS.digest),
    time_offset: timeOffsetMs === 0 ? undefined : sign + renderDuration(Math.abs(timeOffsetMs)),
  };
}

/** A string is the key itself: a source that has a word is written as its table. */
function writeKey({ payload }: FwknopKey): unknown {
  if (payload.kind === "bytes") return new TextDecoder().decode(payload.bytes);
  const value = writeSecret(payload);
  return typeof value === "string" ? { [payload.source.kind]: true } : value;
}

/** Returns the `knocks` of a door of fwknopd; undefined where the packet goes to the usual port. */
export function writePlace(knocks: readonly Knock[]): string[] | undefined {
  const places = knocks.map(renderPortSpec);
  return isSameData(places, [`${FWKNOP_PORT}/udp`]) ? undefined : places;
}
