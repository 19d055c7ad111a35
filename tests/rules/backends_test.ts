import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import type { Forward } from "../../src/core/service.ts";
import type { Backend } from "../../src/rules/backend.ts";
import { BACKEND_NAMES, findBackend, loadBackends } from "../../src/rules/backends.ts";
import {
  type Feature,
  FEATURES,
  findRefusal,
  type Limits,
  narrowTo,
} from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import { testWith } from "../systems.ts";
import { table } from "../table.ts";
import {
  barePlan,
  bytes,
  codePlan,
  FEATURE_PLANS,
  GOLDEN_PLANS,
  HASHES,
  KEY,
  secretPlan,
} from "./fixtures.ts";
import { change, getDoor, joinDoors } from "../plans.ts";

const GOLDEN = new URL("../golden/rules/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_GOLDEN") === "1";
const BACKENDS = await loadBackends();
const BY_NAME = BACKENDS.map((backend) => [backend.name, backend] as const);

/** Compares a generated text with a file, or writes it with `UPDATE_GOLDEN=1`. */
async function checkFile(text: string, file: URL): Promise<void> {
  if (UPDATE) await Deno.writeTextFile(file, text);
  assertEquals(text, await Deno.readTextFile(file));
}

interface Golden {
  backend: Backend;
  plan: Plan;
  variant: string | undefined;
}

/** Every golden plan that a back end supports, in each of its variants, by file name. */
const GOLDEN_FILES = BACKENDS.flatMap((backend): [string, Golden][] => {
  const variants = backend.variants.length === 0 ? [undefined] : backend.variants;
  return Object.entries(GOLDEN_PLANS).flatMap(([planName, plan]) =>
    variants.flatMap((variant, index): [string, Golden][] =>
      findRefusal(narrowTo(backend, variant), plan) !== undefined ? [] : [[
        [planName, backend.name, ...(index > 0 ? [variant] : []), backend.extension].join("."),
        { backend, plan, variant },
      ]]
    )
  );
});

table(
  "golden",
  GOLDEN_FILES,
  ({ backend, plan, variant }, name) =>
    checkFile(
      renderRules(backend, plan, { host: "fw.example.com", variant }),
      new URL(name, GOLDEN),
    ),
);

Deno.test("golden files: none is left over", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(GOLDEN)) names.push(name);
  assertEquals(names.toSorted(), GOLDEN_FILES.map(([name]) => name).toSorted());
});

table("back ends: the name of the row is its own", BY_NAME, async (backend, name) => {
  assertEquals((await findBackend(name)).name, backend.name);
  assert(BACKEND_NAMES.includes(name));
});

table("findBackend: an unknown name", {
  "iptable": "did you mean iptables?",
  "nftabels": "did you mean nftables?",
  "zzz": undefined,
  "constructor": undefined,
}, async (hint, name) => {
  const error = await assertRejects(() => findBackend(name), UsageError);
  assertEquals(error.message, `unknown firewall: use ${BACKEND_NAMES.join(", ")}`);
  assertEquals(error.hint, hint);
});

table("a variant that a back end does not have is refused", BY_NAME, (backend) => {
  const context = { host: "h", variant: "nope" };
  assertThrows(() => renderRules(backend, barePlan(), context), UsageError, "variant");
});

/** The rules of a plan without the comments. */
function renderBody(backend: Backend, plan: Plan): string {
  return renderRules(backend, plan, { host: "h" }).replaceAll(/^#(?!!).*\n/gm, "");
}

function requireRefused(backend: Backend, plan: Plan, part: string): void {
  const error = assertThrows(() => renderRules(backend, plan, { host: "h" }), UsageError);
  assertEquals(error.message, `${backend.name} does not support ${part}`);
  assertEquals([error.code, typeof error.hint], ["unsupported", "string"]);
}

const FEATURE_NAMES = Object.keys(FEATURES) as Feature[];

table(
  "feature: rendered or refused, never dropped",
  BACKENDS.flatMap((backend) =>
    FEATURE_NAMES.map((feature) => [`${backend.name}, ${feature}`, { backend, feature }] as const)
  ),
  ({ backend, feature }) => {
    const [plan, without] = FEATURE_PLANS[feature];
    assert(FEATURES[feature].findPart(plan) !== undefined);
    assertEquals(FEATURES[feature].findPart(without), undefined);
    const refused = FEATURE_NAMES.find((each) =>
      !backend.supports[each] && FEATURES[each].findPart(plan) !== undefined
    );
    if (refused === undefined) {
      assertNotEquals(renderBody(backend, plan), renderBody(backend, without));
    } else {
      requireRefused(backend, plan, FEATURES[refused].findPart(plan) ?? "");
    }
  },
);

function planWithKnocks(count: number): Plan {
  const stages = Array.from({ length: count }, (_, index): Stage => ({
    port: 1_000 + 2 * index,
    protocol: "tcp",
  }));
  return change(barePlan(), { stages });
}

function planWithKeys(count: number): Plan {
  const plan = codePlan();
  const stages = getDoor(plan).stages.map((stage) =>
    stage.codes === undefined ? stage : {
      ...stage,
      codes: {
        ...stage.codes,
        keys: Array.from({ length: count }, (_, index) => ({ name: `k${index}`, key: KEY })),
      },
    }
  );
  return change(plan, { stages });
}

function planWithPayload(payload: Uint8Array): Plan {
  return change(barePlan(), { stages: [{ port: 1, protocol: "udp", payload }] });
}

interface LimitCase {
  /** Plans that the limit allows. */
  allowed: Plan[];
  /** Plans that it refuses, with the part that the error names. */
  refused: [Plan, string][];
}

/** The plans on both sides of each limit. */
const LIMIT_CASES: Record<keyof Limits, (limits: Limits) => LimitCase> = {
  maxKnocks: ({ maxKnocks }) =>
    maxKnocks === Infinity ? { allowed: [planWithKnocks(1_500)], refused: [] } : {
      allowed: [planWithKnocks(maxKnocks)],
      refused: [[planWithKnocks(maxKnocks + 1), `more than ${maxKnocks} knocks`]],
    },
  minPayload: ({ minPayload }) => ({
    allowed: [planWithPayload(bytes("x".repeat(minPayload)))],
    refused: minPayload === 1 ? [] : [[
      planWithPayload(bytes("x".repeat(minPayload - 1))),
      `a payload of less than ${minPayload} bytes`,
    ]],
  }),
  maxPayload: ({ maxPayload }) => ({
    allowed: [planWithPayload(bytes("x".repeat(Math.min(maxPayload, 1_000))))],
    refused: maxPayload === Infinity ? [] : [[
      planWithPayload(bytes("x".repeat(maxPayload + 1))),
      `a payload of more than ${maxPayload} bytes`,
    ]],
  }),
  printablePayload: ({ printablePayload }) => {
    const plan = planWithPayload(bytes("long enough\n"));
    const part = "a payload that is not printable ASCII";
    return printablePayload
      ? { allowed: [], refused: [[plan, part]] }
      : { allowed: [plan], refused: [] };
  },
  maxKeys: ({ maxKeys }) =>
    maxKeys === Infinity ? { allowed: [barePlan()], refused: [] } : {
      allowed: [planWithKeys(maxKeys)],
      refused: [[planWithKeys(maxKeys + 1), `more than ${maxKeys} keys`]],
    },
  wholeSeconds: ({ wholeSeconds }) => {
    const plans: [Plan, string][] = [
      [change(barePlan(), { stageTimeoutMs: 1_500 }), "the stage timeout 1500ms"],
      [change(barePlan(), { openForMs: 500 }), "the open time 500ms"],
    ];
    return wholeSeconds
      ? { allowed: [], refused: plans }
      : { allowed: plans.map(([plan]) => plan), refused: [] };
  },
};

table(
  "limit: rendered up to it, refused beyond it",
  BACKENDS.flatMap((backend) =>
    Object.entries(LIMIT_CASES).map(([limit, makeCase]) =>
      [`${backend.name}, ${limit}`, { backend, ...makeCase(backend.limits) }] as const
    )
  ),
  ({ backend, allowed, refused }) => {
    const isSecret = ([plan]: [Plan, ...unknown[]]) =>
      getDoor(plan).stages.some(({ payload }) => payload !== undefined);
    const { secretKnocks } = backend.supports;
    for (const plan of allowed.filter((each) => secretKnocks || !isSecret([each]))) {
      assert(renderBody(backend, plan) !== "");
    }
    for (const [plan, part] of refused.filter((each) => secretKnocks || !isSecret(each))) {
      requireRefused(backend, plan, part);
    }
  },
);

const SECRET = secretPlan();
const PUBLISHED: Forward[] = [{ service: { port: 8_080, protocol: "tcp" } }];
const REFUSED: Record<string, [backend: string, Plan]> = {
  "a payload of more than 240 bytes": ["nftables", planWithPayload(new Uint8Array(241))],
  "a payload of more than 127 bytes": ["iptables", planWithPayload(new Uint8Array(128))],
  "the stage timeout 1500ms": ["iptables", change(SECRET, { stageTimeoutMs: 1_500 })],
  "the open time 500ms": ["mikrotik", change(SECRET, { openForMs: 500 })],
  'the interface "eth*"': ["mikrotik", { ...SECRET, interfaces: ["eth0", "eth*"] }],
  'the interface list "WAN"': ["nftables", { ...SECRET, interfaces: ["eth0", "list:WAN"] }],
  'the interface list "LAN"': ["iptables", { ...SECRET, interfaces: ["list:LAN"] }],
  "several interfaces": ["knockd", { ...barePlan(), interfaces: ["eth0", "eth1"] }],
  "a payload of less than 8 bytes": ["mikrotik", planWithPayload(bytes("short"))],
  "a payload that is not printable ASCII": ["mikrotik", planWithPayload(bytes("long enough\n"))],
  "the payload of knock 1": ["knockd", SECRET],
  "the guard": ["knockd", change(barePlan(), { guard: true })],
  "the rate ban": ["knockd", { ...barePlan(), ban: true }],
  "trusted sources": ["knockd", { ...barePlan(), trusted: ["192.0.2.1"] }],
  "public services": ["knockd", {
    ...barePlan(),
    publicServices: [{ port: 80, protocol: "tcp" }],
  }],
  "IPv6 without IPv4": ["knockd", { ...barePlan(), families: ["ipv6"] }],
  "more than 32 knocks": ["knockd", planWithKnocks(33)],
  "the forwarded port 8080/tcp in two targets with closing knocks": [
    "mikrotik",
    joinDoors(
      change(SECRET, { closing: [{ port: 9_100, protocol: "tcp" }], forwards: PUBLISHED }),
      change(secretPlan({ name: "office" }), {
        stages: [{ port: 9_200, protocol: "udp", payload: bytes(HASHES[0]) }],
        closing: [{ port: 9_101, protocol: "tcp" }],
        forwards: PUBLISHED,
      }),
    ),
  ],
  "the forwarded port 8080/tcp": ["knockd", change(barePlan(), { forwards: PUBLISHED })],
  "so many ports to open": [
    "knockd",
    change(barePlan(), {
      opens: Array.from(
        { length: 99 },
        (_, index) => ({ port: index + 1, protocol: "tcp" }),
      ),
    }),
  ],
};

table<[string, Plan]>("refused by name", REFUSED, async ([name, plan], part) => {
  requireRefused(await findBackend(name), plan, part);
});

/** What a back end shows best: a secret plan, or else a bare one. */
function choosePlan({ supports }: Backend): Plan {
  return supports.secretKnocks ? SECRET : barePlan();
}

table("a host with control characters cannot leave the header", BY_NAME, (backend) => {
  const plan = choosePlan(backend);
  const evil = renderRules(backend, plan, { host: "x\nnft flush ruleset\r\u2028y" });
  const plain = renderRules(backend, plan, { host: "h" });
  assertEquals(evil.split("\n").length, plain.split("\n").length);
  assertEquals(evil.split("\r").length + evil.split("\u2028").length, 2);
});

table("only the rules contain a payload, and the header warns", BY_NAME, (backend) => {
  const comments = renderRules(backend, choosePlan(backend), { host: "h" }).split("\n")
    .filter((line) => line.startsWith("#")).join("\n");
  for (const hash of HASHES) assertEquals(comments.includes(hash), false);
  assertEquals(comments.includes("chmod 600)."), backend.supports.secretKnocks);
});

testWith(
  "sh",
  "iptables: a target leaves alone what belongs to one with a longer name",
  async () => {
    const iptables = await findBackend("iptables");
    const [short, long] = ["off", "officevpn-london-backup"].map((name) =>
      renderRules(iptables, secretPlan({ name }), { host: "h" })
    );
    const findNames = (text = "") => [...new Set(text.match(/spk\.off\.[a-z0-9.]+\b/g))];
    const [own, others] = [findNames(short), findNames(long)];
    assert(own.length > 0 && others.length > 0);
    const lines = [...own, ...others].flatMap((name) => [name, `-N ${name}`]);
    const scripts = [...(short ?? "").matchAll(/sed -n '([^']+)'/g)].map(([, script = ""]) =>
      script
    );
    const found = await Promise.all(scripts.map((script) => runSed(script, lines)));
    const expected = own.filter((name) => name.split(".").length > 2);
    assertEquals(scripts.length, 2);
    assertEquals(found.flat().toSorted(), expected.toSorted());
  },
);

Deno.test("iptables: one-time codes need ipset", async () => {
  const iptables = await findBackend("iptables");
  const error = assertThrows(
    () => renderRules(iptables, codePlan(), { host: "h", variant: "recent" }),
    UsageError,
    "iptables with recent does not support one-time codes (rolling)",
  );
  assertEquals([error.code, error.hint], ["unsupported", "leave out --variant recent"]);
});

/** Everything long that has a part in a name. */
function longestPlan(): Plan {
  const knocks = Array.from(
    { length: 359 },
    (_, index): Stage => ({ port: 1_000 + 2 * index, protocol: "tcp" }),
  );
  const plan = change(barePlan(), {
    stages: knocks,
    closing: [...knocks, ...knocks].slice(0, 359),
  });
  const name = (end: string) => "x".repeat(63) + end;
  return {
    ...plan,
    name: name("a"),
    doors: ["b", "c"].map((end) => ({ ...getDoor(plan), name: name(end), guard: true })),
    families: ["ipv4", "ipv6"],
    prefixes: { ipv4: 24, ipv6: 127 },
    ban: true,
    banPrefix6: 120,
    interfaces: ["eth0"],
  };
}

const VARIANTS = { ipset: "ipset", recent: "recent" };

table("iptables: no name is longer than the tools take", VARIANTS, async (variant) => {
  const text = renderRules(await findBackend("iptables"), longestPlan(), { host: "h", variant });
  const chains = [...text.matchAll(/^:(\S+) /gm)].map(([, chain = ""]) => chain);
  const sets = [...text.matchAll(/^create (\S+)/gm)].map(([, set = ""]) => set);
  assertEquals(new Set(chains).size, chains.length / 2);
  assertEquals(new Set(sets).size, sets.length);
  assertEquals(Math.max(...chains.map(({ length }) => length)), 28);
  if (variant === "ipset") assertEquals(Math.max(...sets.map(({ length }) => length)), 31);
});

/** Found by trying. */
const SAME_CHECKSUM = ["door6789", "door35976"] as const;

Deno.test("iptables: doors whose checksums are the same are refused, whatever their order", async () => {
  const iptables = await findBackend("iptables");
  const [first, second] = SAME_CHECKSUM;
  for (const names of [[first, second], [second, first]]) {
    const doors = names.map((name) => ({ ...getDoor(barePlan()), name }));
    requireRefused(
      iptables,
      { ...barePlan(), doors },
      `the targets "${names[0]}" and "${
        names[1]
      }" in one rule set: the checksums of their names are the same`,
    );
  }
});

async function runSed(script: string, lines: readonly string[]): Promise<string[]> {
  const child = new Deno.Command("sed", { args: ["-n", script], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes(`${lines.join("\n")}\n`) as Uint8Array<ArrayBuffer>);
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).split("\n").slice(0, -1);
}
