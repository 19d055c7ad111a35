/** The packet of a door of fwknopd, for people and as JSON; never a key. */
import { renderDuration } from "../../../core/duration.ts";
import { type FwknopKey, type FwknopNat, renderNat } from "../../../core/fwknop.ts";
import { renderServices } from "../../../core/service.ts";
import type { Target } from "../../../core/target.ts";
import { describeKey } from "../../../secret/kinds.ts";

type Door = Pick<Target, "opens" | "openForMs" | "fwknop">;

/** Returns what a packet asks for; undefined for another target. */
export function describeRequest({ opens, openForMs, fwknop }: Door): string | undefined {
  if (fwknop === undefined) return undefined;
  const whom = fwknop.allowIp === "source"
    ? "its source"
    : fwknop.allowIp === "resolve"
    ? "our public address"
    : fwknop.allowIp;
  const nat = fwknop.nat === undefined ? "" : `, which leads to ${describeNat(fwknop.nat)}`;
  const time = fwknop.asksTime ? ` for ${renderDuration(openForMs)}` : "";
  return `one packet of fwknop, asks for ${renderServices(opens)}${nat}, for ${whom}${time}`;
}

/** Returns what there is to say of the packet, in rows; none for another target. */
export function listFwknopRows({ fwknop }: Pick<Target, "fwknop">): [key: string, value: string][] {
  if (fwknop === undefined) return [];
  const { key, hmacKey, user, hmacDigest, digest, timeOffsetMs, resolveUrl } = fwknop;
  return [
    ["encryption key", describeSource(key)],
    ["HMAC key", describeSource(hmacKey)],
    ["digests", `HMAC ${hmacDigest}, packet ${digest}`],
    ...(user === undefined ? [] : [["user", user] as [string, string]]),
    ...(resolveUrl === undefined ? [] : [["resolve url", resolveUrl] as [string, string]]),
    ...(timeOffsetMs === 0
      ? []
      : [["time offset", renderOffset(timeOffsetMs)] as [string, string]]),
  ];
}

/** Returns the packet as the JSON contract has it; null for another target. */
export function toFwknopValue({ fwknop }: Pick<Target, "fwknop">): unknown {
  if (fwknop === undefined) return null;
  return {
    key: describeSource(fwknop.key),
    hmac_key: describeSource(fwknop.hmacKey),
    allow_ip: fwknop.allowIp,
    resolve_url: fwknop.resolveUrl ?? null,
    nat: fwknop.nat === undefined ? null : renderNat(fwknop.nat),
    user: fwknop.user ?? null,
    hmac_digest: fwknop.hmacDigest,
    digest: fwknop.digest,
    time_offset_ms: fwknop.timeOffsetMs,
    asks_time: fwknop.asksTime,
  };
}

function describeSource({ payload, isBase64 }: FwknopKey): string {
  const form = isBase64 ? " (base64)" : "";
  if (payload.kind === "bytes") return `in the configuration${form}`;
  return `${describeKey(payload.source)}${form}`;
}

function describeNat(nat: FwknopNat): string {
  return nat.host === undefined ? `port ${nat.port} of the firewall` : renderNat(nat);
}

function renderOffset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${renderDuration(Math.abs(ms))}`;
}
