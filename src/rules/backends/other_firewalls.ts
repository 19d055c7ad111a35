/**
 * What other firewalls of the same machine have to let through, in lines for the headers. A packet that one of
 * them drops is lost, whatever the others accept: knocks have to reach our rules, and packets to the protected
 * ports have to pass the rules after ours too. tests/kernel/other_firewalls_test.ts runs each line.
 *
 * Measured with ufw 0.36.2, firewalld 1.3.3 and nft 1.0.6:
 * - ufw's rules are in INPUT of iptables (priority `filter`): a jump before them decides alone, survives
 *   `ufw reload`, and leaves the ports closed when it is gone;
 * - `firewall-cmd --reload` removes every rule and chain of iptables, ours too;
 * - firewalld's rules are an nftables table at `filter + 10`: no accept of another table binds it, one of
 *   `firewall-cmd --direct` neither. Its rich rules and policies match no mark, and its sets are its own: only a
 *   plain accept is left;
 * - a mark that our rules set and ufw's before.rules accept would be closed as well when our rules are gone.
 *   No rule sets one: docs/decisions.md says why.
 */
import { listKnocks, type Plan } from "../../plan/plan.ts";
import { mergePorts, type Service } from "../../core/service.ts";
import { quoteShell } from "../../core/text.ts";
import { renderRange, splitRanges, TRANSPORTS } from "../backend.ts";
import { listFamilySyntax, renderEchoRules, renderPortRules } from "./nftables/syntax.ts";
import { quoteNft } from "./quote/nft.ts";

/** Every address of a family. */
const ANY = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;
/** The page that the headers name. */
const PAGE = "docs/firewalls.md";

/** Returns the lines of a header for rules in an nftables table of their own. */
export function renderBesideTable(plan: Plan): string[] {
  return [
    "This table cannot open what another firewall of this machine drops.",
    ...renderTableAccepts(plan),
    ...renderLimits(plan),
    "Rules that see packets before this table (prerouting, iptables -t raw, nftables below priority",
    "filter - 5) have to let the knocks through:",
    ...renderKnocks(plan),
  ];
}

function renderTableAccepts(plan: Plan): string[] {
  const nft = renderNftLines(plan);
  const firewalld = renderFirewalld(plan);
  if (nft.length === 0) return [];
  return [
    "If one drops the ports above, let them through there, and this table decides which sources pass:",
    ...renderUfw(plan).map((command) => `  ufw:       ${command}`),
    ...firewalld.map((command) => `  firewalld: ${command}`),
    ...nft,
    ...(plan.interfaces.length > 0 && firewalld.length > 0
      ? [
        "With firewalld, add --zone=ZONE with the zone of the interface: its other interfaces open too.",
      ]
      : []),
    "The ports are then open to everyone while this table is not loaded. Beside ufw, the rules of --for",
    "iptables need no such line, and the ports stay closed without them.",
  ];
}

/** Returns the lines of a header for rules before all others in INPUT of iptables. */
export function renderBesideIptables(plan: Plan): string[] {
  const nft = renderNftLines(plan);
  return [
    "Beside ufw they need nothing else: they decide before its rules, and without them ufw's decide.",
    "Do not use them beside firewalld: its reload removes them. Use --for nftables there.",
    ...(nft.length === 0 ? [] : [
      "If an nftables table drops the ports above, let them through there. They are then open to everyone",
      "while these rules are not loaded:",
      ...nft,
    ]),
    ...renderLimits(plan),
    "Rules that see packets before these (iptables -t raw, nftables at priority filter or below) have to",
    "let the knocks through:",
    ...renderKnocks(plan),
  ];
}

/** Returns the lines of a header for rules inside of fw4's table, whose zone accepts open and trusted sources. */
export function renderBesideFw4(plan: Plan): string[] {
  const hasForwards = plan.doors.some(({ forwards }) => forwards.length > 0);
  const chains = hasForwards ? "chains forward_wan and input_wan" : "chain input_wan";
  return [
    `The zone wan accepts open and trusted sources, by the ${chains} at the`,
    "end of this file; for another zone, change the name there. Without this file the zone decides.",
    "Rules that see packets before these (prerouting, a priority below filter - 5) have to let the knocks",
    "through:",
    ...renderKnocks(plan),
  ];
}

/** Returns the lines of a header for a daemon that sees the knocks before any rule, and opens in iptables. */
export function renderBesideKnockd(plan: Plan): string[] {
  return [
    "Its rules open what iptables and ufw drop. Do not use it beside firewalld: its reload removes them.",
    "If an nftables table drops the ports, let them through there, and close them in iptables:",
    ...renderNftLines(plan),
    `More: ${PAGE}`,
    "",
  ];
}

/** Accepted before our rules: what comes after them still decides. */
function renderKnocks(plan: Plan): string[] {
  return [
    ...renderPortRules(listKnocks(plan), "accept").map((rule) => `  knocks:    ${rule}`),
    `More: ${PAGE}`,
  ];
}

/** What no line can open there. */
function renderLimits({ doors }: Plan): string[] {
  return [
    ...(doors.some(({ opens }) => opens.some(({ protocol }) => protocol === "all"))
      ? ['"all" opens only what the other firewalls let through from everyone.']
      : []),
    ...(doors.some(({ forwards }) => forwards.length > 0)
      ? ["The forward chains of other firewalls have to let the forwarded ports through, too."]
      : []),
  ];
}

function listOpened({ doors }: Plan): Service[] {
  return doors.flatMap(({ opens }) => opens);
}

/** An accept for a family that our rules do not cover would open the ports there to everyone. */
function findOnlyFamily({ families }: Plan): keyof typeof ANY | undefined {
  return families.length === 1 ? families[0] : undefined;
}

/** The same is true for other interfaces. */
function renderNftLines(plan: Plan): string[] {
  const family = findOnlyFamily(plan);
  const only = family === undefined ? "" : `meta nfproto ${family} `;
  const interfaces = plan.interfaces.map((name) => `iifname ${quoteNft(name)} `);
  const rules = [
    ...renderPortRules(listOpened(plan), "accept"),
    ...renderEchoRules(listOpened(plan), listFamilySyntax(plan), "accept"),
  ];
  return (interfaces.length === 0 ? [""] : interfaces)
    .flatMap((match) => rules.map((rule) => `  nftables:  ${only}${match}${rule}`));
}

/** ufw and firewalld let echo requests through by themselves. A range has a colon in ufw, a wildcard a plus sign. */
function renderUfw(plan: Plan): string[] {
  const family = findOnlyFamily(plan);
  const interfaces = plan.interfaces.map((name) =>
    ` in on ${quoteShell(name.replace(/\*$/, "+"))}`
  );
  const lists = TRANSPORTS.flatMap((protocol) =>
    splitRanges(mergePorts(listOpened(plan), protocol)).map((part) => ({
      protocol,
      ports: part.map((range) => renderRange(range, ":")).join(","),
    }))
  );
  if (family === undefined && interfaces.length === 0) {
    return lists.map(({ protocol, ports }) => `ufw allow ${ports}/${protocol}`);
  }
  const to = family === undefined ? "any" : ANY[family];
  return (interfaces.length === 0 ? [""] : interfaces).flatMap((match) =>
    lists.map(({ protocol, ports }) => `ufw allow${match} proto ${protocol} to ${to} port ${ports}`)
  );
}

/** Both configurations instead of a reload, which would forget what only the running one has. */
function renderFirewalld(plan: Plan): string[] {
  const family = findOnlyFamily(plan);
  const ranges = TRANSPORTS.flatMap((protocol) => mergePorts(listOpened(plan), protocol));
  if (ranges.length === 0) return [];
  const options = ranges.map((range) => {
    const { protocol } = range;
    const port = renderRange(range);
    return family === undefined
      ? `--add-port=${port}/${protocol}`
      : `--add-rich-rule='rule family=${family} port port=${port} protocol=${protocol} accept'`;
  }).join(" ");
  return [`firewall-cmd --permanent ${options} && firewall-cmd ${options}`];
}
