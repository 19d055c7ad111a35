/**
 * One-time codes in iptables: there are no sets of payloads, so that the key lies on the firewall's host, and a
 * script (see updater.ts) rewrites the rules of the codes each minute.
 *
 * Measured with live packets, by iptables-nft and iptables-legacy 1.8.9, ipset 7.17:
 * - a set with `maxelem 1` takes the first source and no other: adding is atomic;
 * - a `bitmap:port` has no family: it says to both that a code is used. Each family sets a flag of its own, then
 *   looks for the other's before it binds: of two packets at the same moment, one of each family, at most one
 *   opens, and the code may be lost;
 * - `quota` does not hold: each change of any rule of the table (legacy), and each rewriting of its own rule, starts it
 *   anew. `recent` does not either: its list lets the second source push the first one off.
 *
 * What the rules of the plan have: the stage with a code leads to the chain `codes` of its door, which only the
 * script fills, and each key has a chain whose counter says how often it opened. Loading again leaves `codes`
 * alone. For each code in force it has a rule that leads to a chain of three: flag, bind, and on to the chain of the key.
 */
import { ADDRESS_BITS } from "../../../core/address/syntax.ts";
import { quoteShell } from "../../../core/text.ts";
import { findSkew } from "../../../core/rolling.ts";
import type { CodeKey, Codes } from "../../../plan/codes.ts";
import { type CodedDoor, type Door, listCodedDoors, type Plan } from "../../../plan/plan.ts";
import type { RenderRequest } from "../../backend.ts";
import { checksum } from "../names.ts";
import { type Chain, createBaseName, type RuleContext } from "./syntax.ts";

/** A key, and where its rules and its file are. */
export interface PlacedKey extends CodedDoor {
  /** As in the names of its files and in comments: `DOOR.NAME`. */
  label: string;
  key: CodeKey;
  /** The chain of the door's codes, and the one that opens. */
  entry: string;
  chain: string;
  /** The end of the names of its sets: those of another port or prefix are others. */
  tag: string;
}

/** Windows whose codes are in force at some moment: before, now and after; chains are numbered by the remainder. */
const WINDOWS = [0, 1, 2];
const DIGITS = "0123456789abcdef";
const TAG_DIGITS = 3;

/** Returns the keys of a plan. */
export function listKeys({ plan, names }: Pick<RuleContext, "plan" | "names">): PlacedKey[] {
  return listCodedDoors(plan).flatMap((stage) => {
    const { door, port, codes } = stage;
    const { ipv4, ipv6 } = plan.prefixes;
    const tag = (checksum(`${port} ${ipv4} ${ipv6}`) % 36 ** TAG_DIGITS).toString(36);
    return codes.keys.map((key, index) => ({
      ...stage,
      label: `${door.name}.${key.name}`,
      key,
      entry: names.door(door, "codes"),
      chain: names.knock(door, "k", index + 1),
      tag: tag.padStart(TAG_DIGITS, "0"),
    }));
  });
}

/** Returns the chains of the keys, whose counters say how often each opened. */
export function renderKeyChains(context: RuleContext, door: Door, open: string): Chain[] {
  return listKeys(context).filter((each) => each.door === door).map(({ chain, label, key }) => [
    chain,
    [`-m comment --comment spknock:${label} ${open}`],
    `A code of ${key.name}: its source is open.`,
  ]);
}

/** Returns the chains that only the script fills; those of the doors first. */
export function listCodeChains(context: Pick<RuleContext, "plan" | "names">): string[] {
  const keys = listKeys(context);
  return [
    ...new Set(keys.map(({ entry }) => entry)),
    ...keys.flatMap(({ chain, codes }) =>
      listSlots(codes).flatMap((slot) => WINDOWS.map((window) => `${chain}${slot}${window}`))
    ),
  ];
}

/** Returns the slots as hex digits. */
function listSlots({ slots }: Pick<Codes, "slots">): string[] {
  return [...DIGITS.slice(0, slots)];
}

/** Returns the arguments of a key in the script: see `keys` there. */
export function renderKeyArguments({ label, entry, chain, port, codes, tag }: PlacedKey): string {
  // The time match has whole seconds: a fraction of the skew is left out.
  const skew = findSkew(codes) / 1_000;
  return [
    quoteShell(label),
    quoteShell(entry),
    quoteShell(chain),
    port,
    codes.windowMs / 1_000,
    skew,
    quoteShell(listSlots(codes).join(" ")),
    tag,
  ].join(" ");
}

/** Returns the `netmask` of the sets of sources. */
export function renderNetmask({ prefixes }: Plan, family: Plan["families"][number]): string {
  return prefixes[family] === ADDRESS_BITS[family] ? "" : `netmask ${prefixes[family]} `;
}

/** Returns a pattern of grep for the sets of codes, which loading again keeps. */
export function renderCodeSets(plan: Plan): string {
  return `${createBaseName(plan.name).replaceAll(".", "\\.")}\\.[kw][0-9a-z]\\{11\\}\\.[46]`;
}

/** Returns the folder of the keys and of the script, for a shell; the variable is for tests. */
export function renderFolder({ name }: Pick<Plan, "name">): string {
  return `"\${SPKNOCK_DIR-/etc/spknock}"/${name}`;
}

/** Returns the commands that take a key out, also where the rules are loaded again from the same file. */
export function renderRevokeLines(
  { name }: Pick<Plan, "name">,
  key: { door: string; name: string },
): string[] {
  return [`sh /etc/spknock/${name}/codes.sh revoke ${quoteShell(`${key.door}.${key.name}`)}`];
}

/** Returns the lines of the header about one-time codes, and what is weaker here than with nftables. */
export function renderCodesAdvice(
  { plan, file }: RenderRequest,
  keys: readonly PlacedKey[],
): string[] {
  const [first] = keys;
  if (first === undefined) return [];
  const folder = `/etc/spknock/${plan.name}`;
  const lists = plan.families.map((family) => family === "ipv4" ? "iptables" : "ip6tables");
  return [
    "",
    "One-time codes: this machine makes them itself, because iptables has no sets of payloads. A script",
    `replaces their rules and has to run each minute: ${folder}/codes.sh. Its timer (systemd, else cron):`,
    `  sh ${file} timer`,
    "When it does not run, codes are taken for one more window at most. It never opens longer:",
    "each rule has the time of its code. The codes have no end: --until has no effect here.",
    "Weaker than with nftables:",
    `- The keys are in ${folder}, readable for root only: who reads one can make all codes.`,
    "- A restart of this machine forgets which codes are used: a code that was recorded can be used once more",
    "  until its window is over. Another port and another prefix forget it too.",
    ...(plan.families.length === 1 ? [] : [
      "- A code that two packets carry at the same moment, one over IPv4 and one over IPv6, may open for none.",
    ]),
    "The clock decides. A machine that starts without one takes the codes of the time that it shows, recorded",
    "ones too, until the clock is set; within a minute after that it takes those of the right time.",
    `Who opened, as packets since loading: ${
      lists.map((program) => `${program} -w -nvxL | grep spknock:`).join("; ")
    }`,
    ...keys.map(({ door, key }) =>
      `Take out the key of ${key.name}: ${
        renderRevokeLines(plan, { door: door.name, name: key.name }).join("; ")
      }`
    ),
    "Sources that are open stay open until their time is over. Then write this file again without the key.",
    "",
  ];
}
