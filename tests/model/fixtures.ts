/** Plans and packets that the tests of the model share. */
import type { Plan } from "../../src/plan/plan.ts";
import type { Attack } from "../../src/model/attack.ts";
import { createFirewallModel, type ModelPacket, type Verdict } from "../../src/model/model.ts";
import { change, getDoor, type PlanChanges } from "../plans.ts";

/** SHA-256 hex of MikroTik, is, awesome: the test vectors of the original's README. */
export const HASHES = [
  "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad",
  "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6",
  "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c",
] as const;

export const ME = "192.0.2.7";

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

const BASE: Plan = {
  name: "home",
  doors: [{
    name: "home",
    stages: [],
    closing: [],
    opens: [{ port: 22, protocol: "tcp" }],
    forwards: [],
    openForMs: 60_000,
    stageTimeoutMs: 5_000,
    guard: false,
  }],
  ban: false,
  banPrefix6: 64,
  prefixes: { ipv4: 32, ipv6: 128 },
  families: ["ipv4", "ipv6"],
  interfaces: [],
  trusted: [],
  publicServices: [],
};

/** Three secret knocks, no guard. */
export function secretPlan(changes: PlanChanges = {}): Plan {
  const ports = [1234, 9876, 5555];
  const stages = HASHES.map((hash, index) => ({
    port: ports[index] as number,
    protocol: "udp" as const,
    payload: bytes(hash),
  }));
  return change(BASE, { stages, ...changes });
}

/** Regular tcp knocks on these ports, unguarded. */
export function regularPlan(ports: readonly number[], changes: PlanChanges = {}): Plan {
  return change(BASE, { stages: ports.map((port) => ({ port, protocol: "tcp" })), ...changes });
}

/** The plan's own knocks. */
export function createKnocks(plan: Plan, source = ME): ModelPacket[] {
  return getDoor(plan).stages.map((stage) => ({ source, ...stage }));
}

/** Whether an attack's source is let in right after the last packet, and the milliseconds until then. */
export function playAttack(
  plan: Plan,
  { source, packets, door, epoch }:
    & Pick<Attack, "source" | "packets" | "epoch">
    & { door?: string },
): { isOpenAtEnd: boolean; durationMs: number } {
  const model = createFirewallModel(plan, { epoch });
  let end = 0;
  let start: number | undefined;
  for (const { packet, at } of packets) {
    model.receive(packet, at);
    start ??= at;
    end = at;
  }
  return { isOpenAtEnd: model.isLetIn(source, end, door), durationMs: end - (start ?? 0) };
}

/** Whether an attack can be played at a machine with nothing around its rules, and whose clock is not set. */
export function isBare({ world, packets, setsClock }: Attack): boolean {
  return world === undefined && setsClock !== true &&
    [...packets].every(({ packet }) => packet.host === undefined);
}

/** What the model made of a packet, in one word and its number: `advance 1`, `open`, `mistake reset`, `pass`. */
export function toWords({ kind, knocks, reset, banned }: Verdict): string {
  const knock = knocks.findLast(({ kind }) => kind !== "closing");
  if (kind === "knock" && knock !== undefined) {
    return knock.kind === "open" ? "open" : `${knock.kind} ${"stage" in knock ? knock.stage : ""}`;
  }
  return [kind, ...(reset.length > 0 ? ["reset"] : []), ...(banned ? ["banned"] : [])].join(" ");
}

/** When a packet that opened the door says that it closes again. */
export function findEnd({ knocks }: Verdict): number | undefined {
  return knocks.flatMap((knock) => knock.kind === "open" ? knock.until : [])[0];
}
