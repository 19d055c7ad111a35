/**
 * A `~/.fwknoprc`, one stanza a target, for `fwknop -n NAME`.
 *
 * Rules:
 * - a value ends at the first blank, tab, `;` or `#`: a key with one of them is written in base64;
 * - without `--with-secrets`, base64 has a placeholder, which the client refuses; a key that is text is left out,
 *   and the client asks for it.
 */
import { UsageError } from "../../core/errors.ts";
import {
  type Fwknop,
  FWKNOP_DEFAULTS,
  FWKNOP_PORT,
  type FwknopKey,
  renderAccess,
} from "../../core/fwknop.ts";
import { KEY_PLACEHOLDER } from "../../core/placeholder.ts";
import { isPorts } from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import type { ExportDoor, Exported, Exporter } from "../form.ts";
import { listLostKeys } from "../lost.ts";

/** Writes `[NAME]`, `SPA_SERVER HOST` and so on. */
export const exporter: Exporter = {
  render(doors): Exported {
    const stanzas = doors.map(renderStanza);
    return {
      text: `${stanzas.map(({ lines }) => lines.join("\n")).join("\n\n")}\n`,
      lost: stanzas.flatMap(({ lost }) => lost),
      holdsSecret: doors.some(({ opening }) => opening !== undefined),
    };
  },
};

/** The longest name that the client does not cut, and what a value cannot have. */
const MAX_USER = 29;
const UNSAFE = /[\s;#]|^[=:]$/;

function renderStanza(
  { target, opening }: ExportDoor,
): { lines: string[]; lost: readonly string[] } {
  const { name, host, knocks, opens, fwknop, openForMs } = target;
  if (fwknop === undefined) {
    throw new UsageError(`"${name}" is not a door of fwknopd, which --as fwknoprc needs`, {
      hint: `spknock export ${name} --as toml`,
    });
  }
  const { allowIp, resolveUrl, asksTime } = fwknop;
  // `[default]` would be for all stanzas.
  const stanza = name.toLowerCase() === "default" ? `${name}-2` : name;
  const port = knocks[0]?.port ?? FWKNOP_PORT;
  const offset = renderOffset(fwknop.timeOffsetMs);
  const pairs: [string, string | number | undefined][] = [
    ["SPA_SERVER", host],
    ["SPA_SERVER_PORT", port === FWKNOP_PORT ? undefined : port],
    ["SPA_SERVER_PROTO", knocks[0]?.protocol === "tcp" ? "tcp" : undefined],
    ["ACCESS", renderAccess(opens.filter(isPorts))],
    ["ALLOW_IP", allowIp],
    ["RESOLVE_URL", requireSafe(target, "resolve_url", resolveUrl)],
    ["FW_TIMEOUT", asksTime ? openForMs / 1_000 : undefined],
    ...renderNat(target, fwknop),
    ["SPOOF_USER", requireSafe(target, "user", fwknop.user, MAX_USER)],
    ["TIME_OFFSET", offset.text],
    ["DIGEST_TYPE", fwknop.digest === FWKNOP_DEFAULTS.digest ? undefined : fwknop.digest],
    [
      "HMAC_DIGEST_TYPE",
      fwknop.hmacDigest === FWKNOP_DEFAULTS.hmacDigest ? undefined : fwknop.hmacDigest,
    ],
    ["USE_HMAC", "Y"],
    ...renderKey("KEY", fwknop.key, opening?.[0]),
    ...renderKey("HMAC_KEY", fwknop.hmacKey, opening?.[1]),
  ];
  const lines = pairs.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key.padEnd(16)} ${value}`]
  );
  return {
    lines: [`[${stanza}]`, ...lines],
    lost: [
      ...listLostKeys(target, [
        "opens",
        "family",
        "copies",
        // Where it is not asked for, the daemon's own time holds there too.
        "open_for",
      ]),
      ...(offset.isExact ? [] : [`${name}: the part of time_offset below a second or a minute`]),
    ],
  };
}

/** A local NAT has a host too, which the client would else take the first port of ACCESS for. */
function renderNat(
  { host }: Target,
  { nat }: Fwknop,
): [string, string | undefined][] {
  if (nat === undefined) return [];
  return [
    ["NAT_LOCAL", nat.host === undefined ? "Y" : undefined],
    ["NAT_ACCESS", `${nat.host ?? host}:${nat.port}`],
  ];
}

/** A value that the client would read as another one is not written. */
function requireSafe(
  { name }: Target,
  key: string,
  value: string | undefined,
  maxLength = Infinity,
): string | undefined {
  if (value === undefined || (value.length <= maxLength && !UNSAFE.test(value))) return value;
  throw new UsageError(`the ${key} of "${name}" cannot be in a .fwknoprc`, {
    hint: `spknock export ${name} --as toml`,
  });
}

/** The client reads at most 65,536 seconds, minutes, hours or days. */
function renderOffset(ms: number): { text: string | undefined; isExact: boolean } {
  const [sign, size] = [ms < 0 ? "-" : "", Math.abs(ms)];
  const [unit, length] = size < 65_536_000 ? ["", 1_000] as const : ["m", 60_000] as const;
  const count = Math.floor(size / length);
  const isExact = size % length === 0;
  return { text: count === 0 ? undefined : `${sign}${count}${unit}`, isExact };
}

function renderKey(
  name: string,
  { isBase64 }: FwknopKey,
  bytes: Uint8Array | undefined,
): [string, string | undefined][] {
  if (bytes === undefined) return [[`${name}_BASE64`, isBase64 ? KEY_PLACEHOLDER : undefined]];
  const text = new TextDecoder().decode(bytes);
  // The client takes no blanks in it, and no end without its padding.
  if (isBase64) {
    return [[`${name}_BASE64`, Uint8Array.fromBase64(text).toBase64()]];
  }
  return UNSAFE.test(text) ? [[`${name}_BASE64`, bytes.toBase64()]] : [[name, text]];
}
