/**
 * The sets and chains of a plan in nftables' language, as both nftables back ends wrap them.
 *
 * The order is that of docs/firewall-model.md, measured with live packets:
 * - the last stage first, and each rule ends the walk: otherwise one packet could pass two stages that
 *   share a port;
 * - a knock goes to the door like any other packet: a dropped knock port would be `filtered` among
 *   closed ones;
 * - `update` renews an entry, `add` would not. The timeouts are in the rules, so that the sets are
 *   declared alike for every plan and survive a reload with another timeout;
 * - no `size`: the kernel gives 65535 to a set that a rule writes to (measured, as `nft list` shows); a
 *   declared size takes its memory at once, 1 MiB a set (kernel 6.18), and makes loading 25 times
 *   slower;
 * - one raw payload comparison takes at most 128 bits, and without `udp length` it compares a prefix;
 * - regular UDP accepts any payload: Debian's `knock -u` sends one byte.
 */
import { ADDRESS_BITS } from "../../core/address_syntax.ts";
import { renderMask } from "../../core/address.ts";
import {
  BAN_RULE,
  findBanPrefix,
  listSecretPorts,
  type Plan,
  type PortSpec,
  type Stage,
} from "../../core/plan.ts";
import {
  type Backend,
  isAmongSecrets,
  listBackwards,
  listPorts,
  listTrusted,
  MISTAKES,
} from "../backend.ts";
import { quoteNft, renderNftDuration, requireNftName } from "./quote/nft.ts";

/** What nftables supports. */
export const NFT_DATA: Pick<Backend, "supports" | "limits"> = {
  supports: {
    secretKnocks: true,
    guard: true,
    ban: true,
    banIpv6: true,
    prefix: true,
    trusted: true,
    publicPorts: true,
    closing: true,
    ipv6: true,
    onlyIpv6: true,
    interface: true,
    interfaces: true,
    interfaceWildcard: true,
    interfaceList: false,
  },
  limits: {
    maxKnocks: Infinity,
    minPayload: 1,
    // The offset of a comparison is one byte in the kernel (`struct nft_payload`).
    maxPayload: 240,
    printablePayload: false,
    wholeSeconds: false,
  },
};

const UDP_HEADER = 8;
const COMPARE_BYTES = 16;
const CONNECTIONS = "ct state established,related accept";
const SYN = "tcp flags & (fin | syn | rst | ack) == syn";

interface FamilySyntax {
  family: Plan["families"][number];
  digit: string;
}

const FAMILIES: readonly FamilySyntax[] = [
  { family: "ipv4", digit: "4" },
  { family: "ipv6", digit: "6" },
];
const ADDRESSES = { ipv4: "ip saddr", ipv6: "ip6 saddr" } as const;

/** A rule set without its wrapper; lines are not indented. */
export interface NftRules {
  /** The names of the sets of stages and mistakes, which are flushed when loading again. */
  progress: string[];
  /** The name of each family's open set. */
  openSets: Record<Plan["families"][number], string>;
  /** Lines that declare the sets. */
  sets: string[];
  /** Lines that declare the chains. */
  chains: string[];
}

/**
 * Returns the rules of a plan.
 *
 * @param prefix goes before each name of a set and a chain.
 */
export function renderNftRules(plan: Plan, prefix = ""): NftRules {
  const families = FAMILIES.filter(({ family }) => plan.families.includes(family));
  const name = (text: string) => requireNftName(prefix + text);
  const stageCount = plan.stages.length - 1;
  const progress = families.flatMap(({ digit }) => [
    ...Array.from({ length: stageCount }, (_, index) => name(`stage${index + 1}_${digit}`)),
    ...plan.closing.slice(1).map((_, index) => name(`closing${index + 1}_${digit}`)),
    ...(plan.ban ? MISTAKES.map((count) => name(`miss${count}_${digit}`)) : []),
  ]);
  const kept = families.flatMap(({ digit }) => [
    name(`open_${digit}`),
    ...(plan.ban ? [name(`ban_${digit}`)] : []),
  ]);
  return {
    progress,
    openSets: { ipv4: name("open_4"), ipv6: name("open_6") },
    sets: [...kept, ...progress].flatMap((set) => renderSet(set, set.endsWith("4"))),
    chains: [
      ...renderChain(name("input"), renderEntryRules(plan, families, name), [
        "type filter hook input priority filter - 5; policy accept;",
      ]),
      ...families.flatMap((syntax) => [
        ...(plan.closing.length === 0 ? [] : renderChain(
          name(`close_${syntax.digit}`),
          renderClosingRules(plan, syntax, name),
        )),
        ...renderChain(name(`knock_${syntax.digit}`), renderKnockRules(plan, syntax, name)),
      ]),
      ...renderChain(name("door"), renderDoorRules(plan, families, name)),
    ],
  };
}

function renderChain(
  name: string,
  rules: readonly string[],
  head: readonly string[] = [],
): string[] {
  return [`chain ${name} {`, ...[...head, ...rules].map((line) => `\t${line}`), "}"];
}

function renderSet(name: string, isIpv4: boolean): string[] {
  return [
    `set ${name} {`,
    `\ttype ${isIpv4 ? "ipv4_addr" : "ipv6_addr"}`,
    "\tflags dynamic,timeout",
    "}",
  ];
}

function renderEntryRules(
  plan: Plan,
  families: readonly FamilySyntax[],
  name: (text: string) => string,
): string[] {
  return [
    `iifname "lo" accept`,
    ...renderOtherInterfaces(plan),
    ...families.flatMap(({ family }) => {
      const networks = listTrusted(plan, family);
      return networks.length === 0
        ? []
        : [`${ADDRESSES[family]} { ${networks.join(", ")} } accept`];
    }),
    ...(renderPortRules(listSecretPorts(plan), "").flatMap((match) =>
      families.map(({ family, digit }) =>
        `${match}meta nfproto ${family} goto ${name(`knock_${digit}`)}`
      )
    )),
    CONNECTIONS,
    // All other packets, such as neighbour discovery, are left to the other rules.
    "meta l4proto != { tcp, udp } accept",
    ...families.map(({ family, digit }) => `meta nfproto ${family} goto ${name(`knock_${digit}`)}`),
  ];
}

/** Not a set of names: before nft 1.0.3 a wildcard cannot be in one. */
function renderOtherInterfaces({ interfaces }: Plan): string[] {
  if (interfaces.length === 0) return [];
  return [`${interfaces.map((name) => `iifname != ${quoteNft(name)}`).join(" ")} accept`];
}

function renderKnockRules(
  plan: Plan,
  syntax: FamilySyntax,
  name: (text: string) => string,
): string[] {
  const { digit } = syntax;
  const source = renderSource(plan, syntax.family);
  const door = `goto ${name("door")}`;
  const last = plan.stages.length;
  const nameSet = (stage: number) => name(`${stage === last ? "open" : `stage${stage}`}_${digit}`);
  const renderTimeout = (stage: number) =>
    renderNftDuration(stage === last ? plan.openForMs : plan.stageTimeoutMs);
  const numbered = listBackwards(plan.stages);
  const isWatched = plan.guard || plan.ban;
  const hasSecrets = listSecretPorts(plan).length > 0;
  return [
    // Broadcast packets do not count as mistakes.
    `meta pkttype != host ${door}`,
    ...(plan.ban
      ? [
        `${renderNetwork(syntax.family, findBanPrefix(plan, syntax.family))} @${
          name(`ban_${digit}`)
        } ${door}`,
      ]
      : []),
    ...(plan.closing.length === 0 ? [] : [`jump ${name(`close_${digit}`)}`]),
    ...numbered.map(({ stage, number }) =>
      [
        renderStage(stage, plan),
        ...(number === 1 ? [] : [`${source} @${nameSet(number - 1)}`]),
        `update @${nameSet(number)} { ${source} timeout ${renderTimeout(number)} }`,
        door,
      ].join(" ")
    ),
    ...(hasSecrets ? [CONNECTIONS] : []),
    ...(isWatched
      ? [
        ...numbered.map(({ stage, number }) =>
          `${renderMatch(stage)} ${source} @${nameSet(number)} ${door}`
        ),
        ...renderPortRules([...plan.protectedPorts, ...plan.publicPorts], door),
      ]
      : []),
    ...(plan.guard
      ? Array.from(
        { length: last - 1 },
        (_, index) => `delete @${nameSet(index + 1)} { ${source} }`,
      )
      : []),
    // After the guard: a mistake at an own knock port resets the sequence, but does not count.
    ...(plan.ban
      ? [
        ...renderPortRules([...plan.stages, ...plan.closing], door),
        ...renderBanRules(plan, syntax, name),
      ]
      : []),
    door,
  ];
}

/** A closing knock may be an opening one as well: the packet returns to the rules of those. */
function renderClosingRules(
  plan: Plan,
  syntax: FamilySyntax,
  name: (text: string) => string,
): string[] {
  const { digit } = syntax;
  const source = renderSource(plan, syntax.family);
  const last = plan.closing.length;
  const nameSet = (number: number) => name(`closing${number}_${digit}`);
  const timeout = renderNftDuration(plan.stageTimeoutMs);
  const opened = [
    name(`open_${digit}`),
    ...plan.stages.slice(1).map((_, index) => name(`stage${index + 1}_${digit}`)),
  ];
  return listBackwards(plan.closing).map(({ stage, number }) =>
    [
      renderStage(stage, plan),
      ...(number === 1 ? [] : [`${source} @${nameSet(number - 1)}`]),
      ...(number === last
        ? opened.map((set) => `delete @${set} { ${source} }`)
        : [`update @${nameSet(number)} { ${source} timeout ${timeout} }`]),
      "return",
    ].join(" ")
  );
}

/** The most mistakes first: each ends the walk. */
function renderBanRules(
  plan: Plan,
  syntax: FamilySyntax,
  name: (text: string) => string,
): string[] {
  const { digit } = syntax;
  const source = renderNetwork(syntax.family, findBanPrefix(plan, syntax.family));
  const nameSet = (count: number) => name(`miss${count}_${digit}`);
  const write = (set: string, ms: number) =>
    `update @${set} { ${source} timeout ${renderNftDuration(ms)} } goto ${name("door")}`;
  return [
    ...MISTAKES.toReversed().map((count) => {
      const has = [...new Set([nameSet(1), nameSet(count)])].map((set) => `${source} @${set}`);
      const next = count === BAN_RULE.mistakes
        ? write(name(`ban_${digit}`), BAN_RULE.banMs)
        : write(nameSet(count + 1), BAN_RULE.windowMs);
      return `${has.join(" ")} ${next}`;
    }),
    `${source} != @${nameSet(1)} ${write(nameSet(1), BAN_RULE.windowMs)}`,
  ];
}

/** The source as the sets have it. */
export function renderSource(plan: Plan, family: FamilySyntax["family"]): string {
  return renderNetwork(family, plan.prefixes[family]);
}

function renderNetwork(family: FamilySyntax["family"], prefix: number): string {
  const address = ADDRESSES[family];
  return prefix === ADDRESS_BITS[family] ? address : `${address} & ${renderMask(family, prefix)}`;
}

function renderDoorRules(
  plan: Plan,
  families: readonly FamilySyntax[],
  name: (text: string) => string,
): string[] {
  return [
    ...(listSecretPorts(plan).length > 0 ? [CONNECTIONS] : []),
    ...families.map((syntax) =>
      `${renderSource(plan, syntax.family)} @${name(`open_${syntax.digit}`)} accept`
    ),
    ...renderPortRules(plan.protectedPorts, "drop"),
  ];
}

/** Returns one rule for each transport, with this verdict for the ports. */
function renderPortRules(specs: readonly PortSpec[], verdict: string): string[] {
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const ports = listPorts(specs, protocol);
    if (ports.length === 0) return [];
    return [`${protocol} dport { ${ports.join(", ")} } ${verdict}`];
  });
}

/** The knock of a stage; of a connection only a packet with the secret is one. */
function renderStage(stage: Stage, plan: Plan): string {
  const state = isAmongSecrets(stage, plan) ? " ct state != { established, related }" : "";
  return renderMatch(stage) + state;
}

function renderMatch(stage: Stage): string {
  if (stage.protocol === "tcp") return `tcp dport ${stage.port} ${SYN}`;
  const port = `udp dport ${stage.port}`;
  if (stage.payload === undefined) return port;
  const length = UDP_HEADER + stage.payload.length;
  return [port, `udp length ${length}`, ...renderComparisons(stage.payload)].join(" ");
}

function renderComparisons(payload: Uint8Array): string[] {
  const parts: string[] = [];
  for (let start = 0; start < payload.length; start += COMPARE_BYTES) {
    const part = payload.subarray(start, start + COMPARE_BYTES);
    parts.push(`@th,${8 * (UDP_HEADER + start)},${8 * part.length} 0x${part.toHex()}`);
  }
  return parts;
}
