import { assert, assertEquals } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { type Attack, chooseParties, runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { createNetworkMatcher, parseAddress } from "../../src/core/address/address.ts";
import { table } from "../table.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "./fixtures.ts";
import { change, getDoor, joinDoors, type PlanChanges } from "../plans.ts";

function find(plan: Plan, name: string, limitPorts?: readonly number[]): Attack {
  const attack = listAttacks(plan, { seed: 1, limitPorts }).find((attack) => attack.name === name);
  if (attack === undefined) throw new Error(`no attack ${name}`);
  return attack;
}

function opens(plan: Plan, name: string, limitPorts?: readonly number[]): boolean {
  return runAttack(plan, find(plan, name, limitPorts)).opened;
}

Deno.test("listAttacks: every kind of attack on three secret knocks", () => {
  const names = listAttacks(secretPlan(), { seed: 1 }).map(({ name }) => name);
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
    ...["service-22-tcp-stranger", "service-22-tcp-knocked"],
    ...["published-unguarded-22-tcp", "redirected-to-22-tcp"],
    ...["live-service", "untracked-standing", "knocks-dropped", "service-dropped"],
    ...["sweep-ascending", "sweep-ascending-3-times"],
    ...["sweep-descending", "sweep-descending-3-times"],
    ...["sweep-random", "sweep-random-3-times"],
  ]);
});

function nameDoor(name: string, plan: Plan): Plan {
  return { ...plan, doors: plan.doors.map((door) => ({ ...door, name })) };
}

const PLANS: Record<string, Plan> = {
  "secret": secretPlan(),
  "secret over IPv6": secretPlan({ families: ["ipv6"] }),
  "secret with a guard and a ban": secretPlan({ guard: true, ban: true }),
  "banned over IPv6, by /56": regularPlan([7000, 3000, 9000], {
    guard: true,
    ban: true,
    families: ["ipv6"],
    banPrefix6: 56,
  }),
  "guarded": regularPlan([7000, 3000, 9000], { guard: true }),
  "guarded, two knocks": regularPlan([7000, 3000], { guard: true }),
  "guarded, a port thrice": regularPlan([7000, 3000, 7000, 7000], { guard: true }),
  "guarded, six knocks": regularPlan([7000, 3000, 9000, 100, 60000, 2000], { guard: true }),
  "adjacent with a ban": regularPlan([7000, 7001, 7002], { guard: true, ban: true }),
  "two doors, one of which opens everything, the knocks of the other too": joinDoors(
    secretPlan(),
    nameDoor(
      "office",
      secretPlan({
        stages: [{ port: 4444, protocol: "udp", payload: bytes(HASHES[0]) }],
        opens: [{ port: 22, protocol: "tcp" }, { protocol: "all" }],
      }),
    ),
  ),
  "one secret knock": change(secretPlan(), { stages: getDoor(secretPlan()).stages.slice(0, 1) }),
  "one regular knock": regularPlan([7000], { guard: true }),
  "closing": secretPlan({
    closing: [
      { port: 4321, protocol: "udp", payload: bytes(HASHES[0]) },
      { port: 1234, protocol: "udp", payload: bytes(HASHES[0]) },
    ],
  }),
  "closing, regular, guarded and banned": regularPlan([7000, 3000, 9000], {
    guard: true,
    ban: true,
    closing: [{ port: 9100, protocol: "tcp" }, { port: 8000, protocol: "udp" }],
  }),
  "prefixes": secretPlan({ prefixes: { ipv4: 24, ipv6: 64 } }),
  "prefixes over IPv6, regular": regularPlan([7000, 3000, 9000], {
    guard: true,
    families: ["ipv6"],
    prefixes: { ipv4: 32, ipv6: 56 },
  }),
  "one closing knock": secretPlan({ closing: [{ port: 9, protocol: "udp" }] }),
  "mixed": change(secretPlan({ guard: true }), {
    stages: [...getDoor(secretPlan()).stages.slice(0, 1), { port: 4000, protocol: "tcp" }],
  }),
};

table("every claim holds", PLANS, (plan) => {
  const attacks = listAttacks(plan, { seed: 1 });
  assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length);
  for (const attack of attacks) {
    const result = runAttack(plan, attack);
    assert(result.holds, `${attack.name}: opened is ${result.opened}, not ${attack.claim}`);
    assert(/^[a-z0-9-]+$/.test(attack.name), attack.name);
  }
});

Deno.test("runAttack: a claim that is not true is reported", () => {
  const plan = regularPlan([2, 3, 4], { guard: true });
  const result = runAttack(plan, { ...find(plan, "sweep-ascending"), claim: "closed" });
  assertEquals([result.opened, result.holds], [true, false]);

  const unclaimed = { ...find(secretPlan(), "right"), source: "192.0.2.99" };
  const shut = runAttack(secretPlan(), unclaimed);
  assertEquals([shut.opened, shut.holds], [false, false]);
});

Deno.test("a replay of all knocks opens the door, and is claimed to", () => {
  for (const plan of [secretPlan(), regularPlan([7000, 3000], { guard: true })]) {
    const replay = find(plan, "replay-all");
    assertEquals(replay.claim, "vulnerable");
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

table(
  "sweeps open unguarded regular knocks, depending on their order",
  UNGUARDED.map((row) => [row[0].join(), row] as const),
  ([ports, ascending, descending]) => {
    const plan = regularPlan(ports);
    const both = (name: string) => [opens(plan, name), opens(plan, `${name}-3-times`)];
    assertEquals(both("sweep-ascending"), ascending);
    assertEquals(both("sweep-descending"), descending);
    assertEquals(find(plan, "sweep-ascending").claim, "vulnerable");
  },
);

Deno.test("a random sweep opens one in six, three always", () => {
  const plan = regularPlan([1000, 2000, 3000]);
  const limitPorts = [500, 1000, 1500, 2000, 2500, 3000, 3500];
  let once = 0;
  for (let seed = 0; seed < 600; seed++) {
    const attacks = listAttacks(plan, { seed, limitPorts, floodSize: 1 });
    const opened = (name: string) =>
      runAttack(plan, attacks.find((attack) => attack.name === name) as Attack).opened;
    if (opened("sweep-random")) once++;
    assert(opened("sweep-random-3-times"), `seed ${seed}`);
  }
  assert(once > 70 && once < 130, `${once} of 600`);
});

const BETWEEN: PlanChanges = {
  opens: [],
  publicServices: [{ port: 7001, protocol: "tcp" }],
};

table<[plan: Plan, ascending: boolean, descending: boolean]>("a guard stops sweeps of ports", {
  "apart": [regularPlan([7000, 7002, 7004]), false, false],
  "adjacent (not stopped)": [regularPlan([7000, 7001, 7002]), true, false],
  "adjacent, descending (not stopped)": [regularPlan([7002, 7001, 7000]), false, true],
  "adjacent, in mixed order": [regularPlan([7001, 7000, 7002]), false, false],
  "with a public port between (not stopped)": [regularPlan([7000, 7002], BETWEEN), true, false],
  "with the protected port between (not stopped)": [regularPlan([21, 23]), true, false],
  "of which two are adjacent": [regularPlan([7000, 7001, 7003]), false, false],
}, ([plan, ascending, descending]) => {
  const guarded = change(plan, { guard: true });
  const ports = Array.from({ length: 8_000 }, (_, index) => index + 1);
  for (const times of ["", "-3-times"]) {
    assertEquals(opens(guarded, `sweep-ascending${times}`, ports), ascending);
    assertEquals(opens(guarded, `sweep-descending${times}`, ports), descending);
    assertEquals(opens(guarded, `sweep-random${times}`, ports), false);
  }
  const claim = find(guarded, "sweep-ascending").claim;
  assertEquals(claim, ascending ? "vulnerable" : "closed");
});

Deno.test("a ban promises nothing about sweeps: a flood of mistakes fills its list", () => {
  const plan = regularPlan([7000, 7001, 7002], { guard: true, ban: true });
  for (const name of ["sweep-ascending", "ban-flood-then-sweep"]) {
    assertEquals(find(plan, name).claim, "vulnerable");
  }
  // 65,535 spoofed sources, each with a mistake: nobody is banned then.
  const [flood] = listAttacks(plan, { seed: 1, floodSize: 65_535 })
    .filter(({ name }) => name === "ban-flood-then-sweep");
  assertEquals(flood && runAttack(plan, flood).opened, true);
});

Deno.test("a ban counts the neighbours over IPv6 only", () => {
  const names = (plan: Plan) => listAttacks(plan, { seed: 1 }).map(({ name }) => name);
  const plan = regularPlan([7000, 3000], { guard: true, ban: true });
  assertEquals(names({ ...plan, families: ["ipv4"] }).includes("ban-neighbours"), false);
  assertEquals(names({ ...plan, families: ["ipv6"] }).includes("ban-neighbours"), true);
});

Deno.test("a sweep visits every port of every transport that the knocks use", () => {
  const plan: Plan = change(regularPlan([7000, 3000]), {
    stages: [{ port: 7000, protocol: "tcp" }, { port: 3000, protocol: "udp" }],
  });
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
    assert(last <= getDoor(plan).stageTimeoutMs / 2);
  }
  assertEquals(runAttack(plan, find(plan, "sweep-random-3-times")).packets, 6 * 65_535);
});

Deno.test("the seed decides the attacks, and they can be iterated again", () => {
  const plan = regularPlan([7000, 3000, 9000, 100, 60000]);
  const limitPorts = [1, 100, 3000, 7000, 9000, 60000];
  const all = (seed: number) =>
    listAttacks(plan, { seed, limitPorts, floodSize: 5 })
      .map(({ name, packets }) => ({ name, packets: [...packets] }));
  assertEquals(all(3), all(3));
  assert(JSON.stringify(all(3)) !== JSON.stringify(all(4)));
  const sweep = listAttacks(plan, { seed: 3, limitPorts }).find((a) => a.name === "sweep-random");
  assertEquals([...sweep?.packets ?? []], [...sweep?.packets ?? []]);
});

Deno.test("more than four knocks are tried in a sample of the orders", () => {
  const plan = regularPlan([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n * 1_000));
  const orders = listAttacks(plan, { seed: 1 }).filter(({ name }) => name.startsWith("order-"));
  assertEquals(orders.length, 24);
  const four = regularPlan([4000, 1000, 3000, 2000]);
  const all = listAttacks(four, { seed: 1 }).filter(({ name }) => name.startsWith("order-"));
  assertEquals(all.length, 23);
});

Deno.test("chooseParties: addresses of a covered family that are not trusted", () => {
  const plan = secretPlan({
    families: ["ipv6"],
    trusted: ["2001:db8:113::1", "2001:db8:113::2/127"],
  });
  const parties = chooseParties(plan);
  const addresses = [parties.legitimate, parties.attacker, parties.accomplice];
  assertEquals(addresses, ["2001:db8:113::4", "2001:db8:113::5", "2001:db8:113::6"]);
  for (const families of [["ipv4" as const], ["ipv6" as const]]) {
    const { crowd } = chooseParties({ ...plan, families });
    const crowded = new Set(Array.from({ length: 100_000 }, (_, index) => crowd(index)));
    assertEquals(crowded.size, 100_000);
    const isBenchmark = createNetworkMatcher(["198.18.0.0/15", "2001:db8:198::/48"]);
    for (const address of crowded) assert(isBenchmark(parseAddress(address)), address);
  }
});

Deno.test("listAttacks takes other parties", () => {
  const parties = { ...chooseParties(secretPlan()), attacker: "10.0.0.1", legitimate: "10.0.0.2" };
  const attacks = listAttacks(secretPlan(), { seed: 1, parties, limitPorts: [1], floodSize: 1 });
  for (const { source, packets } of attacks) {
    assertEquals(source, "10.0.0.1");
    for (const { packet } of packets) assert(/^(10\.0\.0\.|198\.18|203\.0)/.test(packet.source));
  }
});
