/** Full sweeps by nmap, over both families. */
import type { Plan } from "../../src/plan/plan.ts";
import type { Lab } from "./lab.ts";
import { type Firewall, FIREWALLS, paced, probe, type Range, shoot } from "./rules_lab.ts";
import { change } from "../plans.ts";

const SWEEP_TIMEOUT_MS = 180_000;

/** As fast as it can; -r for ascending order, random without. */
const SPEED = ["-n", "-Pn", "-T5", "--min-rate", "15000", "--max-retries", "1"];

/** All firewalls watch the same sweep, each with a door of its own; none that closes the doors of the others. */
export function givePlanToEach(plan: Plan): [Firewall, Plan][] {
  return FIREWALLS.filter(({ dropsOthers }) => dropsOthers !== true).map((firewall, index) => [
    firewall,
    change(plan, { name: `target${index}`, opens: [{ port: 22 + index, protocol: "tcp" }] }),
  ]);
}

/** Whether the door lets in who swept, over IPv4 and IPv6. */
export async function isOpened(range: Range, plan: Plan): Promise<boolean[]> {
  const { client } = range.lab;
  const traces = [client.ipv4, client.ipv6].map((source) => ({
    name: source,
    packets: paced([probe(plan, source)]),
  }));
  return (await shoot(range, plan, traces)).map(({ lastSeen }) => lastSeen);
}

/** Sweeps over IPv4, then over IPv6. */
export async function sweepPorts({ client, server }: Lab, args: readonly string[]): Promise<void> {
  const options = { timeoutMs: SWEEP_TIMEOUT_MS };
  const from = (source: string) => ["-e", client.device, "-S", source];
  await client.run(["nmap", ...SPEED, ...args, ...from(client.ipv4), server.ipv4], options);
  await client.run(["nmap", "-6", ...SPEED, ...args, ...from(client.ipv6), server.ipv6], options);
}
