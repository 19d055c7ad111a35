import { assert, assertEquals } from "@std/assert";
import type { Plan } from "../../src/core/plan.ts";
import { type Attack, partiesFor, runAttack } from "../../src/gate/attack.ts";
import { attacksFor } from "../../src/gate/attacks.ts";
import { isAdjacent } from "../../src/gate/sweeps.ts";
import { matcherOf, parseAddress } from "../../src/gate/address.ts";
import { regularPlan, secretPlan } from "./fixtures.ts";

function find(plan: Plan, name: string, limitPorts?: readonly number[]): Attack {
  const attack = attacksFor(plan, { seed: 1, limitPorts }).find((attack) => attack.name === name);
  if (attack === undefined) throw new Error(`no attack ${name}`);
  return attack;
}

function opens(plan: Plan, name: string, limitPorts?: readonly number[]): boolean {
  return runAttack(plan, find(plan, name, limitPorts)).opened;
}

Deno.test("a three-stage secret knock meets every kind of attack", () => {
  const names = attacksFor(secretPlan(), { seed: 1 }).map(({ name }) => name);
  const inEachPlace = (name: string) => [1, 2, 3].map((place) => `${name}-${place}`);
  assertEquals(names, [
    ...["right", "right-doubled", "right-twice", "right-slow", "right-restarted", "right-renewed"],
    ...["wrong-hash", "last-byte", "upper-case", "extra-byte", "short", "empty"]
      .flatMap(inEachPlace),
    ...["swapped-ports-1-2", "swapped-ports-2-3"],
    ...inEachPlace("wrong-protocol"),
    ...["order-1-3-2", "order-2-1-3", "order-2-3-1", "order-3-1-2", "order-3-2-1"],
    ...inEachPlace("skipped"),
    ...["too-slow-1", "too-slow-2"],
    ...["other-source-1", "other-source-2"],
    ...["replay-1", "replay-2", "replay-3", "replay-all"],
    ...["flood", "flood-spoofed"],
    ...["sweep-ascending", "sweep-ascending-3-times"],
    ...["sweep-descending", "sweep-descending-3-times"],
    ...["sweep-random", "sweep-random-3-times"],
  ]);
});

const PLANS: Record<string, Plan> = {
  "secret": secretPlan(),
  "secret over IPv6": secretPlan({ families: ["ipv6"] }),
  "secret with a guard and a ban": secretPlan({ guard: true, ban: true }),
  "guarded": regularPlan([7000, 3000, 9000], { guard: true }),
  "guarded, two knocks": regularPlan([7000, 3000], { guard: true }),
  "guarded, a port thrice": regularPlan([7000, 3000, 7000, 7000], { guard: true }),
  "guarded, six knocks": regularPlan([7000, 3000, 9000, 100, 60000, 2000], { guard: true }),
  "adjacent with a ban": regularPlan([7000, 7001, 7002], { guard: true, ban: true }),
  "one secret knock": { ...secretPlan(), stages: secretPlan().stages.slice(0, 1) },
  "one regular knock": regularPlan([7000], { guard: true }),
  "mixed": {
    ...secretPlan({ guard: true }),
    stages: [...secretPlan().stages.slice(0, 1), { port: 4000, protocol: "tcp" }],
  },
};

Deno.test("every claim holds", async (test) => {
  for (const [name, plan] of Object.entries(PLANS)) {
    await test.step(name, () => {
      const attacks = attacksFor(plan, { seed: 1 });
      assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length);
      for (const attack of attacks) {
        const result = runAttack(plan, attack);
        assert(result.holds, `${attack.name}: opened is ${result.opened}, not ${attack.claim}`);
        assert(/^[a-z0-9-]+$/.test(attack.name), attack.name);
      }
    });
  }
});

Deno.test("a claim that does not hold is told", () => {
  // Knocks on ports that a sweep meets before anyone can be banned.
  const plan = regularPlan([2, 3, 4], { guard: true, ban: true });
  const result = runAttack(plan, find(plan, "sweep-ascending"));
  assertEquals([result.opened, result.holds], [true, false]);

  const unclaimed = { ...find(secretPlan(), "right"), source: "192.0.2.99" };
  const shut = runAttack(secretPlan(), unclaimed);
  assertEquals([shut.opened, shut.holds], [false, false]);
});

Deno.test("replaying everything opens a static knock, and the plan says so", () => {
  for (const plan of [secretPlan(), regularPlan([7000, 3000], { guard: true })]) {
    const replay = find(plan, "replay-all");
    assertEquals(replay.claim, "falls");
    assertEquals(runAttack(plan, replay).opened, true);
  }
});

/** Which sweeps, one and three, open three unguarded knocks in each order of their ports. */
const UNGUARDED: [ports: number[], ascending: boolean[], descending: boolean[]][] = [
  [[1000, 2000, 3000], [true, true], [false, true]],
  [[1000, 3000, 2000], [false, true], [false, true]],
  [[2000, 1000, 3000], [false, true], [false, true]],
  [[2000, 3000, 1000], [false, true], [false, true]],
  [[3000, 1000, 2000], [false, true], [false, true]],
  [[3000, 2000, 1000], [false, true], [true, true]],
];

Deno.test("unguarded regular knocks fall to sweeps, as their order decides", async (test) => {
  for (const [ports, ascending, descending] of UNGUARDED) {
    await test.step(ports.join(), () => {
      const plan = regularPlan(ports);
      const both = (name: string) => [opens(plan, name), opens(plan, `${name}-3-times`)];
      assertEquals(both("sweep-ascending"), ascending);
      assertEquals(both("sweep-descending"), descending);
      assertEquals(find(plan, "sweep-ascending").claim, "falls");
    });
  }
});

Deno.test("a random sweep opens one in six, three always", () => {
  const plan = regularPlan([1000, 2000, 3000]);
  const limitPorts = [500, 1000, 1500, 2000, 2500, 3000, 3500];
  let once = 0;
  for (let seed = 0; seed < 600; seed++) {
    const attacks = attacksFor(plan, { seed, limitPorts, floodSize: 1 });
    const opened = (name: string) =>
      runAttack(plan, attacks.find((attack) => attack.name === name) as Attack).opened;
    if (opened("sweep-random")) once++;
    assert(opened("sweep-random-3-times"), `seed ${seed}`);
  }
  assert(once > 70 && once < 130, `${once} of 600`);
});

Deno.test("a guard stops sweeps unless nothing lies between the ports", async (test) => {
  const between = { open: [], public: [{ port: 7001, protocol: "tcp" as const }] };
  const table: [name: string, plan: Plan, ascending: boolean, descending: boolean][] = [
    ["apart", regularPlan([7000, 7002, 7004]), false, false],
    ["adjacent", regularPlan([7000, 7001, 7002]), true, false],
    ["adjacent downwards", regularPlan([7002, 7001, 7000]), false, true],
    ["adjacent but for the order", regularPlan([7001, 7000, 7002]), false, false],
    ["with a public port between", regularPlan([7000, 7002], between), true, false],
    ["with the protected port between", regularPlan([21, 23]), true, false],
    ["one of two steps apart", regularPlan([7000, 7001, 7003]), false, false],
  ];
  for (const [name, plan, ascending, descending] of table) {
    await test.step(name, () => {
      const guarded = { ...plan, guard: true };
      assertEquals(isAdjacent(guarded, "ascending"), ascending);
      assertEquals(isAdjacent(guarded, "descending"), descending);
      const ports = Array.from({ length: 8_000 }, (_, index) => index + 1);
      for (const times of ["", "-3-times"]) {
        assertEquals(opens(guarded, `sweep-ascending${times}`, ports), ascending);
        assertEquals(opens(guarded, `sweep-descending${times}`, ports), descending);
        assertEquals(opens(guarded, `sweep-random${times}`, ports), false);
      }
      const claim = find(guarded, "sweep-ascending").claim;
      assertEquals(claim, ascending ? "falls" : "closed");
    });
  }
});

Deno.test("a ban stops the sweeps of adjacent ports, but for a patient one, which is told", () => {
  const plan = regularPlan([7000, 7001, 7002], { guard: true, ban: true });
  assertEquals(opens(plan, "sweep-ascending"), false);
  const patient = find(plan, "sweep-ascending-patient");
  assertEquals(patient.claim, "falls");
  assertEquals(patient.description, "an ascending sweep below the ban's rate, about 16 days");
  assertEquals(runAttack(plan, patient).opened, true);
});

Deno.test("a sweep visits every port of every transport that the knocks use", () => {
  const plan: Plan = {
    ...regularPlan([7000, 3000]),
    stages: [{ port: 7000, protocol: "tcp" }, { port: 3000, protocol: "udp" }],
  };
  for (const order of ["ascending", "descending", "random"]) {
    const sweep = find(plan, `sweep-${order}`);
    const seen = new Set<string>();
    let last = -1;
    for (const { packet, at } of sweep.packets) {
      seen.add(`${packet.protocol} ${packet.port}`);
      assert(at > last);
      last = at;
    }
    assertEquals(seen.size, 2 * 65_535);
    assert(last <= plan.stageTimeoutMs / 2);
  }
  assertEquals(runAttack(plan, find(plan, "sweep-random-3-times")).packets, 6 * 65_535);
});

Deno.test("the seed decides, again and again", () => {
  const plan = regularPlan([7000, 3000, 9000, 100, 60000]);
  const limitPorts = [1, 100, 3000, 7000, 9000, 60000];
  const all = (seed: number) =>
    attacksFor(plan, { seed, limitPorts, floodSize: 5 })
      .map(({ name, packets }) => ({ name, packets: [...packets] }));
  assertEquals(all(3), all(3));
  assert(JSON.stringify(all(3)) !== JSON.stringify(all(4)));
  const sweep = attacksFor(plan, { seed: 3, limitPorts }).find((a) => a.name === "sweep-random");
  assertEquals([...sweep?.packets ?? []], [...sweep?.packets ?? []]);
});

Deno.test("more than four knocks are tried in a sample of the orders", () => {
  const plan = regularPlan([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n * 1_000));
  const orders = attacksFor(plan, { seed: 1 }).filter(({ name }) => name.startsWith("order-"));
  assertEquals(orders.length, 24);
  const four = regularPlan([4000, 1000, 3000, 2000]);
  const all = attacksFor(four, { seed: 1 }).filter(({ name }) => name.startsWith("order-"));
  assertEquals(all.length, 23);
});

Deno.test("the parties are of a family that the plan covers, and not trusted", () => {
  const plan = secretPlan({
    families: ["ipv6"],
    trusted: ["2001:db8:113::1", "2001:db8:113::2/127"],
  });
  const parties = partiesFor(plan);
  const addresses = [parties.honest, parties.attacker, parties.accomplice];
  assertEquals(addresses, ["2001:db8:113::4", "2001:db8:113::5", "2001:db8:113::6"]);
  for (const families of [["ipv4" as const], ["ipv6" as const]]) {
    const { crowd } = partiesFor({ ...plan, families });
    const crowded = new Set(Array.from({ length: 100_000 }, (_, index) => crowd(index)));
    assertEquals(crowded.size, 100_000);
    const isBenchmark = matcherOf(["198.18.0.0/15", "2001:db8:198::/48"]);
    for (const address of crowded) assert(isBenchmark(parseAddress(address)), address);
  }
});

Deno.test("own parties take the place of the default ones", () => {
  const parties = { ...partiesFor(secretPlan()), attacker: "10.0.0.1", honest: "10.0.0.2" };
  const attacks = attacksFor(secretPlan(), { seed: 1, parties, limitPorts: [1], floodSize: 1 });
  for (const { source, packets } of attacks) {
    assertEquals(source, "10.0.0.1");
    for (const { packet } of packets) assert(/^(10\.0\.0\.|198\.18|203\.0)/.test(packet.source));
  }
});
