/** The real nmap against the generated rules: guarded ones hold, the unguarded one falls. */
import { assertEquals } from "@std/assert";
import type { Plan } from "../../src/core/plan.ts";
import { runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { regularPlan } from "../rules/fixtures.ts";
import { kernelTest, type Lab } from "./lab.ts";
import {
  createRange,
  type Firewall,
  FIREWALLS,
  paced,
  probe,
  type Range,
  shoot,
  TOOLS,
} from "./rules_lab.ts";

const SWEEPS = 3;
const SWEEP_TIMEOUT_MS = 180_000;
// The same ports as the unguarded plan: only the guard makes the difference.
const GUARDED = regularPlan(["7003/tcp", "8044/tcp", "9012/tcp"]);
const GUARDED_UDP = regularPlan(["7003/udp", "7012/udp", "7044/udp"]);
const BANNED = regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], { ban: true });
const UNGUARDED = regularPlan(["7003/tcp", "8044/tcp", "9012/tcp"], { guard: false });

/** As fast as it can; -r for ascending order, random without. */
const SPEED = ["-n", "-Pn", "-T5", "--min-rate", "15000", "--max-retries", "1"];

await kernelTest("nmap: guarded rules hold, the unguarded one falls", async (lab, context) => {
  // The host answers every closed udp port, so that nmap need not wait.
  await lab.server.run(["sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"]);
  const range = await createRange(lab);
  const rounds: [string, Plan, string[], number, boolean][] = [
    ["ascending", GUARDED, ["-sS", "-r", "-p1-65535"], SWEEPS, false],
    ["random", GUARDED, ["-sS", "-p1-65535"], SWEEPS, false],
    ["udp, ascending", GUARDED_UDP, ["-sU", "-r", "-p6990-7060"], SWEEPS, false],
    ["udp, random", GUARDED_UDP, ["-sU", "-p6990-7060"], SWEEPS, false],
    ["banned, ascending", BANNED, ["-sS", "-r", "-p1-65535"], 1, false],
    ["unguarded, ascending", UNGUARDED, ["-sS", "-r", "-p1-65535"], 1, true],
  ];
  for (const [name, plan, args, times, expected] of rounds) {
    await context.step(name, async () => {
      for (const [firewall, own] of onePlanEach(plan)) await firewall.load(lab.server, own);
      for (let time = 0; time < times; time++) await sweep(lab, args);
      for (const [firewall, own] of onePlanEach(plan)) {
        assertEquals(await opened(range, own), [expected, expected], `${firewall.name}: ${name}`);
        await firewall.undo(lab.server, own);
      }
    });
  }
}, { tools: TOOLS });

/** All firewalls watch the same sweep, each with a door of its own. */
function onePlanEach(plan: Plan): [Firewall, Plan][] {
  return FIREWALLS.map((firewall, index) => [
    firewall,
    { ...plan, name: `target${index}`, protectedPorts: [{ port: 22 + index, protocol: "tcp" }] },
  ]);
}

/** Whether the door lets in who swept, over IPv4 and IPv6. */
async function opened(range: Range, plan: Plan): Promise<boolean[]> {
  const { client } = range.lab;
  const traces = [client.ipv4, client.ipv6].map((source) => ({
    name: source,
    packets: paced([probe(plan, source)]),
  }));
  return (await shoot(range, plan, traces)).map(({ lastSeen }) => lastSeen);
}

async function sweep({ client, server }: Lab, args: readonly string[]): Promise<void> {
  const options = { timeoutMs: SWEEP_TIMEOUT_MS };
  const from = (source: string) => ["-e", client.device, "-S", source];
  await client.run(["nmap", ...SPEED, ...args, ...from(client.ipv4), server.ipv4], options);
  await client.run(["nmap", "-6", ...SPEED, ...args, ...from(client.ipv6), server.ipv6], options);
}

Deno.test("the model says of the same plans what nmap shows", () => {
  const claims: [Plan, string, boolean][] = [
    [GUARDED, "sweep-ascending-3-times", false],
    [GUARDED, "sweep-random-3-times", false],
    [GUARDED_UDP, "sweep-ascending-3-times", false],
    [GUARDED_UDP, "sweep-random-3-times", false],
    [BANNED, "sweep-ascending", false],
    [UNGUARDED, "sweep-ascending", true],
  ];
  for (const [plan, name, opened] of claims) {
    const attack = listAttacks(plan, { seed: 1 }).find((attack) => attack.name === name);
    assertEquals(attack && runAttack(plan, attack).opened, opened, name);
  }
});
