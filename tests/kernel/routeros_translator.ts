/**
 * RouterOS' firewall on Linux netfilter, rule by rule: what a router holds after it has run a script becomes the
 * input of iptables-restore, ip6tables-restore and `ipset restore`. It proves the logic and the order of
 * the lines, and nothing about RouterOS. What it does not know is an error, with its line.
 */
import { parseAddress } from "../../src/core/address/address.ts";
import { shortenName } from "../../src/rules/backends/names.ts";
import type { Item, Router } from "../rules/router.ts";
import { MATCHERS, type MatchPlace } from "./routeros_matchers.ts";

type Family = MatchPlace["family"];

/** The menus of a family begin with it. */
export const FAMILY_MENUS = { ipv4: "/ip", ipv6: "/ipv6" } as const;

/** A set of addresses. */
export interface SetDraft {
  /** The address list that it is. */
  list: string;
  family: Family;
  type: "hash:ip" | "hash:net";
  /** The entries that a script has added. */
  networks: readonly string[];
}

/** Everything that a router's firewall is on Linux. */
export interface Translation {
  /** By the name that they have there. */
  sets: ReadonlyMap<string, SetDraft>;
  /** For `iptables-restore --noflush` and its twin: own chains only, to which {@linkcode HOOKS} lead. */
  rules: Readonly<Record<Family, string>>;
}

/** The chains of RouterOS that packets enter by themselves, and the chain and the table in Linux that leads there. */
export const HOOKS = [
  { menu: "filter", chain: "input", table: "filter", from: "INPUT" },
  { menu: "filter", chain: "forward", table: "filter", from: "FORWARD" },
  { menu: "nat", chain: "dstnat", table: "nat", from: "PREROUTING" },
] as const;

/** The longest names of chains in iptables, and of sets. */
const LIMITS = { chain: 28, set: 31 } as const;

/** Begins the names of everything that is translated. */
export const OWN = "ros:";

/** The chain of Linux. */
export function nameChain(chain: string): string {
  return shortenName(`${OWN}${chain}`, LIMITS.chain);
}

function nameSet(list: string, family: Family): string {
  return shortenName(`${OWN}${family === "ipv4" ? 4 : 6}:${list}`, LIMITS.set);
}

/**
 * Translates the filter, the NAT rules and the address lists of both families.
 *
 * @param members the interfaces of each interface list.
 */
export function translateRouter(
  router: Router,
  members: Readonly<Record<string, readonly string[]>>,
): Translation {
  const sets = new Map<string, SetDraft>();
  const rules = (family: Family) => {
    const place: TranslationPlace = { router, members, family, sets };
    return ["filter", "nat"].map((menu) => translateMenu(place, menu)).join("");
  };
  const translated = { ipv4: rules("ipv4"), ipv6: rules("ipv6") };
  return { sets, rules: translated };
}

interface TranslationPlace {
  router: Router;
  members: Readonly<Record<string, readonly string[]>>;
  family: Family;
  sets: Map<string, SetDraft>;
}

function translateMenu(place: TranslationPlace, menu: string): string {
  const items = place.router.menu(`${FAMILY_MENUS[place.family]} firewall ${menu}`);
  const used = items.flatMap((item) => [item["chain"] ?? "", item["jump-target"] ?? []].flat());
  const chains = new Set([
    ...HOOKS.filter((hook) => hook.menu === menu).map(({ chain }) => chain),
    ...used,
  ]);
  const lines = items.flatMap((item) => translateRule(place, item));
  const heads = [...chains].map((chain) => `:${nameChain(chain)} - [0:0]`);
  return [`*${menu}`, ...heads, ...lines, "COMMIT", ""].join("\n");
}

/** Properties that are no matchers: the rule's place, and what belongs to its action. */
const NOT_MATCHERS = new Set([
  ..."action chain comment jump-target address-list address-list-timeout disabled".split(" "),
  "in-interface-list",
]);

/** The lines of one rule: one for each interface of an interface list. */
function translateRule(place: TranslationPlace, item: Item): string[] {
  if (item["disabled"] === "yes") return [];
  const fail = (what: string): never => {
    throw new SyntaxError(`line ${place.router.findLine(item) ?? "?"}: ${what}`);
  };
  const matchPlace: MatchPlace = {
    family: place.family,
    nameSet: (list) => requireSet(place, list, fail),
    fail,
  };
  const matches = Object.entries(item).filter(([name]) => !NOT_MATCHERS.has(name))
    .map(([name, value]) => {
      const match = MATCHERS.find((matcher) => matcher.name === name) ??
        fail(`unknown property "${name}"`);
      return { order: MATCHERS.indexOf(match), text: match.render(value, matchPlace) };
    })
    .sort((a, b) => a.order - b.order).map(({ text }) => text);
  const chain = nameChain(item["chain"] ?? fail("no chain"));
  const target = translateAction(place, item, matchPlace);
  return listInterfaces(place, item, fail).map((name) =>
    ["-A", chain, ...name, ...matches, target].join(" ")
  );
}

function listInterfaces(
  { members }: TranslationPlace,
  item: Item,
  fail: (what: string) => never,
): string[][] {
  const list = item["in-interface-list"];
  if (list === undefined) return [[]];
  const names = members[list] ?? fail(`unknown interface list "${list}"`);
  return names.map((name) => ["-i", name]);
}

function translateAction(
  { sets }: TranslationPlace,
  item: Item,
  { nameSet, fail }: MatchPlace,
): string {
  const { action, "address-list-timeout": timeout } = item;
  const isAdd = action?.endsWith("-to-address-list") === true;
  if (isAdd !== (timeout !== undefined)) fail(`"address-list-timeout" with action "${action}"`);
  switch (action) {
    case "accept":
      return "-j ACCEPT";
    case "drop":
      return "-j DROP";
    case "return":
      return "-j RETURN";
    case "jump":
      return `-j ${nameChain(item["jump-target"] ?? fail("no jump-target"))}`;
    case "add-src-to-address-list":
    case "add-dst-to-address-list": {
      const list = item["address-list"] ?? fail("no address-list");
      const set = nameSet(list);
      if (sets.get(set)?.type === "hash:net") fail(`a rule adds to the networks of list "${list}"`);
      const side = action.slice("add-".length, "add-src".length);
      return `-j SET --add-set ${set} ${side} --exist --timeout ${
        parseSeconds(timeout ?? "", fail)
      }`;
    }
    default:
      return fail(`unknown action "${action}"`);
  }
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** As RouterOS reads it: `1h30m`, `5s`. */
function parseSeconds(text: string, fail: (what: string) => never): number {
  if (!/^(\d+[smhdw])+$/.test(text)) return fail(`unknown time "${text}"`);
  return [...text.matchAll(/(\d+)([smhdw])/g)]
    .reduce((sum, [, count, unit]) => sum + Number(count) * (SECONDS[unit ?? ""] ?? NaN), 0);
}

/** The set of an address list, with what a script has put into it. */
function requireSet(
  { router, family, sets }: TranslationPlace,
  list: string,
  fail: (what: string) => never,
): string {
  const name = nameSet(list, family);
  if (sets.has(name)) return name;
  const entries = router.menu(`${FAMILY_MENUS[family]} firewall address-list`)
    .filter((entry) => entry["list"] === list && entry["dynamic"] !== "yes");
  for (const entry of entries) checkEntry(entry, fail);
  const networks = entries.map((entry) => entry["address"] ?? "");
  sets.set(name, { list, family, type: networks.length > 0 ? "hash:net" : "hash:ip", networks });
  return name;
}

/** A list of networks that rules add to is not translated: Linux would add a network. */
function checkEntry(entry: Item, fail: (what: string) => never): void {
  const { list, address = "", comment: _, ...more } = entry;
  for (const name of Object.keys(more)) fail(`unknown property "${name}" of list "${list}"`);
  parseAddress(address.replace(/\/\d+$/, ""));
}
