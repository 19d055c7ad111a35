/** The causes that only one-time codes have: clocks, horizon, keys and slots. */
import { renderDuration } from "../core/duration.ts";
import { findSkew } from "../core/rolling.ts";
import { chooseCommands } from "../core/system/commands.ts";
import type { AddressEvidence, CodesEvidence, DoorEvidence, Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { LIST_FIREWALLS, renderCommand, SHOW_SERVER_CLOCK } from "./remedies.ts";

type Case = DoorEvidence & Pick<Evidence, "invocation" | "codes" | "clocks">;

/** Returns how far the clocks may be off: `taken while the clocks differ by up to 1m, never from 11m on`. */
export function describeTolerance({ windowMs }: Pick<CodesEvidence, "windowMs">): string {
  const skewMs = findSkew({ windowMs });
  return `taken while the clocks differ by up to ${renderDuration(skewMs)}, never from ` +
    `${renderDuration(windowMs + skewMs)} on`;
}

/** Returns that a clock is ahead or behind: `14m ahead of`; whole seconds. */
export function describeDistance(aheadMs: number): string {
  const distance = renderDuration(Math.round(Math.abs(aheadMs) / 1_000) * 1_000);
  return distance === "0ms" ? "equal to" : `${distance} ${aheadMs < 0 ? "behind" : "ahead of"}`;
}

/** Returns that the firewall has no codes of a target any more. */
export function describeHorizonOver({ codes = [], invocation }: Evidence): Finding | undefined {
  const over = codes.find(({ state }) => state === "over");
  return over && {
    kind: "config",
    cause: `${toSubject(over)}: no code of this target is taken any more.`,
    fix: renderRenew(over, invocation),
  };
}

/** Returns that the firewall will soon have no codes of a target any more. */
export function describeHorizonLast(
  { codes = [], invocation }: Pick<Evidence, "codes" | "invocation">,
  start: string,
): Finding | undefined {
  const last = codes.find(({ state }) => state === "last");
  return last && {
    kind: "fine",
    cause: `${start}, but ${last.horizon} (target "${last.target}").`,
    fix: renderRenew(last, invocation),
  };
}

/** Returns that another clock is further from ours than codes are sure to be taken. */
export function describeClockDifference(door: Case): Finding | undefined {
  const [code] = door.codes ?? [];
  return code && describeClock(door, {
    limitMs: findSkew(code),
    rule: `codes are ${describeTolerance(code)}`,
  });
}

/** Returns that another clock is further from ours than `limitMs`, and the rule that it breaks. */
export function describeClock(
  { clocks, addresses: [taken], invocation }: Omit<Case, "codes">,
  { limitMs, rule }: { limitMs: number; rule: string },
): Finding | undefined {
  const other = clocks?.others.find(({ aheadMs, errorMs }) =>
    Math.abs(aheadMs) - errorMs > limitMs
  );
  if (clocks === undefined || other === undefined) return undefined;
  const isOpen = taken?.after?.answer === "answered";
  return {
    kind: isOpen ? "fine" : "closed",
    cause:
      `${isOpen ? "The door opens now, but the" : "The"} clock of the server (${other.source}) ` +
      `is ${describeDistance(other.aheadMs)} that of this machine, and ${rule}.`,
    fix: clocks.isSynchronized
      ? chooseCommands(invocation.os).showClock
      : chooseCommands(invocation.os).setClock,
    remote: SHOW_SERVER_CLOCK,
  };
}

/** Returns why a code opened nothing; undefined where no code was sent. */
export function describeCodeNotTaken(
  { codes = [], clocks, addresses: [taken], port, invocation }: Case,
  { isThere }: { isThere: (taken: AddressEvidence) => boolean },
): Finding | undefined {
  const [code] = codes;
  if (code === undefined || taken?.after === undefined) return undefined;
  const isUnset = clocks?.isSynchronized === false;
  const start = isThere(taken)
    ? "The host answers, but the code did not open the port: "
    : `No answer at all from ${taken.address}: the host is down or the address is wrong, or the ` +
      "code was not taken: ";
  return {
    kind: "closed",
    cause: start +
      (isUnset ? "the network does not set the clock of this machine, which may be wrong; " : "") +
      `a wrong clock ${isUnset ? "" : "here or "}at the server (codes are ${
        describeTolerance(code)
      }; ` +
      "a server can boot without a clock), rules that were made with another key (of another target, " +
      "or before a rotation), a horizon of those rules that is over, " +
      `${code.slots === 1 ? "the one slot" : `all ${code.slots} slots`} of this window used from ` +
      "other addresses, a knock that arrives from another address than the connection (NAT), or " +
      `another rule (another table, ufw, firewalld) that drops port ${port}.`,
    fix: isUnset ? chooseCommands(invocation.os).setClock : chooseCommands(invocation.os).showClock,
    remote: `${SHOW_SERVER_CLOCK}; ${LIST_FIREWALLS}`,
  };
}

function toSubject({ target, horizon }: CodesEvidence): string {
  return `${horizon.charAt(0).toUpperCase()}${horizon.slice(1)} (target "${target}")`;
}

function renderRenew({ target }: CodesEvidence, invocation: Evidence["invocation"]): string {
  const words = ["rules", target, "--for", "nftables", "--until", "1y", "--save"];
  return renderCommand(words, invocation);
}
