/**
 * What people see while it happens: for one target a line that fills in knock by knock, for several
 * a count that rewrites itself (only on a terminal).
 */
import { renderElapsed } from "../core/duration.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Target } from "../core/target.ts";
import type { OpenEvents } from "../knock/until_open.ts";
import type { Resolved } from "../net/resolve.ts";
import type { Output } from "../output/output.ts";
import { sanitize } from "../output/sanitize.ts";
import { renderProbe } from "./report.ts";

/** The knocks of a long sequence that are named; the rest is counted. */
const MAX_NAMED = 12;

/** Speaks of one target as its knocks go out. */
export function narrate(target: Target, resolved: Resolved, out: Output): OpenEvents {
  const { strong, faint } = out.style;
  const others = resolved.all.slice(1).map(({ address }) => address);
  const host = resolved.address === target.host ? "" : ` ${sanitize(target.host)}`;
  out.say(
    `${strong(target.name)}${host === ` ${target.name}` ? "" : host} (${resolved.address})\n`,
  );
  if (others.length > 0) {
    out.say(
      faint(`  it has ${others.length + 1} addresses; not taken: ${others.join(", ")}`) + "\n",
    );
  }
  let last = -1;
  return {
    onTry(attempt) {
      last = -1;
      out.say(attempt === 1 ? "  knock" : `  try ${attempt}`);
    },
    onPacket({ knock }) {
      if (knock === last) return;
      last = knock;
      const named = target.knocks[knock];
      if (named !== undefined && knock < MAX_NAMED) out.say(`  ${renderPortSpec(named)}`);
    },
    onSent(ms) {
      const more = target.knocks.length - MAX_NAMED;
      out.say(
        `${more > 0 ? `  and ${more} more` : ""}  ${faint(`sent in ${renderElapsed(ms)}`)}\n`,
      );
    },
    onProbe(outcome) {
      out.say(`  probe  ${renderProbe(outcome, out.style)}\n`);
    },
  };
}

/** Counts targets on a terminal, on one line that goes away at the end. */
export function countDone(total: number, out: Output): { done(): void; clear(): void } {
  if (!out.isLive) return { done() {}, clear() {} };
  let count = 0;
  let shown = -1;
  const show = () => {
    const percent = Math.floor((count / total) * 100);
    if (percent === shown) return;
    shown = percent;
    out.say(`\r${count}/${total} targets`);
  };
  show();
  return {
    done() {
      count++;
      show();
    },
    clear: () => out.say("\r" + " ".repeat(`${total}/${total} targets`.length) + "\r"),
  };
}
