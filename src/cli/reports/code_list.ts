/** One-time codes as text for paper, and as JSON. */
import { renderDuration, renderMoment } from "../../core/duration.ts";
import { findSkew } from "../../core/rolling.ts";
import { wrapWords } from "../../output/wrap.ts";
import type { ListedCode } from "../../use_cases/rolling/list_codes.ts";
import type { RollingTarget } from "../../use_cases/rolling/rotate_key.ts";
import type { Context } from "../command.ts";
import { renderSendLine } from "./send_line.ts";

/** The codes of a slot. */
interface CodeList {
  codes: readonly ListedCode[];
  slot: number;
}

/** Prints the codes of a target's slot. */
export function printCodes(
  target: RollingTarget,
  list: CodeList,
  { out }: Pick<Context, "out">,
): void {
  if (list.codes.length === 0) return;
  out.print(renderCodeList(target, list, out));
  out.value(toCodesValue(target, list));
}

/** Returns the codes as text for paper. */
export function renderCodeList(
  target: RollingTarget,
  { codes, slot }: CodeList,
  { width }: { width: number },
): string {
  const { name, host, rolling } = target;
  const [first] = codes;
  if (first === undefined) return "";
  const zone = findZone();
  const offsets = new Set(codes.flatMap(({ start, end }) => [start, end]).map(renderOffset));
  const [offset = ""] = offsets;
  const isOneOffset = offsets.size === 1;
  const skew = renderDuration(findSkew(rolling));
  const intro =
    `One-time codes of ${name} (${host}), slot ${slot}. Times: ${zone}${
      isOneOffset ? ` (UTC${offset})` : ""
    }, by the firewall's clock; it takes each code ${skew} before and after its time, too. A code opens ` +
    "only for the first address that sends it.";
  const rows = codes.map(({ code, start, end }) => {
    const [from, until] = [start, end].map((ms) =>
      renderLocal(ms) + (isOneOffset ? "" : renderOffset(ms))
    );
    return `${code}  ${from} - ${shortenDay(until ?? "", from ?? "")}`;
  });
  return [
    ...wrapWords(intro, { width }),
    "",
    ...rows,
    "",
    codes.length === 1 ? "To send it:" : "To send one, here the first:",
    renderSendLine(target, first.code),
    "",
  ].join("\n");
}

function findZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Returns the codes as the JSON contract has them. */
export function toCodesValue(target: RollingTarget, { codes, slot }: CodeList): unknown {
  const { name, host, knocks, rolling } = target;
  return {
    target: name,
    host,
    port: knocks.at(-1)?.port ?? null,
    slot,
    window_ms: rolling.windowMs,
    skew_ms: findSkew(rolling),
    until: rolling.until === undefined ? null : renderMoment(rolling.until),
    time_zone: findZone(),
    codes: codes.map(({ code, window, start, end, takenFrom, takenUntil }) => ({
      code,
      window,
      from: renderMoment(start),
      until: renderMoment(end),
      taken_from: renderMoment(takenFrom),
      taken_until: renderMoment(takenUntil),
      command: renderSendLine(target, code),
    })),
  };
}

/** Local time to the minute, or to the second where that is not all: `2026-11-27 12:50`. */
function renderLocal(ms: number): string {
  const minutes = new Date(ms).getTimezoneOffset();
  const text = new Date(ms - minutes * 60_000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, ms % 60_000 === 0 ? 16 : 19)}`;
}

/** Leaves the day out where the other moment has the same. */
function shortenDay(text: string, other: string): string {
  const dayEnd = text.indexOf(" ");
  return text.slice(0, dayEnd) === other.slice(0, dayEnd) ? text.slice(dayEnd + 1) : text;
}

/** The offset of local time from UTC: `+01:00`. */
function renderOffset(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((n) => `${n}`.padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${hours}:${rest}`;
}
