/**
 * What commands of knockd do to a firewall: which rules they add and delete, and which services these are about.
 * Read are iptables, ip6tables, nft, ufw, firewall-cmd, ipset and Debian's knock_add.
 *
 * Rules:
 * - two commands are about the same rule where they differ by the verb, the order and the names of options,
 *   comments and the place in the chain only;
 * - a rule that accepts (or translates) opens when it is added, one that drops when it is deleted;
 * - `nft delete rule ... handle` names no rule: it fits any that is added to the same chain.
 */
import { listDistinctServices, type Service } from "../../../core/service.ts";
import { readNftServices, readServices } from "./firewall_services.ts";
import { listCommands } from "../shell/commands.ts";

/** A change of one rule. */
export interface RuleChange {
  /** Equal for commands about the same rule. */
  rule: string;
  /** Whether it fits each rule that begins with `rule`. */
  isLoose: boolean;
  verb: "add" | "delete";
  /** Whether it lets more through than before. */
  isOpening: boolean;
  /** What it is about; undefined where that cannot be read. */
  services: Service[] | undefined;
  /** The family that it is for; undefined for both. */
  family: "ipv4" | "ipv6" | undefined;
}

/** What a line of commands does. */
interface CommandReading {
  changes: RuleChange[];
  /** Commands that do something else. */
  others: number;
}

type Reader = (words: readonly string[], program: string) => RuleChange | undefined;

const READERS: Readonly<Record<string, Reader>> = {
  iptables: readIptables,
  ip6tables: readIptables,
  nft: readNft,
  ufw: readUfw,
  "firewall-cmd": readFirewallCmd,
  ipset: readIpset,
  knock_add: readKnockAdd,
};

/** Returns what a command line of knockd does. */
export function readCommands(line: string): CommandReading {
  const changes: RuleChange[] = [];
  let others = 0;
  for (const [program = "", ...words] of listCommands(line)) {
    if (HARMLESS.has(program)) continue;
    const name = program.replace(/-(?:legacy|nft)$/, "");
    const change = Object.hasOwn(READERS, name) ? READERS[name]?.(words, name) : undefined;
    if (change === undefined) others++;
    else changes.push(change);
  }
  return { changes, others };
}

/** Commands that change nothing. */
const HARMLESS: ReadonlySet<string> = new Set([":", "true", "sleep", "logger", "echo"]);

/** Long names of options, and those that mean the same. */
const IPTABLES_NAMES: Readonly<Record<string, string>> = {
  "--append": "-A",
  "--insert": "-I",
  "--delete": "-D",
  "--table": "-t",
  "--source": "-s",
  "--src": "-s",
  "--protocol": "-p",
  "--proto": "-p",
  "--jump": "-j",
  "--match": "-m",
  "--in-interface": "-i",
  "--destination-port": "--dport",
  "--destination-ports": "--dports",
};
const IPTABLES_VERBS: Readonly<Record<string, RuleChange["verb"]>> = {
  "-A": "add",
  "-I": "add",
  "-D": "delete",
};
const DROPPING: ReadonlySet<string> = new Set(["DROP", "REJECT"]);
const OPENING: ReadonlySet<string> = new Set(["ACCEPT", "DNAT", "REDIRECT", "RETURN"]);

/** Returns the options with their values; `!` belongs to the option after it. */
function groupOptions(words: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (const [index, word] of words.entries()) {
    const isNegation = word === "!";
    const isOption = /^-/.test(word) && !/^-\d/.test(word);
    if (isNegation || (isOption && words[index - 1] !== "!")) groups.push([]);
    const [name = "", ...value] = isOption && word.startsWith("--") ? word.split("=") : [word];
    const more = value.length === 0 ? [] : [value.join("=")];
    groups.at(-1)?.push(IPTABLES_NAMES[name] ?? name, ...more);
  }
  return groups;
}

function readIptables(words: readonly string[], program: string): RuleChange | undefined {
  const groups = groupOptions(words).filter(([name, value]) =>
    !(name === "--comment" || (name === "-m" && ["comment", "tcp", "udp"].includes(value ?? "")) ||
      name === "-w" || name === "--wait")
  );
  const find = (name: string) => groups.find(([first]) => first === name);
  const [action, chain] = groups.find(([name = ""]) => Object.hasOwn(IPTABLES_VERBS, name)) ?? [];
  const verb = action === undefined ? undefined : IPTABLES_VERBS[action];
  const table = find("-t")?.[1] ?? "filter";
  const match = groups.filter(([name = ""]) =>
    name !== "-t" && !Object.hasOwn(IPTABLES_VERBS, name)
  );
  if (verb === undefined || chain === undefined || match.length === 0) return undefined;
  const target = find("-j")?.[1] ?? "";
  const isDropping = DROPPING.has(target);
  const isKnown = isDropping || OPENING.has(target);
  const family = program === "ip6tables" ? "ipv6" : "ipv4";
  return {
    rule: [program, table, chain, ...match.map((group) => group.join(" ")).sort()].join(" "),
    isLoose: false,
    verb,
    isOpening: (verb === "add") !== isDropping,
    services: isKnown ? readServices(match) : undefined,
    family,
  };
}

function readNft(words: readonly string[]): RuleChange | undefined {
  const [action = "", kind = "", ...rest] = words.join(" ").split(/\s+/)
    .filter((word) => !/^-[a-z]$|^--/.test(word));
  const verb =
    ({ add: "add", insert: "add", create: "add", delete: "delete", destroy: "delete" } as const)[
      action
    ];
  if (verb === undefined || (kind !== "rule" && kind !== "element")) return undefined;
  const handle = rest.indexOf("handle");
  const isLoose = verb === "delete" && kind === "rule" && handle >= 0;
  const named = isLoose ? rest.slice(0, handle) : rest;
  const text = named.join(" ").replace(/ comment ("[^"]*"|\S+)| counter| timeout \w+/g, "");
  const isDropping = /\b(?:drop|reject)\b/.test(text);
  return {
    rule: `nft ${kind} ${/^(?:inet|ip6?|bridge|netdev) /.test(text) ? text : `ip ${text}`}`,
    isLoose,
    verb,
    isOpening: (verb === "add") !== isDropping,
    services: kind === "rule" && !isLoose ? readNftServices(text) : undefined,
    family: /\bip6 saddr\b/.test(text) ? "ipv6" : /\bip saddr\b/.test(text) ? "ipv4" : undefined,
  };
}

function readUfw(words: readonly string[]): RuleChange | undefined {
  const plain = words.filter((word) => !word.startsWith("--"));
  const isDelete = plain.includes("delete");
  const start = plain.findIndex((word) => /^(?:allow|limit|deny|reject)$/.test(word));
  const action = plain[start];
  if (action === undefined) return undefined;
  const rest = plain.slice(start + 1).join(" ").replace(/ comment .*$/, "");
  const port = /\bport (\S+)/.exec(rest)?.[1] ?? /^(?:in )?(\S+)$/.exec(rest)?.[1];
  const [ports = "", ending] = (port ?? "").split("/");
  const protocol = /\bproto (tcp|udp)\b/.exec(rest)?.[1] ?? ending;
  const isDropping = action === "deny" || action === "reject";
  const groups = [["--dports", ports], ["-p", protocol ?? "tcp"]];
  const both = protocol === undefined ? [...groups.slice(0, 1), ["-p", "udp"]] : undefined;
  const services = port === undefined ? undefined : readServices(groups);
  const udp = both === undefined || isNamed(ports) ? [] : readServices(both) ?? [];
  return {
    rule: `ufw ${action === "limit" ? "allow" : action} ${rest}`,
    isLoose: false,
    verb: isDelete ? "delete" : "add",
    isOpening: isDelete === isDropping,
    services: services && listDistinctServices([...services, ...udp]),
    family: undefined,
  };
}

const isNamed = (ports: string) => /^[a-z]/i.test(ports);

function readFirewallCmd(words: readonly string[]): RuleChange | undefined {
  const options = groupOptions(words);
  const found = options.find(([name = ""]) => /^--(?:add|remove)-/.test(name));
  const [name = "", value = ""] = found ?? [];
  const verb = name.startsWith("--add-")
    ? "add"
    : name.startsWith("--remove-")
    ? "delete"
    : undefined;
  if (verb === undefined) return undefined;
  const zone = options.find(([each]) => each === "--zone")?.[1] ?? "";
  const kind = name.replace(/^--(?:add|remove)-/, "");
  const isDropping = /\b(?:drop|reject)\b/.test(value);
  return {
    rule: `firewall-cmd ${zone} ${kind} ${value.replaceAll(/['"]/g, "")}`,
    isLoose: false,
    verb,
    isOpening: (verb === "add") !== isDropping,
    services: readFirewalldServices(kind, value.replaceAll(/['"]/g, "")),
    family: /\bfamily=ipv4\b/.test(value)
      ? "ipv4"
      : /\bfamily=ipv6\b/.test(value)
      ? "ipv6"
      : undefined,
  };
}

function readFirewalldServices(kind: string, value: string): Service[] | undefined {
  const toGroups = (ports = "", protocol = "tcp") => [["--dport", ports], ["-p", protocol]];
  if (kind === "port") return readServices(toGroups(...value.split("/")));
  if (kind === "service") return readServices(toGroups(value));
  const rich = /\bport port=(\S+)/.exec(value)?.[1];
  const service = /\bservice name=(\S+)/.exec(value)?.[1];
  if (kind !== "rich-rule" || (rich ?? service) === undefined) return undefined;
  return readServices(toGroups(rich ?? service, /\bprotocol=(tcp|udp)/.exec(value)?.[1]));
}

function readIpset(words: readonly string[]): RuleChange | undefined {
  const [action = "", set = "", ...rest] = words.filter((word) => !word.startsWith("-"));
  const entry = rest.join(" ").replace(/ timeout \d+/, "");
  const verb = ({ add: "add", del: "delete" } as const)[action];
  if (verb === undefined) return undefined;
  return {
    rule: `ipset ${set} ${entry}`,
    isLoose: false,
    verb,
    isOpening: verb === "add",
    services: undefined,
    family: undefined,
  };
}

/** Debian's helper: `knock_add -i -c INPUT -p tcp -d 443 -f %IP%`, with `-x` to delete. */
function readKnockAdd(words: readonly string[]): RuleChange | undefined {
  const options = groupOptions(words);
  const has = (...names: string[]) => options.some(([name = ""]) => names.includes(name));
  const read = (...names: string[]) => options.find(([name = ""]) => names.includes(name))?.[1];
  const verb = has("-x", "-D") ? "delete" : has("-a", "-A", "-i", "-I") ? "add" : undefined;
  const port = read("-d", "--dstport");
  if (verb === undefined || port === undefined) return undefined;
  const protocol = read("-p") ?? "tcp";
  const source = read("-f", "--srcaddr") ?? "";
  return {
    rule: `knock_add ${read("-c", "--chain") ?? "INPUT"} ${protocol} ${port} ${source}`,
    isLoose: false,
    verb,
    isOpening: verb === "add",
    services: readServices([["--dport", port], ["-p", protocol]]),
    family: "ipv4",
  };
}
