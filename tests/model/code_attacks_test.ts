import { assert, assertEquals } from "@std/assert";
import { computeCode } from "../../src/plan/codes.ts";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { type Attack, runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { createFirewallModel } from "../../src/model/model.ts";
import { change, getDoor, joinDoors } from "../plans.ts";
import { codePlan, CODES_FROM, KEY, secretPlan } from "../rules/fixtures.ts";
import { table } from "../table.ts";
import { bytes, toWords } from "./fixtures.ts";

type Codes = NonNullable<Stage["codes"]>;

const OTHER_KEY = new Uint8Array(32).fill(9).toBase64();
const KEYS = [{ name: "anna", key: KEY }, { name: "ben", key: OTHER_KEY }];

/** A plan with other codes: the same stages, but for what is said. */
function withCodes(plan: Plan, changes: Partial<Codes & { port: number; doorName: string }>): Plan {
  const { port = 62_201, doorName = "home", ...own } = changes;
  const [door] = plan.doors;
  const codes = door?.stages.at(-1)?.codes;
  if (door === undefined || codes === undefined) throw new Error("a plan without codes");
  const last: Stage = { port, protocol: "udp", codes: { ...codes, ...own } };
  return {
    ...plan,
    doors: [{ ...door, name: doorName, stages: door.stages.with(-1, last) }],
  };
}

const BEFORE = { before: ["7003/tcp", "9012/udp"] };
const OFFICE = { port: 62_202, doorName: "office" };
const CLOSING: Stage[] = [{ port: 9, protocol: "udp", payload: bytes("12345678") }];

const PLANS: Readonly<Record<string, Plan>> = {
  "one code": codePlan(),
  "knocks before it": codePlan(BEFORE),
  "only IPv6": codePlan({ ...BEFORE, families: ["ipv6"] }),
  "one slot": withCodes(codePlan(), { slots: 1 }),
  "two keys": withCodes(codePlan(BEFORE), { keys: KEYS }),
  "the shortest window": withCodes(codePlan(BEFORE), { windowMs: 60_000 }),
  "the longest window": withCodes(codePlan(), { windowMs: 86_400_000 }),
  "an odd window": withCodes(codePlan(), { windowMs: 61_000 }),
  "one window": withCodes(codePlan(), { until: CODES_FROM + 1 }),
  "no end": withCodes(codePlan(), { from: 0, until: Infinity }),
  "a stage timeout longer than a window": change(
    withCodes(codePlan(BEFORE), { windowMs: 60_000 }),
    { stageTimeoutMs: 600_000, openForMs: 3_600_000 },
  ),
  "prefixes": codePlan({ ...BEFORE, prefix4: 24, prefix6: 64 }),
  "closing knocks": change(codePlan(), { closing: CLOSING }),
  "closing knocks, after knocks before it": change(codePlan(BEFORE), { closing: CLOSING }),
  "a payload before it": change(codePlan({ before: ["7003/udp"] }), {
    stages: [
      { port: 7003, protocol: "udp", payload: bytes("12345678") },
      ...getDoor(codePlan()).stages,
    ],
  }),
  "two doors with codes": joinDoors(
    codePlan(),
    withCodes(codePlan(BEFORE), { ...OFFICE, keys: KEYS.slice(1), windowMs: 60_000 }),
  ),
  "two doors with one key": joinDoors(codePlan(), withCodes(codePlan(BEFORE), OFFICE)),
  "two doors at one port": joinDoors(
    codePlan(),
    withCodes(codePlan(), { ...OFFICE, port: 62_201, keys: KEYS.slice(1) }),
  ),
  "a static door beside it": joinDoors(secretPlan({ name: "static" }), codePlan(BEFORE)),
};

const LIMITS = { seed: 1, limitPorts: [22, 7003, 9012, 62_201], floodSize: 50 };

table("one-time codes: every claim holds", PLANS, (plan) => {
  for (const family of plan.families) {
    const attacks = listAttacks(plan, { ...LIMITS, family });
    assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length);
    assertEquals(attacks.filter(({ name }) => !/^[a-z0-9-]+$/.test(name)), []);
    const wrong = attacks.filter((attack) => !runAttack(plan, attack).holds);
    assertEquals(wrong.map(({ name }) => name), [], family);
  }
});

Deno.test("one-time codes: every kind of attack", () => {
  const names = (plan: Plan) =>
    listAttacks(plan, LIMITS).map(({ name }) => name).filter((name) => name.startsWith("code-"));
  const all = names(withCodes(codePlan(BEFORE), { keys: KEYS }));
  assertEquals(all, [
    ...["code-slot-2", "code-slot-3", "code-slot-4", "code-slot-each", "code-slot-beyond"],
    ...["code-key-2", "code-foreign-key", "code-copied-at-once", "code-copied-by-many"],
    ...["code-other-family", "code-stolen", "code-stolen-owner", "code-stolen-next"],
    ...["code-same-nat", "code-last-in-time", "code-last-late", "code-next-in-time"],
    ...["code-next-early", "code-old", "code-future", "code-first-moment", "code-last-moment"],
    ...["code-before-horizon", "code-end-of-horizon", "code-after-horizon"],
    ...["code-guesses", "code-guesses-right", "code-wrong-port", "code-out-of-turn"],
  ]);
  assertEquals(names(secretPlan()), []);
  const doors = listAttacks(PLANS["two doors with one key"] as Plan, LIMITS);
  const shared = doors.find(({ name }) => name === "home-code-of-office");
  assertEquals(shared?.claim, "vulnerable");
  const own = listAttacks(PLANS["two doors with codes"] as Plan, LIMITS);
  assertEquals(own.find(({ name }) => name === "home-code-of-office")?.claim, "closed");
});

/** Rules that are wrong, and the attacks that find it: the model of another plan plays them. */
const FAULTS: Readonly<Record<string, readonly [Partial<Codes>, readonly string[]]>> = {
  "a slot too many": [{ slots: 5 }, ["code-slot-beyond"]],
  "a slot too few": [{ slots: 3 }, ["code-slot-4"]],
  "another key": [{ keys: KEYS.slice(1) }, ["right", "right-doubled"]],
  "a horizon that is too long": [{ until: CODES_FROM + 2 * 86_400_000 }, ["code-after-horizon"]],
  "a horizon that is too short": [{ until: CODES_FROM + 80_000_000 }, ["code-end-of-horizon"]],
  "a horizon that begins too early": [{ from: 0 }, ["code-before-horizon"]],
};

table("one-time codes: the attacks find faults", FAULTS, ([changes, expected]) => {
  const faulty = withCodes(codePlan(), changes);
  const wrong = listAttacks(codePlan(), LIMITS).filter((attack) => !runAttack(faulty, attack).holds)
    .map(({ name }) => name);
  assertEquals(expected.filter((name) => !wrong.includes(name)), []);
});

Deno.test("one-time codes: attacks at a given moment, as a real firewall needs them", () => {
  const plan = withCodes(codePlan(BEFORE), { keys: KEYS });
  const find = (attacks: Attack[], name: string) =>
    attacks.find((attack) => attack.name === name) as Attack;
  for (const epoch of [CODES_FROM + 600_000 * 7, CODES_FROM + 600_000 * 8 - 1]) {
    const attacks = listAttacks(plan, { ...LIMITS, epoch, keyNames: ["ben"] });
    const timeless = attacks.filter(({ setsClock }) => setsClock !== true);
    assert(timeless.every((attack) => attack.epoch === epoch));
    assert(timeless.some(({ name }) => name === "code-old"));
    const wrong = attacks.filter((attack) => !runAttack(plan, attack).holds);
    assertEquals(wrong.map(({ name }) => name), []);
    const [code] = [...find(attacks, "right").packets].slice(-1);
    const window = Math.floor(epoch / 600_000);
    assertEquals(
      new TextDecoder().decode(code?.packet.payload),
      computeCode(OTHER_KEY, window, 0),
    );
  }
});

Deno.test("one-time codes: the model asks the wall clock at each packet", () => {
  const plan = codePlan();
  let wall = CODES_FROM;
  const model = createFirewallModel(plan, { epoch: () => wall });
  const send = (window: number, source = "192.0.2.7") => {
    const payload = bytes(computeCode(KEY, CODES_FROM / 600_000 + window, 0));
    const verdict = model.receive({ source, protocol: "udp", port: 62_201, payload }, 0);
    return `${toWords(verdict)} ${verdict.codes ?? ""}`.trim();
  };
  assertEquals(send(0), "open");
  assertEquals(send(1), "pass future");
  assertEquals(send(0, "192.0.2.8"), "pass used");
  assertEquals(send(0, "2001:db8::1"), "pass used");
  wall += 600_000;
  assertEquals(send(1), "open");
  wall -= 300_000;
  assertEquals(send(1), "pass future");
  assertEquals(send(0), "open", "still its own");
  assertEquals(send(0, "192.0.2.8"), "pass used");
});

Deno.test("one-time codes: only a code in its turn is used up, or judged", () => {
  const plan = codePlan({ before: ["7003/udp"] });
  const model = createFirewallModel(plan, { epoch: CODES_FROM });
  const payload = bytes(computeCode(KEY, CODES_FROM / 600_000, 0));
  const send = (source: string, port: number) => {
    const packet = { source, protocol: "udp", port, payload } as const;
    const verdict = model.receive(packet, 0);
    return `${toWords(verdict)} ${verdict.codes ?? ""}`.trim();
  };
  assertEquals(send("192.0.2.8", 62_201), "pass");
  assertEquals(send("192.0.2.7", 7003), "advance 1");
  assertEquals(send("192.0.2.7", 62_201), "open");
  assertEquals(send("192.0.2.8", 7003), "advance 1");
  assertEquals(send("192.0.2.8", 62_201), "pass used");
});
