/**
 * The sets and chains of a plan in nftables' language, as both nftables back ends wrap them.
 *
 * The order is that of the model (`gate/model.ts`), measured with live packets:
 * - the last stage first, each rule ending the walk, or one packet walks through two stages that
 *   share a port;
 * - a knock rule ends at the door like any other packet, it does not `drop`: a dropped knock port
 *   shows as `filtered` among closed ones;
 * - `update` renews an entry, `add` would not; the timeouts stand in the rules, so that the sets are
 *   declared alike for every plan and survive a reload with another timeout;
 * - no `size`: the kernel gives a set that a rule writes to 65535 by itself (measured, as `nft list`
 *   shows), while a declared size takes its memory at once, 1 MiB a set (kernel 6.18), and makes
 *   loading 25 times slower;
 * - one raw payload comparison takes at most 128 bits, and without `udp length` it is a prefix;
 * - regular UDP takes any payload: Debian's `knock -u` sends one byte.
 */
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import { distinctPorts, portsOf, unsupported } from "./backend.ts";
import { BAN_RULE } from "../core/plan.ts";
import { durationNft, identifierNft, quoteNft } from "./quote/nft.ts";

/** How nft takes payloads: the kernel's offset is one byte (`struct nft_payload`). */
const MAX_PAYLOAD = 240;
const UDP_HEADER = 8;
const COMPARE_BYTES = 16;
const SYN = "tcp flags & (fin | syn | rst | ack) == syn";

interface FamilyWords {
  family: Plan["families"][number];
  digit: string;
  type: string;
  source: string;
}

const FAMILIES: readonly FamilyWords[] = [
  { family: "ipv4", digit: "4", type: "ipv4_addr", source: "ip saddr" },
  { family: "ipv6", digit: "6", type: "ipv6_addr", source: "ip6 saddr" },
];

/** A rule set without its wrapper; every line without indentation at the start. */
export interface NftRules {
  /** The names of the sets that hold progress and mistakes, to be flushed when loading again. */
  progress: string[];
  /** The name of a family's open set. */
  openSets: Record<Plan["families"][number], string>;
  /** Lines that declare the sets. */
  sets: string[];
  /** Lines that declare the chains. */
  chains: string[];
}

/**
 * The rules of a plan.
 *
 * @param prefix goes before each name of a set and a chain.
 * @throws {UsageError} with code `unsupported`.
 */
export function renderNftRules(backend: string, plan: Plan, prefix = ""): NftRules {
  for (const { payload } of plan.stages) {
    if (payload !== undefined && payload.length > MAX_PAYLOAD) {
      throw unsupported(backend, `a payload of more than ${MAX_PAYLOAD} bytes`);
    }
  }
  const families = FAMILIES.filter(({ family }) => plan.families.includes(family));
  const name = (text: string) => identifierNft(prefix + text);
  const stageCount = plan.stages.length - 1;
  const progress = families.flatMap(({ digit }) => [
    ...Array.from({ length: stageCount }, (_, index) => name(`stage${index + 1}_${digit}`)),
    ...(plan.ban ? [name(`miss_${digit}`)] : []),
  ]);
  const kept = families.flatMap(({ digit }) => [
    name(`open_${digit}`),
    ...(plan.ban ? [name(`ban_${digit}`)] : []),
  ]);
  return {
    progress,
    openSets: { ipv4: name("open_4"), ipv6: name("open_6") },
    sets: [...kept, ...progress].flatMap((set) => setLines(set, set.endsWith("4"))),
    chains: [
      ...chain(name("input"), entryRules(plan, families, name), [
        "type filter hook input priority filter - 5; policy accept;",
      ]),
      ...families.flatMap((words) =>
        chain(name(`knock_${words.digit}`), knockRules(plan, words, name))
      ),
      ...chain(name("door"), doorRules(plan, families, name)),
    ],
  };
}

function chain(name: string, rules: readonly string[], head: readonly string[] = []): string[] {
  return [`chain ${name} {`, ...[...head, ...rules].map((line) => `\t${line}`), "}"];
}

function setLines(name: string, isIpv4: boolean): string[] {
  return [
    `set ${name} {`,
    `\ttype ${isIpv4 ? "ipv4_addr" : "ipv6_addr"}`,
    "\tflags dynamic,timeout",
    "}",
  ];
}

function entryRules(
  plan: Plan,
  families: readonly FamilyWords[],
  name: (text: string) => string,
): string[] {
  return [
    `iifname "lo" accept`,
    "ct state established,related accept",
    ...(plan.interface === undefined ? [] : [`iifname != ${quoteNft(plan.interface)} accept`]),
    ...families.flatMap(({ family, source }) => {
      const networks = plan.trusted.filter((text) => text.includes(":") === (family === "ipv6"));
      return networks.length === 0 ? [] : [`${source} { ${networks.join(", ")} } accept`];
    }),
    // Everything else, neighbour discovery above all, is not ours.
    "meta l4proto != { tcp, udp } accept",
    ...families.map(({ family, digit }) => `meta nfproto ${family} goto ${name(`knock_${digit}`)}`),
  ];
}

function knockRules(plan: Plan, words: FamilyWords, name: (text: string) => string): string[] {
  const { digit, source } = words;
  const door = `goto ${name("door")}`;
  const last = plan.stages.length;
  const setOf = (stage: number) => name(`${stage === last ? "open" : `stage${stage}`}_${digit}`);
  const timeoutOf = (stage: number) =>
    durationNft(stage === last ? plan.openForMs : plan.stageTimeoutMs);
  const numbered = plan.stages.map((stage, index) => ({ stage, number: index + 1 })).reverse();
  const isWatched = plan.guard || plan.ban;
  return [
    // A broadcast in between is nobody's mistake.
    `meta pkttype != host ${door}`,
    ...(plan.ban ? [`${source} @${name(`ban_${digit}`)} ${door}`] : []),
    ...numbered.map(({ stage, number }) =>
      [
        matchOf(stage),
        ...(number === 1 ? [] : [`${source} @${setOf(number - 1)}`]),
        `update @${setOf(number)} { ${source} timeout ${timeoutOf(number)} }`,
        door,
      ].join(" ")
    ),
    ...(isWatched
      ? [
        ...numbered.map(({ stage, number }) =>
          `${matchOf(stage)} ${source} @${setOf(number)} ${door}`
        ),
        ...portRules([...plan.open, ...plan.public], door),
      ]
      : []),
    ...(plan.guard
      ? Array.from({ length: last - 1 }, (_, index) => `delete @${setOf(index + 1)} { ${source} }`)
      : []),
    // After the guard: a mistake on an own knock port loses the progress, but does not count.
    ...(plan.ban ? [...portRules(plan.stages, door), banRule(words, name)] : []),
    door,
  ];
}

/** The bucket of a source is full again after a minute, so that its entry may go by then. */
function banRule({ digit, source }: FamilyWords, name: (text: string) => string): string {
  const { perMinute, burst, banMs } = BAN_RULE;
  return `update @${name(`miss_${digit}`)} { ${source} timeout 1m ` +
    `limit rate over ${perMinute}/minute burst ${burst} packets } ` +
    `add @${name(`ban_${digit}`)} { ${source} timeout ${durationNft(banMs)} }`;
}

function doorRules(
  plan: Plan,
  families: readonly FamilyWords[],
  name: (text: string) => string,
): string[] {
  return [
    ...families.map(({ digit, source }) => `${source} @${name(`open_${digit}`)} accept`),
    ...portRules(plan.open, "drop"),
  ];
}

/** One rule a transport that does `verdict` to the ports. */
function portRules(specs: readonly PortSpec[], verdict: string): string[] {
  const distinct = distinctPorts(specs);
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const ports = portsOf(distinct, protocol);
    if (ports.length === 0) return [];
    return [`${protocol} dport { ${ports.join(", ")} } ${verdict}`];
  });
}

function matchOf(stage: Stage): string {
  if (stage.protocol === "tcp") return `tcp dport ${stage.port} ${SYN}`;
  const port = `udp dport ${stage.port}`;
  if (stage.payload === undefined) return port;
  const length = UDP_HEADER + stage.payload.length;
  return [port, `udp length ${length}`, ...comparisons(stage.payload)].join(" ");
}

function comparisons(payload: Uint8Array): string[] {
  const parts: string[] = [];
  for (let start = 0; start < payload.length; start += COMPARE_BYTES) {
    const part = payload.subarray(start, start + COMPARE_BYTES);
    parts.push(`@th,${8 * (UDP_HEADER + start)},${8 * part.length} 0x${part.toHex()}`);
  }
  return parts;
}
