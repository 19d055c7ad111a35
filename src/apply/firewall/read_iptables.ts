/** The lines of `iptables-save` as tables (iptables-extensions(8)). */
import { isSyn } from "./table.ts";
import type { Base, Chain, Condition, Family, FirewallTable, Rule, RuleEnd } from "./table.ts";

/** Whose lines they are. */
interface Origin {
  family: Family;
  isLegacy: boolean;
}

/** Priorities of the kernel's own tables (linux/netfilter_ipv4.h). */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  nat: -100,
  filter: 0,
  security: 50,
};

/** Returns the tables of some lines, without those that are empty. */
export function readIptables(lines: readonly string[], origin: Origin): FirewallTable[] {
  const tables: FirewallTable[] = [];
  let name = "";
  let chains = new Map<string, Chain & { rules: Rule[] }>();
  for (const line of lines) {
    const [, start] = /^\*(\w+)$/.exec(line) ?? [];
    if (start !== undefined) [name, chains] = [start, new Map()];
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (chain !== undefined) chains.set(chain, { base: makeBase(name, chain, policy), rules: [] });
    const [, target = "", rest = ""] = /^-A (\S+)(.*)$/.exec(line) ?? [];
    chains.get(target)?.rules.push(readRule(rest));
    if (line === "COMMIT") tables.push(makeTable(name, chains, origin));
  }
  return tables;
}

function makeTable(
  name: string,
  chains: ReadonlyMap<string, Chain>,
  { family, isLegacy }: Origin,
): FirewallTable {
  const program = `${family === "ipv4" ? "iptables" : "ip6tables"}${isLegacy ? "-legacy" : ""}`;
  return {
    name: `${program} ${name}`,
    owner: findOwner(chains, isLegacy),
    families: [family],
    chains,
  };
}

function findOwner(chains: ReadonlyMap<string, Chain>, isLegacy: boolean): FirewallTable["owner"] {
  const names = [...chains.keys()];
  if (names.some((name) => /^ufw6?-before-input$/.test(name))) return "ufw";
  if (names.includes("INPUT_ZONES")) return "firewalld";
  return isLegacy ? "iptables-legacy" : "iptables";
}

function makeBase(table: string, chain: string, policy: string | undefined): Base | undefined {
  if (policy === "-" || policy === undefined) return undefined;
  return {
    hook: chain.toLowerCase(),
    type: table === "nat" ? "nat" : "filter",
    priority: PRIORITIES[table] ?? 0,
    policy: policy === "DROP" ? "drop" : "accept",
  };
}

/** Options with as many arguments as they have; what has no row is `maybe`, with one that may follow. */
const READERS: Readonly<Record<string, (value: string, not: boolean) => Condition | undefined>> = {
  "-p": (value, not) => ({ kind: "protocol", names: [value], not }),
  "-s": (value, not) => ({ kind: "source", networks: [value], not }),
  "-d": (value, not) => ({ kind: "destination", networks: [value], not }),
  "-i": (value, not) => ({ kind: "device", names: [value], not }),
  "-m": () => undefined,
  "--comment": () => undefined,
  "--dport": readPorts,
  "--dports": readPorts,
  "--ctstate": readStates,
  "--state": readStates,
  "--dst-type": (value, not) => unless(value === "LOCAL" || value === "UNICAST", not),
  "--pkt-type": (value, not) => unless(value === "unicast", not),
  "--tcp-flags": readFlags,
  "--limit": () => undefined,
  "--limit-burst": () => undefined,
  "--icmp-type": () => ({ kind: "never" }),
  "--icmpv6-type": () => ({ kind: "never" }),
  // `rpfilter --invert`, the reverse path: a client that gets answers passes it.
  "--invert": () => ({ kind: "never" }),
  "--validmark": () => undefined,
  "--loose": () => undefined,
  "--rt-type": () => ({ kind: "never" }),
};

function readPorts(value: string, not: boolean): Condition {
  const ranges = value.split(",").map((part) => {
    const [first = "", last = first] = part.split(":");
    return [Number(first), Number(last)] as const;
  });
  return { kind: "port", ranges, not };
}

function readStates(value: string, not: boolean): Condition | undefined {
  return unless(/\b(?:NEW|UNTRACKED)\b/.test(value), not);
}

function readFlags(value: string, not: boolean): Condition | undefined {
  const [mask = [], set = []] = value.toLowerCase().split(" ")
    .map((list) => list.split(",").filter((flag) => flag !== "none"));
  return unless(isSyn(mask, set), not);
}

function unless(matches: boolean, not: boolean): Condition | undefined {
  return matches === not ? { kind: "never" } : undefined;
}

/** Targets after which the next rule is asked. */
const PASSING = new Set(
  "LOG NFLOG ULOG MARK CONNMARK SET TCPMSS TRACE DSCP TOS CLASSIFY CT NOTRACK AUDIT".split(" "),
);

function readRule(text: string): Rule {
  const conditions: Condition[] = [];
  let end: RuleEnd = { kind: "next" };
  for (const { name, not, values } of listOptions(text)) {
    const value = values.join(" ");
    if (name === "-j" || name === "-g") {
      end = readTarget(value, name);
    } else if (name === "--to-destination" || name === "--to-ports") {
      end = { kind: "translate", to: value };
    } else if (end.kind === "next") {
      const read = READERS[name];
      const condition = read === undefined ? { kind: "maybe" } as const : read(value, not);
      if (condition !== undefined) conditions.push(condition);
    }
  }
  return { conditions, end };
}

function readTarget(name: string, option: "-j" | "-g"): RuleEnd {
  if (option === "-g") return { kind: "goto", chain: name };
  if (name === "ACCEPT") return { kind: "accept" };
  if (name === "DROP" || name === "REJECT") return { kind: "drop" };
  if (name === "RETURN") return { kind: "return" };
  if (name === "DNAT" || name === "REDIRECT") return { kind: "translate", to: name.toLowerCase() };
  if (PASSING.has(name)) return { kind: "next" };
  return name === "NFQUEUE" || name === "TARPIT" ? { kind: "other" } : {
    kind: "jump",
    chain: name,
  };
}

interface Option {
  name: string;
  not: boolean;
  values: string[];
}

function listOptions(text: string): Option[] {
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)];
  const options: Option[] = [];
  let not = false;
  for (const [, quoted, word] of words) {
    if (word === "!") {
      not = true;
    } else if (word?.startsWith("-") && !/^-\d/.test(word)) {
      options.push({ name: word, not, values: [] });
      not = false;
    } else options.at(-1)?.values.push(quoted ?? word ?? "");
  }
  return options;
}
