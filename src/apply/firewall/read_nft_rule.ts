/** One rule of nftables, as `nft list` prints it. */
import { type Condition, isSyn, type Rule, type RuleEnd } from "./table.ts";

type Sets = ReadonlyMap<string, string>;

const VALUE = String.raw`((?:(?:==|!=) )?)(\{[^}]*\}|@[\w.-]+|"[^"]*"|[^\s{"@,]+(?:, ?[^\s,]+)*)`;

/** What a rule also does, without an effect on its verdict. A rate lets the first packet pass. */
const STATEMENTS = [
  String.raw`comment "[^"]*"`,
  String.raw`counter(?: name "[^"]*")?(?: packets \d+ bytes \d+)?`,
  String.raw`log(?: (?:prefix "[^"]*"|(?:level|group|flags|snaplen|queue-threshold) \S+))*`,
  String.raw`(?:meta|ct) (?:mark|nftrace|priority|label) set \S+(?: (?:and|or|xor|&|\|) \S+)*`,
  String.raw`(?:update|add|delete) @\S+ \{[^}]*\}`,
  String.raw`limit rate \d+\S*(?: burst \d+ \w+)?`,
  String.raw`xt match "?comment"?`,
].map((pattern) => new RegExp(String.raw`(?<!\S)${pattern}(?!\S)`, "g"));

/** How a rule can end; the first one that fits. */
const VERDICTS = [
  /(?<!\S)(accept|drop|return|continue)$/,
  /(?<!\S)(jump|goto) (\S+)$/,
  /(?<!\S)(reject|queue|dnat|redirect|tproxy|snat|masquerade|notrack)(?: (.*))?$/,
];

/** Returns a rule of nftables; several where a verdict map decides. */
export function readNftRule(line: string, sets: Sets): Rule[] {
  const text = STATEMENTS.reduce((left, pattern) => left.replace(pattern, " "), line);
  const map = /((?:ct|tcp|udp|th|ip6?|meta) \w+|iifname|iif|pkttype) vmap \{([^}]*)\}/.exec(text);
  if (map === null) {
    return / vmap /.test(text)
      ? [{ conditions: [{ kind: "maybe" }], end: { kind: "other" } }]
      : [readPlain(text, sets)];
  }
  const [whole, selector = "", elements = ""] = map;
  return elements.split(",").map((element) => {
    const [, key = "", verdict = ""] = /^(.*) : (.*)$/.exec(element.trim()) ?? [];
    return readPlain(`${text.replace(whole, () => `${selector} ${key}`)} ${verdict}`, sets);
  });
}

function readPlain(text: string, sets: Sets): Rule {
  const trimmed = text.trim();
  const [verdict = "", word = "", rest = ""] = VERDICTS.map((each) => each.exec(trimmed))
    .find((found) => found !== null) ?? [];
  const conditions: Condition[] = [];
  let left = trimmed.slice(0, trimmed.length - verdict.length);
  for (const [pattern, read] of READERS) {
    left = left.replace(pattern, (...parts: string[]) => {
      conditions.push(...read(parts, sets));
      return " ";
    });
  }
  if (left.trim() !== "") conditions.push({ kind: "maybe" });
  return { conditions, end: readEnd(word, rest.trim()) };
}

function readEnd(word: string, rest: string): RuleEnd {
  switch (word) {
    case "accept":
    case "drop":
    case "return":
      return { kind: word };
    case "reject":
      return { kind: "drop" };
    case "jump":
    case "goto":
      return { kind: word, chain: rest };
    case "dnat":
    case "redirect":
    case "tproxy": {
      const to = rest.replace(/^(?:ip6? )?to /, "");
      return { kind: "translate", to: to === "" ? word : to };
    }
    case "queue":
      return { kind: "other" };
    default:
      return { kind: "next" };
  }
}

type Reader = (parts: readonly string[], sets: Sets) => Condition[];

const matcher = (selector: string) => new RegExp(`(?:^|(?<=\\s))${selector} ${VALUE}`, "g");

/** What is matched, in the order in which it is taken out of the rule's text. */
const READERS: readonly (readonly [RegExp, Reader])[] = [
  // The reverse path: a client that gets answers passes it.
  [/fib saddr \. (?:mark \. )?iif oif (?:missing|== 0|0)/g, () => [{ kind: "never" }]],
  [
    /(?:^|(?<=\s))tcp flags (?:& (\([^)]*\)|\S+) )?((?:==|!=|!) )?(\([^)]*\)|\w+(?:(?: \| |,)\w+)*)(?: \/ (\w+(?:,\w+)*))?/g,
    readFlags,
  ],
  [/limit rate over \d+\S*(?: burst \d+ \w+)?/g, () => [{ kind: "never" }]],
  [matcher("(?:meta )?nfproto"), ([, not, value = ""]) => {
    const family = value === "ipv4" ? "ipv4" : "ipv6";
    const other = family === "ipv4" ? "ipv6" : "ipv4";
    return [{ kind: "family", family: isNot(not) ? other : family }];
  }],
  [
    matcher("(?:(?:meta )?l4proto|ip protocol|ip6 nexthdr)"),
    (
      [, not, value],
      sets,
    ) => [{ kind: "protocol", names: listValues(value, sets), not: isNot(not) }],
  ],
  [matcher("(tcp|udp|th|sctp|dccp) dport"), readPort],
  [
    matcher("(tcp|udp) sport"),
    ([, protocol = ""]) => [{ kind: "protocol", names: [protocol], not: false }, { kind: "maybe" }],
  ],
  [matcher("ct state"), ([, not, value], sets) => {
    const isNew = listValues(value, sets).some((state) => state === "new" || state === "untracked");
    return unless(isNew, not);
  }],
  [
    matcher("(?:meta )?iif(?:name)?"),
    ([, not, value], sets) => [{ kind: "device", names: listValues(value, sets), not: isNot(not) }],
  ],
  [matcher("(ip6?) ([sd])addr"), readAddress],
  [matcher("fib daddr type"), ([, not, value = ""]) => unless(value === "local", not)],
  [
    matcher("(?:meta )?pkttype"),
    ([, not, value], sets) =>
      unless(listValues(value, sets).some((type) => type === "host" || type === "unicast"), not),
  ],
  [matcher("icmp(?:v6)? (?:type|code)"), () => [{ kind: "never" }]],
  [matcher("ct status"), ([, not]) => unless(false, not)],
];

function readPort([, protocol = "", not, value]: readonly string[], sets: Sets): Condition[] {
  const ranges = listValues(value, sets).map((part) => {
    const [first = "", last = first] = part.split("-");
    return [Number(first), Number(last)] as const;
  });
  const isKnown = ranges.length > 0 && ranges.flat().every((port) => Number.isInteger(port));
  return [
    ...(protocol === "th" ? [] : [{ kind: "protocol", names: [protocol], not: false } as const]),
    isKnown ? { kind: "port", ranges, not: isNot(not) } : { kind: "maybe" },
  ];
}

function readAddress(
  [, family = "", side = "", not, value]: readonly string[],
  sets: Sets,
): Condition[] {
  const networks = listValues(value, sets);
  return [
    { kind: "family", family: family === "ip" ? "ipv4" : "ipv6" },
    networks.length === 0
      ? { kind: "maybe" }
      : { kind: side === "s" ? "source" : "destination", networks, not: isNot(not) },
  ];
}

/** `& MASK == VALUE`, `VALUE / MASK`, or any of some flags. */
function readFlags([, before, not, value = "", after]: readonly string[]): Condition[] {
  const flags = listFlags(value);
  const mask = before ?? after;
  const matches = mask === undefined ? flags.includes("syn") : isSyn(listFlags(mask), flags);
  return [{ kind: "protocol", names: ["tcp"], not: false }, ...unless(matches, not)];
}

function listFlags(text: string): string[] {
  return text.match(/\b(?:fin|syn|rst|psh|ack|urg|ecn|cwr)\b/g) ?? [];
}

function isNot(operator: string | undefined): boolean {
  return operator?.startsWith("!") ?? false;
}

function unless(matches: boolean, operator: string | undefined): Condition[] {
  return matches === isNot(operator) ? [{ kind: "never" }] : [];
}

/** The values of a set, or the only one; none where a named set is not known. */
function listValues(value = "", sets: Sets): string[] {
  const text = value.startsWith("@") ? sets.get(value.slice(1)) ?? "" : value;
  return text.replace(/^\{|\}$/g, "").split(",").map((part) => part.trim().replaceAll('"', ""))
    .filter((part) => part !== "");
}
