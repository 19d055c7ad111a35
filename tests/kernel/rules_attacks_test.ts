/**
 * Every attack of the model, and every legitimate use, as real packets against the generated rules: the
 * kernel's verdict is the model's, for each back end that runs on Linux, over IPv4 and IPv6, and for
 * RouterOS' rules, translated. With a guard, and after a closing sequence, those are stricter than the model by
 * design: there they let nothing through that the model drops, and the attack's claim holds.
 */
import { assert, assertEquals, AssertionError, assertNotEquals, assertRejects } from "@std/assert";
import { listKnocks, listNeutral, type Plan } from "../../src/plan/plan.ts";
import { overlaps } from "../../src/core/service.ts";
import { type Attack, type Parties, runAttack } from "../../src/model/attack.ts";
import { listAttacks } from "../../src/model/attacks.ts";
import { isBare, playAttack } from "../model/fixtures.ts";
import { bytes, codePlan, HASHES, regularPlan, secretPlan } from "../rules/fixtures.ts";
import { createLab, kernelTest } from "./lab.ts";
import { createPlayedMikrotik, PLAYED_MIKROTIK } from "./routeros_player.ts";
import {
  adaptPlan,
  assertAgree,
  chunksOf,
  createRange,
  describePlan,
  type Firewall,
  FIREWALLS,
  forEachFirewall,
  isRendered,
  type Outcome,
  probe,
  type Range,
  shoot,
  TOOLS,
  type Trace,
} from "./rules_lab.ts";
import { change, joinDoors } from "../plans.ts";

const SEED = 20_260_801;
const STAGE_MS = 2_000;
/** Sweeps that take longer (below the ban's rate) are for the model alone. */
const MAX_DURATION_MS = 10_000;

const TIMES = { stageTimeoutMs: STAGE_MS, openForMs: 300_000 };
const WEB = [{ port: 80, protocol: "tcp" }] as const;

/** More than the attacks on one door of one-time codes use. */
const CODE_KEYS = 400;

/** A door of secret knocks at one port. */
const OFFICE: Plan = change(
  secretPlan({ ...TIMES, name: "office", opens: [{ port: 443, protocol: "tcp" }] }),
  {
    stages: HASHES.slice(0, 2).map((hash) => ({
      port: 4444,
      protocol: "udp",
      payload: bytes(hash),
    })),
  },
);

const PLANS: Readonly<Record<string, Plan>> = {
  secret: secretPlan(TIMES),
  "a one-time code": withKeys(codePlan(TIMES), CODE_KEYS),
  "a one-time code after other knocks": withKeys(
    codePlan({ ...TIMES, before: ["7003/tcp", "9012/udp"] }),
    CODE_KEYS,
  ),
  "secret, guarded, one port": change(secretPlan({ ...TIMES, guard: true, publicServices: WEB }), {
    stages: HASHES.map((hash) => ({ port: 4444, protocol: "udp", payload: bytes(hash) })),
  }),
  "regular, guarded": regularPlan(["7003/tcp", "9012/udp", "8044/tcp", "6999/tcp"], {
    ...TIMES,
    publicServices: WEB,
  }),
  "regular, unguarded, a port twice": regularPlan(["1000/tcp", "1000/tcp", "2000/udp"], {
    ...TIMES,
    guard: false,
  }),
  banned: regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { ...TIMES, ban: true }),
  // The second closing knock is the first opening one, too.
  "closed by secrets": change(secretPlan(TIMES), {
    closing: [
      { port: 4321, protocol: "udp", payload: bytes(HASHES[0]) },
      { port: 1234, protocol: "udp", payload: bytes(HASHES[0]) },
    ],
  }),
  "closed by regular knocks, guarded, banned": change(
    regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ...TIMES, ban: true }),
    {
      closing: [{ port: 9100, protocol: "tcp" }, { port: 8000, protocol: "udp" }],
    },
  ),
  prefixes: secretPlan({ ...TIMES, prefix4: 27, prefix6: 64 }),
  "two secret doors": joinDoors(secretPlan({ ...TIMES, guard: true }), OFFICE),
  "two regular doors": joinDoors(
    regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ...TIMES, ban: true, publicServices: WEB }),
    regularPlan(["6100/tcp", "9012/tcp", "5200/udp"], {
      ...TIMES,
      name: "office",
      opens: [{ port: 443, protocol: "tcp" }, { port: 60_000, last: 60_010, protocol: "udp" }],
    }),
  ),
  "a regular and a secret door": joinDoors(
    regularPlan(["7003/tcp", "4444/udp", "8044/tcp"], { ...TIMES, publicServices: WEB }),
    OFFICE,
  ),
  "one service at two doors, one of which opens everything": joinDoors(
    secretPlan({ ...TIMES, publicServices: WEB }),
    change(OFFICE, { opens: [{ port: 22, protocol: "tcp" }, { protocol: "all" }] }),
  ),
  "printable payloads of other lengths": change(secretPlan(TIMES), {
    stages: [8, 16, 17, 100].map((length, index) => ({
      port: 3000 - 7 * index,
      protocol: "udp",
      payload: new Uint8Array(length).map((_, at) => 0x21 + (at * 37 + length) % 93),
    })),
  }),
  "payloads of other lengths": change(secretPlan(TIMES), {
    stages: [1, 16, 17, 100].map((length, index) => ({
      port: 3000 - 7 * index,
      protocol: "udp",
      payload: new Uint8Array(length).map((_, at) => (at * 37 + length) & 255),
    })),
  }),
};

await kernelTest(
  "every attack: the kernel's verdict is the model's",
  (_lab, context) =>
    forEachFirewall(
      context,
      async (firewall) => {
        const tally = await attackAll(firewall, listPlans(firewall));
        const mayRefuse = REFUSED[firewall.backend.name] ?? [];
        assertEquals(tally.refused.filter((name) => !mayRefuse.includes(name)), [], firewall.name);
        const [exact, inexact] = LEAST_ATTACKS[firewall.backend.name] ?? [1_000, 0];
        assert(tally.exact >= exact, `${firewall.name}: ${tally.exact} attacks compared exactly`);
        assert(tally.claims >= inexact, `${firewall.name}: ${tally.claims} claims compared`);
      },
      [...FIREWALLS, PLAYED_MIKROTIK],
    ),
  { tools: TOOLS },
);

/** Faults that the attacks must find in RouterOS' rules, each in the text of the script. */
const FAULTS: Readonly<Record<string, readonly [plan: string, (script: string) => string]>> = {
  "no drop rule": [
    "secret",
    (script) => script.replaceAll(/^.* add .*action=drop .*\n/gm, ""),
  ],
  "the first stage before the last": [
    "regular, unguarded, a port twice",
    (script) => {
      const isStage = (line: string) => line.includes(' add chain="spknock:home:home:stages" ');
      const lines = script.split("\n");
      const stages = lines.filter(isStage);
      const turned = Array.from({ length: stages.length / 2 }, (_, index) => index * 2)
        .toReversed().flatMap((at) => stages.slice(at, at + 2));
      return lines.map((line) => isStage(line) ? turned.shift() : line).join("\n");
    },
  ],
  "no packet size": ["secret", (script) => script.replaceAll(/ packet-size=\d+/g, "")],
  "no list of a former stage": [
    "regular, guarded",
    (script) => script.replaceAll(/ src-address-list="spknock:home:home:[123]"/g, ""),
  ],
  "no penalty": [
    "regular, guarded",
    (script) =>
      script.replaceAll(/^.*:stages" action=return src-address-list="\S+:penalty".*\n/gm, ""),
  ],
};

await kernelTest("the attacks find faults in RouterOS' rules", async (_lab, context) => {
  for (const [name, [plan, edit]] of Object.entries(FAULTS)) {
    await context.step(name, async () => {
      const firewall = createPlayedMikrotik((script) => {
        const edited = edit(script);
        assertNotEquals(edited, script);
        return edited;
      });
      const chosen = { [plan]: { ...PLANS[plan] as Plan, families: ["ipv4"] as const } };
      await assertRejects(() => attackAll(firewall, chosen), AssertionError, "traces differ");
    });
  }
}, { tools: TOOLS });

const DOORS = Object.keys(PLANS).filter((name) => PLANS[name]?.doors.length !== 1);
const CODES = Object.keys(PLANS).filter((name) => name.startsWith("a one-time code"));
/** RouterOS' script for so many keys takes minutes to play: rolling_routeros_test.ts has its one-time codes. */
function listPlans(firewall: Firewall): Readonly<Record<string, Plan>> {
  if (firewall !== PLAYED_MIKROTIK) return PLANS;
  return Object.fromEntries(Object.entries(PLANS).filter(([name]) => !CODES.includes(name)));
}

/** The plans that a back end may refuse by name. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  iptables: [...DOORS, ...CODES],
  mikrotik: ["prefixes", "payloads of other lengths", ...DOORS],
};
/** The least attacks of which each packet, and of which only the claim is compared. */
const LEAST_ATTACKS: Readonly<Record<string, readonly [exact: number, claims: number]>> = {
  mikrotik: [250, 250],
};

/** What was compared. */
interface Tally {
  exact: number;
  claims: number;
  refused: string[];
}

async function attackAll(firewall: Firewall, plans = PLANS): Promise<Tally> {
  const tally: Tally = { exact: 0, claims: 0, refused: [] };
  await using lab = await createLab();
  const range = await createRange(lab, firewall);
  // An attack has three sources, one of them a crowd.
  const crowd = Math.min(1_000, Math.floor(firewall.capacity / 6));
  const size = Math.floor((firewall.capacity - crowd) / 3);
  for (const [name, whole] of Object.entries(plans)) {
    const plan = adaptPlan(firewall, whole);
    if (plan === undefined) {
      isRendered(firewall, whole, name);
      tally.refused.push(name);
      continue;
    }
    const [attacks4 = [], attacks6 = []] = plan.families.map((family) =>
      chunksOf(ownAttacks(plan, family, crowd), size)
    );
    for (const [index, part] of attacks4.entries()) {
      const attacks = [...part, ...attacks6[index] ?? []];
      const where = `${firewall.name}, ${name}`;
      for (let left = TRIES_IF_LATE; left > 0; left--) {
        await firewall.load(lab.server, plan);
        const round = { firewall, attacks, where, isLast: left === 1, tally };
        const isDone = await attackWith(range, plan, round);
        await firewall.undo(lab.server, plan);
        if (isDone) break;
      }
    }
  }
  return tally;
}

/** How often attacks are made again because the machine was too busy to send them in time. */
const TRIES_IF_LATE = 3;

/** Attacks that are made at once. */
interface Round {
  firewall: Firewall;
  attacks: readonly Attack[];
  where: string;
  isLast: boolean;
  tally: Tally;
}

/** Makes the attacks and compares; false, without a claim, where packets left late. */
async function attackWith(
  range: Range,
  plan: Plan,
  { firewall, attacks, where, isLast, tally }: Round,
): Promise<boolean> {
  const traces = attacks.map(traceOf(plan));
  const outcomes = await shoot(range, plan, traces, firewall);
  if (!isLast && outcomes.some((outcome) => outcome.isLate)) return false;
  assertAgree(outcomes, `${where}, ${describePlan(plan)}, seed ${SEED}`);
  for (const [index, attack] of attacks.entries()) {
    assertEquals(
      runAttack(plan, attack).holds,
      true,
      `${where}: the model's own claim, ${attack.name}`,
    );
    const outcome = outcomes[index] as Outcome;
    tally[outcome.isExact ? "exact" : "claims"]++;
    // Of packets that left late, each was compared with the model at its own moment, above.
    if (outcome.isLate || isShared(plan)) continue;
    const isOpen = playAttack(plan, attack).isOpenAtEnd;
    // Of several doors each has its attacks, with its name before.
    const name = attack.name.replace(`${attack.door}-`, "");
    const isStrict = !outcome.isExact && firewall.strict?.[name] !== undefined;
    // What is claimed of a vulnerable plan is nothing; that it lets through no more than the model was compared above.
    if (!outcome.isExact && attack.claim === "vulnerable") continue;
    assertEquals(outcome.lastSeen, isOpen && !isStrict, `${where}: ${attack.name}`);
  }
  return true;
}

/** Whether two doors open the same service: a try to connect does not say which one is open. */
function isShared({ doors }: Plan): boolean {
  const services = doors.flatMap(({ opens }) => opens);
  return services.some((service, index) =>
    services.slice(index + 1).some((other) => overlaps(service, other))
  );
}

/** The attack's packets, and a try to connect at the end. */
function traceOf(plan: Plan): (attack: Attack) => Trace {
  return ({ name, source, packets, door }) => {
    const all = [...packets];
    const at = (all.at(-1)?.at ?? 0) + 50;
    return {
      name: `${name} from ${source}`,
      packets: [...all, { packet: probe(plan, source, door), at }],
    };
  };
}

/** Keys of each attack for its own: a code is used once, over either family. */
const KEYS_EACH = 2;
const OWN_KEYS = { ipv4: 0, ipv6: 1 } as const;

function listKeyNames(number: number, family: "ipv4" | "ipv6"): string[] {
  const first = (2 * number + OWN_KEYS[family]) * KEYS_EACH;
  return Array.from({ length: KEYS_EACH }, (_, index) => `k${first + index}`);
}

/** The one-time code of the plan, by as many keys as its attacks need, for the hours around now. */
function withKeys(plan: Plan, count: number): Plan {
  const hour = 3_600_000;
  const keys = Array.from({ length: count }, (_, index) => {
    const bytes = new Uint8Array(32);
    new DataView(bytes.buffer).setUint32(0, index + 1);
    return { name: `k${index}`, key: bytes.toBase64() };
  });
  const [from, until] = [Date.now() - 3 * hour, Date.now() + 3 * hour];
  return {
    ...plan,
    doors: plan.doors.map((door) => ({
      ...door,
      stages: door.stages.map((stage) =>
        stage.codes === undefined
          ? stage
          : { ...stage, codes: { windowMs: hour, slots: 4, keys, from, until } }
      ),
    })),
  };
}

/** Each attack comes from addresses of its own, so that all of them can be made at once. */
function ownAttacks(plan: Plan, family: "ipv4" | "ipv6", floodSize: number): Attack[] {
  const epoch = Date.now();
  const make = (number: number) =>
    listAttacks(plan, {
      epoch,
      keyNames: listKeyNames(number, family),
      seed: SEED,
      limitPorts: portsAround(plan),
      floodSize,
      parties: partiesOf(number, family),
    });
  return make(0).map((_, number) => make(number)[number] as Attack)
    .filter((attack) => isBare(attack) && playAttack(plan, attack).durationMs <= MAX_DURATION_MS);
}

function partiesOf(number: number, family: "ipv4" | "ipv6"): Parties {
  // Each in a network of its own, for plans that let whole networks in.
  const base = family === "ipv4" ? `198.18.${number}.` : `2001:db8:${number + 1}:`;
  const [legitimate, attacker, accomplice] = family === "ipv4"
    ? [`${base}1`, `${base}66`, `${base}131`]
    : [`${base}1::1`, `${base}2::1`, `${base}3::1`];
  return {
    legitimate,
    attacker,
    accomplice,
    crowd: (index) =>
      family === "ipv4"
        ? `198.19.${index >> 8}.${index & 255}`
        : `2001:db8:ffff:${(index + 1).toString(16)}::1`,
    neighbour: (index) => family === "ipv4" ? undefined : `${base}2::5:${(index + 1).toString(16)}`,
  };
}

/** What a sweep visits here: every port that the rules name, its neighbours, and some others. */
function portsAround(plan: Plan): number[] {
  const named = [...listKnocks(plan), ...listNeutral(plan)].flatMap(({ port }) => port ?? []);
  const near = named.flatMap((port) => [-2, -1, 0, 1, 2].map((step) => port + step));
  const others = Array.from({ length: 12 }, (_, index) => 137 + index * 4_999);
  return [...new Set([...near, ...others])].sort((a, b) => a - b);
}
