/**
 * The RouterOS rules, by what MikroTik documents of a filter, against the model, in the worlds of its attacks.
 * Without a guard they are the same packet by packet. The guard's substitute is stricter: no attack opens
 * the door, and every legitimate use still does.
 */
import { assert, assertEquals } from "@std/assert";
import type { Door, Plan, Stage } from "../../src/plan/plan.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { covers, isPorts, parseServices } from "../../src/core/service.ts";
import type { Attack } from "../../src/model/attack.ts";
import { findStrangePort } from "../../src/model/attacks/attack_context.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import {
  createFirewallModel,
  type FirewallModel,
  type ModelPacket,
} from "../../src/model/model.ts";
import { createWorldModel } from "../../src/model/world.ts";
import { mikrotik } from "../../src/rules/backends/mikrotik/mikrotik.ts";
import { renderRules } from "../../src/rules/render.ts";
import { change, getDoor, joinDoors, listNamedPorts } from "../plans.ts";
import { table } from "../table.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "./fixtures.ts";
import { createRouter } from "./router.ts";
import { createFilter, type Filter } from "./router_filter.ts";

const CLOSING: readonly Stage[] = [
  { port: 4321, protocol: "udp", payload: bytes(HASHES[0]) },
  { port: 1234, protocol: "udp", payload: bytes(HASHES[0]) },
];
const FORWARDS = parseForwards(
  "8080/tcp,9000-9010/udp,192.0.2.7:22/tcp,192.0.2.7:53/udp,[2001:db8::7]:22/tcp",
);
const REGULAR = regularPlan(["7003/tcp", "9012/udp", "8044/tcp"]);

const PLANS: Readonly<Record<string, Plan>> = {
  secret: secretPlan(),
  "secret, banned": secretPlan({ ban: true, publicServices: [{ port: 80, protocol: "tcp" }] }),
  "secret, guarded": secretPlan({ guard: true, publicServices: [{ port: 80, protocol: "tcp" }] }),
  guarded: regularPlan(["7003/tcp", "9012/udp", "8044/tcp", "6999/tcp"]),
  unguarded: regularPlan(["1000/tcp", "1000/tcp", "2000/udp"], { guard: false }),
  "banned": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ban: true }),
  "consecutive, banned": regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], { ban: true }),
  "closing": change(secretPlan(), { closing: CLOSING }),
  "closing, regular, guarded, banned": change(
    regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ban: true }),
    {
      closing: [{ port: 9100, protocol: "tcp" }, { port: 8000, protocol: "udp" }],
    },
  ),
  "consecutive, banned, unguarded": regularPlan(["7000/tcp", "7001/tcp"], {
    ban: true,
    guard: false,
  }),
  "ranges": secretPlan({ opens: parseServices("22/tcp,60000-61000/udp,443/tcp") }),
  "more ports than a rule takes": secretPlan({
    opens: parseServices(
      `${Array.from({ length: 20 }, (_, index) => `${100 + 2 * index}/tcp`)},2000-2010/tcp`,
    ),
  }),
  "icmp": secretPlan({ opens: parseServices("icmp,22/tcp") }),
  "all": secretPlan({ opens: parseServices("all"), publicServices: parseServices("80/tcp,icmp") }),
  "all, guarded": change(REGULAR, { opens: parseServices("22/tcp,all") }),
  "forwards": secretPlan({ forwards: FORWARDS }),
  "forwards, guarded, banned": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], {
    forwards: FORWARDS,
    ban: true,
  }),
  "forwards, closing": change(secretPlan({ forwards: FORWARDS, opens: [] }), { closing: CLOSING }),
  "doors": joinDoors(
    secretPlan(),
    change(secretPlan({ name: "office", opens: parseServices("443/tcp,icmp") }), {
      stages: [1, 2, 0].map((index) => ({
        port: 2000 + index,
        protocol: "udp",
        payload: bytes(HASHES[index] ?? ""),
      })),
      closing: CLOSING.slice(0, 1),
    }),
  ),
  "doors, guarded, banned": {
    ...joinDoors(
      REGULAR,
      regularPlan(["6003/tcp", "6901/udp", "6555/tcp"], {
        name: "office",
        opens: parseServices("22/tcp,8443/tcp"),
        forwards: FORWARDS,
      }),
      secretPlan({ name: "vpn", opens: parseServices("51820/udp") }),
    ),
    ban: true,
  },
  "doors, one of them all": joinDoors(
    secretPlan({ opens: parseServices("all") }),
    regularPlan(["6003/tcp", "6901/udp", "6555/tcp"], { name: "office", guard: false }),
  ),
};

/** Each plan in each family. */
const CASES = Object.entries(PLANS).flatMap(([name, both]) =>
  (["ipv4", "ipv6"] as const)
    // No address list takes the network of a source.
    .filter((family) => !both.ban || family === "ipv4")
    .map((family): [string, Plan] => [`${name}, ${family}`, { ...both, families: [family] }])
);

table("mikrotik and the model", CASES, (plan) => {
  const attacks = listAttacks(plan, { seed: 7, limitPorts: portsAround(plan), floodSize: 50 });
  for (const attack of attacks) checkAttack(plan, attack);
});

function checkAttack(plan: Plan, attack: Attack): void {
  const { name, claim, world, source } = attack;
  const router = createRouterModel(plan);
  const [played, expected] = [createWorldModel(plan, world, router), createWorldModel(plan, world)];
  const isExact = plan.doors.every(({ guard }) => !guard) && !name.endsWith("reopened");
  const others = listRivals(plan, attack.door);
  let [opened, reached, end] = [played.isLetIn(source, 0, attack.door), false, 0];
  for (const { packet, at } of attack.packets) {
    end = at;
    const model = expected.receive(packet, at);
    ({ reached } = played.receive(packet, at));
    const isIn = played.isLetIn(source, at, attack.door);
    const isByOther = others.some((other) => expected.isLetIn(source, at, other));
    opened ||= isIn && !isByOther;
    if (isExact) {
      assertEquals(reached, model.reached, `${name} at ${at} ms`);
      const isExpected = isByOther || expected.isLetIn(source, at, attack.door);
      assertEquals(isIn, isExpected, `${name} at ${at} ms`);
    }
    // Stricter is all that they may be.
    assert(model.reached || !reached, `${name} at ${at} ms`);
  }
  if (isPenalized(plan, attack)) return;
  const openAtEnd = played.isLetIn(source, end, attack.door);
  const outcome: Record<Attack["claim"], boolean> = {
    closed: !opened,
    refused: !reached,
    opens: opened,
    reaches: opened && reached,
    closes: opened && !openAtEnd,
    // No source is removed from the list of those that closed the door.
    "stays-open": openAtEnd || name.endsWith("reopened"),
    passes: reached,
    blocked: opened && !reached,
    vulnerable: true,
  };
  assert(outcome[claim], `${name}: ${claim}`);
}

/** The other doors that let in to the service by which a door is probed. */
function listRivals(plan: Plan, name: string): string[] {
  const door = plan.doors.find((each) => each.name === name);
  return plan.doors.filter((other) =>
    other !== door && other.opens.some((service) => covers(service, probe(plan, "", door)))
  ).map((other) => other.name);
}

/** A single mistake is a penalty there. */
function isPenalized({ doors }: Plan, { name, door }: Attack): boolean {
  return name.endsWith("ban-few") && doors.some((each) => each.name === door && each.guard);
}

/** The rules as a model: a door is open for a source that gets to its first service. */
function createRouterModel(plan: Plan): FirewallModel {
  const filter = createPlanFilter(plan);
  const model = createFirewallModel(plan);
  return {
    receive: (packet, at) => ({
      ...model.receive(packet, at),
      accepted: filter.receive(packet, at),
    }),
    isLetIn(source, at, name) {
      const door = plan.doors.find((each) => each.name === name) ?? getDoor(plan);
      return filter.ask(probe(plan, source, door), at);
    },
  };
}

function createPlanFilter(plan: Plan): Filter {
  const rule = { action: "accept", "connection-state": "none" };
  const router = createRouter([{ chain: "input", ...rule }, { chain: "forward", ...rule }]);
  router.run(renderRules(mikrotik, plan, { host: "h" }));
  return createFilter(router, plan.families[0] === "ipv4" ? "/ip" : "/ipv6");
}

/** A packet to the last service that the door opens, or else to the first port that it forwards. */
function probe(plan: Plan, source: string, { opens, forwards }: Door = getDoor(plan)): ModelPacket {
  const [service, forward] = [opens.at(-1), forwards[0]];
  if (service !== undefined) {
    if (isPorts(service)) return { source, protocol: service.protocol, port: service.port };
    if (service.protocol === "icmp") return { source, protocol: "icmp", port: 0 };
    return { source, protocol: "tcp", port: findStrangePort(plan) ?? 1 };
  }
  if (forward === undefined) throw new Error("a door without a service");
  const { protocol, port } = forward.service;
  return { source, protocol, port: 8_000, originalPort: port, host: "198.51.100.250" };
}

/** Enough other ports that no random sweep has the luck to meet the knocks before its ban. */
function portsAround(plan: Plan): number[] {
  const knocks = plan.doors.flatMap(({ stages }) => stages);
  const named = [...knocks, ...listNamedPorts(plan)].map(({ port }) => port);
  const others = Array.from({ length: 150 }, (_, index) => 131 + index * 433);
  const ports = [...named.flatMap((port) => [port - 1, port, port + 1]), ...others];
  return [...new Set(ports)].sort((a, b) => a - b);
}

const CONNECTED = CASES.filter(([, { families }]) => families.includes("ipv4"));

table("mikrotik and the model: packets of connections", CONNECTED, (plan) => {
  const source = "198.51.100.1";
  const { stages, closing, guard } = getDoor(plan);
  const other = { protocol: "udp" as const, port: 12_345 };
  const packets = [...stages, other, ...stages, ...closing, ...stages]
    .map((spec, index) => ({ source, ...spec, established: index % 5 > 0 }));
  if (guard || closing.length > 0) packets.splice(stages.length);
  const [filter, model] = [createPlanFilter(plan), createFirewallModel(plan)];
  for (const [index, packet] of packets.entries()) {
    const at = index * 9;
    assertEquals(filter.receive(packet, at), model.receive(packet, at).accepted, `at ${at} ms`);
    assertEquals(filter.ask(probe(plan, source), at), model.isLetIn(source, at), `at ${at} ms`);
  }
});

Deno.test("mikrotik: trusted sources get in, and a penalty ends", () => {
  const plan: Plan = { ...REGULAR, trusted: ["192.0.2.0/24"], families: ["ipv4"] };
  const filter = createPlanFilter(plan);
  assert(filter.receive(probe(plan, "192.0.2.9"), 0));
  const source = "198.51.100.1";
  const knock = (start: number) => {
    for (const [index, stage] of getDoor(plan).stages.entries()) {
      filter.receive({ source, ...stage }, start + index * 50);
    }
    return filter.receive(probe(plan, source), start + 200);
  };
  filter.receive({ source, protocol: "tcp", port: 12_345 }, 0);
  assertEquals(knock(1_000), false, "during the penalty");
  assertEquals(knock(3_000), false, "still, and not for longer because of the first try");
  assertEquals(knock(5_100), true, "after it");
});

Deno.test("mikrotik: trusted sources get to what is forwarded", () => {
  for (const opens of ["22/tcp", "all"]) {
    const plan: Plan = {
      ...secretPlan({ forwards: FORWARDS, opens: parseServices(opens) }),
      trusted: ["192.0.2.0/24"],
      families: ["ipv4"],
    };
    const filter = createPlanFilter(plan);
    const translated = { port: 8_000, originalPort: 8_080, host: "198.51.100.250" };
    for (const place of [translated, { port: 22, host: "192.0.2.7" }, { port: 22 }]) {
      const isAccepted = ["192.0.2.9", "198.51.100.1"].map((source) =>
        filter.receive({ source, protocol: "tcp", ...place }, 0)
      );
      assertEquals(isAccepted, [true, false], `${opens}: ${JSON.stringify(place)}`);
    }
  }
});

const CLOSED: Record<string, [openForMs: number, guard: boolean]> = {
  "a long open time": [300_000, false],
  "a long open time, guarded": [300_000, true],
  "an open time shorter than the stage timeout": [2_000, false],
  "an open time shorter than the stage timeout, guarded": [2_000, true],
};

table<[number, boolean]>(
  "mikrotik: what a source had before it closed the door, and late knocks, open nothing after it",
  CLOSED,
  ([openForMs, guard]) => {
    const plan: Plan = change(REGULAR, {
      closing: [{ port: 9100, protocol: "tcp" }, { port: 8000, protocol: "udp" }],
      families: ["ipv4"],
      openForMs,
      guard,
    });
    const { stages, closing, stageTimeoutMs } = getDoor(plan);
    const filter = createPlanFilter(plan);
    const source = "198.51.100.1";
    const send = (knocks: readonly Stage[], start: number) =>
      knocks.forEach((stage, index) => filter.receive({ source, ...stage }, start + index * 50));
    const isOpen = (at: number) => filter.receive(probe(plan, source), at);
    send(stages, 0);
    assert(isOpen(150));
    send(closing, 200);
    const end = 250 + Math.max(openForMs, stageTimeoutMs);
    for (let at = 260; at < end; at += 400) {
      send(stages.slice(-1), at);
      assertEquals(isOpen(at + 10), false, `at ${at} ms`);
    }
    assertEquals(isOpen(end), false);
    send(stages, end);
    assert(isOpen(end + 150), "a whole sequence opens it again");
  },
);
