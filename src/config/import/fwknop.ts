/**
 * `~/.fwknoprc` to targets, one a stanza, as the original would send for `fwknop -n STANZA`; the grammar is
 * `fwknoprc/file.ts`, the keys are the table in `fwknoprc/keys.ts`.
 *
 * Rules:
 * - `[default]` comes before each stanza, wherever it is; a later line wins over an earlier one;
 * - `[default]` is a target too where it has a server and ports, as for `fwknop` alone; so it is where it is the
 *   only stanza;
 * - KEY wins over KEY_BASE64, HMAC_KEY over HMAC_KEY_BASE64; a flag that is Y stays so;
 * - a key that is missing is asked for, as the original does; a packet without HMAC is not sent.
 */
import { isIpv6 } from "../../core/address/syntax.ts";
import { type Problem, sortByLine, ValueError } from "../../core/errors.ts";
import {
  type Fwknop,
  FWKNOP_DEFAULTS,
  FWKNOP_OPEN_FOR_MS,
  FWKNOP_PORT,
  type FwknopKey,
  type FwknopNat,
} from "../../core/fwknop.ts";
import { suggest } from "../../core/suggest.ts";
import { errorMessage } from "../../core/text.ts";
import type { PortSpec } from "../../core/service.ts";
import { isSameHost } from "../../core/target.ts";
import { checkMessage, FWKNOP_SETTINGS, refuseSameKeys } from "../target/fwknop.ts";
import type { TargetDraft } from "../target/keys.ts";
import { type Finding, Place } from "../toml/place.ts";
import { parseRcFile, type RcEntry, type RcStanza } from "./fwknoprc/file.ts";
import { RC_KEYS, type RcSettings } from "./fwknoprc/keys.ts";
import { type ImportReader, USE_HOST } from "./reader.ts";

/** Where the original asks for its public address without TLS; with it, a target asks there as well. */
const HTTP_RESOLVE_URL = "http://www.cipherdyne.org/cgi-bin/myip";

/** The reader of `~/.fwknoprc`. */
export const reader: ImportReader = {
  isLikely: (text) =>
    parseRcFile(text, { file: "" }).stanzas.some(({ entries }) =>
      entries.some(({ name }) => Object.hasOwn(RC_KEYS, name))
    ),
  parse(text, { file, host, makeName }) {
    const { stanzas, problems, remarks } = parseRcFile(text, { file });
    const notes: Notes = { file, problems, remarks };
    const isDefault = ({ name }: RcStanza) => name.toLowerCase() === "default";
    const first = stanzas.find(isDefault);
    const common = applyAll(first?.entries ?? [], { isWrong: first?.isWrong === true }, notes);
    const named = stanzas.filter((stanza) => !isDefault(stanza));
    const isDoor = common.access !== undefined &&
      (named.length === 0 || common.server !== undefined);
    const targets = (first !== undefined && isDoor ? [first, ...named] : named).flatMap(
      (stanza) => {
        const settings = stanza === first ? common : applyAll(stanza.entries, common, notes);
        const draft = makeTarget(settings, { stanza, host, notes });
        if (draft === undefined) return [];
        return [{ ...draft, name: makeName(stanza === first ? draft.host : stanza.name) }];
      },
    );
    return { targets, problems: sortByLine(problems), remarks: sortByLine(remarks) };
  },
};

/** What is found besides the targets. */
interface Notes {
  file: string;
  problems: Problem[];
  remarks: Problem[];
}

/** Returns the settings after the lines of a stanza; what is wrong is a problem. */
function applyAll(entries: readonly RcEntry[], before: RcSettings, notes: Notes): RcSettings {
  const settings = { ...before };
  for (const entry of entries) {
    const { line, name, value } = entry;
    const row = Object.hasOwn(RC_KEYS, name) ? RC_KEYS[name] : undefined;
    const place = { file: notes.file, line, ...(row === undefined ? {} : { key: name }) };
    const fail = (message: string) => {
      settings.isWrong = true;
      notes.problems.push({ ...place, message });
    };
    if (row === undefined) fail(describeUnknown(name));
    else if ("setAside" in row) {
      notes.remarks.push({ ...place, message: `has no effect: ${row.setAside}` });
    } else if ("refuse" in row) {
      const problem = row.refuse(value);
      if (problem !== undefined) fail(problem);
    } else {
      try {
        row.use(value, settings);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        fail(error instanceof ValueError ? error.problem : errorMessage(error));
      }
    }
  }
  return settings;
}

/** Only a slip of a key that is known is named: a name can be a secret by mistake. */
function describeUnknown(name: string): string {
  const known = Object.keys(RC_KEYS);
  const near = suggest(name, known) ?? known.find((each) => each === name.toUpperCase());
  const isSlip = near !== undefined && name.length <= near.length + 1;
  if (near === undefined) return "unknown key";
  return `unknown key${isSlip ? ` "${name}"` : ""}, did you mean "${near}"?`;
}

function makeTarget(
  settings: RcSettings,
  { stanza, host, notes }: { stanza: RcStanza; host: string | undefined; notes: Notes },
): TargetDraft | undefined {
  const place = { file: notes.file, line: stanza.line };
  // What is wrong in a line can be what is missing: it is reported once.
  const isWrong = settings.isWrong === true || stanza.isWrong;
  const fail = (message: string): undefined => {
    if (!isWrong) notes.problems.push({ ...place, message });
  };
  const remark = (message: string) => void notes.remarks.push({ ...place, message });
  const { server = host, access } = settings;
  if (server === undefined) return fail(`the stanza has no SPA_SERVER: ${USE_HOST}`);
  if (isIpv6(server)) return fail("the host is an IPv6 address, and fwknopd reads IPv4 only");
  if (access === undefined) return fail("the stanza has no ACCESS: add ACCESS tcp/22");
  const keys = readKeys(settings, remark);
  if (keys === undefined) {
    return fail("the stanza has no HMAC_KEY_BASE64: packets without HMAC are not supported");
  }
  const translated = translatePorts(settings, { server, access });
  if (typeof translated === "string") return fail(translated);
  const { opens, nat } = translated;
  const fwknop = { ...keys, ...readSettings(settings, remark), ...(nat && { nat }) };
  const openForMs = settings.timeout === undefined ? FWKNOP_OPEN_FOR_MS : settings.timeout * 1_000;
  const findings: Finding[] = [];
  refuseSameKeys(fwknop, new Place(findings));
  checkMessage({ fwknop, settings: { opens, openForMs } }, new Place(findings));
  for (const { message } of findings) fail(message);
  const port = settings.port ?? FWKNOP_PORT;
  return isWrong || findings.length > 0 ? undefined : {
    name: stanza.name,
    host: server,
    knocks: [{ port, protocol: settings.protocol ?? "udp", payload: fwknop.key.payload }],
    fwknop,
    opens,
    ...FWKNOP_SETTINGS,
    openForMs,
  };
}

function readSettings(
  settings: RcSettings,
  remark: (message: string) => void,
): Omit<Fwknop, "key" | "hmacKey" | "nat"> {
  const { allowIp, resolves = false, resolveUrl, isHttpOnly = false, plus = 0, minus = 0 } =
    settings;
  const isResolved = allowIp === undefined && (resolves || resolveUrl !== undefined);
  if (allowIp !== undefined && resolves) {
    remark("ALLOW_IP resolve has no effect, as in fwknop: another line has an address or source");
  }
  if (allowIp === undefined && !isResolved) {
    remark("the stanza has no ALLOW_IP: the packet's source is let in");
  }
  return {
    allowIp: isResolved ? "resolve" : allowIp ?? FWKNOP_DEFAULTS.allowIp,
    ...(isResolved && (resolveUrl !== undefined || isHttpOnly) && {
      resolveUrl: resolveUrl ?? HTTP_RESOLVE_URL,
    }),
    ...(settings.user === undefined ? {} : { user: settings.user }),
    hmacDigest: settings.hmacDigest ?? FWKNOP_DEFAULTS.hmacDigest,
    digest: settings.digest ?? FWKNOP_DEFAULTS.digest,
    timeOffsetMs: (minus > 0 ? -minus : plus) * 1_000,
    asksTime: settings.timeout !== undefined,
  };
}

/** Undefined where packets are sent without HMAC. */
function readKeys(
  { key, keyBase64, hmacKey, hmacKeyBase64, usesHmac }: RcSettings,
  remark: (message: string) => void,
): Pick<Fwknop, "key" | "hmacKey"> | undefined {
  if (key !== undefined && keyBase64 !== undefined) {
    remark("KEY is used and KEY_BASE64 is not, as in fwknop");
  }
  if (hmacKey !== undefined && hmacKeyBase64 !== undefined) {
    remark("HMAC_KEY is used and HMAC_KEY_BASE64 is not, as in fwknop");
  }
  const cipher = makeKey(key, keyBase64);
  const hmac = makeKey(hmacKey, hmacKeyBase64) ?? (usesHmac === true ? PROMPTED : undefined);
  if (hmac === undefined) return undefined;
  if (cipher === undefined) remark("the stanza has no key: it is asked for, as in fwknop");
  if (hmac === PROMPTED) remark("the stanza has no HMAC key: it is asked for, as in fwknop");
  return { key: cipher ?? PROMPTED, hmacKey: hmac };
}

const PROMPTED: FwknopKey = {
  payload: { kind: "secret", source: { kind: "prompt" } },
  isBase64: false,
};

function makeKey(raw: string | undefined, base64: string | undefined): FwknopKey | undefined {
  const text = raw ?? base64;
  if (text === undefined) return undefined;
  const bytes = new TextEncoder().encode(text);
  return { payload: { kind: "bytes", bytes }, isBase64: raw === undefined };
}

/**
 * Returns the ports that the packet asks for, and where they lead to: NAT_PORT is the port that is asked for
 * then, and the one of ACCESS is the port behind. The message where the original sends nothing, or we cannot.
 */
function translatePorts(
  { nat, isNatLocal = false, natPort }: RcSettings,
  { server, access }: { server: string; access: readonly PortSpec[] },
): { opens: readonly PortSpec[]; nat?: FwknopNat } | string {
  const [first] = access;
  if (first === undefined) return "ACCESS has no port: use tcp/22";
  if (natPort !== undefined && access.length > 1) return "NAT_PORT needs a single port in ACCESS";
  const opens = natPort === undefined ? access : [{ ...first, port: natPort }];
  const port = nat?.port ?? first.port;
  if (!isNatLocal) return nat === undefined ? { opens } : { opens, nat: { host: nat.host, port } };
  if (nat === undefined || isSameHost(nat.host, server)) return { opens, nat: { port } };
  return "NAT_LOCAL with another host in NAT_ACCESS is not supported: remove one of them";
}
