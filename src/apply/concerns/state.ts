/** The server itself: root, another apply, the clock, its disk. */
import { renderDuration } from "../../core/duration.ts";
import { findSkew } from "../../core/rolling.ts";
import { countCodes, listCodedDoors } from "../../plan/plan.ts";
import type { Assessment } from "../assessment.ts";
import type { Concern } from "../concern.ts";
import type { Look } from "../look.ts";

/** Bytes of a code in a rule set of nftables (21 MB for 210,240 of them). */
const CODE_LINE_BYTES = 100;

/** Returns what is noticed about the server itself. */
export function assessState(look: Look, assessment: Assessment): Concern[] {
  return [
    ...assessRoot(look),
    ...assessLock(look, assessment),
    ...assessClock(look, assessment),
    ...assessDisk(look, assessment),
  ];
}

function assessRoot({ isRoot }: Look): Concern[] {
  if (isRoot) return [];
  return [{
    severity: "stop",
    code: "no_root",
    text: "the login is not root there, and cannot become root by sudo",
    hint: "log in as root, or as a user with sudo",
  }];
}

function assessLock({ isBusy }: Look, { plan }: Assessment): Concern[] {
  if (!isBusy) return [];
  return [{
    severity: "stop",
    code: "busy",
    text: `another apply for "${plan.name}" is under way on the server`,
    hint: "wait until it has ended, then try again",
  }];
}

/** The clock there has whole seconds only. */
const CLOCK_STEP_MS = 1000;

function assessClock({ clock }: Look, { plan, client }: Assessment): Concern[] {
  const coded = listCodedDoors(plan);
  if (coded.length === 0) return [];
  const skew = Math.min(...coded.map(({ codes }) => findSkew(codes)));
  const behind = client.now - clock.at;
  const off = behind < 0 ? -behind : Math.max(0, behind - CLOCK_STEP_MS);
  const hint = "set it by the network on the server: timedatectl set-ntp true";
  if (off > skew) {
    const side = behind < 0 ? "ahead of" : "behind";
    return [{
      severity: "stop",
      code: "clock_off",
      text: `the server's clock is ${renderDuration(Math.round(off / 1000) * 1000)} ${side} ` +
        `this one: one-time codes are taken up to ${renderDuration(skew)} off`,
      hint: `${hint}; or set the clock here`,
    }];
  }
  if (clock.isSynchronized !== false) return [];
  return [{
    severity: "warning",
    code: "clock_not_synchronized",
    text: "the network does not set the server's clock: one-time codes stop to work when it is off",
    hint,
  }];
}

function assessDisk(
  { canPersist, freeKib, isRoot }: Look,
  { plan, persists, backend }: Assessment,
): Concern[] {
  if (!persists || !isRoot) return [];
  const needed = backend === "iptables" ? 0 : countCodes(plan) * CODE_LINE_BYTES / 1024;
  const isFull = freeKib !== undefined && freeKib < Math.max(needed, 256);
  if (canPersist && !isFull) return [];
  return [{
    severity: "warning",
    code: "not_permanent",
    text: `${isFull ? "/etc is full" : "/etc is read-only"} on the server: ` +
      "the rules will be gone after a reboot",
    hint: isFull
      ? "make room there, or use --no-persist"
      : "make it writable before, or use --no-persist",
  }];
}
