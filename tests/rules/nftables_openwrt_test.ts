/** What the zone `wan` of OpenWrt's fw4 accepts: its own rules drop the rest. */
import { assertEquals } from "@std/assert";
import { parseServices } from "../../src/core/service.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { renderRules } from "../../src/rules/render.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { table } from "../table.ts";
import { secretPlan } from "./fixtures.ts";

const TRUSTED = { trusted: ["10.0.0.0/8"], families: ["ipv4"] } as const;
const OPEN = "ip saddr @spknock.home.home.open.4 accept";
const TRUST = "ip saddr { 10.0.0.0/8 } accept";

table<readonly [chain: string, plan: Plan, accepts: readonly string[] | undefined]>("fw4's zone", {
  "open and trusted sources": [
    "input_wan",
    secretPlan(TRUSTED),
    [`tcp dport { 22 } ${TRUST}`, `tcp dport { 22 } ${OPEN}`],
  ],
  "everything": [
    "input_wan",
    secretPlan({ ...TRUSTED, opens: parseServices("all") }),
    [TRUST, OPEN],
  ],
  "echo requests": [
    "input_wan",
    secretPlan({ ...TRUSTED, opens: parseServices("icmp") }),
    [`icmp type echo-request ${TRUST}`, `icmp type echo-request ${OPEN}`],
  ],
  "a host behind": [
    "forward_wan",
    secretPlan({ ...TRUSTED, opens: [], forwards: parseForwards("10.9.0.2:22/tcp") }),
    [`tcp dport { 22 } ip daddr 10.9.0.2 ${TRUST}`, `tcp dport { 22 } ip daddr 10.9.0.2 ${OPEN}`],
  ],
  "a published port": [
    "forward_wan",
    secretPlan({ families: ["ipv4"], opens: [], forwards: parseForwards("8080/tcp") }),
    [`meta l4proto tcp ct original proto-dst { 8080 } ct status dnat ${OPEN}`],
  ],
  "no forwarded port, no chain": ["forward_wan", secretPlan(), undefined],
}, ([chain, plan, accepts]) => {
  const rules = renderRules(nftablesOpenwrt, plan, { host: "fw.example.com" });
  const found = new RegExp(`^chain ${chain} \\{\\n((?:\\t.*\\n)*)\\}`, "m").exec(rules)?.[1];
  assertEquals(found?.trimEnd().split("\n").map((line) => line.trim()), accepts);
});
