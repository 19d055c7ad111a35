import { assertEquals } from "@std/assert";
import { type Attack, runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { parseServices } from "../../src/core/service.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { createWorldModel, type WirePacket, type World } from "../../src/model/world.ts";
import { change } from "../plans.ts";
import { table } from "../table.ts";
import { bytes, createKnocks, ME, regularPlan, secretPlan } from "./fixtures.ts";

const STRANGER = "198.51.100.9";

const opening = (services: string, plan = secretPlan()) =>
  change(plan, { opens: parseServices(services) });
const forwarding = (forwards: string) =>
  change(secretPlan(), { opens: [], forwards: parseForwards(forwards) });

/** Who comes to a place: a stranger, and who has knocked. */
function visit(plan: Plan, packet: Omit<WirePacket, "source">, world?: World): string {
  const model = createWorldModel(plan, world);
  for (const knock of createKnocks(plan)) model.receive(knock, 0);
  const reach = (source: string) => model.receive({ source, ...packet }, 1).reached;
  return `stranger ${reach(STRANGER)}, knocked ${reach(ME)}`;
}

const CLOSED = "stranger false, knocked true";
const LEFT_ALONE = "stranger true, knocked true";
const tcp = (port: number) => ({ protocol: "tcp" as const, port });
const publish = (port: number, host?: string): World => ({
  name: "published",
  translations: [{ service: tcp(port), host, port: 80 }],
});

const PLACES: Record<string, [Plan, Omit<WirePacket, "source">, World | undefined, string]> = {
  "a port that opens": [opening("22/tcp"), tcp(22), undefined, CLOSED],
  "the first of a range": [opening("50-60"), tcp(50), undefined, CLOSED],
  "the last of a range": [opening("50-60"), tcp(60), undefined, CLOSED],
  "before a range": [opening("50-60"), tcp(49), undefined, LEFT_ALONE],
  "behind a range": [opening("50-60"), tcp(61), undefined, LEFT_ALONE],
  "an echo request": [opening("icmp"), { protocol: "icmp", port: 0 }, undefined, CLOSED],
  "an echo request, where a port opens": [
    opening("22/tcp"),
    { protocol: "icmp", port: 0 },
    undefined,
    LEFT_ALONE,
  ],
  "any port of all": [opening("all"), tcp(999), undefined, CLOSED],
  "an echo request of all": [opening("all"), { protocol: "icmp", port: 0 }, undefined, CLOSED],
  "a public port beside all": [
    { ...opening("all"), publicServices: parseServices("443") },
    tcp(443),
    undefined,
    LEFT_ALONE,
  ],
  "a published port, by its own number": [
    opening("8080"),
    tcp(8080),
    publish(8080, "10.0.0.2"),
    LEFT_ALONE,
  ],
  "a published port, forwarded": [forwarding("8080"), tcp(8080), publish(8080, "10.0.0.2"), CLOSED],
  "another published port": [forwarding("8080"), tcp(8081), publish(8081, "10.0.0.2"), LEFT_ALONE],
  "a redirected port, by where it leads": [opening("80"), tcp(8080), publish(8080), CLOSED],
  "a redirected port, forwarded": [forwarding("8080"), tcp(8080), publish(8080), CLOSED],
  "a proxied port, forwarded": [forwarding("8080"), tcp(8080), undefined, CLOSED],
  "another host's port": [
    forwarding("8080"),
    { ...tcp(8080), host: "10.0.0.3" },
    undefined,
    LEFT_ALONE,
  ],
  "a host behind": [
    forwarding("10.0.0.2:22"),
    { ...tcp(22), host: "10.0.0.2" },
    undefined,
    CLOSED,
  ],
  "another host behind": [
    forwarding("10.0.0.2:22"),
    { ...tcp(22), host: "10.0.0.3" },
    undefined,
    LEFT_ALONE,
  ],
  "this machine's port of that number": [forwarding("10.0.0.2:22"), tcp(22), undefined, LEFT_ALONE],
};

table("who comes to a place", PLACES, ([plan, packet, world, expected]) => {
  assertEquals(visit(plan, packet, world), expected);
});

Deno.test("a connection goes on after the open time, and a new one does not", () => {
  const plan = forwarding("8080");
  const model = createWorldModel(plan, {
    ...publish(8080, "10.0.0.2"),
    answering: parseServices("8080"),
  });
  for (const knock of createKnocks(plan)) model.receive(knock, 0);
  const first = { source: ME, ...tcp(8080), sourcePort: 40_000 };
  assertEquals(model.receive(first, 1).reached, true);
  const later = 60_001;
  const other = model.receive({ ...first, flags: "other" }, later);
  assertEquals([other.reached, other.established], [true, true]);
  assertEquals(model.receive({ ...first, sourcePort: 40_001 }, later).reached, false);
});

Deno.test("what a service answers is a connection: its packets are knocks only with a secret", () => {
  const world = { name: "live", answering: parseServices("1234/udp") };
  const knock = (payload: Uint8Array): WirePacket => ({
    source: ME,
    protocol: "udp",
    port: 1234,
    payload,
    sourcePort: 40_000,
  });
  const stages = [{ port: 1234, protocol: "udp" as const }];
  const regular = createWorldModel(regularPlan([], { stages }), world);
  const secret = createWorldModel(
    regularPlan([], { stages: [{ port: 1234, protocol: "udp", payload: bytes("x") }] }),
    world,
  );
  const count = (model: ReturnType<typeof createWorldModel>) =>
    [0, 10, 20].filter((at) => model.receive(knock(bytes("x")), at).knocks.length > 0).length;
  assertEquals([count(regular), count(secret)], [1, 3]);
  // After two minutes of silence the connection is forgotten.
  assertEquals(regular.receive(knock(bytes("x")), 120_021).knocks.length, 1);
});

const MADE_FALSE: Record<string, { plan: Plan; name: string; world: World | undefined }> = {
  "a published port that is guarded as one of this machine": {
    plan: opening("8080"),
    name: "service-8080-tcp-stranger",
    world: publish(8080, "10.0.0.2"),
  },
  "knocks that never arrive": {
    plan: opening("22"),
    name: "service-22-tcp-knocked",
    world: { name: "dropped", droppedBefore: [{ port: 9876, protocol: "udp" }] },
  },
  "a service that another table drops": {
    plan: opening("22"),
    name: "service-22-tcp-knocked",
    world: { name: "dropped", droppedAfter: [tcp(22)] },
  },
};

table(
  "a claim that is not true in another world is reported",
  MADE_FALSE,
  ({ plan, name, world }) => {
    const attack = listAttacks(plan, { seed: 1, limitPorts: [22], floodSize: 1 })
      .find((each) => each.name === name) as Attack;
    assertEquals(runAttack(plan, attack).holds, true);
    assertEquals(runAttack(plan, { ...attack, world }).holds, false);
  },
);

const TWO_DOORS: Plan = {
  ...regularPlan([7000, 3000, 9000], { guard: true }),
  doors: [
    ...regularPlan([7000, 3000, 9000], { guard: true }).doors,
    ...regularPlan([7100, 3000, 9100], { guard: true, opens: parseServices("443") }).doors
      .map((door) => ({ ...door, name: "web" })),
  ],
};

Deno.test("two doors: their knocks are no mistakes of each other, and open each its own", () => {
  const model = createWorldModel(TWO_DOORS);
  const send = (port: number, at: number) => model.receive({ source: ME, ...tcp(port) }, at);
  for (const [index, port] of [7000, 7100, 3000, 9100].entries()) send(port, index);
  assertEquals([model.isLetIn(ME, 5, "home"), model.isLetIn(ME, 5, "web")], [false, true]);
  send(9000, 6);
  assertEquals(model.isLetIn(ME, 7, "home"), true);
  assertEquals([send(22, 8).reached, send(443, 8).reached], [true, true]);
});

Deno.test("two doors: a mistake resets both", () => {
  const model = createWorldModel(TWO_DOORS);
  const send = (port: number, at: number) => model.receive({ source: ME, ...tcp(port) }, at);
  send(7000, 0);
  send(7100, 1);
  assertEquals(send(5000, 2).reset, ["home", "web"]);
});

table("every claim holds, over each family", {
  "ranges, icmp": opening("22,5000-5010/udp,icmp"),
  "all": { ...opening("all"), publicServices: parseServices("443") },
  "forwarded": forwarding("8080/tcp,192.0.2.77:22/tcp,[2001:db8:77::1]:22/tcp,53/udp"),
  "two doors": TWO_DOORS,
  "two doors, banned": { ...TWO_DOORS, ban: true },
  "a narrow ban": { ...TWO_DOORS, ban: true, banPrefix6: 125 },
  "prefixes next to a trusted network": {
    ...secretPlan(),
    prefixes: { ipv4: 25, ipv6: 64 },
    trusted: ["203.0.113.128/25"],
  },
  "a secret and a regular knock at one port": change(secretPlan(), {
    stages: [
      { port: 9, protocol: "udp", payload: bytes("12345678") },
      { port: 9, protocol: "udp" },
    ],
  }),
} as Record<string, Plan>, (plan) => {
  for (const family of plan.families) {
    const attacks = listAttacks(plan, {
      seed: 1,
      family,
      limitPorts: [22, 443, 5000],
      floodSize: 9,
    });
    assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length);
    const wrong = attacks.filter((attack) => !runAttack(plan, attack).holds);
    assertEquals(wrong.map(({ name }) => name), [], family);
  }
});
