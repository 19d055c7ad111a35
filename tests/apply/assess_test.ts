import { assertEquals, assertStringIncludes } from "@std/assert";
import { assessServer } from "../../src/apply/assess.ts";
import { readIptables } from "../../src/apply/firewall/read_iptables.ts";
import { readNft } from "../../src/apply/firewall/read_nft.ts";
import { type Look, parseLook } from "../../src/apply/look.ts";
import { parseService } from "../../src/core/service.ts";
import { codePlan, secretPlan } from "../rules/fixtures.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { table } from "../table.ts";
import { clientSide, makeLook, NOW } from "./looks.ts";
import { OPENWRT } from "./recorded_looks.ts";

interface Row {
  look?: Partial<Look>;
  client?: Parameters<typeof clientSide>[0];
  plan?: ReturnType<typeof secretPlan>;
  backend?: string;
  persists?: boolean;
  /** As `severity code`, in order; nothing else is said. */
  said: readonly string[];
  /** A part of the first one's text, and of its hint. */
  text?: string;
  hint?: string;
}

const opens = (...services: string[]) => ({ opens: services.map(parseService) });
const jump = { ssh: { proxy: { kind: "jump" } } } as const;
const IPTABLES = {
  version: "1.8.9",
  kind: "nft",
  hasIpset: true,
  hasIpv6: true,
  isSaved: false,
} as const;

/** A table with one chain. */
function nft(rules: string, base = "type filter hook input priority filter; policy drop;") {
  const lines = ["table inet mine {", "\tchain input {", `\t\t${base}`];
  return readNft([...lines, ...rules.split("\n").map((rule) => `\t\t${rule}`), "\t}", "}"]);
}

const ufw = (rule: string) =>
  readIptables([
    "*filter",
    ":INPUT DROP",
    ":ufw-before-input -",
    "-A INPUT -j ufw-before-input",
    `-A ufw-before-input ${rule}`,
    "COMMIT",
  ], { family: "ipv4", isLegacy: false });

const FORWARD = { protocol: "tcp", port: 22, last: 22, to: "172.17.0.2:22" } as const;
const everyPort = { protocol: "tcp", port: 1, last: 65_535, to: "192.168.1.2" } as const;

const ROWS: Readonly<Record<string, Row>> = {
  "all as it has to be": { said: [] },
  "Docker, where no guarded port is published": {
    look: { active: ["docker"], forwards: [{ ...FORWARD, port: 8080, last: 8080 }] },
    said: [],
  },

  "a jump host while ssh is guarded": {
    client: jump,
    said: ["stop jump_host"],
    text: "port 22 would stay closed for ssh",
    hint: "--trust 192.0.2.9",
  },
  "a ProxyCommand while ssh is guarded": {
    client: { ssh: { proxy: { kind: "proxy" } } },
    said: ["stop jump_host"],
    text: "ssh goes through a ProxyCommand",
  },
  "our own ProxyCommand": { client: { ssh: { proxy: { kind: "own" } } }, said: [] },
  "a jump host that is trusted": {
    client: jump,
    plan: secretPlan({ trusted: ["192.0.2.9"] }),
    look: { addresses: [] },
    said: ["note jump_host", "note trusted_source"],
  },
  "a jump host while ssh stays open": {
    client: jump,
    plan: secretPlan(opens("443/tcp")),
    look: { listeners: [] },
    said: ["note jump_host", "note ssh_open"],
  },
  "NAT": {
    client: { sources: ["10.0.0.5"] },
    said: ["note nat"],
    text: "the server sees this machine as 192.0.2.9 (NAT)",
  },
  "the NAT of a carrier": {
    client: { sources: ["100.64.1.2"] },
    said: ["note nat"],
    text: "other customers of your provider",
  },
  "our own addresses are not known": { client: { sources: [] }, said: [] },
  "another address of our network (IPv6 privacy)": {
    look: { connection: { client: "2001:db8::aaaa", server: "2001:db8::1", port: 22 } },
    said: ["warning other_source"],
    hint: "--prefix6 64",
  },
  "another address of our network, all of which is let in": {
    look: { connection: { client: "2001:db8::aaaa", server: "2001:db8::1", port: 22 } },
    plan: secretPlan({ prefix6: 64 }),
    said: [],
  },
  "our address is trusted": {
    plan: secretPlan({ trusted: ["192.0.2.0/24"] }),
    said: ["note trusted_source"],
  },
  "another one is trusted": { plan: secretPlan({ trusted: ["198.51.100.0/24"] }), said: [] },
  "our interface": { plan: secretPlan({ interfaces: ["ppp0", "eth*"] }), said: [] },
  "another interface": {
    plan: secretPlan({ interfaces: ["ppp0"] }),
    said: ["warning other_interface"],
    hint: "--interface ppp0,eth0",
  },
  "an interface that is not known": {
    plan: secretPlan({ interfaces: ["ppp0"] }),
    look: { interface: undefined },
    said: ["note interface_unknown"],
  },
  "ControlMaster": { client: { ssh: { isShared: true } }, said: ["note shared_connection"] },

  "IPv4 only, on a server with IPv6": {
    plan: secretPlan({ families: ["ipv4"] }),
    client: { addresses: ["192.0.2.1"] },
    said: ["warning open_over_ipv6"],
    text: "22/tcp stays open over IPv6 without a knock (2001:db8::1)",
    hint: "leave out --ipv4",
  },
  "IPv4 only, and a name with an IPv6 address": {
    plan: secretPlan({ families: ["ipv4"] }),
    look: { addresses: ["192.0.2.1"], hasIpv6: false },
    said: ["warning open_over_ipv6"],
  },
  "IPv4 only, and no IPv6": {
    plan: secretPlan({ families: ["ipv4"] }),
    look: { addresses: ["192.0.2.1"], hasIpv6: false },
    client: { addresses: ["192.0.2.1"] },
    said: [],
  },
  "IPv6 only": { plan: secretPlan({ families: ["ipv6"] }), said: ["warning open_over_ipv4"] },
  "iptables without ip6tables": {
    look: { iptables: { ...IPTABLES, hasIpv6: false } },
    backend: "iptables",
    said: ["warning open_over_ipv6"],
    text: "ip6tables is missing there",
  },
  "a name that leads elsewhere": {
    client: { addresses: ["203.0.113.7", "2001:db8::1"] },
    said: ["note other_address"],
    text: "fw.example.com leads to 203.0.113.7",
    hint: "forward the knocks to the server, too: 1234/udp, 9876/udp, 5555/udp",
  },
  "a name with two addresses": {
    look: { addresses: ["192.0.2.1", "192.0.2.2", "2001:db8::1"] },
    client: { addresses: ["192.0.2.1", "192.0.2.2", "2001:db8::1"] },
    said: ["note many_addresses"],
    text: "2 IPv4 addresses",
  },

  "a port without a listener": {
    plan: secretPlan(opens("22/tcp", "443/tcp")),
    said: ["warning no_listener"],
    text: "no program listens on 443/tcp there",
  },
  "a listener on loopback": {
    plan: secretPlan(opens("22/tcp", "443/tcp")),
    look: {
      listeners: [
        { protocol: "tcp", address: "::", port: 22 },
        { protocol: "tcp", address: "127.0.0.1", port: 443 },
      ],
    },
    said: ["warning no_listener"],
    text: "on loopback only",
  },
  "a range with a listener": {
    plan: secretPlan(opens("22/tcp", "60000-61000/udp")),
    look: {
      listeners: [
        { protocol: "tcp", address: "::", port: 22 },
        { protocol: "udp", address: "::", port: 60_001 },
      ],
    },
    said: [],
  },
  "a port that is forwarded": {
    look: { forwards: [FORWARD] },
    said: ["stop port_forwarded"],
    text: "forwards 22/tcp to 172.17.0.2:22",
    hint: "--forward 22/tcp in place of --open",
  },
  "a forwarded port that is guarded as one": {
    plan: secretPlan({ ...opens("22/tcp"), forwards: parseForwards("8080/tcp") }),
    look: { forwards: [{ ...FORWARD, port: 8080, last: 8080 }] },
    said: [],
  },
  "a host that gets every port": {
    look: { forwards: [everyPort] },
    said: ["warning port_forwarded"],
    text: "all tcp ports",
  },
  "a knock that is forwarded": {
    look: { forwards: [{ protocol: "udp", port: 9000, last: 10_000, to: ":53" }] },
    said: ["stop knock_forwarded"],
    text: "would not see the knock at 9876/udp",
  },
  "a door without a tcp port": {
    plan: secretPlan(opens("51820/udp")),
    look: { listeners: [{ protocol: "udp", address: "::", port: 51_820 }] },
    said: ["note not_provable", "note ssh_open"],
    text: "51820/udp is not tcp",
  },
  "ssh at another port": {
    look: { connection: { client: "192.0.2.9", server: "192.0.2.1", port: 2222 } },
    said: ["note ssh_open"],
    text: "port 2222 of ssh",
  },
  "other rules of spknock at the same port": {
    look: {
      guarded: [{ name: "office", backend: "nftables", protocol: "tcp", port: 20, last: 30 }],
    },
    said: ["stop guarded_twice"],
    text: 'the rules "office" (nftables) close 20-30/tcp',
    hint: "spknock apply office USER@HOST --remove",
  },
  "its own former rules": {
    look: { guarded: [{ name: "home", backend: "nftables", protocol: "tcp", port: 22, last: 22 }] },
    said: [],
  },
  "its own former rules of another firewall": {
    look: { guarded: [{ name: "home", backend: "iptables", protocol: "tcp", port: 22, last: 22 }] },
    said: ["warning guarded_twice"],
    hint: "remove the former ones",
  },
  "other rules of spknock at another port": {
    look: {
      guarded: [{ name: "office", backend: "nftables", protocol: "tcp", port: 80, last: 80 }],
    },
    said: [],
  },

  "a table that drops the port": {
    look: { rules: nft("udp dport 1-65535 accept") },
    said: ["stop port_dropped"],
    text: "chain input of table inet mine drops 22/tcp by itself",
    hint: "nft insert rule inet mine input tcp dport 22 accept",
  },
  "a table that lets it in": { look: { rules: nft("tcp dport 22 accept") }, said: [] },
  "a table that may drop it": {
    look: { rules: nft("tcp dport 22 meta mark 0x7 accept") },
    said: ["warning port_may_be_dropped"],
  },
  "a table that drops it over one family": {
    look: { rules: nft("ip6 daddr ::/0 drop\naccept") },
    said: ["stop port_dropped"],
    text: "22/tcp over IPv6 by itself",
  },
  "the same, for a plan of the other family": {
    look: { rules: nft("ip6 daddr ::/0 drop\naccept"), addresses: ["192.0.2.1"] },
    client: { addresses: ["192.0.2.1"] },
    plan: secretPlan({ families: ["ipv4"] }),
    said: [],
  },
  "a table that drops the knocks, after our rules": {
    look: { rules: nft("udp dport 1-65535 drop\naccept") },
    said: [],
  },
  "a table that drops the knocks, before our rules": {
    look: {
      rules: nft(
        "udp dport 9876 drop",
        "type filter hook prerouting priority raw; policy accept;",
      ),
    },
    said: ["stop knock_dropped"],
    text: "drops the knocks at 9876/udp by itself: our rules would not see them",
    hint: "udp dport 9876 accept",
  },
  "a table at our own priority": {
    look: {
      rules: nft(
        "udp dport 9876 drop",
        "type filter hook input priority filter - 5; policy accept;",
      ),
    },
    said: ["stop knock_dropped"],
  },
  "the same with iptables, which sees packets later": {
    look: {
      iptables: IPTABLES,
      rules: nft("udp dport 9876 drop", "type filter hook input priority filter; policy accept;"),
    },
    backend: "iptables",
    said: ["stop knock_dropped"],
  },
  "a chain of forwarded packets": {
    look: { rules: nft("", "type filter hook forward priority filter; policy drop;") },
    said: [],
  },
  "ufw, which drops it": {
    look: { active: ["ufw"], rules: ufw("-p tcp -m tcp --dport 80 -j ACCEPT") },
    said: ["stop port_dropped"],
    text: "ufw drops 22/tcp over IPv4 by itself",
    hint: "run there: ufw allow 22/tcp",
  },
  "ufw, for a plan of one family and interface": {
    look: { rules: ufw("-j RETURN"), addresses: ["192.0.2.1"] },
    client: { addresses: ["192.0.2.1"] },
    plan: secretPlan({ families: ["ipv4"], interfaces: ["eth0"] }),
    said: ["stop port_dropped"],
    hint: "ufw allow in on eth0 proto tcp to 0.0.0.0/0 port 22",
  },
  "ufw, which lets it in": { look: { rules: ufw("-p tcp --dport 22 -j ACCEPT") }, said: [] },
  "ufw, and rules of iptables before its own": {
    look: { iptables: IPTABLES, rules: ufw("-j RETURN") },
    backend: "iptables",
    said: [],
  },
  "fw4, whose zone drops it, with rules inside": {
    look: {
      ...parseLook({ stdout: OPENWRT, stderr: "" }),
      guarded: [],
      addresses: [],
      isBusy: false,
    },
    backend: "nftables-openwrt",
    said: [],
  },
  "fw4, with a table of its own": {
    look: { ...parseLook({ stdout: OPENWRT, stderr: "" }), guarded: [], addresses: [] },
    said: ["stop port_dropped"],
    hint: "--for nftables-openwrt",
  },
  "rules that were not read": { look: { rules: undefined }, said: ["note rules_not_read"] },
  "rules of iptables beside firewalld": {
    look: { iptables: IPTABLES, active: ["firewalld"] },
    backend: "iptables",
    said: ["warning firewalld_reload"],
    hint: "--for nftables",
  },
  "rules of iptables beside saved ones": {
    look: { iptables: { ...IPTABLES, isSaved: true } },
    backend: "iptables",
    said: ["note iptables_saved"],
  },

  "no root": { look: { isRoot: false, rules: undefined }, said: ["stop no_root"] },
  "another apply": { look: { isBusy: true }, said: ["stop busy"], text: '"home"' },
  "a clock that is off, without codes": {
    look: { clock: { at: NOW - 3_600_000, isSynchronized: false } },
    said: [],
  },
  "a clock that is late, with codes": {
    plan: codePlan(),
    look: { clock: { at: NOW - 181_000, isSynchronized: true } },
    said: ["stop clock_off"],
    text: "the server's clock is 3m behind this one: one-time codes are taken up to 1m off",
  },
  "a clock that is early, with codes": {
    plan: codePlan(),
    look: { clock: { at: NOW + 120_000, isSynchronized: true } },
    said: ["stop clock_off"],
    text: "2m ahead of",
  },
  "a clock that is a little off, with codes": {
    plan: codePlan(),
    look: { clock: { at: NOW - 60_000, isSynchronized: true } },
    said: [],
  },
  "a clock that no network sets, with codes": {
    plan: codePlan(),
    look: { clock: { at: NOW, isSynchronized: false } },
    said: ["warning clock_not_synchronized"],
    hint: "timedatectl set-ntp true",
  },
  "a clock of which it is not known, with codes": {
    plan: codePlan(),
    look: { clock: { at: NOW, isSynchronized: undefined } },
    said: [],
  },
  "/etc that is read-only": {
    look: { canPersist: false },
    said: ["warning not_permanent"],
    text: "/etc is read-only",
  },
  "/etc that is full": {
    look: { canPersist: false, freeKib: 3 },
    said: ["warning not_permanent"],
    text: "/etc is full",
  },
  "/etc that is read-only, for rules that need not stay": {
    look: { canPersist: false },
    persists: false,
    said: [],
  },
  "stops before warnings before notes": {
    look: { isBusy: true, canPersist: false },
    client: { ssh: { isShared: true } },
    said: ["stop busy", "warning not_permanent", "note shared_connection"],
  },
};

table("assessServer", ROWS, ({ look, client, plan, backend, persists, said, text, hint }) => {
  const found = assessServer(makeLook(look), {
    plan: plan ?? secretPlan(),
    backend: backend ?? "nftables",
    client: clientSide(client),
    persists: persists ?? true,
  });
  assertEquals(found.map(({ severity, code }) => `${severity} ${code}`), said);
  assertStringIncludes(found[0]?.text ?? "", text ?? "");
  assertStringIncludes(found[0]?.hint ?? "", hint ?? "");
});
