/** The parts of a plan that no attack tries: interface, trusted sources, families, other targets. */
import { assertEquals } from "@std/assert";
import type { Plan } from "../../src/core/plan.ts";
import { GOLDEN_PLANS, regularPlan, secretPlan } from "../rules/fixtures.ts";
import { iptables } from "../../src/rules/backends/iptables.ts";
import { nftables } from "../../src/rules/backends/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables_openwrt.ts";
import { renderRules } from "../../src/rules/render.ts";
import { createLab, kernelTest } from "./lab.ts";
import {
  assertAgree,
  createKnocks,
  createRange,
  type Firewall,
  forEachFirewall,
  paced,
  probe,
  type Range,
  shoot,
  TOOLS,
} from "./rules_lab.ts";

const FOUR = "198.18.3.3";
const SIX = "2001:db8:3::3";

await kernelTest(
  "interface, trusted sources, families, and two targets side by side",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab();
      const range = await createRange(lab);
      await interfaces(firewall, range);
      await trusted(firewall, range);
      await families(firewall, range);
      await sideBySide(firewall, range);
    }),
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
    ["a-_.@b0", true],
  ];
  for (const [name, expected] of cases) {
    const plan = secretPlan({ interface: name });
    const check = async () => {
      for (const source of [FOUR, SIX]) {
        assertEquals(await passes(range, plan, source), expected, `${firewall.name}: ${name}`);
      }
    };
    await withRules(firewall, range, { plan, check });
  }
}

async function trusted(firewall: Firewall, range: Range): Promise<void> {
  const trusted = ["198.18.4.0/24", "198.18.5.5", "2001:db8:4::/48", "2001:db8:5::5"];
  const plan = regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { trusted, ban: true });
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
    assertAgree(await shoot(range, plan, [{ name: "trusted", packets }]), firewall.name);
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
    // The family that a former plan covered is let go.
    await firewall.load(range.lab.server, secretPlan());
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
      ban: true,
      protectedPorts: [{ port: 2222, protocol: "tcp" }],
    }),
  ] as const;
  for (const plan of plans) await firewall.load(server, plan);
  for (const plan of plans) {
    const traces = [FOUR, SIX].map((source) => ({
      name: `${plan.name} from ${source}`,
      packets: paced([probe(plan, source), ...createKnocks(plan, source), probe(plan, source)]),
    }));
    assertAgree(await shoot(range, plan, traces), firewall.name);
  }
  for (const plan of plans) await firewall.undo(server, plan);
}

await kernelTest("golden rules are accepted by the tools themselves", async ({ server }) => {
  const context = { host: "fw.example.com" };
  for (const [name, plan] of Object.entries(GOLDEN_PLANS)) {
    await server.run(["nft", "-c", "-f", "-"], {
      stdin: renderRules(nftables, plan, context),
    });
    const include = renderRules(nftablesOpenwrt, plan, context);
    await server.run(["nft", "-c", "-f", "-"], { stdin: `table inet fw4 {\n${include}\n}\n` });
    for (const variant of ["ipset", "recent"]) {
      const script = renderRules(iptables, plan, { ...context, variant });
      await server.run(["sh", "-n"], { stdin: script });
      await server.run(["sh", "-s"], { stdin: script });
      await server.run(["sh", "-s", "undo"], { stdin: script });
    }
    assertEquals(await server.run(["ipset", "list", "-n"]), "", name);
  }
}, { tools: TOOLS });
