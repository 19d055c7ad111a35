/**
 * What `keep` reports: on a terminal one line that rewrites itself, elsewhere a line an event, with
 * `--json` one JSON line an event.
 */
import type { Clock } from "../../core/clock.ts";
import { renderDuration, renderElapsed } from "../../core/duration.ts";
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { KeptEvent } from "../../use_cases/keep_target.ts";
import { renderLeft, warnOfFew } from "./one_time/left.ts";

/** Reports about a door that is held open. */
interface KeepProgress {
  report(event: KeptEvent): void;
  /** On a terminal: that the end needs time, and what a second Ctrl-C does. */
  announceEnd(kept: { closing: unknown }): void;
  /** Rewrites the line every second until the signal aborts; returns at once without a terminal. */
  tick(signal: AbortSignal): Promise<void>;
}

const TICK_MS = 1_000;

/** Makes the progress of the target of that name; `findAddress` returns the address that is in use. */
export function createKeepProgress(
  { name, findAddress }: { name: string; findAddress: () => string },
  out: Output,
  { clock }: { clock: Clock },
): KeepProgress {
  const start = clock.now();
  let state = "";
  let next: { verb: string; at: number } | undefined;
  let renewals = 0;
  // Whether a probe tells that the door is open.
  let isChecked = true;
  const show = () => {
    const left = next === undefined ? "" : `, ${next.verb} in ${clockFace(next.at - clock.now())}`;
    const count = renewals > 1 ? ` ${renewals} times` : "";
    out.say(`\r\x1b[2K${name}: ${state}${count}${left}`);
  };
  return {
    report(event) {
      out.event({
        event: event.kind,
        target: name,
        address: findAddress(),
        at_ms: sinceStart(),
        ...listExtras(event),
      });
      if (event.kind === "renewed") renewals++;
      isChecked = isChecked && event.kind !== "knocked";
      state = describe(event, { isChecked });
      // Both are within a renewal: the next one is not known yet.
      if (event.kind !== "moved" && event.kind !== "sequence_taken") {
        next = findNext(event, clock.now());
      }
      if (!out.isLive) {
        const then = next === undefined
          ? ""
          : `, ${next.verb} in ${renderWait(next.at - clock.now())}`;
        out.say(`${name}: ${state}${then}\n`);
      } else {
        show();
        // The end and the failures stay on the screen.
        if (next === undefined || event.kind === "failed") out.endLine();
      }
    },
    announceEnd({ closing }) {
      if (closing === undefined || !out.isLive) return;
      out.say(`\r\x1b[2K${name}: closing; a second Ctrl-C leaves it open`);
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

function describe(event: KeptEvent, { isChecked }: { isChecked: boolean }): string {
  switch (event.kind) {
    case "knocked":
      return "knocked, no probe tells whether it is open";
    case "closing_sent":
      return "closing knocks sent";
    case "opened":
      return "open";
    case "renewed":
      return isChecked ? "open, renewed" : "knocked again";
    case "slept":
      return `this machine slept for ${renderElapsed(event.forMs)}, knocking`;
    case "moved":
      return `its address is ${event.address} now, it was ${event.former}`;
    case "sequence_taken":
      return sanitize(warnOfFew(event) ?? renderLeft(event.left));
    case "shut":
      return "found closed, knocking";
    case "failed":
      return `not open: ${sanitize(event.reason)}`;
    case "closed":
      return "closed again";
    case "still_open":
      return "still open after the closing knocks";
    case "stopped":
      return "no longer held open";
  }
}

function findNext(event: KeptEvent, now: number): { verb: string; at: number } | undefined {
  if ("renewInMs" in event) {
    return { verb: "renew", at: now + event.renewInMs };
  }
  return event.kind === "failed" ? { verb: "retry", at: now + event.retryInMs } : undefined;
}

function listExtras(event: KeptEvent): Record<string, unknown> {
  if ("renewInMs" in event) return { renew_in_ms: event.renewInMs };
  if (event.kind === "slept") return { slept_ms: event.forMs };
  if (event.kind === "sequence_taken") return { file: event.file, left: event.left };
  if (event.kind === "moved") return { former_address: event.former };
  if (event.kind === "failed") return { reason: event.reason, retry_in_ms: event.retryInMs };
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
