/**
 * What people see while it happens: for one target a line that fills in knock by knock, for several
 * a count that rewrites itself (only on a terminal); with `--verbose` every packet and every probe of
 * every try.
 */
import { renderFamily } from "../../core/address/syntax.ts";
import type { Clock } from "../../core/clock.ts";
import { renderElapsed } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import type { OpenEvents, ProbeOutcome } from "../../knock/until_open.ts";
import type { SentPacket } from "../../net/connection.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import { type Address, groupAddresses } from "../../net/resolve.ts";
import type { ResolvedTarget } from "../../use_cases/resolve_targets.ts";
import { renderProbe } from "./target_report.ts";
import { createWaiting } from "./waiting.ts";

/** The knocks of a long sequence that are named; the rest is counted. */
const MAX_NAMED = 12;

/** Columns for milliseconds with one decimal, up to ten minutes. */
const OFFSET_WIDTH = 8;

/** Columns before the knocks of a line that goes on: as many as before those of the first. */
const INDENT = 9;

/** A pause of more milliseconds than these is said. */
const MAX_SILENT_MS = 1_000;

/** How the progress of a target is shown. */
interface ProgressOptions {
  clock: Clock;
  /** Whether it is the only one; of several nothing is shown unless `--verbose`. Default true. */
  isOnly?: boolean;
  /** Whether knocks are sent; else it is only probed. Default true. */
  knocks?: boolean | undefined;
  /** Ends the countdown. */
  signal?: AbortSignal | undefined;
}

/** Makes the live output of one target, while its knocks are sent. */
export function createProgress(
  { target, resolved }: ResolvedTarget,
  out: Output,
  { clock, signal, isOnly = true, knocks = true }: ProgressOptions,
): OpenEvents {
  if (!isOnly) {
    return out.verbose ? showVerbose(target, out, { clock, prefix: `${target.name}: ` }) : {};
  }
  const { strong, faint } = out.style;
  const { name, host } = target;
  const { address } = resolved;
  const shownHost = host === address || host === name ? "" : ` ${sanitize(host)}`;
  out.say(`${strong(name)}${shownHost}${address === name ? "" : ` (${address})`}\n`);
  const use = describeUse(resolved.all, { family: knocks ? target.family : "any" });
  if (use !== "") out.say(`${faint(`  it has ${resolved.all.length} addresses; ${use}`)}\n`);
  return out.verbose
    ? showVerbose(target, out, { clock, prefix: "  " })
    : showCompact(target, out, { clock, signal });
}

/** What the addresses of a host are for; "" where there is one. */
function describeUse(all: readonly Address[], { family }: Pick<Target, "family">): string {
  const [group] = groupAddresses(all, { family });
  if (group === undefined) return "";
  const { used, also } = group;
  const list = (addresses: readonly Address[]) =>
    addresses.map(({ address }) => address).join(", ");
  const rest = all.filter((each) => each !== used && !also.includes(each));
  if (also.length === 0) {
    return rest.length === 0 ? "" : `used where it cannot be reached: ${list(rest)}`;
  }
  const once = [used, ...also];
  const names = once.map((each) => renderFamily(each.family)).join(" and ");
  const more = rest.length === 0 ? "" : `; used where the first cannot be reached: ${list(rest)}`;
  return `${names} are knocked on: ${list(once)}${more}`;
}

/** A line that fills in, and one a probe. */
function showCompact(
  target: Target,
  out: Output,
  options: Pick<ProgressOptions, "clock" | "signal">,
): OpenEvents {
  const waiting = createWaiting(target, out, options);
  const sayProbe = (outcome: ProbeOutcome) =>
    out.say(`${out.wrap(`  probe  ${renderProbe(outcome, out.style)}`, { indent: INDENT })}\n`);
  let last = -1;
  let isInLine = false;
  let column = 0;
  // A piece of the line, which goes on below where a terminal is too narrow for it.
  const say = (piece: string, styled = piece) => {
    const isFull = isInLine && out.isLive && column + piece.length > out.width;
    out.say(isFull ? `\n${" ".repeat(INDENT)}${styled.replace("  ", "")}` : styled);
    column = (isFull ? INDENT - 2 : isInLine ? column : 0) + piece.length;
    isInLine = true;
  };
  // Printed with the first knock: what is not sent has no line.
  let label = "";
  let { knocks } = target;
  return {
    onSequence(taken) {
      knocks = taken;
    },
    onPause: (ms) => sayPause(ms, out, "  "),
    onTry(attempt) {
      last = -1;
      label = attempt === 1 ? "  knock" : `  try ${attempt}`;
    },
    onGiveUp({ address, reason }, next) {
      if (isInLine) out.say("\n");
      isInLine = false;
      out.say(`  ${address}: ${sanitize(reason)}; now ${next}\n`);
    },
    onPacket({ knock }) {
      // A copy, or the same knock over the other family.
      if (knock <= last) return;
      last = knock;
      const named = knocks[knock];
      if (named === undefined || knock >= MAX_NAMED) return;
      say(`${label}  ${renderPortSpec(named)}`);
      label = "";
    },
    onSent(ms, attempt) {
      const more = knocks.length - MAX_NAMED;
      if (more > 0) say(`  and ${more} more`);
      const text = `  sent in ${renderElapsed(ms)}`;
      say(text, out.style.faint(text));
      out.say("\n");
      isInLine = false;
      if (attempt === target.tries) waiting.start();
    },
    onProbe(outcome) {
      waiting.onProbe(outcome);
      if (out.isLive) sayProbe(outcome);
    },
    onProbeInOrder(outcome) {
      if (!out.isLive) sayProbe(outcome);
    },
  };
}

/** A line for everything; those of several targets mix, so each names its own. */
function showVerbose(
  target: Target,
  out: Output,
  { clock, prefix }: { clock: Clock; prefix: string },
): OpenEvents {
  let start: number | undefined;
  const say = (text: string) => out.say(`${prefix}${text}\n`);
  return {
    onTry(attempt) {
      start = undefined;
      const from = target.source === undefined ? "" : `, from ${target.source}`;
      say(`try ${attempt} of ${target.probes.length === 0 ? 1 : target.tries}${from}`);
    },
    onPause: (ms) => sayPause(ms, out, prefix),
    onGiveUp: ({ address, reason }, next) => say(`${address}: ${sanitize(reason)}; now ${next}`),
    isTraced: true,
    onPacket(
      { port, protocol, payload, size, handshakeMs, knock },
      _attempt,
      { address, port: from, to },
    ) {
      start ??= clock.now();
      const offset = (clock.now() - start).toFixed(1).padStart(OFFSET_WIDTH);
      const content = protocol === "tcp" && payload.length === 0
        ? handshakeMs === undefined ? "SYN" : "handshake"
        : `${size ?? payload.length} bytes`;
      say(
        `${offset} ms  ${renderPortSpec({ port, protocol, size })}  ${content}` +
          (knock < 0 ? "  to end the former try" : "") + renderWay({ address, port: from, to }),
      );
    },
    onSent: (ms) => say(`sent in ${renderElapsed(ms)}`),
    [out.isLive ? "onProbe" : "onProbeInOrder"]: (outcome: ProbeOutcome) =>
      say(`probe  ${renderProbe(outcome, out.style)}`),
  };
}

/** Says what a try waits for, where it takes long enough to be noticed. */
function sayPause(ms: number, out: Output, prefix: string): void {
  if (ms <= MAX_SILENT_MS) return;
  const seconds = renderElapsed(ms);
  out.say(`${prefix}waiting ${seconds}: until then knockd counts on from the knocks before\n`);
}

/** From where and to where a packet went, as a packet capture shows it; "" where the source is unknown. */
function renderWay({ address, port, to }: SentPacket & { to: string }): string {
  if (port === undefined && address === undefined) return "";
  const bracket = (text: string) => text.includes(":") ? `[${text}]` : text;
  const from = address === undefined
    ? `port ${port}`
    : port === undefined
    ? address
    : `${bracket(address)}:${port}`;
  return `  from ${from} to ${to}`;
}
