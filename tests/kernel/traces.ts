/** Random packets, of both families, at the model and at the kernel; a seed repeats them. */
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { isPorts, parseServices } from "../../src/core/service.ts";
import type { TimedPacket } from "../../src/model/attack.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import { createRandom } from "../../src/model/random.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "../rules/fixtures.ts";
import { createLab } from "./lab.ts";
import {
  adaptPlan,
  assertAgree,
  chunksOf,
  createRange,
  describePlan,
  type Firewall,
  isRendered,
  probe,
  shoot,
  type Trace,
} from "./rules_lab.ts";
import { change, joinDoors } from "../plans.ts";

const TIMES = { stageTimeoutMs: 1_000, openForMs: 2_000 };
const OPEN = [{ port: 22, protocol: "tcp" }, { port: 51_820, protocol: "udp" }] as const;
const WEB = [{ port: 80, protocol: "tcp" }] as const;

const PLANS: readonly Plan[] = [
  secretPlan({ ...TIMES, opens: OPEN }),
  secretPlan({ ...TIMES, opens: OPEN, guard: true, publicServices: WEB }),
  change(secretPlan(TIMES), {
    stages: HASHES.map((hash) => ({ port: 4444, protocol: "udp", payload: bytes(hash) })),
  }),
  regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ...TIMES, publicServices: WEB }),
  regularPlan(["1000/tcp", "1000/tcp", "2000/udp"], { ...TIMES, guard: false }),
  regularPlan(["7000/udp", "7001/udp", "7002/udp"], { ...TIMES, ban: true, publicServices: WEB }),
  change(secretPlan({ ...TIMES, opens: OPEN }), {
    closing: [{ port: 9, protocol: "udp" }, {
      port: 1234,
      protocol: "udp",
      payload: bytes(HASHES[0]),
    }],
  }),
  joinDoors(
    regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], {
      ...TIMES,
      opens: parseServices("22/tcp,60000-60010/udp"),
      publicServices: WEB,
    }),
    change(secretPlan({ ...TIMES, name: "office", opens: parseServices("443/tcp,icmp") }), {
      stages: HASHES.slice(0, 2).map((hash) => ({
        port: 4444,
        protocol: "udp",
        payload: bytes(hash),
      })),
    }),
  ),
  joinDoors(
    secretPlan({ ...TIMES, opens: parseServices("22/tcp"), publicServices: WEB }),
    regularPlan(["7003/tcp", "9012/udp"], {
      ...TIMES,
      name: "office",
      opens: parseServices("all"),
    }),
  ),
  // Knocks on a protected and on a public port.
  regularPlan(["22/tcp", "80/tcp", "8044/tcp"], { ...TIMES, publicServices: WEB }),
];

/** How many packets were compared. */
export interface TraceTotal {
  /** The kernel's verdict had to be the model's. */
  exact: number;
  /** The kernel had to let through no more than the model, and of those let through so many. */
  stricter: number;
  opened: number;
  /** Too close to a timeout to be compared. */
  skipped: number;
}

/**
 * Plays so many traces of a seed, each at the model and at the kernel.
 *
 * @throws {AssertionError} with the packets and the seed where they differ.
 */
export async function playTraces(
  firewall: Firewall,
  { seed, count }: { seed: number; count: number },
): Promise<TraceTotal> {
  await using lab = await createLab();
  const range = await createRange(lab, firewall);
  const perPlan = Math.ceil(count / PLANS.length);
  const total: TraceTotal = { exact: 0, stricter: 0, opened: 0, skipped: 0 };
  for (const whole of PLANS) {
    const plan = adaptPlan(firewall, whole);
    if (plan === undefined) {
      if (whole.doors.length === 1) throw new Error(`${firewall.name} refuses ${whole.name}`);
      isRendered(firewall, whole, describePlan(whole));
      continue;
    }
    const traces = Array.from({ length: perPlan }, (_, index) => randomTrace(plan, index, seed));
    for (const part of chunksOf(traces, firewall.capacity)) {
      await firewall.load(lab.server, plan);
      const outcomes = await shoot(range, plan, part, firewall);
      assertAgree(outcomes, `${firewall.name}, ${describePlan(plan)}, seed ${seed}`);
      for (const { isExact, compared, passed, skipped } of outcomes) {
        total.skipped += skipped;
        total[isExact ? "exact" : "stricter"] += compared;
        if (!isExact) total.opened += passed;
      }
      await firewall.undo(lab.server, plan);
    }
  }
  return total;
}

/** 14 packets, one a tenth of a second or so, mostly knocks in their order; then one to the door. */
function randomTrace(plan: Plan, index: number, seed: number): Trace {
  const random = createRandom(seed + index * 7_919);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const source = index % 2 === 0 ? `198.18.7.${index + 1}` : `2001:db8:7:${index + 1}::1`;
  const packets: TimedPacket[] = [];
  const sent = new Map(plan.doors.map(({ name }) => [name, 0]));
  let at = 0;
  for (let count = 0; count < 14; count++) {
    const { name, stages, closing } = pick(plan.doors);
    const next = sent.get(name) ?? 0;
    const close = closing[next % 2];
    const isClosing = close !== undefined && random() < 0.2;
    const isKnock = isClosing || random() < 0.6;
    const packet = isClosing
      ? { source, ...close }
      : isKnock
      ? { source, ...stages[next % stages.length] as Stage }
      : oddPacket(plan, source, { pick, random });
    if (isKnock) sent.set(name, next + 1);
    packets.push({ packet, at });
    at += pick([15, 15, 40, 90, 300, 600, 1_400]);
  }
  packets.push({ packet: probe(plan, source, pick(plan.doors).name), at });
  return { name: `trace ${index}`, packets };
}

interface Chance {
  pick: <Item>(items: readonly Item[]) => Item;
  random: () => number;
}

function oddPacket(plan: Plan, source: string, { pick, random }: Chance): ModelPacket {
  const stage = pick(pick(plan.doors).stages);
  const packet: ModelPacket = { source, ...stage };
  switch (Math.floor(random() * 7)) {
    case 0:
      return { ...packet, ...spoilt(packet, random) };
    case 1:
      return {
        source,
        protocol: pick(["tcp", "udp"]),
        port: 10_000 + Math.floor(random() * 9_000),
      };
    case 2:
      return { source, protocol: "tcp", port: pick([stage.port, 9_999]), flags: "other" };
    case 3:
      return { source, protocol: stage.protocol === "tcp" ? "udp" : "tcp", port: stage.port };
    case 4:
      return { source, protocol: "udp", port: 9_998, toHost: false };
    case 5:
      return pickService(plan, source, { pick, random });
    default:
      return packet;
  }
}

/** A packet to a service, or just beside a range. */
function pickService(plan: Plan, source: string, { pick }: Chance): ModelPacket {
  const service = pick([...plan.doors.flatMap(({ opens }) => opens), ...plan.publicServices]);
  if (!isPorts(service)) {
    return service.protocol === "icmp"
      ? { source, protocol: "icmp", port: 0 }
      : { source, protocol: "tcp", port: pick([1, 4_999]) };
  }
  const { protocol, port, last = port } = service;
  return { source, protocol, port: pick([port, port, last, last + 1]) };
}

/** A payload that is nearly right; for a regular udp knock any payload is. */
function spoilt({ protocol, payload }: ModelPacket, random: () => number): Partial<ModelPacket> {
  if (protocol === "tcp") return {};
  if (payload === undefined) return { payload: bytes("x") };
  const wrong = [payload.slice(1), new Uint8Array([...payload, 10]), payload.with(0, 0)];
  return { payload: wrong[Math.floor(random() * wrong.length)] };
}
