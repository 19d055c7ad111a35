/**
 * OpenWrt's fw4: a file for `/etc/nftables.d`, which fw4 includes inside `table inet fw4`: sets and
 * chains only, no table around them. Not run on a device.
 *
 * The chain with its own priority can guard, not open: fw4 still drops what its zone drops. What
 * lets the guarded ports through there is one bare rule in `chain-pre/input_ZONE`, which names the
 * open set, so that nothing is open when this file is missing.
 */
import type { Plan } from "../core/plan.ts";
import { type Backend, commentLines, headline, portsOf, variantOf, wayBack } from "./backend.ts";
import { renderNftRules } from "./nft_rules.ts";
import { quoteShell } from "../core/quote_shell.ts";

const FOLDER = "/etc/nftables.d";
const CHAIN_PRE = "/usr/share/nftables.d/chain-pre/input_wan";

/** See the header. */
export const nftablesOpenwrt: Backend = {
  name: "nftables-openwrt",
  summary: "OpenWrt 22.03 or newer (fw4): an include for /etc/nftables.d",
  extension: "nft",
  canGuard: true,
  variants: [],
  render(plan, context) {
    variantOf(nftablesOpenwrt, context);
    // No target's name has a dot, so that one target's names never run into another's.
    const rules = renderNftRules("nftables-openwrt", plan, `spknock.${plan.name}.`);
    const { sets, chains, openSets } = rules;
    return [
      ...commentLines([...headline("OpenWrt fw4", plan, context), ...adviceOf(plan, openSets)]),
      "",
      ...sets,
      ...chains,
      "",
    ].join("\n");
  },
};

function adviceOf(plan: Plan, openSets: Record<"ipv4" | "ipv6", string>): string[] {
  const file = `spknock_${plan.name}.nft`;
  const accepts = passRules(plan, openSets).map((rule) => `  echo ${quoteShell(rule)}`);
  return [
    "Not run on a device yet; checked with nft inside a table like fw4's.",
    "",
    `Apply (this file saved as ${FOLDER}/${file}):`,
    "  fw4 check && fw4 reload",
    "So that fw4's own rules for the zone wan let in who has knocked:",
    `  mkdir -p ${CHAIN_PRE}`,
    "  {",
    ...accepts,
    `  } > ${CHAIN_PRE}/${file}`,
    "  fw4 check && fw4 reload",
    "With a way back:",
    `  ${wayBack(`rm -f ${FOLDER}/${file} ${CHAIN_PRE}/${file}; fw4 reload`)}`,
    "before the reload, and kill $undo when a new connection of yours gets through.",
    "A reload of fw4 forgets who is in; connections stay.",
    `Undo:     rm -f ${FOLDER}/${file} ${CHAIN_PRE}/${file} && fw4 reload`,
    `Persist:  both files stay over a reboot; for sysupgrade add them to /etc/sysupgrade.conf`,
  ];
}

function passRules(plan: Plan, openSets: Record<"ipv4" | "ipv6", string>): string[] {
  return plan.families.flatMap((family) =>
    (["tcp", "udp"] as const).flatMap((protocol) => {
      const ports = portsOf(plan.open, protocol);
      const source = family === "ipv4" ? "ip saddr" : "ip6 saddr";
      if (ports.length === 0) return [];
      return [`${protocol} dport { ${ports.join(", ")} } ${source} @${openSets[family]} accept`];
    })
  );
}
