import { assertEquals } from "@std/assert";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { renderRules } from "../../src/rules/render.ts";
import { table } from "../table.ts";
import { secretPlan } from "./fixtures.ts";

const tcp = (port: number) => ({ port, protocol: "tcp" as const });
const WEB = [tcp(443), tcp(22), { port: 1194, protocol: "udp" as const }];

/** The lines of the header by label; each is run on the real firewall in tests/kernel. */
const ROWS: Readonly<
  Record<string, { plan: Parameters<typeof secretPlan>[0]; label: string; lines: string[] }>
> = {
  "ufw, both families": {
    plan: { opens: WEB },
    label: "ufw",
    lines: ["ufw allow 22,443/tcp", "ufw allow 1194/udp"],
  },
  "ufw, more ports than a rule takes": {
    plan: { opens: Array.from({ length: 16 }, (_, index) => tcp(2 * index + 1)) },
    label: "ufw",
    lines: ["ufw allow 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29/tcp", "ufw allow 31/tcp"],
  },
  "ufw, IPv6 on two interfaces": {
    plan: { families: ["ipv6"], interfaces: ["eth0", "ppp*"] },
    label: "ufw",
    lines: [
      "ufw allow in on eth0 proto tcp to ::/0 port 22",
      "ufw allow in on ppp+ proto tcp to ::/0 port 22",
    ],
  },
  "firewalld, both families": {
    plan: { opens: WEB },
    label: "firewalld",
    lines: [
      "firewall-cmd --permanent --add-port=22/tcp --add-port=443/tcp --add-port=1194/udp && " +
      "firewall-cmd --add-port=22/tcp --add-port=443/tcp --add-port=1194/udp",
    ],
  },
  "firewalld, one family: a port would open in both": {
    plan: { families: ["ipv4"] },
    label: "firewalld",
    lines: [
      "firewall-cmd --permanent " +
      "--add-rich-rule='rule family=ipv4 port port=22 protocol=tcp accept' && " +
      "firewall-cmd --add-rich-rule='rule family=ipv4 port port=22 protocol=tcp accept'",
    ],
  },
  "nftables, one family and interface": {
    plan: { families: ["ipv4"], interfaces: ["eth0"] },
    label: "nftables",
    lines: ['meta nfproto ipv4 iifname "eth0" tcp dport { 22 } accept'],
  },
  "ufw, a range": {
    plan: { opens: [tcp(22), { port: 60_000, last: 60_010, protocol: "udp" }] },
    label: "ufw",
    lines: ["ufw allow 22/tcp", "ufw allow 60000:60010/udp"],
  },
  "firewalld, a range": {
    plan: { opens: [{ port: 60_000, last: 60_010, protocol: "udp" }] },
    label: "firewalld",
    lines: [
      "firewall-cmd --permanent --add-port=60000-60010/udp && " +
      "firewall-cmd --add-port=60000-60010/udp",
    ],
  },
  "nftables, echo requests": {
    plan: { opens: [{ protocol: "icmp" }], families: ["ipv6"] },
    label: "nftables",
    lines: ["meta nfproto ipv6 icmpv6 type echo-request accept"],
  },
  "a forwarded port alone: nothing to open in the input chain": {
    plan: { opens: [], forwards: [{ service: tcp(8080) }] },
    label: "nftables",
    lines: [],
  },
  "ufw lets echo requests through by itself": {
    plan: { opens: [{ protocol: "icmp" }] },
    label: "ufw",
    lines: [],
  },
};

table("the header for other firewalls", ROWS, ({ plan, label, lines }) => {
  const rules = renderRules(nftables, secretPlan(plan), { host: "fw.example.com" });
  const found = [...rules.matchAll(new RegExp(`^# {3}${label}: +(.*)$`, "gm"))]
    .map(([, line]) => line);
  assertEquals(found, lines);
});
