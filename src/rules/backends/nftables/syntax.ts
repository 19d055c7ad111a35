/** What the rules of a plan in nftables' language have in common: names, sources, services. */
import { ADDRESS_BITS, renderFamily } from "../../../core/address/syntax.ts";
import { findNetwork, parseAddress, renderMask } from "../../../core/address/address.ts";
import type { Door, Plan } from "../../../plan/plan.ts";
import { mergePorts, type PortRange, type Service } from "../../../core/service.ts";
import { plural } from "../../../core/text.ts";
import { MISTAKES, renderRange, TRANSPORTS } from "../../backend.ts";
import { requireNftName } from "../quote/nft.ts";

/** The packets of connections, which go on. */
export const CONNECTIONS = "ct state established,related accept";

/** A family in nftables' language. */
export interface FamilySyntax {
  family: Plan["families"][number];
  digit: string;
  address: string;
  /** An echo request. */
  echo: string;
}

const FAMILIES: readonly FamilySyntax[] = [
  { family: "ipv4", digit: "4", address: "ip saddr", echo: "icmp type echo-request" },
  { family: "ipv6", digit: "6", address: "ip6 saddr", echo: "icmpv6 type echo-request" },
];

/** The names of sets and chains: what is a door's own has its name, which has no dot. */
export interface Names {
  /** Of the rule set. */
  own(text: string): string;
  /** Of a door. */
  door(door: Pick<Door, "name">, text: string): string;
  /** Of a set of which all elements are `content`: see {@linkcode createNames}. */
  content(text: string, content: string): string;
  /** The open set for the last stage. */
  stage(door: Door, stage: number, digit: string): string;
}

/** What the rules of a door in one family are rendered with. */
export interface DoorSyntax {
  door: Door;
  syntax: FamilySyntax;
  names: Names;
}

/** Returns the families of a plan. */
export function listFamilySyntax(plan: Plan): FamilySyntax[] {
  return FAMILIES.filter(({ family }) => plan.families.includes(family));
}

/**
 * @param prefix goes before each name.
 * @param options.isKept whether no set can be flushed before it is filled again: then each content has a set of
 * its own, so that what was there before is not in use any more.
 */
export function createNames(prefix: string, { isKept = false }: { isKept?: boolean } = {}): Names {
  const own = (text: string) => requireNftName(prefix + text);
  const nameIn = (door: Pick<Door, "name">, text: string) => own(`${door.name}.${text}`);
  return {
    own,
    door: nameIn,
    content: (text, content) => isKept ? requireNftName(`${text}.${content}`) : text,
    stage: (door, stage, digit) =>
      nameIn(door, stage === door.stages.length ? `open.${digit}` : `stage${stage}.${digit}`),
  };
}

/** Returns lines with a comment in plain words before them; nothing where there are none. */
export function explain(words: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# ${words}`, ...lines];
}

/** Returns a chain, with its rules indented. */
export function renderChain(
  name: string,
  rules: readonly string[],
  head: readonly string[] = [],
): string[] {
  return [`chain ${name} {`, ...[...head, ...rules].map((line) => `\t${line}`), "}"];
}

/** The source as the sets have it. */
export function renderSource(plan: Plan, syntax: FamilySyntax): string {
  return renderNetwork(syntax, plan.prefixes[syntax.family]);
}

/** The network of a source. */
export function renderNetwork({ family, address }: FamilySyntax, prefix: number): string {
  return prefix === ADDRESS_BITS[family] ? address : `${address} & ${renderMask(family, prefix)}`;
}

/** Returns one rule for each transport, by the port that the client sees, before NAT. */
export function renderTranslatedRules(services: readonly PortRange[], rest: string): string[] {
  return renderByTransport(
    services,
    (protocol, ports) => `meta l4proto ${protocol} ct original proto-dst { ${ports} } ${rest}`,
  );
}

/** Returns one rule for each transport, with this verdict for the ports. */
export function renderPortRules(services: readonly Service[], verdict: string): string[] {
  return renderByTransport(
    services,
    (protocol, ports) => `${protocol} dport { ${ports} } ${verdict}`,
  );
}

function renderByTransport(
  services: readonly Service[],
  renderRule: (protocol: string, ports: string) => string,
): string[] {
  return TRANSPORTS.flatMap((protocol) => {
    const ranges = mergePorts(services, protocol);
    if (ranges.length === 0) return [];
    return [renderRule(protocol, ranges.map((range) => renderRange(range)).join(", "))];
  });
}

/** Returns a rule for echo requests of each family, if they are among the services. */
export function renderEchoRules(
  services: readonly Service[],
  families: readonly FamilySyntax[],
  verdict: string,
): string[] {
  if (!services.some(({ protocol }) => protocol === "icmp")) return [];
  return families.map(({ echo }) => `${echo} ${verdict}`);
}

interface NftSet {
  name: string;
  family: Plan["families"][number];
  /** What is in it. */
  words: string;
}

/** Returns the sets of what sources have done until now. */
export function listProgressSets(
  plan: Plan,
  { family, digit }: FamilySyntax,
  names: Names,
): NftSet[] {
  const label = renderFamily(family);
  return [
    ...plan.doors.flatMap((door) => [
      ...door.stages.slice(1).map((_, index) => ({
        name: names.stage(door, index + 1, digit),
        family,
        words: `${label} sources that sent knock ${
          index + 1
        } of ${door.stages.length} of ${door.name}.`,
      })),
      ...door.closing.slice(1).map((_, index) => ({
        name: names.door(door, `closing${index + 1}.${digit}`),
        family,
        words:
          `${label} sources that sent closing knock ${index + 1} of ${door.closing.length} of ` +
          `${door.name}.`,
      })),
    ]),
    ...(plan.ban ? MISTAKES : []).map((count) => ({
      name: names.own(`miss${count}.${digit}`),
      family,
      words: `${label} sources that made ${plural(count, "mistake")} in the last minute.`,
    })),
  ];
}

/** Returns the sets that stay when the rules are loaded again. */
export function listKeptSets(plan: Plan, { family, digit }: FamilySyntax, names: Names): NftSet[] {
  const label = renderFamily(family);
  return [
    ...plan.doors.map((door) => ({
      name: names.stage(door, door.stages.length, digit),
      family,
      words: `${label} sources that sent all knocks of ${door.name}: it is open for them.`,
    })),
    ...(plan.ban
      ? [{
        name: names.own(`ban.${digit}`),
        family,
        words: `${label} sources that made too many mistakes: their knocks do not count.`,
      }]
      : []),
  ];
}

/** Returns the lines that declare a set. */
export function renderSet({ name, family, words }: NftSet): string[] {
  return explain(words, [
    `set ${name} {`,
    `\ttype ${family}_addr`,
    "\tflags dynamic,timeout",
    "}",
  ]);
}

/** Returns the names of the open sets. */
export function listOpenSets(plan: Plan, names: Names): string[] {
  return plan.doors.flatMap((door) =>
    listFamilySyntax(plan).map(({ digit }) => names.stage(door, door.stages.length, digit))
  );
}

/** Returns the commands that take addresses, or their networks, off the open sets; see `ServerBackend.renderShut`. */
export function renderShut(
  plan: Plan,
  addresses: readonly string[],
  { table, names }: { table: string; names: Names },
): string[] {
  return plan.doors.flatMap((door) =>
    listFamilySyntax(plan).flatMap(({ family, digit }) =>
      addresses.map(parseAddress).filter((each) => each.family === family).flatMap((address) => {
        const set = `${table} ${names.stage(door, door.stages.length, digit)}`;
        const [element = ""] = findNetwork(address, plan.prefixes[family]).text.split("/", 1);
        // One that is not there cannot be deleted, and "destroy" needs nft 1.0.7.
        return [
          `add element ${set} { ${element} timeout 1s }`,
          `delete element ${set} { ${element} }`,
        ];
      })
    )
  );
}
