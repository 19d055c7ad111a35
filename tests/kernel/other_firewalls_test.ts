/**
 * Our rules beside other firewalls that are really active: closed without the lines of the header, open for
 * sources that knocked with them, and what is left when our rules are gone.
 */
import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import type { PortRange } from "../../src/core/service.ts";
import type { Backend } from "../../src/rules/backend.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { knockd } from "../../src/rules/backends/knockd.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { renderRules } from "../../src/rules/render.ts";
import { regularPlan, secretPlan } from "../rules/fixtures.ts";
import type { Agent } from "./agent_protocol.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import {
  FIREWALLD,
  makeDropTable,
  openShell,
  type OtherFirewall,
  type OtherFirewallKind,
  readHeaderLines,
  UFW,
} from "./other_firewalls.ts";

type FixtureOptions = NonNullable<Parameters<typeof secretPlan>[0]>;

const IPTABLES_TOOLS = ["iptables", "ip6tables", "ipset"];

/** A combination, and what is true for it. */
interface Row {
  backend: Backend;
  other: OtherFirewallKind;
  plan?: FixtureOptions;
  /** Whether the door opens before the lines of the header are followed. */
  opensWithout?: boolean;
  /** Whether strangers get in when our rules are gone: the header says it. */
  openWhenGone: boolean;
}

/** The udp port is the last one. */
const DOORS: PortRange[] = [
  { port: 443, protocol: "tcp" },
  { port: 8443, protocol: "tcp" },
  { port: 60_000, last: 60_010, protocol: "udp" },
];
/** For what cannot open ranges. */
const SINGLE: PortRange[] = DOORS.map(({ port, protocol }) => ({ port, protocol }));

const ROWS: Readonly<Record<string, Row>> = {
  "nftables and ufw": { backend: nftables, other: UFW, openWhenGone: true },
  "nftables and ufw, on one interface": {
    backend: nftables,
    other: UFW,
    plan: { interfaces: ["knock*"] },
    openWhenGone: true,
  },
  "nftables and firewalld": { backend: nftables, other: FIREWALLD, openWhenGone: true },
  "nftables and a table with policy drop": {
    backend: nftables,
    other: makeDropTable("filter"),
    openWhenGone: true,
  },
  "nftables and a table with policy drop before it, on one interface": {
    backend: nftables,
    other: makeDropTable("-10"),
    plan: { interfaces: ["knock0"] },
    openWhenGone: true,
  },
  "iptables and ufw": {
    backend: iptables,
    other: UFW,
    opensWithout: true,
    openWhenGone: false,
  },
  "iptables and a table with policy drop before it": {
    backend: iptables,
    other: makeDropTable("-10"),
    openWhenGone: true,
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  await kernelTest(`other firewalls: ${name}`, async (lab) => {
    const door = await openDoor(
      lab,
      makeSecret({ opens: row.backend.supports.ranges ? DOORS : SINGLE, ...row.plan }),
    );
    const other = await row.other.start(lab);
    const file = `${(await lab.server.run(["mktemp", "-d"])).trim()}/rules`;
    const rules = renderRules(row.backend, door.plan, { host: "fw.example.com", file });
    try {
      await Deno.writeTextFile(file, rules);
      assertEquals(await door.whoGetsIn(), NOBODY, "the other firewall drops the ports");
      await other.run(readApply(rules, file));
      await checkDoor({ door, other, rules, row });
      await other.run(readUndo(rules));
      assertEquals(
        await door.whoGetsIn(),
        row.openWhenGone ? EVERYONE : NOBODY,
        "when ours are gone",
      );
    } finally {
      await lab.server.run(["rm", "-r", file.replace(/\/rules$/, "")]);
    }
  }, { tools: [...IPTABLES_TOOLS, ...row.other.tools] });
}

async function checkDoor(
  { door, other, rules, row }: { door: Door; other: OtherFirewall; rules: string; row: Row },
): Promise<void> {
  await door.knock(0);
  const early = row.opensWithout === true ? only(0) : NOBODY;
  assertEquals(await door.whoGetsIn(), early, "before the lines of the header");
  await other.follow(readHeaderLines(rules));
  await door.knock(0);
  assertEquals(await door.whoGetsIn(), only(0), "with the lines of the header");
  await other.reload();
  assertEquals(await door.whoGetsIn(), only(0), "after a reload of the other firewall");
  await door.knock(1);
  assertEquals(await door.whoGetsIn(), only(0, 1), "knocked after the reload");
}

for (const other of [UFW, FIREWALLD, makeDropTable("filter")]) {
  await kernelTest(
    `other firewalls: rules for IPv4 leave IPv6 closed (${other.tools[0]})`,
    async (lab) => {
      const door = await openDoor(lab, makeSecret({ families: ["ipv4"] }));
      const { server } = lab;
      const firewall = await other.start(lab);
      const rules = renderRules(nftables, door.plan, { host: "fw.example.com" });
      await server.run(["nft", "-f", "-"], { stdin: rules });
      await firewall.follow(readHeaderLines(rules));
      await door.knock(0);
      const [ipv4 = [], ipv6] = await door.whoGetsIn();
      assertEquals([ipv4, ipv6], [only(0)[0], NOBODY[1]]);
    },
    { tools: other.tools },
  );
}

/** Which sources get in, by family, then source, then port. */
type Access = boolean[][][];

/** A door with a service on each port, and three sources a family at the other end. */
interface Door {
  plan: Plan;
  knock(source: number): Promise<void>;
  /** Tries every port from every source. */
  whoGetsIn(): Promise<Access>;
}

const SOURCES = [0, 1, 2];

function only(...inside: number[]): Access {
  return [0, 1].map(() => SOURCES.map((source) => DOORS.map(() => inside.includes(source))));
}

const NOBODY = only();
const EVERYONE = only(...SOURCES);

function makeSecret(options: FixtureOptions = {}): Plan {
  return secretPlan({ opens: DOORS, ...options });
}

async function openDoor(lab: Lab, plan: Plan = makeSecret()): Promise<Door> {
  const { client, server } = lab;
  const service = await server.agent();
  const agent = await client.agent();
  for (const { port, protocol } of DOORS) {
    if (protocol === "tcp") await service.listen(port);
  }
  await server.nft(WITNESS);
  const families = [
    { host: server.ipv4, sources: [client.ipv4, ...lab.sources.ipv4] },
    { host: server.ipv6, sources: [client.ipv6, ...lab.sources.ipv6] },
  ];
  return {
    plan,
    async knock(number) {
      const items = listStages(plan).flatMap(({ port, protocol, payload }, index) =>
        families.map(({ host, sources }) => ({
          source: sources[number] ?? "",
          host,
          protocol,
          port,
          payloadHex: payload?.toHex(),
          atMs: 20 * index,
        }))
      );
      await agent.send(items);
    },
    async whoGetsIn() {
      for (const set of SEEN) await server.run(["nft", "flush", "set", "inet", "witness", set]);
      const places = families.map(({ host, sources }) =>
        SOURCES.map((number) => ({ host, source: sources[number] ?? "" }))
      );
      await agent.send(
        places.flat().flatMap((place) =>
          DOORS.filter(({ protocol }) => protocol === "udp").map((spec) => ({ ...place, ...spec }))
        ),
      );
      const states = await Promise.all(places.flat().map((place) => tryTcpPorts(agent, place)));
      const seen = await server.run(["nft", "list", "table", "inet", "witness"]);
      const rows = places.flat().map(({ source }, index) => [
        ...states[index] ?? [],
        new RegExp(`[ {]${source}[ ,]`).test(seen),
      ]);
      return [rows.slice(0, SOURCES.length), rows.slice(SOURCES.length)];
    },
  };
}

const SEEN = ["seen_4", "seen_6"];

/** Sees, after every firewall, from which sources datagrams come. */
const WITNESS = `
table inet witness {
  set seen_4 { type ipv4_addr; size 65535; flags dynamic; }
  set seen_6 { type ipv6_addr; size 65535; flags dynamic; }
  chain input {
    type filter hook input priority 300; policy accept;
    udp dport 60000 add @seen_4 { ip saddr }
    udp dport 60000 add @seen_6 { ip6 saddr }
  }
}
`;

async function tryTcpPorts(
  agent: Agent,
  place: { host: string; source: string },
): Promise<boolean[]> {
  const ports = DOORS.filter(({ protocol }) => protocol === "tcp");
  return await Promise.all(
    ports.map(async ({ port }) => await agent.connect({ ...place, port }) === "open"),
  );
}

/** The commands of the header that load the rules, without the timed undo: they end with the file. */
function readApply(rules: string, end: string): string {
  const lines = [...rules.matchAll(/^# {3}((?:nft|sh|fw4) .*)$/gm)].map(([, line = ""]) => line)
    .filter((line) => line.endsWith(end));
  return lines.join(" && ");
}

function readUndo(rules: string): string {
  return /^# Undo: +(.*)$/m.exec(rules)?.[1] ?? "exit 1";
}

function listStages({ doors }: Plan) {
  return doors.flatMap(({ stages }) => stages);
}

function readShow(rules: string): string[] {
  return [...rules.matchAll(/^# Show the open sources: (.*)$/gm)].map(([, line = ""]) => line);
}

/** The header and the script say so. */
await kernelTest("other firewalls: firewalld removes the rules of iptables", async (lab) => {
  const { server } = lab;
  const door = await openDoor(lab, makeSecret({ opens: SINGLE }));
  const { run, reload } = await FIREWALLD.start(lab);
  const script = renderRules(iptables, door.plan, { host: "fw.example.com" });
  const list = () => run("iptables -S INPUT; ip6tables -S INPUT");
  const before = await list();
  const { stderr } = await server.exec(["sh", "-s"], { stdin: script });
  assertStringIncludes(stderr, "warning: firewalld is active, and its reload removes these rules");
  assertNotEquals(await list(), before);
  await reload();
  assertEquals(await list(), before);
}, { tools: [...IPTABLES_TOOLS, ...FIREWALLD.tools] });

await kernelTest("other firewalls: knockd and ufw", async (lab) => {
  const { server } = lab;
  const plan = regularPlan(["7003/tcp", "9012/tcp"], {
    opens: SINGLE,
    families: ["ipv4"],
    guard: false,
    interfaces: [server.device],
  });
  const door = await openDoor(lab, plan);
  const ufw = await UFW.start(lab);
  const file = await Deno.makeTempFile({ suffix: ".conf" });
  try {
    await Deno.writeTextFile(file, renderRules(knockd, plan, { host: "fw.example.com" }));
    await startKnockd(server, file);
    assertEquals(await door.whoGetsIn(), NOBODY);
    await door.knock(0);
    const opened = `[ $(iptables -S INPUT | grep -c spknock:home) = ${DOORS.length} ]`;
    await server.run(["sh", "-c", `until ${opened}; do sleep 0.05; done`]);
    assertEquals(await door.whoGetsIn(), [only(0)[0], NOBODY[1]]);
    await ufw.reload();
    assertEquals(await door.whoGetsIn(), [only(0)[0], NOBODY[1]]);
  } finally {
    await Deno.remove(file);
  }
}, { tools: ["knockd", ...UFW.tools] });

/** As OpenWrt's fw4 wraps the included files: the table is flushed by a reload, deleted by a restart. */
const FW4 = `#!/bin/sh
print() {
  echo 'table inet fw4'
  echo 'flush table inet fw4'
  echo 'table inet fw4 {'
  echo '  include "/etc/nftables.d/*.nft"'
  echo '  chain input {'
  echo '    type filter hook input priority filter; policy drop;'
  echo '    iifname "lo" accept'
  echo '    ct state established,related accept'
  echo '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'
  echo '    iifname "knock0" jump input_wan'
  echo '  }'
  echo '  chain input_wan {'
  echo '    jump reject_from_wan'
  echo '  }'
  echo '  chain reject_from_wan {'
  echo '    iifname "knock0" counter reject with icmpx type port-unreachable'
  echo '  }'
  echo '}'
}
case $1 in
  check) print | nft -c -f - ;;
  reload | start) print | nft -f - ;;
  restart) print | nft -c -f - && nft delete table inet fw4 && print | nft -f - ;;
esac
`;

await kernelTest("other firewalls: OpenWrt's zones", async (lab, t) => {
  const door = await openDoor(lab);
  const run = await openShell(lab.server, [
    "mount -t tmpfs tmpfs /etc",
    "mkdir /etc/nftables.d /run/bin",
    `cat >/run/bin/fw4 <<'FW4'\n${FW4}FW4`,
    "chmod 755 /run/bin/fw4",
  ]);
  const fw4 = (line: string) => run(`PATH=/run/bin:$PATH; ${line}`);
  const rules = renderRules(nftablesOpenwrt, door.plan, { host: "fw.example.com" });
  await fw4("fw4 start");
  await t.step("the zone accepts the open sources", async () => {
    assertEquals(await door.whoGetsIn(), NOBODY);
    await run(`cat >/etc/nftables.d/spknock_home.nft <<'RULES'\n${rules}RULES`);
    await fw4(readApply(rules, "fw4 reload"));
    assertEquals(await door.whoGetsIn(), NOBODY);
    await door.knock(0);
    assertEquals(await door.whoGetsIn(), only(0));
  });
  await t.step("without the rules for its chain it drops them", async () => {
    const zone = /^chain input_wan \{\n(?:\t.*\n)+\}\n$/m;
    assertMatch(rules, zone);
    await run(`cat >/etc/nftables.d/spknock_home.nft <<'RULES'\n${rules.replace(zone, "")}RULES`);
    await fw4("fw4 reload");
    assertEquals(await door.whoGetsIn(), NOBODY);
    await run(`cat >/etc/nftables.d/spknock_home.nft <<'RULES'\n${rules}RULES`);
  });
  await t.step("a reload keeps open sources, a restart does not", async () => {
    await fw4("fw4 reload");
    assertEquals(await door.whoGetsIn(), only(0));
    await fw4("fw4 restart");
    assertEquals(await door.whoGetsIn(), NOBODY);
    await door.knock(1);
    assertEquals(await door.whoGetsIn(), only(1));
    const [show = ""] = readShow(rules);
    assertStringIncludes(await fw4(show), lab.sources.ipv4[0] ?? "");
  });
  await t.step("undone, the ports are closed", async () => {
    await fw4(readUndo(rules));
    assertEquals(await door.whoGetsIn(), NOBODY);
    await fw4("fw4 restart");
    assertEquals(await door.whoGetsIn(), NOBODY);
  });
}, { tools: ["nsenter"] });
