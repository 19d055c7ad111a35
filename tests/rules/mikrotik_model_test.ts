/**
 * The RouterOS rules, by what MikroTik documents of a filter, against the model. Without a guard they
 * are the same packet by packet. The guard's substitute is stricter: no attack opens the door, and every
 * legitimate use still does.
 */
import { assert, assertEquals } from "@std/assert";
import type { Plan, Stage } from "../../src/core/plan.ts";
import type { TimedPacket } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { createFirewallModel, type ModelPacket } from "../../src/model/model.ts";
import { mikrotik } from "../../src/rules/backends/mikrotik.ts";
import { renderRules } from "../../src/rules/render.ts";
import { isBare, playAttack } from "../model/fixtures.ts";
import { table } from "../table.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "./fixtures.ts";
import { createRouter } from "./router.ts";
import { createFilter, type Filter } from "./router_filter.ts";
import { change, getDoor, getOpenedPort, listNamedPorts } from "../plans.ts";

const PLANS: Readonly<Record<string, Plan>> = {
  secret: secretPlan(),
  "secret, banned": secretPlan({ ban: true, publicServices: [{ port: 80, protocol: "tcp" }] }),
  "secret, guarded": secretPlan({ guard: true, publicServices: [{ port: 80, protocol: "tcp" }] }),
  guarded: regularPlan(["7003/tcp", "9012/udp", "8044/tcp", "6999/tcp"]),
  unguarded: regularPlan(["1000/tcp", "1000/tcp", "2000/udp"], { guard: false }),
  "banned": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ban: true }),
  "consecutive, banned": regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], { ban: true }),
  "closing": change(secretPlan(), {
    closing: [
      { port: 4321, protocol: "udp", payload: bytes(HASHES[0]) },
      { port: 1234, protocol: "udp", payload: bytes(HASHES[0]) },
    ],
  }),
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
};

for (const [name, both] of Object.entries(PLANS)) {
  for (const family of ["ipv4", "ipv6"] as const) {
    const plan: Plan = { ...both, families: [family] };
    // No address list takes the network of a source.
    if (plan.ban && family === "ipv6") continue;
    Deno.test(`mikrotik and the model: ${name}, ${family}`, () => {
      const attacks = listAttacks(plan, { seed: 7, limitPorts: portsAround(plan), floodSize: 50 })
        .filter(isBare);
      for (const { name, claim, source, packets } of attacks) {
        const filter = createPlanFilter(plan);
        if (!getDoor(plan).guard && !name.endsWith("reopened")) {
          assertSame(plan, filter, { name, packets });
        } else for (const { packet, at } of packets) filter.receive(packet, at);
        if (claim === "vulnerable") continue;
        const isOpen = filter.receive(
          probe(plan, source),
          playAttack(plan, { source, packets }).durationMs,
        );
        // No source is removed from the list of those that closed the door.
        const isReopened = name.endsWith("reopened");
        // A single mistake is a penalty there.
        const isPenalized = getDoor(plan).guard && name === "ban-few";
        const isExpected = (claim === "opens" && !isPenalized) || claim === "reaches" ||
          (claim === "stays-open" && !isReopened);
        assertEquals(isOpen, isExpected, name);
      }
    });
  }
}

function createPlanFilter(plan: Plan): Filter {
  const router = createRouter([{ chain: "input", action: "accept", "connection-state": "none" }]);
  router.run(renderRules(mikrotik, plan, { host: "h" }));
  return createFilter(router, plan.families[0] === "ipv4" ? "/ip" : "/ipv6");
}

function assertSame(
  plan: Plan,
  filter: Filter,
  attack: { name: string; packets: Iterable<TimedPacket> },
): void {
  const model = createFirewallModel(plan);
  for (const { packet, at } of attack.packets) {
    const expected = model.receive(packet, at).accepted;
    assertEquals(filter.receive(packet, at), expected, `${attack.name} at ${at} ms`);
    const door = probe(plan, packet.source);
    assertEquals(filter.receive(door, at), model.receive(door, at).accepted, attack.name);
  }
}

function probe(plan: Plan, source: string): ModelPacket {
  return { source, ...getOpenedPort(plan) };
}

/** Enough other ports that no random sweep has the luck to meet the knocks before its ban. */
function portsAround(plan: Plan): number[] {
  const named = [...getDoor(plan).stages, ...listNamedPorts(plan)].map(({ port }) => port);
  const others = Array.from({ length: 150 }, (_, index) => 131 + index * 433);
  const ports = [...named.flatMap((port) => [port - 1, port, port + 1]), ...others];
  return [...new Set(ports)].sort((a, b) => a - b);
}

for (const [name, both] of Object.entries(PLANS)) {
  Deno.test(`mikrotik and the model: packets of connections: ${name}`, () => {
    const plan: Plan = { ...both, families: ["ipv4"] };
    const [source, other] = ["198.51.100.1", { protocol: "udp" as const, port: 12_345 }];
    const packets = [
      ...getDoor(plan).stages,
      other,
      ...getDoor(plan).stages,
      ...getDoor(plan).closing,
      ...getDoor(plan).stages,
    ]
      .map((spec, index) => ({
        packet: { source, ...spec, established: index % 5 > 0 },
        at: index * 9,
      }));
    const filter = createPlanFilter(plan);
    if (getDoor(plan).guard || getDoor(plan).closing.length > 0) {
      packets.splice(getDoor(plan).stages.length);
    }
    assertSame(plan, filter, { name, packets });
  });
}

Deno.test("mikrotik: trusted sources get in, and a penalty ends", () => {
  const plan: Plan = {
    ...regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { trusted: ["192.0.2.0/24"] }),
    families: ["ipv4"],
  };
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

const CLOSING: Record<string, [openForMs: number, guard: boolean]> = {
  "a long open time": [300_000, false],
  "a long open time, guarded": [300_000, true],
  "an open time shorter than the stage timeout": [2_000, false],
  "an open time shorter than the stage timeout, guarded": [2_000, true],
};

table<[number, boolean]>(
  "mikrotik: what a source had before it closed the door, and late knocks, open nothing after it",
  CLOSING,
  ([openForMs, guard]) => {
    const plan = change(regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { guard }), {
      closing: [{ port: 9100, protocol: "tcp" }, { port: 8000, protocol: "udp" }],
      families: ["ipv4"],
      openForMs,
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
