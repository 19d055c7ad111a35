/**
 * The chains of a plan for one family, as lines for iptables-restore.
 *
 * The order is that of the model (`gate/model.ts`), measured with live packets:
 * - the last stage first; a knock goes (`-g`) to the small chain that writes its stage, and from
 *   there to the door;
 * - `--syn` alone is `FIN,SYN,RST,ACK SYN`: what a TCP knock is;
 * - `string` with `kmp`, for Boyer-Moore may miss on fragmented buffers, and with `length`, without
 *   which trailing bytes open; `--from` leaves out the headers, in which a short payload could be
 *   found;
 * - `recent` comes last in a rule: `--set` before `string` writes the source even when that fails;
 * - lists of `recent` are shared by both families but compare 32 bits only in one that IPv4 made, so
 *   each family has its own.
 */
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import { distinctPorts, portsOf, secondsOf, unsupported } from "./backend.ts";
import { BAN_RULE, SET_SIZE } from "../core/plan.ts";
import { shortName } from "./names.ts";
import { quoteRestore } from "./quote/restore.ts";

/**
 * The longest pattern of the string match: the kernel takes 128 bytes (`XT_STRING_MAX_PATTERN_SIZE`),
 * `--hex-string` between bars only 127 (measured, iptables 1.8.9).
 */
const MAX_PAYLOAD = 127;
/** Names of chains have at most 28 characters; `spk.` before and `.knock` after. */
const MAX_NAME = 18;
const MAX_STAGES = 999;
/** The rules name their timeouts themselves, so that any plan declares its sets alike. */
const CREATE_TIMEOUT = 300;
const UDP_HEADER = 8;
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;
/** A source's bucket is full again by then. */
const BUCKET_EXPIRE_MS = 60_000;

/** Where the lists of sources are kept. */
export type Variant = "ipset" | "recent";

/** The rules of one family. */
export interface IptablesRules {
  /** All chains, the entry first. */
  chains: string[];
  /** The lists that hold progress, to be emptied when loading again. */
  progress: string[];
  /** The lists of who is in, and of who is banned. */
  kept: string[];
  /** `ipset create ...` without `ipset`, one a list; empty for `recent`. */
  creates: string[];
  /** The input of iptables-restore. */
  restore: string[];
}

/** The name before every chain and list of a target. */
export function baseName(name: string): string {
  return `spk.${shortName(name, MAX_NAME)}`;
}

/**
 * The rules of a plan for one family.
 *
 * @throws {UsageError} with code `unsupported`.
 */
export function renderIptablesRules(
  plan: Plan,
  family: Plan["families"][number],
  variant: Variant,
): IptablesRules {
  refuse(plan);
  const base = baseName(plan.name);
  const last = plan.stages.length;
  const digit = family === "ipv4" ? "4" : "6";
  const listOf = (name: string | number) => `${base}.${name}.${digit}`;
  const progress = Array.from({ length: last - 1 }, (_, index) => listOf(index + 1));
  const kept = [listOf("o"), ...(plan.ban ? [listOf("b")] : [])];
  const words: Words = {
    plan,
    family,
    chain: (name) => `${base}.${name}`,
    stageList: (stage) => stage === last ? listOf("o") : listOf(stage),
    banList: listOf("b"),
    bucket: listOf("m"),
    lists: variant === "ipset" ? IPSET : RECENT,
    seconds: {
      stage: secondsOf("iptables", "stage timeout", plan.stageTimeoutMs),
      open: secondsOf("iptables", "open time", plan.openForMs),
    },
  };
  const chains = chainsOf(words);
  return {
    chains: chains.map(([chain]) => chain),
    progress,
    kept,
    creates: variant === "recent"
      ? []
      : [...kept, ...progress].map((list) =>
        `create ${list} hash:ip family ${family === "ipv4" ? "inet" : "inet6"} ` +
        `timeout ${CREATE_TIMEOUT} maxelem ${SET_SIZE} -exist`
      ),
    restore: [
      "*filter",
      ...chains.map(([chain]) => `:${chain} - [0:0]`),
      ...chains.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
      "COMMIT",
    ],
  };
}

function refuse(plan: Plan): void {
  if (plan.stages.length > MAX_STAGES) {
    throw unsupported("iptables", `more than ${MAX_STAGES} knocks`);
  }
  if (plan.stages.some(({ payload }) => payload !== undefined && payload.length > MAX_PAYLOAD)) {
    throw unsupported("iptables", `a payload of more than ${MAX_PAYLOAD} bytes`);
  }
}

interface Words {
  plan: Plan;
  family: Plan["families"][number];
  chain(name: string | number): string;
  stageList(stage: number): string;
  banList: string;
  bucket: string;
  lists: Lists;
  seconds: { stage: number; open: number };
}

/** How a list is asked and written: parts of a rule. */
interface Lists {
  has(list: string, seconds: number): string;
  /** A whole rule, which does not end the walk. */
  write(list: string, seconds: number): string;
  /** A whole rule, which does not end the walk. */
  remove(list: string): string;
}

const IPSET: Lists = {
  has: (list) => `-m set --match-set ${list} src`,
  write: (list, seconds) => `-j SET --add-set ${list} src --exist --timeout ${seconds}`,
  remove: (list) => `-j SET --del-set ${list} src`,
};

const RECENT: Lists = {
  has: (list, seconds) => `-m recent --rcheck --seconds ${seconds} --name ${list} --rsource`,
  write: (list) => `-m recent --set --name ${list} --rsource`,
  remove: (list) => `-m recent --remove --name ${list} --rsource`,
};

type Chain = [name: string, rules: string[]];

function chainsOf(words: Words): Chain[] {
  const { plan, chain, lists, seconds } = words;
  const door = `-g ${chain("door")}`;
  const last = plan.stages.length;
  return [
    [chain("in"), entryRules(words)],
    [chain("knock"), knockRules(words)],
    ...plan.stages.map((_, index): Chain => {
      const stage = index + 1;
      const timeout = stage === last ? seconds.open : seconds.stage;
      return [chain(stage), [lists.write(words.stageList(stage), timeout), door]];
    }),
    [chain("door"), doorRules(words)],
  ];
}

function entryRules({ plan, family, chain }: Words): string[] {
  const trusted = plan.trusted.filter((text) => text.includes(":") === (family === "ipv6"));
  return [
    "-i lo -j RETURN",
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ...(plan.interface === undefined
      ? []
      : [`! -i ${quoteRestore(plan.interface.replace(/\*$/, "+"))} -j RETURN`]),
    // Trusted for what the knocks open; the rest is for the other rules to say.
    ...trusted.flatMap((network) => [
      ...portRules(plan.open, `-s ${network} -j ACCEPT`),
      `-s ${network} -j RETURN`,
    ]),
    `-p tcp -g ${chain("knock")}`,
    `-p udp -g ${chain("knock")}`,
  ];
}

function knockRules(words: Words): string[] {
  const { plan, chain, lists, seconds } = words;
  const door = `-g ${chain("door")}`;
  const last = plan.stages.length;
  const numbered = plan.stages.map((stage, index) => ({ stage, number: index + 1 })).reverse();
  const isIn = (stage: number) =>
    lists.has(words.stageList(stage), stage === last ? seconds.open : seconds.stage);
  return [
    `-m pkttype ! --pkt-type unicast ${door}`,
    ...(plan.ban ? [`${lists.has(words.banList, BAN_RULE.banMs / 1_000)} ${door}`] : []),
    ...numbered.map(({ stage, number }) =>
      [
        matchOf(stage, words.family),
        ...(number === 1 ? [] : [isIn(number - 1)]),
        `-g ${chain(number)}`,
      ].join(" ")
    ),
    ...(plan.guard || plan.ban
      ? [
        ...numbered.map(({ stage, number }) =>
          `${matchOf(stage, words.family)} ${isIn(number)} ${door}`
        ),
        ...portRules([...plan.open, ...plan.public], door),
      ]
      : []),
    ...(plan.guard
      ? Array.from({ length: last - 1 }, (_, index) => lists.remove(words.stageList(index + 1)))
      : []),
    // After the guard: a mistake on an own knock port loses the progress, but does not count.
    ...(plan.ban ? [...portRules(plan.stages, door), banRule(words)] : []),
    door,
  ];
}

function banRule({ bucket, banList, lists }: Words): string {
  const { perMinute, burst, banMs } = BAN_RULE;
  return `-m hashlimit --hashlimit-above ${perMinute}/minute --hashlimit-burst ${burst} ` +
    `--hashlimit-mode srcip --hashlimit-name ${bucket} ` +
    `--hashlimit-htable-expire ${BUCKET_EXPIRE_MS} ${lists.write(banList, banMs / 1_000)}`;
}

function doorRules({ plan, lists, stageList, seconds }: Words): string[] {
  const open = lists.has(stageList(plan.stages.length), seconds.open);
  return [...portRules(plan.open, `${open} -j ACCEPT`), ...portRules(plan.open, "-j DROP")];
}

function portRules(specs: readonly PortSpec[], rest: string): string[] {
  const distinct = distinctPorts(specs);
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    portsOf(distinct, protocol).map((port) => `-p ${protocol} --dport ${port} ${rest}`)
  );
}

function matchOf(stage: Stage, family: Words["family"]): string {
  if (stage.protocol === "tcp") {
    return `-p tcp --dport ${stage.port} --tcp-flags FIN,SYN,RST,ACK SYN`;
  }
  if (stage.payload === undefined) return `-p udp --dport ${stage.port}`;
  const headers = IP_HEADER[family] + UDP_HEADER;
  return `-p udp --dport ${stage.port} -m length --length ${headers + stage.payload.length} ` +
    `-m string --algo kmp --from ${headers} --hex-string ${hexString(stage.payload)}`;
}

/** The payload as the string match takes it: text where it is, else bytes between bars. */
function hexString(payload: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(payload);
  return /^[A-Za-z0-9]+$/.test(text) ? text : `|${payload.toHex()}|`;
}
