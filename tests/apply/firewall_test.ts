import { assertEquals } from "@std/assert";
import { readIptables } from "../../src/apply/firewall/read_iptables.ts";
import { readNft } from "../../src/apply/firewall/read_nft.ts";
import { findVerdict, type FirewallTable, type Packet } from "../../src/apply/firewall/table.ts";
import { table } from "../table.ts";

const PACKET: Packet = {
  family: "ipv4",
  protocol: "tcp",
  port: 22,
  source: "192.0.2.9",
  destination: "192.0.2.1",
  device: "eth0",
};

interface Row {
  rules: string;
  /** Whether the packet is dropped. */
  drops: "yes" | "no" | "maybe";
  packet?: Partial<Packet>;
  policy?: "accept" | "drop";
}

function check(tables: readonly FirewallTable[], chain: string, { drops, packet }: Row) {
  const [found] = tables;
  const base = found?.chains.get(chain);
  if (found === undefined || base === undefined) throw new Error("no chain");
  assertEquals(findVerdict(found, base, { ...PACKET, ...packet }), drops);
}

const UDP = { protocol: "udp", port: 1234 } as const;

table<Row>("rules of nftables", {
  "an empty chain": { rules: "", drops: "no" },
  "its policy": { rules: "", policy: "drop", drops: "yes" },
  "a port": { rules: "tcp dport 22 accept", policy: "drop", drops: "no" },
  "another port": { rules: "tcp dport 23 accept", policy: "drop", drops: "yes" },
  "a range": { rules: "tcp dport 20-30 drop", drops: "yes" },
  "a set": { rules: "tcp dport { 22, 80 } accept", policy: "drop", drops: "no" },
  "a named set": { rules: "tcp dport @ports drop", drops: "yes" },
  "a named set that is not known": { rules: "tcp dport @other drop", drops: "maybe" },
  "all ports but one": { rules: "tcp dport != 22 drop", drops: "no" },
  "the same port of udp": { rules: "udp dport 22 drop", drops: "no" },
  "any transport": { rules: "meta l4proto { tcp, udp } th dport 22 drop", drops: "yes" },
  "a state": { rules: "ct state established,related accept", policy: "drop", drops: "yes" },
  "a new connection": { rules: "ct state new tcp dport 22 drop", drops: "yes" },
  "invalid packets": { rules: "ct state invalid drop", drops: "no" },
  "a map of states": {
    rules: "ct state vmap { invalid : drop, established : accept, new : jump other }",
    drops: "yes",
  },
  "a map of ports": { rules: "tcp dport vmap { 22 : drop, 80 : accept }", drops: "yes" },
  "a map that is not known": { rules: "tcp dport . ip saddr vmap @map", drops: "maybe" },
  "loopback": { rules: 'iifname "lo" accept', policy: "drop", drops: "yes" },
  "all but loopback": { rules: 'iifname != "lo" drop', drops: "yes" },
  "its interface": { rules: 'iifname "eth*" drop', drops: "yes" },
  "another interface": { rules: 'iifname { "wan", "eth1" } drop', drops: "no" },
  "an interface that is not known": {
    rules: 'iifname "eth0" drop',
    packet: { device: undefined },
    drops: "maybe",
  },
  "its source": { rules: "ip saddr 192.0.2.0/24 drop", drops: "yes" },
  "another source": { rules: "ip saddr { 10.0.0.0/8, 198.51.100.1 } drop", drops: "no" },
  "all sources but its own": { rules: "ip saddr != 192.0.2.0/24 drop", drops: "no" },
  "a source that is not known": {
    rules: "ip saddr 10.0.0.0/8 drop",
    packet: { source: undefined },
    drops: "maybe",
  },
  "the other family": { rules: "ip6 saddr ::/0 drop", drops: "no" },
  "its own family": { rules: "meta nfproto ipv4 drop", drops: "yes" },
  "a set of addresses": { rules: "ip saddr @bad drop", drops: "maybe" },
  "echo requests": { rules: "icmp type echo-request accept", policy: "drop", drops: "yes" },
  "a jump that drops": { rules: "jump other", drops: "yes" },
  "a goto that comes back": { rules: "goto empty", policy: "drop", drops: "yes" },
  "a jump that comes back": { rules: "jump empty\naccept", policy: "drop", drops: "no" },
  "chains that call each other": { rules: "jump circle", policy: "drop", drops: "yes" },
  "a chain that is hidden": { rules: "jump spknock.home.door", drops: "no" },
  "return": { rules: "return\ndrop", drops: "no" },
  "a rejection": { rules: "reject with icmpx admin-prohibited", drops: "yes" },
  "a SYN": { rules: "tcp flags & (fin | syn | rst | ack) == syn drop", drops: "yes" },
  "a SYN, written shortly": { rules: "tcp flags syn / fin,syn,rst,ack drop", drops: "yes" },
  "all but a SYN": { rules: "tcp flags != syn / fin,syn,rst,ack ct state new drop", drops: "no" },
  "no flags at all": { rules: "tcp flags & (fin | syn) == 0x0 drop", drops: "no" },
  "SYN and FIN": { rules: "tcp flags & (fin | syn) == fin | syn drop", drops: "no" },
  "a rate": {
    rules: "tcp dport 22 limit rate 5/minute burst 5 packets accept",
    policy: "drop",
    drops: "no",
  },
  "over a rate": { rules: "limit rate over 5/minute drop", drops: "no" },
  "what is only counted": {
    rules: 'counter packets 1 bytes 2 log prefix "drop " level info',
    drops: "no",
  },
  "a comment": {
    rules: 'tcp dport 22 counter accept comment "22 drop"',
    policy: "drop",
    drops: "no",
  },
  "a mark": { rules: "meta mark 0x1 drop", drops: "maybe" },
  "a mark that is set": { rules: "meta mark set 0x1", drops: "no" },
  "the reverse path": {
    rules: "meta nfproto ipv4 fib saddr . mark . iif oif missing drop",
    drops: "no",
  },
  "an address of this machine": { rules: "fib daddr type local tcp dport 22 drop", drops: "yes" },
  "a broadcast": { rules: "meta pkttype { broadcast, multicast } drop", drops: "no" },
  "translated packets": { rules: "ct status dnat accept", policy: "drop", drops: "yes" },
  "a queue": { rules: "queue to 1", drops: "maybe" },
  "a knock": { rules: "udp dport 1-1024 drop", packet: UDP, drops: "no" },
  "a match of iptables": {
    rules: 'meta l4proto udp xt match "string" counter drop',
    packet: UDP,
    drops: "maybe",
  },
}, (row) => {
  const lines = `table inet x {
	set ports {
		type inet_service
		elements = { 20-21, 22,
			     80 }
	}
	chain input {
		type filter hook input priority filter - 10; policy ${row.policy ?? "accept"};
${row.rules.split("\n").map((rule) => `\t\t${rule}`).join("\n")}
	}
	chain other {
		drop
	}
	chain empty {
	}
	chain circle {
		jump circle
	}
}`.split("\n");
  check(readNft(lines), "input", row);
});

table<Row>("rules of iptables", {
  "its policy": { rules: "", policy: "drop", drops: "yes" },
  "a port": { rules: "-p tcp -m tcp --dport 22 -j ACCEPT", policy: "drop", drops: "no" },
  "ports": { rules: "-p tcp -m multiport --dports 20:25,80 -j DROP", drops: "yes" },
  "all ports but one": { rules: "-p tcp -m tcp ! --dport 22 -j DROP", drops: "no" },
  "a state": {
    rules: "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    policy: "drop",
    drops: "yes",
  },
  "a comment with an option": {
    rules: '-p tcp -m tcp --dport 22 -m comment --comment "x \\" -j DROP" -j ACCEPT',
    policy: "drop",
    drops: "no",
  },
  "a source": {
    rules: "-s 192.0.2.0/24 -j REJECT --reject-with icmp-port-unreachable",
    drops: "yes",
  },
  "not a source": { rules: "! -s 192.0.2.0/24 -j DROP", drops: "no" },
  "a SYN": { rules: "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", drops: "no" },
  "a log": { rules: '-j LOG --log-prefix "[x] " --log-level 4', drops: "no" },
  "an ipset": { rules: "-m set --match-set bad src -j DROP", drops: "maybe" },
  "a jump": { rules: "-j other", drops: "yes" },
  "a jump to ours, which is hidden": { rules: "-j spk.home.in", policy: "drop", drops: "yes" },
  "a goto": { rules: "-g empty", policy: "drop", drops: "yes" },
  "the reverse path": { rules: "-m rpfilter --validmark --invert -j DROP", drops: "no" },
  "a rate": { rules: "-p tcp -m limit --limit 3/min -j ACCEPT", policy: "drop", drops: "no" },
  "the other family": { rules: "-j DROP", packet: { family: "ipv6" }, drops: "no" },
}, (row) => {
  const lines = [
    "*filter",
    `:INPUT ${row.policy === "drop" ? "DROP" : "ACCEPT"}`,
    ":other -",
    ":empty -",
    ...(row.rules === "" ? [] : [`-A INPUT ${row.rules}`]),
    "-A other -j DROP",
    "COMMIT",
  ];
  check(readIptables(lines, { family: "ipv4", isLegacy: false }), "INPUT", row);
});
