/**
 * OpenWrt's fw4 around the include that we write, as its templates render it: `table inet fw4` with the chains
 * of a zone `wan`, which drop, and of everything else, which accept. Only the wires of the plan are in `wan`.
 */
import type { Plan } from "../../src/plan/plan.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { renderRules } from "../../src/rules/render.ts";
import type { Namespace } from "./lab.ts";

/** What fw4 includes on each machine: a reload reads all files of `/etc/nftables.d`. */
const INCLUDED = new WeakMap<Namespace, Map<string, Plan>>();

/** Puts the include where fw4 finds it, and starts fw4 again. */
export async function loadOpenwrt(server: Namespace, plan: Plan): Promise<void> {
  const plans = INCLUDED.get(server) ?? new Map<string, Plan>();
  INCLUDED.set(server, plans.set(plan.name, plan));
  await restart(server, [...plans.values()]);
}

/** Removes the include. */
export async function undoOpenwrt(server: Namespace, plan: Plan): Promise<void> {
  const plans = INCLUDED.get(server);
  plans?.delete(plan.name);
  await restart(server, [...plans?.values() ?? []]);
}

async function restart(server: Namespace, plans: readonly Plan[]): Promise<void> {
  const gone = "table inet fw4 {}\ndelete table inet fw4\n";
  await server.nft(plans.length === 0 ? gone : gone + renderFw4(plans));
}

/** Returns the table with the includes of these plans. */
export function renderFw4(plans: readonly Plan[]): string {
  const texts = plans.map((plan) => renderRules(nftablesOpenwrt, plan, { host: "fw.example.com" }));
  return renderTable(plans, texts);
}

/** What the owner has opened in the zone: a DNS service, and most ports of the hosts behind. */
const OWN_ACCEPT = "udp dport 5353 accept";

function renderTable(plans: readonly Plan[], texts: readonly string[]): string {
  const wires = plans.flatMap(({ interfaces }) => interfaces);
  const isWan = wires.length === 0 ? ["knock*"] : wires;
  const toZone = (chain: string) =>
    isWan.map((wire) => `iifname "${wire}" jump ${chain}`).join("\n");
  const others = (["ipv4", "ipv6"] as const)
    .filter((family) => plans.every(({ families }) => !families.includes(family)))
    .map((family) => `meta nfproto ${family} accept`).join("\n");
  return `table inet fw4 {
${texts.join("\n")}
chain input {
  type filter hook input priority filter; policy accept;
  iifname "lo" accept
  ct state vmap { established : accept, related : accept }
  ${toZone("input_wan")}
}
chain forward {
  type filter hook forward priority filter; policy accept;
  ct state vmap { established : accept, related : accept }
  ${toZone("forward_wan")}
}
chain input_wan {
  ${others}
  udp dport 68 accept
  icmp type echo-request accept
  meta l4proto igmp accept
  meta nfproto ipv6 udp dport 546 accept
  icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept
  ct status dnat accept
  ${OWN_ACCEPT}
  drop
}
chain forward_wan {
  icmpv6 type { echo-request, packet-too-big } accept
  ct status dnat accept
  ip daddr 10.78.0.0/16 tcp dport != 22 accept
  ip6 daddr fd78::/32 tcp dport != 22 accept
  drop
}
}
`;
}
