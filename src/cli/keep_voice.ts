/**
 * What `keep` tells: on a terminal one line that rewrites itself, elsewhere a line an event, with
 * `--json` one JSON line an event.
 */
import type { Clock } from "../core/clock.ts";
import { renderDuration, renderElapsed } from "../core/duration.ts";
import type { KeepEvent } from "../knock/keep.ts";
import type { Output } from "../output/output.ts";
import { sanitize } from "../output/sanitize.ts";

/** What is told: the life of a door that is held open, and its end. */
export type KeepNews = KeepEvent | { kind: "closed" | "still_open" | "stopped" };

/** Tells of a door that is held open. */
export interface KeepVoice {
  tell(news: KeepNews): void;
  /** Rewrites the line every second until the signal aborts; returns at once without a terminal. */
  tick(signal: AbortSignal): Promise<void>;
}

const TICK_MS = 1_000;

/** A voice for the target of that name at that address. */
export function keepVoice(
  { name, address }: { name: string; address: string },
  out: Output,
  { clock }: { clock: Clock },
): KeepVoice {
  const start = clock.now();
  let state = "";
  let next: { verb: string; at: number } | undefined;
  let renewals = 0;
  const show = () => {
    const left = next === undefined ? "" : `, ${next.verb} in ${clockFace(next.at - clock.now())}`;
    const count = renewals > 1 ? ` ${renewals} times` : "";
    out.say(`\r\x1b[2K${name}: ${state}${count}${left}`);
  };
  return {
    tell(news) {
      out.event({ event: news.kind, target: name, address, at_ms: sinceStart(), ...extra(news) });
      if (news.kind === "renewed") renewals++;
      state = describe(news);
      next = nextOf(news, clock.now());
      if (!out.isLive) {
        const then = next === undefined
          ? ""
          : `, ${next.verb} in ${renderWait(next.at - clock.now())}`;
        out.say(`${name}: ${state}${then}\n`);
      } else {
        show();
        // What ends, and what went wrong, stays to be read.
        if (next === undefined || news.kind === "failed") out.endLine();
      }
    },
    async tick(signal) {
      while (out.isLive && !signal.aborted) {
        await clock.sleepUntil(clock.now() + TICK_MS, signal).catch(() => {});
        if (!signal.aborted && next !== undefined) show();
      }
    },
  };

  function sinceStart(): number {
    return Math.round(clock.now() - start);
  }
}

function describe(news: KeepNews): string {
  switch (news.kind) {
    case "opened":
      return "open";
    case "renewed":
      return "open, renewed";
    case "shut":
      return "found shut, knocking";
    case "failed":
      return `not open: ${sanitize(news.reason)}`;
    case "closed":
      return "shut again";
    case "still_open":
      return "still open after the closing knocks";
    case "stopped":
      return "held no longer";
  }
}

function nextOf(news: KeepNews, now: number): { verb: string; at: number } | undefined {
  if (news.kind === "opened" || news.kind === "renewed") {
    return { verb: "renew", at: now + news.renewInMs };
  }
  return news.kind === "failed" ? { verb: "retry", at: now + news.retryInMs } : undefined;
}

function extra(news: KeepNews): Record<string, unknown> {
  if (news.kind === "opened" || news.kind === "renewed") return { renew_in_ms: news.renewInMs };
  if (news.kind === "failed") return { reason: news.reason, retry_in_ms: news.retryInMs };
  return {};
}

function renderWait(ms: number): string {
  return ms % 1_000 === 0 ? renderDuration(ms) : renderElapsed(ms);
}

/** `3:12` */
function clockFace(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
