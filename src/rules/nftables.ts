/**
 * nftables: an own table for both families, loaded in one transaction.
 *
 * Rules:
 * - loading again replaces everything but who is in (and who is banned): the sets are declared, the
 *   rules flushed, the progress flushed, and the chains filled anew;
 * - `destroy` is a syntax error before nft 1.0.7, so nothing is deleted;
 * - each closing brace is on a line of its own;
 * - `accept` ends this table's chain only: a separate table can guard ports that others let pass, it
 *   cannot open what they drop. The header says so.
 */
import type { Plan } from "../core/plan.ts";
import {
  type Backend,
  commentLines,
  fileOf,
  headline,
  lastPartOf,
  portsOf,
  type RenderContext,
  variantOf,
  wayBack,
} from "./backend.ts";
import { renderNftRules } from "./nft_rules.ts";
import { identifierNft } from "./quote/nft.ts";

/** See the header. */
export const nftables: Backend = {
  name: "nftables",
  summary: "nftables 1.0.1 or newer: an own table, IPv4 and IPv6",
  extension: "nft",
  canGuard: true,
  variants: [],
  render(plan, context) {
    variantOf(nftables, context);
    const table = identifierNft(`spknock_${plan.name}`);
    const { sets, chains, progress } = renderNftRules("nftables", plan);
    return [
      "#!/usr/sbin/nft -f",
      ...commentLines([...headline("nftables", plan, context), ...adviceOf(context, plan, table)]),
      "",
      ...block(table, sets),
      "",
      "# Loading again replaces everything but who is in.",
      `flush table inet ${table}`,
      ...progress.map((set) => `flush set inet ${table} ${set}`),
      "",
      ...block(table, chains),
      "",
    ].join("\n");
  },
};

function block(table: string, lines: readonly string[]): string[] {
  return [`table inet ${table} {`, ...lines.map((line) => `\t${line}`), "}"];
}

function adviceOf(context: RenderContext, plan: Plan, table: string): string[] {
  const file = fileOf(context, `${table}.nft`);
  const base = lastPartOf(file);
  const accepts = (["tcp", "udp"] as const).flatMap((protocol) => {
    const ports = portsOf(plan.open, protocol);
    return ports.length === 0 ? [] : [`${protocol} dport { ${ports.join(", ")} } accept`];
  });
  return [
    "This table guards its ports; it cannot open what another table drops. Where your own rules drop",
    "them, let them pass there, and this table decides who gets in:",
    ...accepts.map((rule) => `  ${rule}`),
    "Two tables that guard the same port both have to be opened.",
    "",
    `Apply, with a way back after a minute (this file saved as ${file}):`,
    `  nft -c -f ${file}`,
    `  ${wayBack(`nft delete table inet ${table}`)}`,
    `  nft -f ${file}`,
    "Then, when a new connection of yours gets through:",
    "  kill $undo",
    "Load it again after a change; connections and who is in stay. Where no firewall tracked",
    "connections before, the first load may end idle ones that others hold to the guarded ports.",
    `Undo:     nft delete table inet ${table}`,
    `Persist:  copy it to /etc/${base}, add 'include "/etc/${base}"' at the end of`,
    "          /etc/nftables.conf, and: systemctl enable nftables",
    `Who is in: nft list table inet ${table}`,
  ];
}
