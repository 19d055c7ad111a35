/** What `nft list ruleset` prints as tables (nft(8)). */
import type { Base, Chain, Family, FirewallTable, Rule } from "./table.ts";
import { readNftRule } from "./read_nft_rule.ts";

const FAMILIES: Readonly<Record<string, readonly Family[]>> = {
  inet: ["ipv4", "ipv6"],
  netdev: ["ipv4", "ipv6"],
  ip: ["ipv4"],
  ip6: ["ipv6"],
};

/** Names of priorities (nft(8), "Standard priority names"). */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

type Draft = Chain & { rules: Rule[] };

/** Returns the tables of the families that carry packets to this machine. */
export function readNft(lines: readonly string[]): FirewallTable[] {
  const tables: FirewallTable[] = [];
  let chains = new Map<string, Draft>();
  let sets = new Map<string, string>();
  let chain: Draft | undefined;
  let set: string | undefined;
  for (const line of joinOpen(lines)) {
    const text = line.trim();
    const [, family = "", table] = /^table (\w+) (\S+) \{$/.exec(line) ?? [];
    const [, object, name = ""] = /^\t(chain|set|map) (\S+) \{/.exec(line) ?? [];
    if (table !== undefined) {
      [chains, sets] = [new Map(), new Map()];
      const families = FAMILIES[family];
      if (families !== undefined) {
        tables.push({ name: `${family} ${table}`, owner: findOwner(table), families, chains });
      }
    } else if (object === "chain") {
      chain = { base: undefined, rules: [] };
      chains.set(name, chain);
    } else if (object !== undefined) set = name;
    else if (/^\t\}/.test(line)) [chain, set] = [undefined, undefined];
    else if (set !== undefined) {
      const [, elements] = /^elements = (\{.*\})/.exec(text) ?? [];
      if (elements !== undefined) sets.set(set, elements);
    } else if (chain !== undefined) readChainLine(chain, { text, sets });
  }
  return tables;
}

function readChainLine(
  chain: Draft,
  { text, sets }: { text: string; sets: ReadonlyMap<string, string> },
): void {
  const base = readBase(text);
  if (base !== undefined) chain.base = base;
  else if (text !== "" && text !== "}") chain.rules.push(...readNftRule(text, sets));
}

function readBase(text: string): Base | undefined {
  const [, type, hook, named = "", sign, offset = "0", policy] =
    /^type (\w+) hook (\w+) .*?priority (-?\w+)(?: ([+-]) (\d+))?;(?: policy (\w+);)?/.exec(text) ??
      [];
  if (type === undefined || hook === undefined) return undefined;
  const start = PRIORITIES[named] ?? Number(named);
  return {
    type,
    hook,
    priority: (Number.isFinite(start) ? start : 0) + (sign === "-" ? -1 : 1) * Number(offset),
    policy: policy === "drop" ? "drop" : "accept",
  };
}

function findOwner(table: string): FirewallTable["owner"] {
  return table === "firewalld" || table === "fw4" ? table : "nftables";
}

/** Elements and rules can go on in the next lines, until their brace is closed; other braces end a line. */
function joinOpen(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) joined.push(`${joined.pop()} ${line.trim()}`);
    else joined.push(line);
    const last = joined.at(-1) ?? "";
    isOpen = !last.endsWith("{") && last.lastIndexOf("{") > last.lastIndexOf("}");
  }
  return joined;
}
