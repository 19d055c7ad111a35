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
import {
  BAN_RULE,
  type Door,
  findBanPrefix,
  listKnocks,
  listNeutral,
  listOtherKnocks,
  listSecretPorts,
  listTranslated,
  type Plan,
  type Stage,
} from "../../../plan/plan.ts";
import { renderFamily } from "../../../core/address/syntax.ts";
import { CODE_BYTES } from "../../../core/rolling.ts";
import { isPorts } from "../../../core/service.ts";
import { type Backend, isAmongSecrets, listBackwards, MISTAKES } from "../../backend.ts";
import {
  type Content,
  listCodeContents,
  renderCodeChains,
  renderCodeSets,
  requireHorizons,
} from "./codes.ts";
import { renderDoorRules, renderExempt, renderForwardChain } from "./door.ts";
import {
  CONNECTIONS,
  type DoorSyntax,
  explain,
  type FamilySyntax,
  listFamilySyntax,
  listKeptSets,
  listProgressSets,
  type Names,
  renderChain,
  renderNetwork,
  renderPortRules,
  renderSet,
  renderSource,
  renderTranslatedRules,
} from "./syntax.ts";
import { renderNftDuration } from "../quote/nft.ts";

/** What nftables supports. */
export const NFT_DATA: Pick<Backend, "supports" | "limits"> = {
  supports: {
    secretKnocks: true,
    codes: true,
    closing: true,
    guard: true,
    ranges: true,
    icmp: true,
    all: true,
    translated: true,
    routed: true,
    doors: true,
    ban: true,
    banIpv6: true,
    prefix: true,
    trusted: true,
    publicServices: true,
    ipv6: true,
    onlyIpv6: true,
    interface: true,
    interfaces: true,
    interfaceWildcard: true,
    interfaceList: false,
  },
  limits: {
    maxKnocks: Infinity,
    maxKeys: Infinity,
    minPayload: 1,
    // The offset of a comparison is one byte in the kernel (`struct nft_payload`).
    maxPayload: 240,
    printablePayload: false,
    wholeSeconds: false,
  },
};

const UDP_HEADER = 8;
const COMPARE_BYTES = 16;
const SYN = "tcp flags & (fin | syn | rst | ack) == syn";

/** A rule set without its wrapper; lines are not indented. */
interface NftRules {
  /** What is flushed when loading again: the sets of stages and mistakes, and one-time codes. */
  flushed: Content[];
  /** Lines that declare the sets. */
  sets: string[];
  /** Lines that declare the chains. */
  chains: string[];
}

/**
 * Returns the rules of a plan.
 *
 * @param names of its sets and chains.
 */
export function renderNftRules(plan: Plan, names: Names): NftRules {
  requireHorizons(plan);
  const families = listFamilySyntax(plan);
  const progress = families.flatMap((syntax) => listProgressSets(plan, syntax, names));
  const kept = families.flatMap((syntax) => listKeptSets(plan, syntax, names));
  return {
    flushed: [
      ...progress.map(({ name }): Content => ({ kind: "set", name })),
      ...listCodeContents(plan, names),
    ],
    sets: [...[...kept, ...progress].flatMap(renderSet), ...renderCodeSets(plan, families, names)],
    chains: [
      ...explain(
        "Every packet to this machine: what is not for these rules is accepted.",
        renderChain(names.own("input"), renderEntryRules(plan, families, names), [
          "type filter hook input priority filter - 5; policy accept;",
        ]),
      ),
      ...families.flatMap((syntax) => renderFamilyChains(plan, syntax, names)),
      ...explain(
        "The door: open sources pass, then what is closed is dropped; the rest is left to other rules.",
        renderChain(names.own("door"), renderDoorRules(plan, families, names)),
      ),
      ...renderForwardChain(plan, families, names),
    ],
  };
}

function renderFamilyChains(plan: Plan, syntax: FamilySyntax, names: Names): string[] {
  return [
    ...plan.doors.flatMap((door) => renderDoorChains(plan, { door, syntax, names })),
    ...explain(
      `What ${renderFamily(syntax.family)} packets do to the sets of their source, in this order.`,
      renderChain(names.own(`knock.${syntax.digit}`), renderKnockRules(plan, syntax, names)),
    ),
  ];
}

/** A door's own chains, each with what it does. */
function renderDoorChains(plan: Plan, request: DoorSyntax): string[] {
  const { door, syntax: { digit }, names } = request;
  const render = (chain: string, words: string, rules: string[]) =>
    explain(words, renderChain(names.door(door, `${chain}.${digit}`), rules));
  return [
    ...(door.closing.length === 0 ? [] : render(
      "close",
      `The closing knocks of ${door.name}, the last one first: it closes the door for its source.`,
      renderClosingRules(plan, request),
    )),
    ...renderCodeChains(plan, request),
    ...render(
      "stages",
      `The knocks of ${door.name}, the last one first: each requires the one before it.`,
      renderStageRules(plan, request),
    ),
    ...(door.guard
      ? render(
        "guard",
        `The guard of ${door.name}: a packet that is not a knock takes its source back to the start.`,
        renderGuardRules(plan, request),
      )
      : []),
  ];
}

function renderEntryRules(plan: Plan, families: readonly FamilySyntax[], names: Names): string[] {
  const knock = ({ digit }: FamilySyntax) => `goto ${names.own(`knock.${digit}`)}`;
  const services = plan.doors.flatMap(({ opens }) => opens);
  return [
    ...renderExempt(plan, families),
    ...explain(
      "Ports of secret knocks: also packets of connections can be knocks there.",
      renderPortRules(listSecretPorts(plan), "").flatMap((match) =>
        families.map((syntax) => `${match}meta nfproto ${syntax.family} ${knock(syntax)}`)
      ),
    ),
    CONNECTIONS,
    ...(services.every(isPorts)
      ? []
      : families.map(({ family }) =>
        `meta l4proto != { tcp, udp } meta nfproto ${family} goto ${names.own("door")}`
      )),
    // All other packets, such as neighbour discovery, are left to the other rules.
    "meta l4proto != { tcp, udp } accept",
    ...families.map((syntax) => `meta nfproto ${syntax.family} ${knock(syntax)}`),
  ];
}

function renderKnockRules(plan: Plan, syntax: FamilySyntax, names: Names): string[] {
  const { digit } = syntax;
  const door = `goto ${names.own("door")}`;
  const guarded = plan.doors.filter(({ guard }) => guard);
  const jumpAll = (doors: readonly Door[], chain: string) =>
    doors.map((each) => `jump ${names.door(each, `${chain}.${digit}`)}`);
  const banned = renderNetwork(syntax, findBanPrefix(plan, syntax.family));
  return [
    ...explain(
      `Broadcast packets${plan.ban ? " and banned sources" : ""}: the sets stay as they are.`,
      [
        `meta pkttype != host ${door}`,
        ...(plan.ban ? [`${banned} @${names.own(`ban.${digit}`)} ${door}`] : []),
      ],
    ),
    "# Knocks.",
    ...jumpAll(plan.doors.filter(({ closing }) => closing.length > 0), "close"),
    ...jumpAll(plan.doors, "stages"),
    ...(listSecretPorts(plan).length > 0 ? [CONNECTIONS] : []),
    ...(guarded.length > 0 || plan.ban
      ? explain("Packets to services that are named: not a mistake.", [
        ...renderPortRules(listNeutral(plan), door),
        ...renderTranslatedRules(plan.doors.flatMap(listTranslated), door),
      ])
      : []),
    ...explain("All other packets are mistakes for the guard.", jumpAll(guarded, "guard")),
    // After the guard: a mistake at an own knock port resets the sequence, but does not count.
    ...(plan.ban
      ? explain("Mistakes are counted, except at knock ports; too many are a ban.", [
        ...renderPortRules(listKnocks(plan), door),
        ...renderBanRules(plan, syntax, names),
      ])
      : []),
    door,
  ];
}

/** The last stage first; each ends the walk through the door's stages. */
function renderStageRules(plan: Plan, { door, syntax, names }: DoorSyntax): string[] {
  const source = renderSource(plan, syntax);
  const nameSet = (stage: number) => names.stage(door, stage, syntax.digit);
  return listBackwards(door.stages).map(({ stage, number }) => {
    const ms = number === door.stages.length ? door.openForMs : door.stageTimeoutMs;
    const match = [
      renderStage(stage, plan),
      ...(number === 1 ? [] : [`${source} @${nameSet(number - 1)}`]),
    ];
    // A wrong code ends the walk as well.
    if (stage.codes !== undefined) {
      return [...match, `goto ${names.door(door, `codes.${syntax.digit}`)}`].join(" ");
    }
    return [
      ...match,
      `update @${nameSet(number)} { ${source} timeout ${renderNftDuration(ms)} }`,
      "return",
    ].join(" ");
  });
}

/** Knocks, accepted or late, and the ports of the other doors' knocks do not reset the door. */
function renderGuardRules(plan: Plan, { door, syntax, names }: DoorSyntax): string[] {
  const source = renderSource(plan, syntax);
  const nameSet = (stage: number) => names.stage(door, stage, syntax.digit);
  return [
    ...listBackwards(door.stages).map(({ stage, number }) =>
      `${renderMatch(stage)} ${source} @${nameSet(number)} return`
    ),
    ...renderPortRules(listOtherKnocks(plan, door), "return"),
    ...door.stages.slice(1).map((_, index) => `delete @${nameSet(index + 1)} { ${source} }`),
  ];
}

/** A closing knock may be an opening one as well: the packet returns to the rules of those. */
function renderClosingRules(plan: Plan, { door, syntax, names }: DoorSyntax): string[] {
  const source = renderSource(plan, syntax);
  const last = door.closing.length;
  const nameSet = (number: number) => names.door(door, `closing${number}.${syntax.digit}`);
  const timeout = renderNftDuration(door.stageTimeoutMs);
  const opened = door.stages.map((_, index) => names.stage(door, index + 1, syntax.digit));
  return listBackwards(door.closing).map(({ stage, number }) =>
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
function renderBanRules(plan: Plan, syntax: FamilySyntax, names: Names): string[] {
  const { digit } = syntax;
  const source = renderNetwork(syntax, findBanPrefix(plan, syntax.family));
  const nameSet = (count: number) => names.own(`miss${count}.${digit}`);
  const write = (set: string, ms: number) =>
    `update @${set} { ${source} timeout ${renderNftDuration(ms)} } goto ${names.own("door")}`;
  return [
    ...MISTAKES.toReversed().map((count) => {
      const has = [...new Set([nameSet(1), nameSet(count)])].map((set) => `${source} @${set}`);
      const next = count === BAN_RULE.mistakes
        ? write(names.own(`ban.${digit}`), BAN_RULE.banMs)
        : write(nameSet(count + 1), BAN_RULE.windowMs);
      return `${has.join(" ")} ${next}`;
    }),
    `${source} != @${nameSet(1)} ${write(nameSet(1), BAN_RULE.windowMs)}`,
  ];
}

/** The knock of a stage; of a connection only a packet with the secret is one. */
function renderStage(stage: Stage, plan: Plan): string {
  const state = isAmongSecrets(stage, plan) ? " ct state != { established, related }" : "";
  return renderMatch(stage) + state;
}

function renderMatch(stage: Stage): string {
  if (stage.protocol === "tcp") return `tcp dport ${stage.port} ${SYN}`;
  const port = `udp dport ${stage.port}`;
  if (stage.codes !== undefined) return `${port} udp length ${UDP_HEADER + CODE_BYTES}`;
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
