/** What RouterOS' lines become on Linux, and what is not translated. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createRouter } from "../rules/router.ts";
import { table } from "../table.ts";
import { kernelTest } from "./lab.ts";
import { importScript } from "./routeros_player.ts";
import { translateRouter } from "./routeros_translator.ts";

const FILTER = "/ip firewall filter add chain=a";
const MEMBERS = { WAN: ["eth0", "eth1"], NONE: [] };

function translate(script: string) {
  const router = createRouter([], { lists: Object.keys(MEMBERS) });
  router.run(script);
  return translateRouter(router, MEMBERS);
}

const LINES: Record<string, [line: string, rules: string[]]> = {
  "matchers in any order": [
    `${FILTER} dst-port=7 action=return tcp-flags=syn,!ack protocol=tcp`,
    ["-p tcp -m multiport --dports 7 -m tcp --tcp-flags SYN,ACK SYN -j RETURN"],
  ],
  "ports and ranges": [
    `${FILTER} action=drop protocol=udp dst-port=1,2,10-20`,
    ["-p udp -m multiport --dports 1,2,10:20 -j DROP"],
  ],
  "echo requests": [
    `${FILTER} action=accept protocol=icmp icmp-options=8:0-255`,
    ["-p icmp -m icmp --icmp-type 8 -j ACCEPT"],
  ],
  "a payload": [
    `${FILTER} action=return protocol=udp packet-size=36 content="a\\"b\\\\c\\24"`,
    ['-p udp -m length --length 36 -m string --algo bm --hex-string "|6122625c6324|" -j RETURN'],
  ],
  "an address list": [
    `${FILTER} action=add-src-to-address-list address-list=b address-list-timeout=1h30m src-address-list=!c`,
    [
      "-m set ! --match-set ros:4:c src -j SET --add-set ros:4:b src --exist --timeout 5400",
    ],
  ],
  "a destination in a list": [
    `${FILTER} action=add-dst-to-address-list address-list=b address-list-timeout=48h dst-address-list=c`,
    [
      "-m set --match-set ros:4:c dst -j SET --add-set ros:4:b dst --exist --timeout 172800",
    ],
  ],
  "a disabled rule, and one that is not": [
    `${FILTER} action=drop disabled=yes\n${FILTER} action=return disabled=no`,
    ["-j RETURN"],
  ],
  "states": [
    `${FILTER} action=drop connection-state=new,untracked connection-nat-state=!dstnat`,
    ["-m conntrack --ctstate NEW,UNTRACKED -m conntrack ! --ctstate DNAT -j DROP"],
  ],
  "destinations": [
    `${FILTER} action=drop dst-address=192.0.2.7 dst-address-type=!local`,
    ["-d 192.0.2.7 -m addrtype ! --dst-type LOCAL -j DROP"],
  ],
  "an interface": [`${FILTER} action=drop in-interface=eth0.2`, ["-i eth0.2 -j DROP"]],
  "an interface list": [
    `${FILTER} action=drop in-interface-list=WAN`,
    ["-i eth0 -j DROP", "-i eth1 -j DROP"],
  ],
  "an empty interface list": [`${FILTER} action=drop in-interface-list=NONE`, []],
  "a jump": [`${FILTER} action=jump jump-target=spknock:home`, ["-j ros:spknock:home"]],
  "a place": [
    `${FILTER} action=drop\n${FILTER} action=accept place-before=[:pick [/ip firewall filter find action=drop] 0]`,
    ["-j ACCEPT", "-j DROP"],
  ],
  "NAT": [
    "/ip firewall nat add chain=dstnat action=accept protocol=tcp dst-port=22",
    ["-p tcp -m multiport --dports 22 -j ACCEPT"],
  ],
};

table<[string, string[]]>("a line of RouterOS in iptables' words", LINES, ([line, expected]) => {
  const lines = translate(line).rules.ipv4.split("\n").filter((rule) => rule.startsWith("-A "));
  assertEquals(lines.map((rule) => rule.replace(/^-A \S+ /, "")), expected);
});

const UNKNOWN: Record<string, [line: string, error: string]> = {
  "a property": [`${FILTER} action=drop random=50`, 'unknown property "random"'],
  "an action": [`${FILTER} action=tarpit`, 'unknown action "tarpit"'],
  "a rule without an action": [`${FILTER} protocol=tcp`, 'unknown action "undefined"'],
  "an interface list": [`${FILTER} action=drop in-interface-list=LAN`, "LAN"],
  "a flag": [`${FILTER} action=drop tcp-flags=ece`, "tcp-flags"],
  "a protocol": [`${FILTER} action=drop protocol=gre`, "gre"],
  "a protocol of the other family": [`${FILTER} action=drop protocol=icmpv6`, "icmpv6"],
  "too many ports": [
    `${FILTER} action=drop protocol=tcp dst-port=1,2,3,4,5,6,7,8,9,10,11,12,13,14-15,16`,
    "more than 15",
  ],
  "an entry without an end": [
    `${FILTER} action=add-src-to-address-list address-list=b`,
    "address-list-timeout",
  ],
  "milliseconds": [
    `${FILTER} action=add-src-to-address-list address-list=b address-list-timeout=5ms`,
    '"5ms"',
  ],
  "networks in a list that rules add to": [
    `${FILTER} action=add-src-to-address-list address-list=b address-list-timeout=5s\n` +
    "/ip firewall address-list add list=b address=192.0.2.0/24",
    '"b"',
  ],
  "a name instead of an address": [`${FILTER} action=drop dst-address=host`, "host"],
};

table<[string, string]>("what is not translated is an error", UNKNOWN, ([line, error]) => {
  const { message } = assertThrows(() => translate(`\n${line}`), SyntaxError);
  assertStringIncludes(message, "line 2: ");
  assertStringIncludes(message, error);
});

Deno.test("an unknown command is an error with its line", () => {
  assertThrows(() => translate("\n/ip firewall filter disable 0"), Error, "line 2");
});

Deno.test("long names stay distinct, and as short as the kernel's", () => {
  const long = `spknock:${"x".repeat(60)}`;
  const { rules, sets } = translate(
    ["a", "b"].map((end) =>
      `/ip firewall filter add chain=${long}${end} action=drop src-address-list=${long}${end}`
    )
      .join("\n"),
  );
  const chains = [...rules.ipv4.matchAll(/^:(ros:spknock\S+) /gm)].map(([, name]) => name ?? "");
  assertEquals(new Set(chains).size, 2);
  assertEquals(sets.size, 2);
  assert(chains.every(({ length }) => length <= 28));
  assert([...sets.keys()].every(({ length }) => length <= 31));
});

/** What a router with forwarded ports, published ones and echo requests can have. */
const SCRIPT = ["/ip", "/ipv6"].map((menu) => `
${menu} firewall address-list add list=trusted address=${
  menu === "/ip" ? "10.0.0.0/8" : "fd00::/8"
} comment=t
${menu} firewall filter add chain=forward action=drop protocol=tcp dst-port=1,2,10-20 connection-nat-state=dstnat
${menu} firewall filter add chain=forward action=drop protocol=udp dst-address=${
  menu === "/ip" ? "192.0.2.7" : "2001:db8::7"
} in-interface-list=WAN src-address-list=!trusted
${menu} firewall filter add chain=input action=drop protocol=${
  menu === "/ip" ? "icmp icmp-options=8:0" : "icmpv6 icmp-options=128:0"
}
${menu} firewall nat add chain=dstnat action=accept protocol=tcp dst-port=22
`).join("");

await kernelTest("the kernel takes what is translated, and lets go of it", async ({ server }) => {
  const list = async () => {
    const each = ["iptables", "ip6tables"].flatMap((tool) =>
      ["filter", "nat"].map((name) => server.run([tool, "-t", name, "-S"]))
    );
    return (await Promise.all([...each, server.run(["ipset", "list", "-n"])])).join("\n");
  };
  const before = await list();
  await importScript(server, SCRIPT);
  const loaded = await list();
  for (
    const rule of [
      "-A FORWARD -j ros:forward",
      "-A PREROUTING -j ros:dstnat",
      "-A ros:forward -p tcp -m multiport --dports 1,2,10:20 -m conntrack --ctstate DNAT -j DROP",
      "-A ros:forward -d 2001:db8::7/128 -i knock2 -p udp -m set ! --match-set ros:6:trusted src -j DROP",
      "-A ros:input -p icmp -m icmp --icmp-type 8/0 -j DROP",
      "-A ros:input -p ipv6-icmp -m icmp6 --icmpv6-type 128/0 -j DROP",
      "-A ros:dstnat -p tcp -m multiport --dports 22 -j ACCEPT",
    ]
  ) assertStringIncludes(loaded, rule);
  const undo = SCRIPT.split("\n").filter((line) => line !== "")
    .map((line) => line.replace(/ add .*/, " remove [find]"));
  await importScript(server, undo.join("\n"));
  assertEquals(await list(), before);
}, { tools: ["iptables", "ip6tables", "ipset"] });
