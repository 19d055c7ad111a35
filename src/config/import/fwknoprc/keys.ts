/**
 * The keys of `~/.fwknoprc`, one row each: every key of fwknop 2.6 (`fko_var_array`) is used, set aside because
 * it changes nothing for us, or refused because a packet of ours would be another one.
 *
 * No message repeats a value: keys can be in any of them by mistake.
 */
import { isIpv4 } from "../../../core/address/syntax.ts";
import { parseDuration } from "../../../core/duration.ts";
import { ValueError } from "../../../core/errors.ts";
import { FWKNOP_DIGESTS, type FwknopDigest } from "../../../core/fwknop.ts";
import { parsePort } from "../../../core/knock.ts";
import type { PortSpec } from "../../../core/service.ts";
import { parseHost } from "../../../core/target.ts";
import { checkTimeout, checkUser, decodeKey } from "../../../fwknop/message.ts";
import { parseWebAddress } from "../../value_specs.ts";

/** What the lines of a stanza say, those of `[default]` before its own; undefined where none does. */
export interface RcSettings {
  /** Whether one of the lines is wrong. */
  isWrong?: boolean;
  server?: string;
  port?: number;
  protocol?: "udp" | "tcp";
  access?: readonly PortSpec[];
  /** `source`, or an address: once there is one, `resolve` changes nothing. */
  allowIp?: string;
  resolves?: boolean;
  resolveUrl?: string;
  isHttpOnly?: boolean;
  /** The key itself, and as base64: the former wins, from wherever it is. */
  key?: string;
  keyBase64?: string;
  hmacKey?: string;
  hmacKeyBase64?: string;
  usesHmac?: boolean;
  hmacDigest?: FwknopDigest;
  digest?: FwknopDigest;
  /** Seconds. */
  timeout?: number;
  nat?: { host: string; port?: number };
  isNatLocal?: boolean;
  natPort?: number;
  /** Seconds; what is subtracted wins. */
  plus?: number;
  minus?: number;
  user?: string;
}

/** What a key is to us. */
type RcKey =
  /** Throws a RangeError where the value is wrong. */
  | { use: (value: string, to: RcSettings) => void }
  /** Why it can be left out. */
  | { setAside: string }
  /** Returns what is wrong; undefined where the value changes nothing. */
  | { refuse: (value: string) => string | undefined };

const GPG = "packets for GnuPG are not supported: use KEY_BASE64 and HMAC_KEY_BASE64";
const RANDOM = "a random port is not supported: name it";
const FOR_GPG: RcKey = { setAside: "only packets for GnuPG need it" };
const FOR_WGET: RcKey = { setAside: "spknock asks for the public address without wget" };

/** The keys; they differ by case. */
export const RC_KEYS: Readonly<Record<string, RcKey>> = {
  SPA_SERVER: { use: (value, to) => void (to.server = parseHost(value)) },
  SPA_SERVER_PORT: { use: (value, to) => void (to.port = parsePort(value)) },
  SPA_SERVER_PROTO: { use: (value, to) => void (to.protocol = parseProtocol(value)) },
  SPA_SOURCE_PORT: refuseBut(/^0+$/, "a source port cannot be chosen: remove it"),
  RAND_PORT: refuseYes(RANDOM),
  ACCESS: { use: (value, to) => void (to.access = value.split(",").map(parseAccess)) },
  ALLOW_IP: { use: useAllowIp },
  RESOLVE_URL: { use: (value, to) => void (to.resolveUrl = parseWebAddress(value)) },
  RESOLVE_IP_HTTP: flag("resolves"),
  RESOLVE_IP_HTTPS: flag("resolves"),
  RESOLVE_HTTP_ONLY: flag("isHttpOnly"),
  KEY: keyRow("key", { isBase64: false, use: "key" }),
  KEY_BASE64: keyRow("keyBase64", { isBase64: true, use: "key" }),
  HMAC_KEY: keyRow("hmacKey", { isBase64: false, use: "hmacKey" }),
  HMAC_KEY_BASE64: keyRow("hmacKeyBase64", { isBase64: true, use: "hmacKey" }),
  USE_HMAC: flag("usesHmac"),
  KEY_FILE: { refuse: () => "a file of keys is not supported: use KEY_BASE64" },
  HMAC_KEY_FILE: { refuse: () => "a file of keys is not supported: use HMAC_KEY_BASE64" },
  HMAC_DIGEST_TYPE: { use: (value, to) => void (to.hmacDigest = parseDigest(value)) },
  DIGEST_TYPE: { use: (value, to) => void (to.digest = parseDigest(value)) },
  ENCRYPTION_MODE: refuseBut(/^cbc$/i, "only CBC is supported: remove it"),
  FW_TIMEOUT: { use: (value, to) => void (to.timeout = parseTimeout(value)) },
  NAT_ACCESS: { use: (value, to) => void (to.nat = parseNat(value)) },
  NAT_LOCAL: flag("isNatLocal"),
  NAT_PORT: { use: (value, to) => void (to.natPort = parsePort(value)) },
  NAT_RAND_PORT: refuseYes(RANDOM),
  TIME_OFFSET: { use: useTimeOffset },
  SPOOF_USER: { use: (value, to) => void (to.user = parseUser(value)) },
  SPOOF_SOURCE_IP: { refuse: () => "packets with another source are not supported: use ALLOW_IP" },
  SERVER_RESOLVE_IPV4: { setAside: "packets for fwknopd are sent over IPv4 only" },
  USE_GPG: refuseYes(GPG),
  USE_GPG_AGENT: FOR_GPG,
  GPG_RECIPIENT: FOR_GPG,
  GPG_SIGNER: FOR_GPG,
  GPG_HOMEDIR: FOR_GPG,
  GPG_EXE: FOR_GPG,
  GPG_NO_SIGNING_PW: FOR_GPG,
  // The original takes them for KEY and KEY_BASE64.
  GPG_SIGNING_PW: { refuse: () => GPG },
  GPG_SIGNING_PW_BASE64: { refuse: () => GPG },
  USE_WGET_USER_AGENT: FOR_WGET,
  HTTP_USER_AGENT: FOR_WGET,
  WGET_CMD: FOR_WGET,
  VERBOSE: { setAside: "use --verbose" },
  NO_SAVE_ARGS: { setAside: "spknock does not save its arguments" },
};

/** The most seconds, minutes, hours or days that the clock can be off by. */
const MAX_OFFSET = 65_536;
/** The original cuts longer names. */
const MAX_USER = 29;

/** A flag that `Y` raises; nothing lowers it again. */
function flag(field: "resolves" | "isHttpOnly" | "usesHmac" | "isNatLocal"): RcKey {
  return {
    use(value, to) {
      if (isYes(value)) to[field] = true;
    },
  };
}

function keyRow(
  field: "key" | "keyBase64" | "hmacKey" | "hmacKeyBase64",
  form: { isBase64: boolean; use: "key" | "hmacKey" },
): RcKey {
  return {
    use(value, to) {
      decodeKey(new TextEncoder().encode(value), form);
      to[field] = value;
    },
  };
}

function refuseYes(problem: string): RcKey {
  return { refuse: (value) => isYes(value) ? problem : undefined };
}

function refuseBut(harmless: RegExp, problem: string): RcKey {
  return { refuse: (value) => harmless.test(value) ? undefined : problem };
}

function isYes(value: string): boolean {
  return value.toUpperCase() === "Y";
}

function parseProtocol(text: string): "udp" | "tcp" {
  const protocol = text.toLowerCase();
  if (protocol === "udp" || protocol === "tcp") return protocol;
  throw new ValueError(text, "cannot be sent: use udp or tcp");
}

function parseAccess(text: string): PortSpec {
  const [, protocol, port] = /^(tcp|udp)\/(\d{1,5})$/i.exec(text) ?? [];
  if (protocol === undefined || port === undefined) {
    throw new ValueError(text, "is not a list of ports: use tcp/22, or tcp/22,udp/53");
  }
  return { port: parsePort(port), protocol: protocol.toLowerCase() === "tcp" ? "tcp" : "udp" };
}

function useAllowIp(value: string, to: RcSettings): void {
  const lower = value.toLowerCase();
  if (lower === "resolve") to.resolves = true;
  else if (lower === "source" || value === "0.0.0.0") to.allowIp = "source";
  else if (isIpv4(value)) to.allowIp = value;
  else throw new ValueError(value, "is not an address: use source, resolve or an IPv4 address");
}

function parseDigest(text: string): FwknopDigest {
  const found = FWKNOP_DIGESTS.find((digest) => digest === text.toLowerCase());
  if (found !== undefined) return found;
  throw new ValueError(text, `is not a hash that is supported: use ${FWKNOP_DIGESTS.join(", ")}`);
}

function parseTimeout(text: string): number {
  if (/^\d{1,5}$/.test(text)) return checkTimeout(Number(text));
  throw new ValueError(text, "is not a time: use whole seconds");
}

/** A host, with a port after `:` or `,`. */
function parseNat(text: string): { host: string; port?: number } {
  const [, host = "", port] = /^([^:,]+)(?:[:,](\d{1,5}))?$/.exec(text) ?? [];
  if (host === "") throw new ValueError(text, "is not a place: use HOST:PORT");
  return { host: parseHost(host), ...(port === undefined ? {} : { port: parsePort(port) }) };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function useTimeOffset(value: string, to: RcSettings): void {
  const [, sign, digits, unit = "s"] = /^([+-]?)(\d{1,5})([smhd]?)$/i.exec(value) ?? [];
  const count = digits === undefined ? NaN : Number(digits);
  if (!(count <= MAX_OFFSET)) {
    throw new ValueError(value, "is not a time: use seconds, or a number with m, h or d");
  }
  const seconds = count * (UNITS[unit.toLowerCase() || "s"] ?? 1);
  parseDuration(`${seconds}s`);
  to[sign === "-" ? "minus" : "plus"] = seconds;
}

function parseUser(text: string): string {
  if (text.length <= MAX_USER) return checkUser(text);
  throw new ValueError(text, `is too long: fwknop cuts it after ${MAX_USER} characters`);
}
