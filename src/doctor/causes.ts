/**
 * From evidence to the one most likely cause: a table, in the order of certainty. The first row that
 * applies decides.
 */
import { renderDuration } from "../core/duration.ts";
import type { AddressEvidence, DoorEvidence, Evidence, SynEvidence } from "./evidence.ts";

/** The most likely cause. */
export interface Diagnosis {
  /** Stable: part of the JSON contract. */
  code: string;
  /** One sentence. */
  cause: string;
  /** What to do; "" where nothing is wrong. */
  fix: string;
  /** What kind of trouble it is, for the exit code. */
  kind: "fine" | "closed" | "config" | "network" | "secret";
}

type Finding = Omit<Diagnosis, "code"> | undefined;

/** A part of the stage timeout from which a pause is near it. */
const NEAR = 0.5;
/** A clock before this was never set: no spknock is older. */
const FIRST_DAY = "2025-01-01";

const HERE: readonly [code: string, find: (evidence: Evidence) => Finding][] = [
  ["file", ({ files }) => {
    const problem = files.find((file) => file.problem !== undefined)?.problem;
    return problem;
  }],
  ["clock", ({ time }) =>
    time >= FIRST_DAY ? undefined : {
      kind: "config",
      cause: `The clock of this machine says ${time}.`,
      fix: "set it, or let NTP do it: timedatectl set-ntp true",
    }],
  ["name", ({ names }) => {
    const failed = names.find(({ failure }) => failure !== undefined);
    return failed && {
      kind: "network",
      cause: `${sentence(failed.failure?.message ?? "")}.`,
      fix: failed.failure?.hint ?? "check the spelling of the host",
    };
  }],
];

const DOOR: readonly [code: string, find: (door: DoorEvidence) => Finding][] = [
  ["secret", ({ noSecret }) =>
    noSecret && {
      kind: "secret",
      cause: `${sentence(noSecret.message)}, so no knock was sent.`,
      fix: noSecret.hint ?? "spknock show TARGET tells where the secrets come from",
    }],
  ["cannot_send", ({ addresses }) => {
    const failed = addresses[0]?.failure;
    return failed && {
      kind: "network",
      cause: `${sentence(failed.message)}.`,
      fix: failed.hint ?? "see the machine's routes with: ip route; ip -6 route",
    };
  }],
  [
    "too_slow",
    ({ timing: { longestGapMs, stageTimeoutMs }, addresses }) =>
      longestGapMs < stageTimeoutMs || addresses.some(isOpenAfter) ? undefined : {
        kind: "closed",
        cause:
          `The pause of ${renderDuration(longestGapMs)} between two knocks is longer than the ` +
          `${renderDuration(stageTimeoutMs)} that the firewall waits for the next one.`,
        fix: "give the target a smaller delay, or the firewall a longer stage timeout",
      },
  ],
  [
    "open_already",
    ({ port, addresses }) =>
      !addresses[0] || addresses[0].before.answer !== "answered" ? undefined : {
        kind: "fine",
        cause:
          `Port ${port} is open before any knock: there was a knock from here lately, or no rule ` +
          "guards it.",
        fix: "wait until the open time is over and look again: spknock doctor --no-knock",
      },
  ],
  ["other_family", ({ addresses: [taken, ...others] }) => {
    const open = others.find(isOpenAfter);
    return taken === undefined || open === undefined || isOpenAfter(taken) ? undefined : {
      kind: "closed",
      cause:
        `The knocks open the door at ${open.address}, but not at ${taken.address}, the first ` +
        "address of the name.",
      fix: open.family === taken.family
        ? `use the address itself as the host: ${open.address}`
        : `use family = "${open.family}", and the same for what connects afterwards`,
    };
  }],
  [
    "loss",
    ({ addresses: [taken] }) =>
      !taken || !isOpenAfter(taken) || taken.tries < 2 ? undefined : {
        kind: "fine",
        cause: `The door opens, but only at try ${taken.tries}: packets get lost on the way.`,
        fix: "give the target more tries (tries = 8), or copies = 2",
      },
  ],
  [
    "near_timeout",
    ({ timing: { longestGapMs, stageTimeoutMs }, addresses: [taken] }) =>
      !taken || !isOpenAfter(taken) || longestGapMs < stageTimeoutMs * NEAR ? undefined : {
        kind: "fine",
        cause:
          `The door opens, but the pause of ${renderDuration(longestGapMs)} between two knocks ` +
          `comes near the ${renderDuration(stageTimeoutMs)} that the firewall waits.`,
        fix: "give the target a smaller delay",
      },
  ],
  ["fine", ({ addresses: [taken] }) =>
    !taken || !isOpenAfter(taken) ? undefined : {
      kind: "fine",
      cause: "Nothing is wrong: the door is closed before the knocks and open after them.",
      fix: "",
    }],
  [
    "no_service",
    ({ port, addresses: [taken] }) =>
      taken?.after?.answer !== "refused" || taken.before.answer === "refused" ? undefined : {
        kind: "closed",
        cause: `The firewall opens, but nothing listens on port ${port}.`,
        fix: "start the service there, or let the target's probe ask for the right port",
      },
  ],
  ["refused", ({ port, addresses: [taken] }) =>
    taken?.before.answer !== "refused" ? undefined : {
      kind: "closed",
      cause:
        `Port ${port} is refused${taken.after ? ", with or without a knock" : ""}: no service ` +
        "listens there, or the firewall rejects and ignores the knocks.",
      fix: "see whether the service runs; then compare ports, order and passphrases with its rules",
    }],
  ["unreachable", ({ addresses: [taken] }) => {
    // Hosts send few such messages in a second: one of several questions may see silence.
    const seen = [taken?.after, taken?.before].find((syn) => syn?.answer === "unreachable");
    return seen && {
      kind: "closed",
      cause: `${taken?.address} answers with ICMP: ${seen.detail}.`,
      fix: "is it the right address? If a firewall says so, compare ports, order and passphrases",
    };
  }],
  ["local", ({ addresses: [taken] }) =>
    taken?.before.answer !== "failed" ? undefined : {
      kind: "network",
      cause: `This machine cannot connect to ${taken.address}: ${taken.before.detail}.`,
      fix: "see the machine's routes and its own firewall: ip route; nft list ruleset",
    }],
  [
    "not_knocked",
    ({ port, addresses: [taken] }) =>
      !taken || taken.after !== undefined ? undefined : {
        kind: "closed",
        cause: `Port ${port} is silent, and no knock was sent.`,
        fix: "let the doctor knock: leave --no-knock out",
      },
  ],
  ["not_accepted", ({ addresses: [taken] }) =>
    !taken || !isThere(taken) ? undefined : {
      kind: "closed",
      cause:
        "The host answers, but the knocks did not open the port: a passphrase, a port or the " +
        "order is wrong, or they arrive from another address than the connection (NAT).",
      fix: "compare spknock show TARGET with the firewall's rules, and its log with our address",
    }],
  ["silence", ({ addresses: [taken] }) =>
    taken && {
      kind: "closed",
      cause: `No answer at all from ${taken.address}: the host is down or the address is wrong, ` +
        "or its firewall is silent and the knocks are wrong.",
      fix: "ask from another network; then compare ports, order and passphrases with its rules",
    }],
];

/** The one most likely cause. */
export function diagnose(evidence: Evidence): Diagnosis {
  for (const [code, find] of HERE) {
    const finding = find(evidence);
    if (finding !== undefined) return { code, ...finding };
  }
  const { door } = evidence;
  for (const [code, find] of door === undefined ? [] : DOOR) {
    const finding = find(door as DoorEvidence);
    if (finding !== undefined) return { code, ...finding };
  }
  return { code: "fine", kind: "fine", cause: "Nothing is wrong here.", fix: "" };
}

function isOpenAfter({ after }: AddressEvidence): boolean {
  return after?.answer === "answered";
}

/** Whether anything came back at all. */
function isThere({ ping, before, after, knockPorts }: AddressEvidence): boolean {
  const heard = (syn: SynEvidence | undefined) =>
    syn !== undefined && syn.answer !== "silent" && syn.answer !== "failed";
  return ping === true || heard(before) || heard(after) ||
    knockPorts.some((port) => heard(port.before) || heard(port.after));
}

/** Messages start small; a sentence does not. */
function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
