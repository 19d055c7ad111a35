/** The real nmap against the generated rules: guarded ones hold, the unguarded one falls. */
import { assertEquals } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { regularPlan } from "../rules/fixtures.ts";
import { kernelTest } from "./lab.ts";
import { givePlanToEach, isOpened, sweepPorts } from "./nmap_sweep.ts";
import { createRange, TOOLS } from "./rules_lab.ts";

const SWEEPS = 3;
// The same ports as the unguarded plan: only the guard makes the difference.
const GUARDED = regularPlan(["7003/tcp", "8044/tcp", "9012/tcp"]);
const GUARDED_UDP = regularPlan(["7003/udp", "7012/udp", "7044/udp"]);
const BANNED = regularPlan(["7003/tcp", "8044/tcp", "9012/tcp"], { ban: true });
const UNGUARDED = regularPlan(["7003/tcp", "8044/tcp", "9012/tcp"], { guard: false });

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
      for (const [firewall, own] of givePlanToEach(plan)) await firewall.load(lab.server, own);
      for (let time = 0; time < times; time++) await sweepPorts(lab, args);
      for (const [firewall, own] of givePlanToEach(plan)) {
        assertEquals(await isOpened(range, own), [expected, expected], `${firewall.name}: ${name}`);
        await firewall.undo(lab.server, own);
      }
    });
  }
}, { tools: TOOLS });

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
