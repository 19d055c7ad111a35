/**
 * The chains of a plan for one family, as lines for iptables-restore.
 *
 * The order is that of docs/firewall-model.md, measured with live packets:
 * - the last stage first; a knock goes (`-g`) to the small chain that writes its stage, and from there
 *   to the door;
 * - `--syn` alone is `FIN,SYN,RST,ACK SYN`, which is a TCP knock;
 * - `string` with `kmp`, because Boyer-Moore can miss in fragmented buffers, and with `length`, because
 *   a longer payload would match too; `--from` leaves out the headers, in which a short payload could
 *   be found;
 * - `recent` is the last match of a rule: `--set` before `string` writes the source even when that fails;
 * - lists of `recent` are shared by both families, but a list that IPv4 made compares 32 bits only, so
 *   that each family has its own.
 */
import { ADDRESS_BITS } from "../../core/address_syntax.ts";
import { renderMask } from "../../core/address.ts";
import {
  BAN_RULE,
  findBanPrefix,
  listSecretPorts,
  type Plan,
  type PortSpec,
  SET_SIZE,
  type Stage,
} from "../../core/plan.ts";
import {
  type FlatPlan,
  isAmongSecrets,
  listBackwards,
  listPorts,
  listTrusted,
  MISTAKES,
} from "../backend.ts";
import { shortenName } from "./names.ts";
import { quoteRestore } from "./quote/restore.ts";

/** Names of chains have at most 28 characters; `spk.` before and `.knock` after. */
const MAX_NAME = 18;
/** The rules have timeouts of their own, so that every plan declares its sets alike. */
const CREATE_TIMEOUT = 300;
const CONNECTIONS = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
const UDP_HEADER = 8;
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;

/** What keeps the lists of sources. */
export type Variant = "ipset" | "recent";

/** The rules of one family. */
export interface IptablesRules {
  /** All chains, the entry first. */
  chains: string[];
  /** The lists of the stages, which are emptied when loading again. */
  progress: string[];
  /** The lists of the open and of the banned sources. */
  kept: string[];
  /** `ipset create ...` without `ipset`, one a list; empty for `recent`. */
  creates: string[];
  /** The input of iptables-restore. */
  restore: string[];
}

/** Returns the start of the name of every chain and list of a target. */
export function createBaseName(name: string): string {
  return `spk.${shortenName(name, MAX_NAME)}`;
}

/** Returns the rules of a plan for one family. */
export function renderIptablesRules(
  plan: FlatPlan,
  family: Plan["families"][number],
  variant: Variant,
): IptablesRules {
  const base = createBaseName(plan.name);
  const last = plan.stages.length;
  const digit = family === "ipv4" ? "4" : "6";
  const prefix = plan.prefixes[family];
  const banPrefix = findBanPrefix(plan, family);
  // A list keeps the prefix that it was made with: another prefix has a list of its own.
  const [listSuffix, countedSuffix] = [prefix, banPrefix]
    .map((length) => length === ADDRESS_BITS[family] ? "" : `n${length}`);
  const nameList = (name: string | number) => `${base}.${name}${listSuffix}.${digit}`;
  const nameCounted = (name: string) => `${base}.${name}${countedSuffix}.${digit}`;
  const progress = [
    ...plan.stages.slice(1).map((_, index) => nameList(index + 1)),
    ...plan.closing.slice(1).map((_, index) => nameList(`c${index + 1}`)),
    ...(plan.ban ? MISTAKES.map((count) => nameCounted(`m${count}`)) : []),
  ];
  const kept = [nameList("o"), ...(plan.ban ? [nameCounted("b")] : [])];
  const counted = [nameCounted("b"), ...MISTAKES.map((count) => nameCounted(`m${count}`))];
  const names: RuleNames = {
    plan,
    family,
    chain: (name) => `${base}.${name}`,
    stageList: (stage) => stage === last ? nameList("o") : nameList(stage),
    closingList: (number) => nameList(`c${number}`),
    banList: nameCounted("b"),
    mistakeList: (count) => nameCounted(`m${count}`),
    lists: variant === "ipset" ? IPSET : makeRecent(family, prefix),
    banLists: variant === "ipset" ? IPSET : makeRecent(family, banPrefix),
    seconds: {
      stage: plan.stageTimeoutMs / 1_000,
      open: plan.openForMs / 1_000,
    },
  };
  const renderNetmask = (length: number) =>
    length === ADDRESS_BITS[family] ? "" : `netmask ${length} `;
  const chains = renderChains(names);
  return {
    chains: chains.map(([chain]) => chain),
    progress,
    kept,
    creates: variant === "recent"
      ? []
      : [...kept, ...progress].map((list) =>
        `create ${list} hash:ip family ${family === "ipv4" ? "inet" : "inet6"} ` +
        renderNetmask(counted.includes(list) ? banPrefix : prefix) +
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

/** The names of chains and lists, and the syntax of what the rules have in common. */
interface RuleNames {
  plan: FlatPlan;
  family: Plan["families"][number];
  chain(name: string | number): string;
  stageList(stage: number): string;
  closingList(number: number): string;
  banList: string;
  mistakeList(count: number): string;
  /** For the lists of mistakes and bans. */
  banLists: Lists;
  lists: Lists;
  seconds: { stage: number; open: number };
}

/** The syntax for checking and writing a list: parts of a rule. */
interface Lists {
  has(list: string, seconds: number): string;
  /** A whole rule; the packet continues with the next one. */
  write(list: string, seconds: number): string;
  /** A whole rule; the packet continues with the next one. */
  remove(list: string): string;
}

const IPSET: Lists = {
  has: (list) => `-m set --match-set ${list} src`,
  write: (list, seconds) => `-j SET --add-set ${list} src --exist --timeout ${seconds}`,
  remove: (list) => `-j SET --del-set ${list} src`,
};

/** @param prefix the length of the part of a source that is compared. */
function makeRecent(family: Plan["families"][number], prefix: number): Lists {
  const isFull = prefix === ADDRESS_BITS[family];
  const end = isFull ? "--rsource" : `--mask ${renderMask(family, prefix)} --rsource`;
  return {
    has: (list, seconds) => `-m recent --rcheck --seconds ${seconds} --name ${list} ${end}`,
    write: (list) => `-m recent --set --name ${list} ${end}`,
    remove: (list) => `-m recent --remove --name ${list} ${end}`,
  };
}

type Chain = [name: string, rules: string[]];

function renderChains(names: RuleNames): Chain[] {
  const { plan, chain, lists, seconds } = names;
  const door = `-g ${chain("door")}`;
  const last = plan.stages.length;
  return [
    ...renderEntryChains(names),
    [chain("knock"), renderKnockRules(names)],
    ...plan.stages.map((_, index): Chain => {
      const stage = index + 1;
      const timeout = stage === last ? seconds.open : seconds.stage;
      return [chain(stage), [lists.write(names.stageList(stage), timeout), door]];
    }),
    ...renderClosingChains(names),
    ...(plan.ban ? renderBanChains(names) : []),
    [chain("door"), renderDoorRules(names)],
  ];
}

/** A closing knock may be an opening one as well: the packet returns to the rules of those. */
function renderClosingChains(
  { plan, family, chain, lists, seconds, ...names }: RuleNames,
): Chain[] {
  const { closing, stages } = plan;
  if (closing.length === 0) return [];
  const matches = listBackwards(closing).map(({ stage, number }) =>
    [
      renderStage(stage, { plan, family }),
      ...(number === 1 ? [] : [lists.has(names.closingList(number - 1), seconds.stage)]),
      `-g ${chain(`c${number}`)}`,
    ].join(" ")
  );
  return [
    [chain("close"), matches],
    ...closing.map((_, index): Chain => [
      chain(`c${index + 1}`),
      index < closing.length - 1
        ? [lists.write(names.closingList(index + 1), seconds.stage)]
        : stages.map((_, stage) => lists.remove(names.stageList(stage + 1))),
    ]),
  ];
}

/** A packet of another interface returns from the first chain; `-g` returns to INPUT at once. */
function renderEntryChains(names: RuleNames): Chain[] {
  const { plan: { interfaces }, chain } = names;
  if (interfaces.length === 0) return [[chain("in"), renderEntryRules(names)]];
  const matches = interfaces.map((name) =>
    `-i ${quoteRestore(name.replace(/\*$/, "+"))} -g ${chain("net")}`
  );
  return [[chain("in"), matches], [chain("net"), renderEntryRules(names)]];
}

function renderEntryRules({ plan, family, chain }: RuleNames): string[] {
  return [
    "-i lo -j RETURN",
    // Accepted at the protected ports; the other rules decide about all other ports.
    ...listTrusted(plan, family).flatMap((network) => [
      ...renderPortRules(plan.protectedPorts, `-s ${network} -j ACCEPT`),
      `-s ${network} -j RETURN`,
    ]),
    ...renderPortRules(listSecretPorts(plan), `-g ${chain("knock")}`),
    CONNECTIONS,
    `-p tcp -g ${chain("knock")}`,
    `-p udp -g ${chain("knock")}`,
  ];
}

function renderKnockRules(names: RuleNames): string[] {
  const { plan, chain, lists, seconds } = names;
  const door = `-g ${chain("door")}`;
  const last = plan.stages.length;
  const numbered = listBackwards(plan.stages);
  const isIn = (stage: number) =>
    lists.has(names.stageList(stage), stage === last ? seconds.open : seconds.stage);
  return [
    `-m pkttype ! --pkt-type unicast ${door}`,
    ...(plan.ban ? [`${names.banLists.has(names.banList, BAN_RULE.banMs / 1_000)} ${door}`] : []),
    ...(plan.closing.length === 0 ? [] : [`-j ${chain("close")}`]),
    ...numbered.map(({ stage, number }) =>
      [
        renderStage(stage, names),
        ...(number === 1 ? [] : [isIn(number - 1)]),
        `-g ${chain(number)}`,
      ].join(" ")
    ),
    ...(listSecretPorts(plan).length > 0 ? [CONNECTIONS] : []),
    ...(plan.guard || plan.ban
      ? [
        ...numbered.map(({ stage, number }) =>
          `${renderMatch(stage, names.family)} ${isIn(number)} ${door}`
        ),
        ...renderPortRules([...plan.protectedPorts, ...plan.publicPorts], door),
      ]
      : []),
    ...(plan.guard
      ? Array.from({ length: last - 1 }, (_, index) => lists.remove(names.stageList(index + 1)))
      : []),
    // After the guard: a mistake at an own knock port resets the sequence, but does not count.
    ...(plan.ban
      ? [...renderPortRules([...plan.stages, ...plan.closing], door), ...renderBanRules(names)]
      : []),
    door,
  ];
}

/** The most mistakes first; a first mistake starts the time in which they count. */
function renderBanRules({ chain, banLists, mistakeList }: RuleNames): string[] {
  const seconds = BAN_RULE.windowMs / 1_000;
  const has = (count: number) => banLists.has(mistakeList(count), seconds);
  return [
    ...MISTAKES.toReversed().map((count) =>
      [
        ...[...new Set([has(1), has(count)])],
        `-g ${chain(count === BAN_RULE.mistakes ? "ban" : `m${count + 1}`)}`,
      ].join(" ")
    ),
    `-g ${chain("m1")}`,
  ];
}

function renderBanChains({ chain, banLists, banList, mistakeList }: RuleNames): Chain[] {
  const door = `-g ${chain("door")}`;
  const { windowMs, banMs } = BAN_RULE;
  return [
    ...MISTAKES.map((count): Chain => [
      chain(`m${count}`),
      [banLists.write(mistakeList(count), windowMs / 1_000), door],
    ]),
    [chain("ban"), [banLists.write(banList, banMs / 1_000), door]],
  ];
}

function renderDoorRules({ plan, lists, stageList, seconds }: RuleNames): string[] {
  const open = lists.has(stageList(plan.stages.length), seconds.open);
  return [
    ...(listSecretPorts(plan).length > 0 ? [CONNECTIONS] : []),
    ...renderPortRules(plan.protectedPorts, `${open} -j ACCEPT`),
    ...renderPortRules(plan.protectedPorts, "-j DROP"),
  ];
}

function renderPortRules(specs: readonly PortSpec[], rest: string): string[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    listPorts(specs, protocol).map((port) => `-p ${protocol} --dport ${port} ${rest}`)
  );
}

/** The knock of a stage; of a connection only a packet with the secret is one. */
function renderStage(stage: Stage, { plan, family }: Pick<RuleNames, "plan" | "family">): string {
  const state = isAmongSecrets(stage, plan) ? " -m conntrack ! --ctstate RELATED,ESTABLISHED" : "";
  return renderMatch(stage, family) + state;
}

function renderMatch(stage: Stage, family: RuleNames["family"]): string {
  if (stage.protocol === "tcp") {
    return `-p tcp --dport ${stage.port} --tcp-flags FIN,SYN,RST,ACK SYN`;
  }
  if (stage.payload === undefined) return `-p udp --dport ${stage.port}`;
  const headers = IP_HEADER[family] + UDP_HEADER;
  return `-p udp --dport ${stage.port} -m length --length ${headers + stage.payload.length} ` +
    `-m string --algo kmp --from ${headers} --hex-string ${renderHexString(stage.payload)}`;
}

/** Returns the payload for the string match: as text if possible, otherwise as bytes between bars. */
function renderHexString(payload: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(payload);
  return /^[A-Za-z0-9]+$/.test(text) ? text : `|${payload.toHex()}|`;
}
