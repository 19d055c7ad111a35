/** The matchers of a RouterOS rule in the words of iptables and ip6tables. */

/** Where a matcher is. */
export interface MatchPlace {
  family: "ipv4" | "ipv6";
  /** The set of an address list. */
  nameSet(list: string): string;
  /** Throws, with the line. */
  fail(what: string): never;
}

/** One property of a rule. */
interface Matcher {
  name: string;
  /** Its arguments. */
  render(value: string, place: MatchPlace): string;
}

/** By RouterOS' `!`: the value without it, and iptables' word for it. */
function readNegation(value: string): { not: string; rest: string } {
  return value.startsWith("!") ? { not: "! ", rest: value.slice(1) } : { not: "", rest: value };
}

const PROTOCOLS: Readonly<Record<MatchPlace["family"], readonly string[]>> = {
  ipv4: ["tcp", "udp", "icmp", "igmp"],
  ipv6: ["tcp", "udp", "icmpv6"],
};
/** The most ports of one rule; a range counts for two. */
const MULTIPORT = 15;

/** In the order in which iptables takes them: a protocol before what belongs to it. */
export const MATCHERS: readonly Matcher[] = [
  {
    name: "in-interface",
    render(value, { fail }) {
      const { not, rest } = readNegation(value);
      // The kernel's longest name.
      return /^[^\s/*+"]{1,15}$/.test(rest) ? `${not}-i ${rest}` : fail(`interface "${rest}"`);
    },
  },
  { name: "src-address", render: (value, place) => renderAddress("-s", value, place) },
  { name: "dst-address", render: (value, place) => renderAddress("-d", value, place) },
  {
    name: "protocol",
    render: (value, { family, fail }) =>
      PROTOCOLS[family].includes(value) ? `-p ${value}` : fail(`protocol "${value}"`),
  },
  { name: "src-port", render: (value, place) => renderPorts("--sports", value, place) },
  { name: "dst-port", render: (value, place) => renderPorts("--dports", value, place) },
  { name: "tcp-flags", render: renderFlags },
  { name: "icmp-options", render: renderIcmp },
  {
    name: "packet-size",
    render(value, { fail }) {
      if (!/^\d+(-\d+)?$/.test(value)) return fail(`packet-size "${value}"`);
      return `-m length --length ${value.replace("-", ":")}`;
    },
  },
  {
    name: "content",
    render: (value) => {
      const hex = [...new TextEncoder().encode(value)]
        .map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return `-m string --algo bm --hex-string "|${hex}|"`;
    },
  },
  {
    name: "src-address-type",
    render: (value, place) => renderAddressType("--src-type", value, place),
  },
  {
    name: "dst-address-type",
    render: (value, place) => renderAddressType("--dst-type", value, place),
  },
  {
    name: "connection-state",
    render: (value, place) =>
      renderStates(value, ["established", "related", "new", "untracked", "invalid"], place),
  },
  {
    name: "connection-nat-state",
    render: (value, place) => renderStates(value, ["dstnat", "srcnat"], place),
  },
  {
    name: "src-address-list",
    render: (value, place) => renderList("src", value, place),
  },
  {
    name: "dst-address-list",
    render: (value, place) => renderList("dst", value, place),
  },
];

function renderAddress(option: string, value: string, { fail }: MatchPlace): string {
  const { not, rest } = readNegation(value);
  return /^[0-9a-f.:]+(\/\d+)?$/.test(rest) ? `${not}${option} ${rest}` : fail(`"${value}"`);
}

function renderAddressType(option: string, value: string, { fail }: MatchPlace): string {
  const { not, rest } = readNegation(value);
  return rest === "local" ? `-m addrtype ${not}${option} LOCAL` : fail(`address type "${value}"`);
}

function renderPorts(option: string, value: string, { fail }: MatchPlace): string {
  const { not, rest } = readNegation(value);
  const parts = rest.split(",");
  if (!parts.every((part) => /^\d+(-\d+)?$/.test(part))) return fail(`ports "${value}"`);
  const weight = parts.reduce((sum, part) => sum + (part.includes("-") ? 2 : 1), 0);
  if (weight > MULTIPORT) return fail(`more than ${MULTIPORT} ports`);
  return `-m multiport ${not}${option} ${parts.map((part) => part.replace("-", ":")).join(",")}`;
}

function renderFlags(value: string, { fail }: MatchPlace): string {
  const flags = value.split(",").map(readNegation);
  const known = ["fin", "syn", "rst", "psh", "ack", "urg"];
  if (!flags.every(({ rest }) => known.includes(rest))) return fail(`tcp-flags "${value}"`);
  const set = flags.filter(({ not }) => not === "");
  const join = (some: typeof flags) => some.map(({ rest }) => rest.toUpperCase()).join(",");
  return `-m tcp --tcp-flags ${join(flags)} ${set.length === 0 ? "NONE" : join(set)}`;
}

/** Type and code; both families. */
function renderIcmp(value: string, { family, fail }: MatchPlace): string {
  if (!/^\d+:(\d+|0-255)$/.test(value)) return fail(`icmp-options "${value}"`);
  const type = value.replace(":0-255", "").replace(":", "/");
  return family === "ipv4" ? `-m icmp --icmp-type ${type}` : `-m icmp6 --icmpv6-type ${type}`;
}

const STATE_NAMES: Readonly<Record<string, string>> = { dstnat: "DNAT", srcnat: "SNAT" };

function renderStates(value: string, known: readonly string[], { fail }: MatchPlace): string {
  const { not, rest } = readNegation(value);
  const states = rest.split(",");
  if (!states.every((state) => known.includes(state))) return fail(`connection state "${value}"`);
  const names = states.map((state) => STATE_NAMES[state] ?? state.toUpperCase());
  return `-m conntrack ${not}--ctstate ${names.join(",")}`;
}

function renderList(side: "src" | "dst", value: string, { nameSet }: MatchPlace): string {
  const { not, rest } = readNegation(value);
  return `-m set ${not}--match-set ${nameSet(rest)} ${side}`;
}
