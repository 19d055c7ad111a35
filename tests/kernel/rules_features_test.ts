/** The parts of a plan that no attack tries: interface, trusted sources, families, other targets. */
import { assertEquals } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import { GOLDEN_PLANS, regularPlan, secretPlan } from "../rules/fixtures.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { findRefusal, narrowTo } from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import { createLab, kernelTest } from "./lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import {
  adaptPlan,
  assertAgree,
  createKnocks,
  createRange,
  type Firewall,
  FIREWALLS,
  forEachFirewall,
  paced,
  probe,
  type Range,
  shoot,
  TOOLS,
} from "./rules_lab.ts";

const FOUR = "198.18.3.3";
const SIX = "2001:db8:3::3";
const PLAYED = [...FIREWALLS, PLAYED_MIKROTIK];

await kernelTest(
  "interface, trusted sources, families, and two targets side by side",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab();
      const range = await createRange(lab, firewall);
      await interfaces(firewall, range);
      await trusted(firewall, range);
      await families(firewall, range);
      await sideBySide(firewall, range);
    }, PLAYED),
  { tools: TOOLS },
);

/** Whether a packet to the door gets through, without any knock. */
async function passes(range: Range, plan: Plan, source: string): Promise<boolean> {
  const [outcome] = await shoot(range, plan, [
    { name: source, packets: paced([probe(plan, source)]) },
  ]);
  return outcome?.lastSeen ?? false;
}

async function withRules(
  firewall: Firewall,
  { lab: { server } }: Range,
  { plan, check }: { plan: Plan; check: () => Promise<void> },
): Promise<void> {
  await firewall.load(server, plan);
  await check();
  await firewall.undo(server, plan);
}

async function interfaces(firewall: Firewall, range: Range): Promise<void> {
  const cases: [string, boolean][] = [
    ["knock0", false],
    ["knock*", false],
    ["knock1", true],
    ["eth*", true],
    ["_@b-0.1", true],
  ];
  let refused = 0;
  for (const [name, expected] of cases) {
    const plan = adaptPlan(firewall, secretPlan({ interfaces: [name] }));
    if (plan === undefined) {
      refused++;
      continue;
    }
    const check = async () => {
      for (const source of [FOUR, SIX]) {
        assertEquals(await passes(range, plan, source), expected, `${firewall.name}: ${name}`);
      }
    };
    await withRules(firewall, range, { plan, check });
  }
  assertEquals(refused, firewall === PLAYED_MIKROTIK ? 2 : 0, "wildcards");
}

await kernelTest(
  "several interfaces: guarded on those listed, left alone on any other",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab();
      const range = await createRange(lab, firewall);
      for (const number of [1, 2]) await addWire(range, number);
      await severalInterfaces(firewall, range);
    }, PLAYED),
  { tools: TOOLS },
);

const WIRES = ["knock0", "knock1", "knock2"];
const nameMac = (number: number) => `02:00:00:00:77:2${number}`;

/** One more wire between client and server. */
async function addWire({ lab: { client, server } }: Range, number: number): Promise<void> {
  const device = `knock${number}`;
  await client.run([
    ...["ip", "link", "add", device, "type", "veth", "peer", "name", device],
    ...["address", nameMac(number), "netns", server.name],
  ]);
  for (const side of [client, server]) await side.run(["ip", "link", "set", device, "up"]);
  for (const name of ["all", device]) {
    await server.run(["sh", "-c", `echo 0 > /proc/sys/net/ipv4/conf/${name}/rp_filter`]);
  }
  for (const address of [server.ipv4, server.ipv6]) {
    await client.run([
      ...["ip", "neigh", "replace", address, "lladdr", nameMac(number), "dev", device],
      ...["nud", "permanent"],
    ]);
  }
}

/** Packets to the server leave by this wire. */
async function useWire({ lab: { client, server } }: Range, device: string): Promise<void> {
  await client.run(["ip", "route", "replace", `${server.ipv4}/32`, "dev", device]);
  await client.run(["ip", "-6", "route", "replace", `${server.ipv6}/128`, "dev", device]);
}

async function severalInterfaces(firewall: Firewall, range: Range): Promise<void> {
  const cases: [interfaces: string[], guarded: string[]][] = [
    [["knock0", "knock1"], ["knock0", "knock1"]],
    [["knock2", "knock0", "eth0"], ["knock0", "knock2"]],
    [["eth0", "knock1*", "eth*"], ["knock1"]],
    [["eth0", "knock*", "knock1"], WIRES],
    [["eth0", "eth1"], []],
    [["list:WAN"], ["knock0", "knock2"]],
    [["list:WAN", "knock0"], ["knock0", "knock2"]],
    [["knock1", "list:WAN"], WIRES],
    [["list:NONE"], []],
  ];
  let refused = 0;
  for (const [interfaces, guarded] of cases) {
    const plan = adaptPlan(firewall, secretPlan({ interfaces }));
    if (plan === undefined) {
      refused++;
      continue;
    }
    const check = async () => {
      for (const wire of WIRES) await checkWire(range, plan, { wire, firewall, guarded });
      await onlyListedCount(range, plan, guarded);
    };
    await withRules(firewall, range, { plan, check });
  }
  assertEquals(refused, firewall === PLAYED_MIKROTIK ? 2 : 4, "wildcards, or lists");
}

interface Wire {
  wire: string;
  firewall: Firewall;
  guarded: readonly string[];
}

/** A stranger, and a source that knocks: each wire has its own. */
async function checkWire(
  range: Range,
  plan: Plan,
  { wire, firewall, guarded }: Wire,
): Promise<void> {
  await useWire(range, wire);
  const digit = WIRES.indexOf(wire) + 1;
  const strangers = [FOUR, SIX].map((source) => [probe(plan, source)]);
  const knockers = [`198.18.6.${digit}`, `2001:db8:6::${digit}`].map((
    source,
  ) => [...createKnocks(plan, source), probe(plan, source)]);
  const traces = [...strangers, ...knockers].map((packets) => ({
    name: wire,
    packets: paced(packets),
  }));
  const isLeftAlone = !guarded.includes(wire);
  assertEquals(
    (await shoot(range, plan, traces)).map(({ lastSeen }) => lastSeen),
    [isLeftAlone, isLeftAlone, true, true],
    `${firewall.name}: ${plan.interfaces}, on ${wire}`,
  );
}

/** Knocks on another interface open nothing on a listed one. */
async function onlyListedCount(range: Range, plan: Plan, guarded: string[]): Promise<void> {
  const other = WIRES.find((wire) => !guarded.includes(wire));
  const [listed] = guarded;
  if (other === undefined || listed === undefined) return;
  const sources = ["198.18.6.9", "2001:db8:6::9"];
  const shootFrom = (packetsFrom: (plan: Plan, source: string) => ModelPacket[]) =>
    shoot(range, plan, sources.map((name) => ({ name, packets: paced(packetsFrom(plan, name)) })));
  await useWire(range, other);
  await shootFrom(createKnocks);
  await useWire(range, listed);
  const probed = await shootFrom((plan, source) => [probe(plan, source)]);
  assertEquals(probed.map(({ lastSeen }) => lastSeen), [false, false], `${plan.interfaces}`);
}

/** Whether the ban covers both families. */
function canBan({ backend }: Firewall): boolean {
  return findRefusal(backend, secretPlan({ ban: true })) === undefined;
}

async function trusted(firewall: Firewall, range: Range): Promise<void> {
  const trusted = ["198.18.4.0/24", "198.18.5.5", "2001:db8:4::/48", "2001:db8:5::5"];
  const plan = regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], {
    trusted,
    ban: canBan(firewall),
  });
  const cases: [string, boolean][] = [
    ["198.18.4.99", true],
    ["198.18.5.5", true],
    ["198.18.5.6", false],
    ["2001:db8:4:5::1", true],
    ["2001:db8:5::5", true],
    ["2001:db8:5::6", false],
  ];
  const check = async () => {
    for (const [source, expected] of cases) {
      assertEquals(await passes(range, plan, source), expected, `${firewall.name}: ${source}`);
    }
    // Mistakes of a trusted source shut nobody out.
    const mistakes = Array.from({ length: 9 }, (_, index) => ({
      source: "198.18.5.5",
      protocol: "tcp" as const,
      port: 100 + index,
    }));
    const packets = paced([...mistakes, probe(plan, "198.18.5.5")]);
    const outcomes = await shoot(range, plan, [{ name: "trusted", packets }], firewall);
    assertAgree(outcomes, firewall.name);
    assertEquals(outcomes.map(({ lastSeen }) => lastSeen), [true], firewall.name);
  };
  await withRules(firewall, range, { plan, check });
}

async function families(firewall: Firewall, range: Range): Promise<void> {
  for (const family of ["ipv4", "ipv6"] as const) {
    const plan = secretPlan({ families: [family] });
    const check = async () => {
      const name = `${firewall.name}: ${family}`;
      assertEquals(await passes(range, plan, FOUR), family === "ipv6", name);
      assertEquals(await passes(range, plan, SIX), family === "ipv4", name);
    };
    // The family that a former plan covered is let go; RouterOS' header asks for the undo first.
    await firewall.load(range.lab.server, secretPlan());
    if (firewall === PLAYED_MIKROTIK) await firewall.undo(range.lab.server, secretPlan());
    await withRules(firewall, range, { plan, check });
  }
}

async function sideBySide(firewall: Firewall, range: Range): Promise<void> {
  const { server } = range.lab;
  const plans = [
    regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { name: "one" }),
    secretPlan({
      name: "two",
      guard: true,
      ban: canBan(firewall),
      opens: [{ port: 2222, protocol: "tcp" }],
    }),
  ] as const;
  for (const plan of plans) await firewall.load(server, plan);
  for (const [index, plan] of plans.entries()) {
    // In RouterOS the knocks at one door are mistakes at the other, and cost a stage timeout there.
    const last = firewall === PLAYED_MIKROTIK ? index : 0;
    const sources = [FOUR, SIX].map((source) => source.replace(/\d$/, String(3 + last)));
    const traces = sources.map((source) => ({
      name: `${plan.name} from ${source}`,
      packets: paced([probe(plan, source), ...createKnocks(plan, source), probe(plan, source)]),
    }));
    const outcomes = await shoot(range, plan, traces, firewall);
    assertAgree(outcomes, firewall.name);
    assertEquals(outcomes.map(({ lastSeen }) => lastSeen), [true, true], firewall.name);
  }
  for (const plan of plans) await firewall.undo(server, plan);
}

await kernelTest("golden rules are accepted by the tools themselves", async ({ server }) => {
  const context = { host: "fw.example.com" };
  // The keys of one-time codes, which are /etc/spknock otherwise.
  const keys = await Deno.makeTempDir({ prefix: "spknock-test-" });
  for (const [name, plan] of Object.entries(GOLDEN_PLANS)) {
    // What nftables refuses, iptables refuses as well.
    if (findRefusal(nftables, plan) !== undefined) continue;
    await server.run(["nft", "-c", "-f", "-"], {
      stdin: renderRules(nftables, plan, context),
    });
    const include = renderRules(nftablesOpenwrt, plan, context);
    await server.run(["nft", "-c", "-f", "-"], { stdin: `table inet fw4 {\n${include}\n}\n` });
    for (const variant of ["ipset", "recent"]) {
      if (findRefusal(narrowTo(iptables, variant), plan) !== undefined) continue;
      const script = renderRules(iptables, plan, { ...context, variant });
      const env = { SPKNOCK_DIR: keys };
      await server.run(["sh", "-n"], { stdin: script });
      await server.run(["sh", "-s"], { stdin: script, env });
      await server.run(["sh", "-s", "undo"], { stdin: script, env });
    }
    assertEquals(await server.run(["ipset", "list", "-n"]), "", name);
  }
  await Deno.remove(keys, { recursive: true });
}, { tools: TOOLS });
