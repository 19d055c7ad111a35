/** What is weak about a plan, why, and what helps. Pure; nothing here stops a rule set. */
import { renderDuration } from "../core/duration.ts";
import { type Knock, renderPortSpec } from "../core/knock.ts";
import type { Plan, Stage } from "../core/plan.ts";
import { BAN_RULE } from "../core/plan.ts";
import { parseNetwork } from "./network.ts";
import { estimateBits, MIN_PASSPHRASE_BITS } from "./passphrase.ts";
import { isRegular, orderedDirection, smoothDirection, smoothStep } from "../core/sweep.ts";

/** How bad it is: it opens to anyone or to nobody; it helps an attacker; one should know. */
export type Severity = "danger" | "warning" | "info";

/** One weakness. */
export interface Weakness {
  /** Stable name, part of the JSON contract. */
  code: string;
  severity: Severity;
  /** What is weak, and why. */
  reason: string;
  /** What helps. */
  remedy: string;
}

/** What is known beside the plan. */
export interface WeaknessOptions {
  /** The passphrase of each knock; undefined where there is none or it is not known. */
  passphrases?: readonly (string | undefined)[] | undefined;
  /** The target's pace: milliseconds between knocks, and the knocks that have their own. */
  pace?: { delayMs: number; knocks: readonly Pick<Knock, "delayMs">[] } | undefined;
}

/** Payloads under this many bytes can be guessed over the network. */
const SHORT_PAYLOAD = 8;
/** A passphrase below this many bits falls in no time. */
const TRIVIAL_BITS = 20;
/** Trusted networks with a shorter prefix are wider than anybody's own. */
const WIDE_PREFIX = { ipv4: 8, ipv6: 16 } as const;
const SEVERITIES: readonly Severity[] = ["danger", "warning", "info"];

/** The weaknesses of a plan, the worst first. */
export function weaknesses(plan: Plan, options: WeaknessOptions = {}): Weakness[] {
  const found = [
    isRegular(plan) ? ofRegular(plan) : ofSecret(plan),
    ofRepeats(plan),
    ofPace(plan, options.pace),
    ofPassphrases(options.passphrases ?? []),
    ofTrust(plan),
    ofFamilies(plan),
  ].flat();
  return found.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function ofRegular(plan: Plan): Weakness[] {
  if (plan.stages.length < 2) {
    return [{
      code: "too-few-knocks",
      severity: "danger",
      reason: "a single regular knock is one packet that every port scan sends",
      remedy: "use three or more knocks, or a secret knock",
    }];
  }
  return [ofOrder(plan), ofGuard(plan)].flat();
}

function ofOrder(plan: Plan): Weakness[] {
  const smooth = smoothDirection(plan);
  if (smooth !== undefined) return [ofConsecutive(plan, smooth)];
  const found: Weakness[] = [];
  const ordered = orderedDirection(plan);
  if (ordered !== undefined) {
    found.push({
      code: "ordered-ports",
      severity: plan.guard ? "info" : "danger",
      reason: `the ports are ${ordered}, so one ${ordered} port scan makes all knocks in order` +
        (plan.guard ? "; only the guard holds it off" : ""),
      remedy: "use three or more ports that go up and down",
    });
  }
  const step = smoothStep(plan);
  if (step !== undefined) {
    found.push({
      code: "adjacent-ports",
      severity: "warning",
      reason: `a port scan makes the knocks ${renderPortSpec(step[0])} and ` +
        `${renderPortSpec(step[1])} in a row, with no mistake in between`,
      remedy: "use ports that are far apart",
    });
  }
  return found;
}

/** Consecutive ports are only taken with the ban, which a patient scan stays under. */
function ofConsecutive(plan: Plan, direction: string): Weakness {
  return {
    code: "consecutive-ports",
    severity: plan.ban ? "warning" : "danger",
    reason: `one ${direction} port scan makes all knocks in order and without a mistake; ` +
      (plan.ban
        ? `the ban makes it days instead of seconds: ${BAN_RULE.burst} ports at a time, then a ` +
          `minute's pause, are never too many`
        : "nothing holds it off"),
    remedy: "use ports that are not neighbours, or secret knocks",
  };
}

function ofGuard(plan: Plan): Weakness[] {
  if (plan.guard) return [];
  return [{
    code: "no-guard",
    severity: "danger",
    reason: "regular knocks hold no secret, and without a guard they fall to a few full port scans",
    remedy: "leave the guard on, or use secret knocks",
  }];
}

function ofSecret(plan: Plan): Weakness[] {
  const found: Weakness[] = [{
    code: "replay",
    severity: "info",
    reason:
      "the payloads never change: whoever records the knocks on their way can send them again",
    remedy: "keep what is behind the door safe by itself, and change the passphrases now and then",
  }];
  const longest = Math.max(...plan.stages.map((stage) => stage.payload?.length ?? 0));
  if (longest < SHORT_PAYLOAD) {
    found.push({
      code: "short-payload",
      severity: "warning",
      reason:
        `no payload is longer than ${longest} bytes, and that can be tried out, packet by packet`,
      remedy: `use a secret (the hash of a passphrase), or at least ${SHORT_PAYLOAD} random bytes`,
    });
  }
  return found;
}

function ofRepeats(plan: Plan): Weakness[] {
  const twice = plan.stages.find((stage, index) =>
    plan.stages.slice(0, index).some((other) => isSameKnock(stage, other))
  );
  if (twice === undefined) return [];
  return [{
    code: "repeated-knock",
    severity: "warning",
    reason: `the knock on ${renderPortSpec(twice)} is used twice with the same payload: a packet ` +
      `that the network doubles counts for two`,
    remedy: "give every knock its own port or its own secret",
  }];
}

function ofPace(plan: Plan, pace: WeaknessOptions["pace"]): Weakness[] {
  if (pace === undefined || plan.stages.length < 2) return [];
  const gaps = pace.knocks.slice(0, plan.stages.length - 1)
    .map((knock) => knock.delayMs ?? pace.delayMs);
  const longest = Math.max(...gaps);
  if (longest < plan.stageTimeoutMs / 2) return [];
  const [gap, timeout] = [longest, plan.stageTimeoutMs].map(renderDuration);
  const never = longest >= plan.stageTimeoutMs;
  return [{
    code: "stage-timeout",
    severity: never ? "danger" : "warning",
    reason: `the target waits ${gap} between two knocks, and a stage ends after ${timeout}: ` +
      (never ? "the door can never open" : "a little delay on the way shuts the door"),
    remedy: `use a stage timeout of ${renderDuration(longest * 4)} or a shorter delay`,
  }];
}

function ofPassphrases(passphrases: readonly (string | undefined)[]): Weakness[] {
  const weak = passphrases.flatMap((passphrase, index) => {
    const bits = passphrase === undefined ? Infinity : Math.floor(estimateBits(passphrase));
    return bits < MIN_PASSPHRASE_BITS ? [{ knock: index + 1, bits }] : [];
  });
  if (weak.length === 0) return [];
  const list = weak.map(({ knock, bits }) => `knock ${knock} (${bits} bits at most)`).join(", ");
  return [{
    code: "weak-passphrase",
    severity: weak.some(({ bits }) => bits < TRIVIAL_BITS) ? "danger" : "warning",
    reason: `whoever records a knock can guess the passphrase of ${list}, by length and kinds of ` +
      "characters; words are weaker still",
    remedy: `use at least ${MIN_PASSPHRASE_BITS} bits, such as 13 random letters and digits ` +
      `or six random words`,
  }];
}

function ofTrust(plan: Plan): Weakness[] {
  const wide = plan.trusted.map(parseNetwork).find(({ family, prefix }) =>
    prefix < WIDE_PREFIX[family]
  );
  if (wide === undefined) return [];
  return [{
    code: "wide-trust",
    severity: "danger",
    reason: `${wide.text} is trusted, which is a large part of all addresses: they need not knock`,
    remedy: "trust only the networks that you administer from",
  }];
}

function ofFamilies(plan: Plan): Weakness[] {
  const missing = (["ipv4", "ipv6"] as const).find((family) => !plan.families.includes(family));
  if (missing === undefined) return [];
  const name = missing === "ipv4" ? "IPv4" : "IPv6";
  return [{
    code: `no-${missing}`,
    severity: "info",
    reason: `${name} is not covered: whatever else decides there decides alone`,
    remedy: `cover both families, unless the host has no ${name}`,
  }];
}

function isSameKnock(a: Stage, b: Stage): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  if (a.payload === undefined || b.payload === undefined) return a.payload === b.payload;
  return a.payload.toHex() === b.payload.toHex();
}
