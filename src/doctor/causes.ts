/**
 * From evidence to the one most likely cause: a table, in the order of certainty. The first row that
 * applies decides. Every fix is a command that can be pasted.
 */
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { chooseCommands } from "../core/system/commands.ts";
import {
  describeClockDifference,
  describeCodeNotTaken,
  describeHorizonLast,
  describeHorizonOver,
} from "./causes_of_codes.ts";
import {
  describeDaemonSilence,
  describeFwknopdClock,
  describeOneTime,
} from "./causes_of_daemons.ts";
import { describeUnreachable } from "./causes_of_path.ts";
import type { AddressEvidence, DoorEvidence, Evidence, SynEvidence } from "./evidence.ts";
import { diagnoseFamilies } from "./families.ts";
import type { Diagnosis, Finding } from "./finding.ts";
import {
  LIST_FIREWALLS,
  renderAgain,
  renderCommand,
  renderCompare,
  TRIED_HANDSHAKE_MS,
} from "./remedies.ts";

/** A part of the stage timeout from which a pause is near it. */
const NEAR = 0.5;
/** The pause that is proposed, as a part of the stage timeout. */
const GOOD_PAUSE = 0.1;
/** A clock before this was never set: no spknock is older. One-time codes depend on it. */
const FIRST_DAY = "2025-01-01";

type Row<T> = readonly [code: string, find: (evidence: T) => Finding | undefined | false];

const HERE: readonly Row<Evidence>[] = [
  ["file", ({ files }) => files.find((file) => file.problem !== undefined)?.problem],
  ["clock", ({ time, invocation }) =>
    time < FIRST_DAY && {
      kind: "config",
      cause: `The clock of this machine is ${time}.`,
      fix: chooseCommands(invocation.os).setClock,
    }],
  ["horizon_over", describeHorizonOver],
  ["name", ({ names, invocation }) => {
    const failed = names.find(({ failure }) => failure !== undefined);
    if (failed?.failure === undefined) return undefined;
    const { message, hint } = failed.failure;
    return {
      kind: "network",
      cause: toSentence(`${message} (target "${failed.target}")${hint ? `: ${hint}` : ""}`),
      // A wrong source, or a link-local address without its interface.
      fix: failed.failure instanceof UsageError
        ? chooseCommands(invocation.os).showInterfaces
        : chooseCommands(invocation.os).lookUp(failed.host),
    };
  }],
];

/** Where no door was looked at. */
const ALL: readonly Row<Evidence>[] = [
  ["horizon_last", (evidence) => describeHorizonLast(evidence, "Nothing is wrong here")],
];

type DoorCase = DoorEvidence & Pick<Evidence, "invocation" | "time" | "codes" | "clocks">;

const DOOR: readonly Row<DoorCase>[] = [
  ["clock_differs", (door) => describeClockDifference(door) ?? describeFwknopdClock(door)],
  [
    "open_to_all",
    ({ target, port, openForMs, hasWaited, addresses: [taken], invocation }) =>
      taken?.before.answer === "answered" && hasWaited && {
        kind: "closed",
        cause:
          `Port ${port} is open without a knock, ${renderDuration(openForMs)} after the last ` +
          "one could have opened it: no rule guards it, another rule accepts before, or this " +
          "source is trusted.",
        fix: renderCommand(["rules", target, "--for", "nftables"], invocation),
        remote: LIST_FIREWALLS,
      },
  ],
  [
    "open_already",
    ({ target, port, openForMs, time, addresses: [taken], invocation }) =>
      taken?.before.answer === "answered" && {
        kind: "closed",
        cause: `Port ${port} is open before any knock: a knock from here within the last ` +
          `${renderDuration(openForMs)} opened it, or it is open to everyone. doctor can judge ` +
          `from ${addTime(time, openForMs)} on; --wait waits for that.`,
        fix: renderAgain(target, "--wait", invocation),
      },
  ],
  ["no_route", (door) => describeUnreachable(door, "no_route")],
  ["no_neighbour", (door) => describeUnreachable(door, "no_neighbour")],
  ["secret", ({ target, noSecret, invocation }) =>
    noSecret && {
      kind: "secret",
      cause: toSentence(
        `${noSecret.message}, so no knock was sent${noSecret.hint ? `: ${noSecret.hint}` : ""}`,
      ),
      fix: renderCommand(["show", target], invocation),
    }],
  ["cannot_send", ({ addresses: [taken], invocation }) => {
    if (taken?.failure === undefined) return undefined;
    const { message, hint } = taken.failure;
    const isForbidden = /firewall/.test(message);
    return {
      kind: "network",
      cause: toSentence(`${message}${hint ? `: ${hint}` : ""}`),
      fix: isForbidden
        ? chooseCommands(invocation.os).showFirewall
        : chooseCommands(invocation.os).showRoute(taken.address),
    };
  }],
  [
    "too_slow",
    ({ target, timing, timing: { longestGapMs, stageTimeoutMs }, addresses, invocation }) =>
      longestGapMs >= stageTimeoutMs && addresses.some(({ tries }) => tries > 0) &&
      !addresses.some(isOpenAfter) && {
        kind: "closed",
        cause:
          `The pause of ${renderDuration(longestGapMs)} between two knocks is longer than the ` +
          `${renderDuration(stageTimeoutMs)} that the firewall waits for the next one.`,
        fix: renderFaster({ target, ...timing }, invocation),
      },
  ],
  ["other_family", ({ target, addresses: [taken, ...others], invocation }) => {
    const open = others.find(isOpenAfter);
    if (taken === undefined || open === undefined || isOpenAfter(taken)) return undefined;
    const change = open.family === taken.family
      ? ["--host", open.address]
      : [open.family === "ipv4" ? "-4" : "-6"];
    return {
      kind: "closed",
      cause: `The knocks open the door at ${open.address}, but not at ${taken.address}, the ` +
        "address that spknock takes first.",
      fix: renderCommand(["edit", target, ...change], invocation),
    };
  }],
  [
    "loss",
    ({ target, addresses: [taken], invocation }) =>
      taken !== undefined && isOpenAfter(taken) && taken.tries > 1 && {
        kind: "fine",
        cause: `The door opens, but only at try ${taken.tries}: packets get lost on the way.`,
        fix: renderCommand(["edit", target, "--tries", 8], invocation),
      },
  ],
  [
    "near_timeout",
    ({ target, timing, addresses: [taken], invocation }) =>
      taken !== undefined && isOpenAfter(taken) &&
      timing.longestGapMs >= timing.stageTimeoutMs * NEAR && {
        kind: "fine",
        cause:
          `The door opens, but the pause of ${renderDuration(timing.longestGapMs)} between two ` +
          `knocks comes near the ${renderDuration(timing.stageTimeoutMs)} that the firewall waits.`,
        fix: renderFaster({ target, ...timing }, invocation),
      },
  ],
  [
    "horizon_last",
    ({ addresses: [taken], ...door }) =>
      taken !== undefined && isOpenAfter(taken) && describeHorizonLast(door, "The door opens"),
  ],
  ["fine", ({ addresses: [taken] }) =>
    taken !== undefined && isOpenAfter(taken) && {
      kind: "fine",
      cause: "Nothing is wrong: the door is closed before the knocks and open after them.",
      fix: "",
    }],
  [
    "handshake",
    ({ target, addresses: [taken], invocation }) =>
      taken?.handshake?.answer === "answered" && {
        kind: "closed",
        cause:
          "The knocks open the door only when their TCP handshakes have time to end: a network " +
          "on the way, such as a mobile carrier's, ends TCP itself. UDP knocks need no handshake.",
        fix: renderCommand(
          ["edit", target, "--handshake", renderDuration(TRIED_HANDSHAKE_MS)],
          invocation,
        ),
      },
  ],
  [
    "no_service",
    ({ target, port, addresses: [taken], invocation }) =>
      taken?.after?.answer === "refused" && taken.before.answer !== "refused" && {
        kind: "closed",
        cause: `The firewall opens, but nothing listens on port ${port}.`,
        fix: renderCommand(["show", target], invocation),
        remote: `ss -ltn 'sport = :${port}'`,
      },
  ],
  ["unreachable", (door) => describeUnreachable(door, "unreachable")],
  ["one_time", describeOneTime],
  [
    "not_knocked",
    ({ target, port, addresses: [taken], invocation }) =>
      taken !== undefined && taken.after === undefined && taken.before.answer !== "failed" && {
        kind: "fine",
        cause: describeClosed(port, taken),
        fix: renderAgain(target, "", invocation),
      },
  ],
  [
    "refused",
    ({ target, port, addresses: [taken], invocation }) =>
      taken?.before.answer === "refused" && {
        kind: "closed",
        cause: `Port ${port} is refused, with or without a knock: no service listens there, or ` +
          "another rule (another table, ufw, firewalld) rejects the packets before the knocks " +
          "count. The rules of spknock never reject.",
        fix: renderCommand(["show", target], invocation),
        remote: `ss -ltn 'sport = :${port}'; ${LIST_FIREWALLS}`,
      },
  ],
  ["local", ({ addresses: [taken], invocation }) => {
    if (taken === undefined) return undefined;
    const { before, path } = taken;
    const isBlocked = before.answer === "silent" && path.refusal !== undefined;
    if (before.answer !== "failed" && !isBlocked) return undefined;
    return {
      kind: "network",
      cause: toSentence(
        `this machine cannot send to ${taken.address}: ${
          isBlocked ? path.refusal : before.detail
        }` +
          (isBlocked ? ` (its own firewall: ${chooseCommands(invocation.os).firewalls})` : ""),
      ),
      fix: isBlocked
        ? chooseCommands(invocation.os).showFirewall
        : chooseCommands(invocation.os).showRoute(taken.address),
    };
  }],
  ["code_not_taken", (door) => describeCodeNotTaken(door, { isThere })],
  [
    "daemon_not_opening",
    (door) => describeDaemonSilence(door, { isThere }),
  ],
  [
    "not_accepted",
    ({ target, port, addresses: [taken], invocation }) =>
      taken !== undefined && isThere(taken) && {
        kind: "closed",
        cause:
          "The host answers, but the knocks did not open the port: a passphrase, a port or the " +
          "order is wrong (compare with the header of the rules), or the knocks arrive from " +
          "another address than the connection (NAT), " +
          `or another rule (another table, ufw, firewalld) drops port ${port} all the same.`,
        fix: renderCompare(target, invocation),
        remote: LIST_FIREWALLS,
      },
  ],
  ["silence", ({ target, addresses: [taken], invocation }) =>
    taken && {
      kind: "closed",
      cause: `No answer at all from ${taken.address}: the host is down or the address is wrong, ` +
        "or its firewall is silent and the knocks are wrong (compare with the header of the " +
        "rules), or another rule (another table, " +
        "ufw, firewalld) drops the packets before.",
      fix: taken.knockPorts.length === 0
        ? renderAgain(target, "--ports", invocation)
        : renderCompare(target, invocation),
      remote: LIST_FIREWALLS,
    }],
];

/** The one most likely cause. */
export function diagnose(evidence: Evidence): Diagnosis {
  const { door, invocation, time, codes, clocks } = evidence;
  const decideDoor = (each: DoorEvidence) =>
    decide(DOOR, { ...each, invocation, time, codes, clocks });
  return decide(HERE, evidence) ??
    (door === undefined ? decide(ALL, evidence) : diagnoseFamilies(door, decideDoor)) ??
    { code: "fine", kind: "fine", cause: "Nothing is wrong here.", fix: "" };
}

function decide<T>(rows: readonly Row<T>[], evidence: T): Diagnosis | undefined {
  for (const [code, find] of rows) {
    const finding = find(evidence);
    if (finding) return { code, ...finding };
  }
  return undefined;
}

function describeClosed(port: number, { before: { answer }, ping }: AddressEvidence): string {
  if (answer === "silent") {
    const down = ping ? "" : " No answer came at all: a host that is down looks the same.";
    return `Port ${port} is closed without a knock, as it should be (silent).${down}`;
  }
  return `Port ${port} is closed without a knock (${answer}). If that stays so after a knock, no ` +
    "service listens there, or another rule rejects the packets.";
}

/** The delay of a knock of its own can be changed in the file of targets only. */
function renderFaster(
  { target, stageTimeoutMs, isOwnDelay = false }: DoorEvidence["timing"] & { target: string },
  invocation: Evidence["invocation"],
): string {
  if (isOwnDelay) return renderCommand(["show", target], invocation);
  const delay = renderDuration(Math.max(1, Math.round(stageTimeoutMs * GOOD_PAUSE)));
  return renderCommand(["edit", target, "--delay", delay], invocation);
}

/** Returns a moment in the form of the evidence, to the second. */
function addTime(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function isOpenAfter({ after }: AddressEvidence): boolean {
  return after?.answer === "answered";
}

/** Whether anything came back at all. */
function isThere({ ping, before, after, knockPorts }: AddressEvidence): boolean {
  const heard = (syn: SynEvidence | undefined) =>
    syn !== undefined && syn.answer !== "silent" && syn.answer !== "failed";
  return ping === true || heard(before) || heard(after) ||
    knockPorts.some((port) => heard(port.before));
}

/** Messages start small and have no full stop; a sentence is different. */
function toSentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
