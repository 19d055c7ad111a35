/** What is weak about a plan, why, and the remedy. Nothing here prevents a rule set. */
import { ADDRESS_BITS, renderFamily } from "../core/address/syntax.ts";
import { parseNetwork } from "../core/address/address.ts";
import { renderDuration } from "../core/duration.ts";
import { type Delay, listGaps } from "../core/sequence.ts";
import { type Knock, renderPortSpec } from "../core/knock.ts";
import { findSkew } from "../core/rolling.ts";
import { haveSameKey } from "../plan/codes.ts";
import {
  BAN_RULE,
  canCoincide,
  type Door,
  isSecret,
  listCodedDoors,
  type Plan,
  SET_SIZE,
} from "../plan/plan.ts";
import { estimateBits, MIN_PASSPHRASE_BITS } from "./passphrase.ts";
import { findFreeWalk, findOrderedDirection, findSmoothStep, isRegular } from "../plan/sweep.ts";

/** Danger: the door opens for anyone or never; warning: it helps an attacker; info: good to know. */
type Severity = "danger" | "warning" | "info";

/** One weakness. */
export interface Weakness {
  /** Stable name, part of the JSON contract. */
  code: string;
  severity: Severity;
  /** What is weak, and why. */
  reason: string;
  /** The fix. */
  remedy: string;
}

/** What is known of a door besides the plan. */
interface DoorFacts {
  /** The passphrase of each knock; undefined where there is none, or where it is not known. */
  passphrases?: readonly (string | undefined)[] | undefined;
  /** The target's pace: milliseconds between knocks, and the knocks with a delay of their own. */
  pace?: { delayMs: Delay; knocks: readonly Pick<Knock, "delayMs">[] } | undefined;
}

/** Payloads under this many bytes can be guessed over the network. */
const SHORT_PAYLOAD = 8;
/** A passphrase below this many bits is guessed at once. */
const TRIVIAL_BITS = 20;
/** The shortest prefix of a trusted network that one owner can have. */
const WIDE_PREFIX = { ipv4: 8, ipv6: 16 } as const;
const SEVERITIES: readonly Severity[] = ["danger", "warning", "info"];

/**
 * Returns the weaknesses of a plan, the worst first.
 *
 * @param facts by the name of a door.
 */
export function findWeaknesses(
  plan: Plan,
  facts: Readonly<Record<string, DoorFacts>> = {},
): Weakness[] {
  const isAlone = plan.doors.length === 1;
  const found = [
    ...plan.doors.flatMap((door) =>
      checkDoor(door, plan, facts[door.name]).map((weakness) =>
        isAlone ? weakness : { ...weakness, reason: `${door.name}: ${weakness.reason}` }
      )
    ),
    ...checkSharedKeys(plan),
    ...checkBan(plan),
    ...checkPrefixes(plan),
    ...checkTrust(plan),
    ...checkFamilies(plan),
  ];
  return found.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function checkDoor(door: Door, plan: Plan, { passphrases = [], pace }: DoorFacts = {}): Weakness[] {
  return [
    isRegular(door) ? checkRegular(door, plan) : checkSecret(door),
    checkCodes(door),
    checkEverything(door),
    checkClosing(door),
    checkRepeats(door),
    checkPace(door, pace),
    checkPassphrases(passphrases),
  ].flat();
}

function checkRegular(door: Door, plan: Plan): Weakness[] {
  if (door.stages.length < 2) {
    return [{
      code: "too-few-knocks",
      severity: "danger",
      reason: "every port scan sends a single regular knock",
      remedy: "use three or more knocks, or a secret knock",
    }];
  }
  return [checkOrder(door, plan), checkGuard(door), checkPairs(door), FLOODED].flat();
}

/** A named service is neutral for the guard; of "all" no port is. */
function checkEverything({ guard, opens }: Door): Weakness[] {
  if (!guard || !opens.some(({ protocol }) => protocol === "all")) return [];
  return [{
    code: "guarded-all",
    severity: "warning",
    reason:
      "a connection that you try while you knock resets your own sequence, since no port is named",
    remedy: "name the ports that you use too, such as --open 22/tcp,all, or use secret knocks",
  }];
}

/** Port numbers in a packet. */
const PORTS = 65_535;
/** What one attacker can send: packets in a second, and seconds in a day. */
const ATTACK_RATE = 100_000;
const DAY_SECONDS = 86_400;

function checkPairs({ stages }: Door): Weakness[] {
  if (stages.length !== 2) return [];
  const days = PORTS ** 2 * 2 / ATTACK_RATE / DAY_SECONDS;
  return [{
    code: "two-knocks",
    severity: "warning",
    reason: `two regular knocks are ${(PORTS ** 2 / 1e9).toFixed(1)} thousand million pairs of ` +
      `ports, and nothing limits the rate: at ${
        ATTACK_RATE / 1_000
      },000 packets a second all are ` +
      `tried in about ${days.toFixed(0)} day`,
    remedy: "use three or more knocks, or secret knocks",
  }];
}

const FLOODED: Weakness = {
  code: "flood",
  severity: "info",
  reason:
    `who knows the first knock can send it from ${SET_SIZE} spoofed addresses within a stage ` +
    "timeout: no other source gets in while that lasts",
  remedy: "begin with a secret knock: it is not known",
};

function checkBan({ ban, families, banPrefix6 }: Plan): Weakness[] {
  if (!ban) return [];
  const { mistakes, banMs } = BAN_RULE;
  const network = families.includes("ipv6") ? ` (over IPv6 for its whole /${banPrefix6})` : "";
  return [{
    code: "ban-lockout",
    severity: "warning",
    reason: `${mistakes + 1} packets with your address as their source lock you out for ` +
      `${
        renderDuration(banMs)
      }${network}, and mistakes of ${SET_SIZE} spoofed addresses a minute fill ` +
      "the list: no source is banned then",
    remedy: "leave out --ban; nothing that this program promises needs it",
  }];
}

function checkPrefixes({ prefixes, families }: Plan): Weakness[] {
  return families.filter((family) => prefixes[family] < ADDRESS_BITS[family]).map((family) => {
    const bits = ADDRESS_BITS[family] - prefixes[family];
    const count = bits <= 16 ? `${2 ** bits}` : `2^${bits}`;
    return {
      code: `wide-prefix-${family}`,
      severity: "danger",
      reason:
        `the door opens for all ${count} addresses of the /${prefixes[family]} of who knocks, ` +
        "and any of them can send any knock",
      remedy: `leave out --prefix${
        family === "ipv4" ? 4 : 6
      }, unless your address changes while you knock`,
    };
  });
}

function checkClosing({ closing }: Door): Weakness[] {
  if (closing.length === 0 || closing.some(isSecret)) return [];
  return [{
    code: "regular-closing",
    severity: "info",
    reason:
      "who finds the closing knocks and sends them with your address as their source closes " +
      "the door for you",
    remedy: "use a secret closing knock",
  }];
}

function checkOrder(door: Door, plan: Plan): Weakness[] {
  const walk = findFreeWalk(door, plan);
  if (walk !== undefined) return [describeConsecutive(walk)];
  const found: Weakness[] = [];
  const ordered = findOrderedDirection(door);
  if (ordered !== undefined) {
    found.push({
      code: "ordered-ports",
      severity: door.guard ? "info" : "danger",
      reason: `the ports are ${ordered}: one ${ordered} port scan sends all knocks in order` +
        (door.guard ? "; only the guard stops it" : ""),
      remedy: "use three or more ports in mixed order",
    });
  }
  const step = findSmoothStep(door, plan);
  if (step !== undefined) {
    found.push({
      code: "adjacent-ports",
      severity: "warning",
      reason: `a port scan sends the knocks ${renderPortSpec(step.from)} and ` +
        `${renderPortSpec(step.to)} one after the other, with no mistake in between`,
      remedy: "use ports that are far apart",
    });
  }
  return found;
}

function describeConsecutive(walk: string): Weakness {
  const scans = walk === "repeated" ? "repeated port scans send" : `one ${walk} port scan sends`;
  return {
    code: "consecutive-ports",
    severity: "danger",
    reason: `${scans} all knocks in order and without a mistake: nothing stops it`,
    remedy: "use ports that are not adjacent, or secret knocks",
  };
}

function checkGuard({ guard }: Door): Weakness[] {
  if (guard) return [];
  return [{
    code: "no-guard",
    severity: "danger",
    reason:
      "regular knocks contain no secret: without a guard, a few full port scans open the door",
    remedy: "keep the guard, or use secret knocks",
  }];
}

function checkSecret(door: Door): Weakness[] {
  const { stages } = door;
  const isFlooded = stages.length > 1 && !stages.slice(0, 1).some(isSecret);
  if (!stages.some(({ codes }) => codes !== undefined)) {
    return [...checkStatic(door), ...(isFlooded ? [FLOODED] : [])];
  }
  return isFlooded ? [{ ...FLOODED, remedy: "leave out the knocks before the code" }] : [];
}

function checkStatic({ stages }: Door): Weakness[] {
  const found: Weakness[] = [{
    code: "replay",
    severity: "info",
    reason:
      "the payloads never change: anyone who records the knocks on their way can send them again",
    remedy: "protect the service itself too, and change the passphrases from time to time",
  }];
  const longest = Math.max(...stages.map((stage) => stage.payload?.length ?? 0));
  if (longest < SHORT_PAYLOAD) {
    found.push({
      code: "short-payload",
      severity: "warning",
      reason: `no payload is longer than ${longest} bytes: an attacker can try all of them`,
      remedy: `use a secret (the hash of a passphrase), or at least ${SHORT_PAYLOAD} random bytes`,
    });
  }
  return found;
}

/** A longer window lets a code that was held back be used for hours. */
const LONG_WINDOW_MS = 3_600_000;

function checkCodes({ name, stages }: Door): Weakness[] {
  const codes = stages.at(-1)?.codes;
  if (codes === undefined) return [];
  const { windowMs, slots } = codes;
  const [window, skew] = [windowMs, findSkew(codes)].map(renderDuration);
  const validity = renderDuration(windowMs + 2 * findSkew(codes));
  const long = windowMs <= LONG_WINDOW_MS ? [] : [
    {
      code: "long-window",
      severity: "warning",
      reason:
        `a code can be used for ${validity}: so long one that did not arrive, or that was read ` +
        "from paper, lets its finder in",
      remedy: `use rolling = { window = "10m" } in the target "${name}", and write new rules`,
    } as const,
  ];
  const single = slots > 1 ? [] : [
    {
      code: "single-slot",
      severity: "warning",
      reason:
        `each key has one code for each ${window}: after one address has used it, no other of ` +
        "the same owner gets in until the next window",
      remedy: "use rolling = { slots = 4 } in the target, or one key for each person",
    } as const,
  ];
  return [...long, ...single, {
    code: "stolen-code",
    severity: "info",
    reason: "a code belongs to the first source that sends it: an attacker who holds back your " +
      `packet, and sends its copy within ${validity}, gets in, and so does everyone behind your address`,
    remedy: "protect the service itself too",
  }, {
    code: "clocks",
    severity: "info",
    reason:
      `where the clocks of sender and firewall differ by more than ${skew}, codes are refused, ` +
      "right ones too",
    remedy: "keep both clocks right (NTP), and a way in that needs no code, such as --trust",
  }];
}

/** The doors that have a key in common: each remembers only the codes that it has seen itself. */
function checkSharedKeys({ doors }: Plan): Weakness[] {
  const coded = listCodedDoors({ doors });
  return coded.flatMap(({ door: { name }, codes }, index) =>
    coded.slice(index + 1).filter((other) =>
      other.codes.windowMs === codes.windowMs && haveSameKey(codes, other.codes)
    ).map(({ door: other }) => ({
      code: "shared-key",
      severity: "danger",
      reason:
        `"${name}" and "${other.name}" have the same key: a copy of a code that was used at ` +
        "one door opens the other",
      remedy: "make a key for each target",
    }))
  );
}

function checkRepeats({ stages }: Door): Weakness[] {
  const twice = stages.find((stage, index) =>
    stages.slice(0, index).some((other) => canCoincide(stage, other))
  );
  if (twice === undefined) return [];
  return [{
    code: "repeated-knock",
    severity: "warning",
    reason: `two knocks on ${renderPortSpec(twice)} can be the same packet: one that the ` +
      `network duplicates counts as both`,
    remedy: "use a different port or secret for each knock",
  }];
}

function checkPace(door: Door, pace: DoorFacts["pace"]): Weakness[] {
  if (pace === undefined || door.stages.length < 2) return [];
  const gaps = listGaps({
    ...pace,
    stageTimeoutMs: door.stageTimeoutMs,
    knocks: pace.knocks.slice(0, door.stages.length - 1),
  });
  const longest = Math.max(...gaps);
  if (longest < door.stageTimeoutMs / 2) return [];
  const [gap, timeout] = [longest, door.stageTimeoutMs].map(renderDuration);
  const never = longest >= door.stageTimeoutMs;
  return [{
    code: "stage-timeout",
    severity: never ? "danger" : "warning",
    reason: `the target waits ${gap} between two knocks, and a stage times out after ${timeout}: ` +
      (never ? "the door can never open" : "a small delay in the network resets the sequence"),
    remedy: `use a stage timeout of ${renderDuration(longest * 4)} or a shorter delay`,
  }];
}

function checkPassphrases(passphrases: readonly (string | undefined)[]): Weakness[] {
  const weak = passphrases.flatMap((passphrase, index) => {
    const bits = passphrase === undefined ? Infinity : Math.floor(estimateBits(passphrase));
    return bits < MIN_PASSPHRASE_BITS ? [{ knock: index + 1, bits }] : [];
  });
  if (weak.length === 0) return [];
  const list = weak.map(({ knock, bits }) => `knock ${knock} (${bits} bits at most)`).join(", ");
  return [{
    code: "weak-passphrase",
    severity: weak.some(({ bits }) => bits < TRIVIAL_BITS) ? "danger" : "warning",
    reason: `anyone who records a knock can guess the passphrase of ${list}; the estimate is by ` +
      "length and kinds of characters, and words are weaker",
    remedy: `use at least ${MIN_PASSPHRASE_BITS} bits, such as 13 random letters and digits ` +
      `or six random words`,
  }];
}

function checkTrust(plan: Plan): Weakness[] {
  const wide = plan.trusted.map(parseNetwork).find(({ family, prefix }) =>
    prefix < WIDE_PREFIX[family]
  );
  if (wide === undefined) return [];
  return [{
    code: "wide-trust",
    severity: "danger",
    reason:
      `the trusted network ${wide.text} is a large part of all addresses, which pass without knocks`,
    remedy: "trust only the networks from which you administer",
  }];
}

function checkFamilies(plan: Plan): Weakness[] {
  const missing = (["ipv4", "ipv6"] as const).find((family) => !plan.families.includes(family));
  if (missing === undefined) return [];
  const name = renderFamily(missing);
  return [{
    code: `no-${missing}`,
    severity: "info",
    reason: `${name} is not covered: there, only your other rules protect the ports`,
    remedy: `cover both families, unless the host has no ${name}`,
  }];
}
