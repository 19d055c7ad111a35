/**
 * One-time codes of the RouterOS rules: the script is run by an interpreter, at moments of a clock, and the rules that it
 * leaves are walked by what MikroTik documents of a filter.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { findSkew, findWindow } from "../../src/core/rolling.ts";
import { type Codes, computeCode } from "../../src/plan/codes.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { RENEW_SECONDS } from "../../src/rules/backends/mikrotik/codes_script.ts";
import { mikrotik } from "../../src/rules/backends/mikrotik/mikrotik.ts";
import { renderRules } from "../../src/rules/render.ts";
import { change, getDoor } from "../plans.ts";
import { table } from "../table.ts";
import { bytes, codePlan, CODES_FROM, KEY } from "./fixtures.ts";
import { createRouter } from "./router.ts";
import { createFilter, type RoutedPacket } from "./router_filter.ts";
import { parseRouterOs } from "./routeros.ts";
import { findSyntaxFaults } from "./routeros_syntax.ts";

const WINDOW_MS = 600_000;
/** In the middle of the third window that the plans have codes for. */
const MIDDLE = CODES_FROM + 2.5 * WINDOW_MS;
const OTHER_KEY = `${"A".repeat(43)}=`;
const [OWNER, OTHER] = ["198.51.100.1", "198.51.100.2"];

function getCodes(plan: Plan): Codes {
  const codes = getDoor(plan).stages.at(-1)?.codes;
  if (codes === undefined) throw new Error("a plan without codes");
  return codes;
}

/** A router with a clock, on which the scheduler runs what it has. */
function createClockedRouter(plan: Plan, at = MIDDLE) {
  let now = at;
  const router = createRouter([], { now: () => now });
  const script = renderRules(mikrotik, plan, { host: "h" });
  router.run(script);
  const filter = createFilter(router, plan.families[0] === "ipv4" ? "/ip" : "/ipv6");
  const renew = () =>
    filter.change(() => {
      for (const { interval, "on-event": event = "" } of router.menu("/system scheduler")) {
        if (interval === `${RENEW_SECONDS}s`) router.run(event);
      }
    });
  return {
    router,
    script,
    /** Lets the clock go on to a moment, with a run of the scheduler. */
    setClock(to: number) {
      now = to;
      renew();
    },
    renew,
    /** Whether the code lets its source in; the packet is the whole knock. */
    send(code: string, { source = OWNER, ...rest }: Partial<RoutedPacket> = {}): boolean {
      const door = getDoor(plan);
      for (const stage of door.stages.slice(0, -1)) filter.receive({ source, ...stage }, now);
      filter.receive(
        { source, protocol: "udp", port: 62_201, payload: bytes(code), ...rest },
        now,
      );
      return filter.receive({ source, protocol: "tcp", port: 22 }, now);
    },
    run: (lines: string) => filter.change(() => router.run(lines)),
  };
}

const codeAt = (at: number, slot = 0, key = KEY) =>
  computeCode(key, findWindow({ windowMs: WINDOW_MS }, at), slot);

const PLANS: Readonly<Record<string, Plan>> = {
  "IPv4": codePlan({ families: ["ipv4"] }),
  "after a regular knock": codePlan({ families: ["ipv4"], before: ["7003/tcp"] }),
  "both families": codePlan(),
};

const CODES: Record<string, [code: string, opens: boolean]> = {
  "slot 0": [codeAt(MIDDLE), true],
  "slot 3": [codeAt(MIDDLE, 3), true],
  "a slot too many": [codeAt(MIDDLE, 4), false],
  "the next window": [codeAt(MIDDLE + WINDOW_MS), false],
  "the window before": [codeAt(MIDDLE - WINDOW_MS), false],
  "another key": [codeAt(MIDDLE, 0, OTHER_KEY), false],
  "in capitals": [codeAt(MIDDLE).toUpperCase(), false],
  "too short": [codeAt(MIDDLE).slice(1), false],
  "too long": [`${codeAt(MIDDLE)}0`, false],
  "no code": ["none".padEnd(32, "-"), false],
};

for (const [name, plan] of Object.entries(PLANS)) {
  table<[string, boolean]>(`mikrotik, codes, ${name}`, CODES, ([code, opens]) => {
    assertEquals(createClockedRouter(plan).send(code), opens);
  });
}

Deno.test("mikrotik, codes: a code belongs to the first source, which can repeat it", () => {
  const router = createClockedRouter(codePlan({ families: ["ipv4"] }));
  assert(router.send(codeAt(MIDDLE)));
  assertEquals(router.send(codeAt(MIDDLE), { source: OTHER }), false);
  router.setClock(MIDDLE + 200_000);
  assertEquals(router.send(codeAt(MIDDLE), { source: OTHER }), false);
  assert(router.send(codeAt(MIDDLE, 1), { source: OTHER }), "another slot");
  router.setClock(MIDDLE + 301_000);
  assert(router.send(codeAt(MIDDLE)), "its own code opens the door again");
});

Deno.test("mikrotik, codes: each is taken as long as its skew says, and one interval longer at most", () => {
  const plan = codePlan({ families: ["ipv4"] });
  const skew = findSkew({ windowMs: WINDOW_MS });
  const start = CODES_FROM + 2 * WINDOW_MS;
  const [from, until] = [start - skew, start + WINDOW_MS + skew];
  const isTaken = (at: number) => createClockedRouter(plan, at).send(codeAt(start));
  assertEquals(isTaken(from - RENEW_SECONDS * 1_000 - 1_000), false);
  assertEquals(isTaken(from - RENEW_SECONDS * 1_000), true);
  assertEquals(isTaken(until - 1_000), true);
  assertEquals(isTaken(until), false);
});

Deno.test("mikrotik, codes: each of a day is taken in its window, and used codes make no later one used", () => {
  const plan = codePlan({ families: ["ipv4"] });
  const router = createClockedRouter(plan, CODES_FROM);
  for (let at = CODES_FROM; at < CODES_FROM + 30 * WINDOW_MS; at += 50_000) {
    router.setClock(at);
    if (at % WINDOW_MS !== 0) continue;
    for (const slot of [0, 1, 2, 3]) {
      const source = `198.51.100.${(at / WINDOW_MS + slot) % 200}`;
      assert(router.send(codeAt(at, slot), { source }), `slot ${slot} at ${at}`);
      const copy = { source: `203.0.113.${slot}` };
      assertEquals(router.send(codeAt(at, slot), copy), false, `its copy at ${at}`);
    }
  }
});

Deno.test("mikrotik, codes: what does not change is not set", () => {
  const { router, renew } = createClockedRouter(codePlan({ families: ["ipv4"] }));
  const rules = router.menu("/ip firewall filter");
  for (const rule of rules) Object.freeze(rule);
  renew();
});

Deno.test("mikrotik, codes: the shortest window has them at every moment", () => {
  const plan = codePlan({ families: ["ipv4"] });
  const codes = getCodes(plan);
  const short = change(plan, {
    stages: [{ port: 62_201, protocol: "udp", codes: { ...codes, windowMs: 60_000 } }],
  });
  const skew = findSkew({ windowMs: 60_000 });
  for (let at = MIDDLE; at < MIDDLE + 120_000; at += RENEW_SECONDS * 1_000) {
    // Up to the next run, by clocks that are off as far as is allowed.
    for (const off of [-skew, 0, skew, skew + RENEW_SECONDS * 1_000 - 1]) {
      const window = findWindow({ windowMs: 60_000 }, at + off);
      const code = computeCode(KEY, window, (at / 10_000) % 4);
      assert(createClockedRouter(short, at).send(code), `at ${at}, ${off} ms off`);
    }
  }
});

Deno.test("mikrotik, codes: a copy to another address is refused from the script's next run on, in both families", () => {
  const router = createClockedRouter(codePlan());
  assert(router.send(codeAt(MIDDLE)));
  assert(router.send(codeAt(MIDDLE), { source: OTHER, to: "192.0.2.200" }), "what the header says");
  router.renew();
  const filters = (["/ip", "/ipv6"] as const).map((ip) => createFilter(router.router, ip));
  const packets = [
    { source: OTHER, to: "192.0.2.200" },
    { source: "2001:db8::5", to: "2001:db8::99" },
  ];
  for (const [index, filter] of filters.entries()) {
    const { source, to } = packets[index] ?? { source: OTHER, to: "" };
    const knock = (slot: number) => {
      const payload = bytes(codeAt(MIDDLE, slot));
      filter.receive({ source, to, protocol: "udp", port: 62_201, payload }, 0);
      return filter.receive({ source, protocol: "tcp", port: 22 }, 0);
    };
    assertEquals(knock(0), false);
    assert(knock(1));
  }
});

Deno.test("mikrotik, codes: what is used stays used when the rules are imported again", () => {
  const plan = codePlan({ families: ["ipv4"] });
  const { router, script, send, renew, run } = createClockedRouter(plan);
  assert(send(codeAt(MIDDLE, 2)));
  run(script);
  assertEquals(send(codeAt(MIDDLE, 2), { source: OTHER }), false, "at once");
  const list = router.menu("/ip firewall address-list");
  renew();
  assertEquals(list.map(({ address }) => address), ["0.0.0.0/1", "128.0.0.0/1"]);
  run(script);
  assertEquals(send(codeAt(MIDDLE, 2), { source: OTHER }), false);
  assert(send(codeAt(MIDDLE, 2)), "its source can repeat it");
  assert(send(codeAt(MIDDLE, 3), { source: OTHER }));
});

const CLOCKS: Record<string, [at: number, opens: boolean]> = {
  "before the first window": [CODES_FROM - 700_000, false],
  "in the first window": [CODES_FROM, true],
  "in the last window": [CODES_FROM + 86_400_000 - 1_000, true],
  "after the last window": [CODES_FROM + 86_400_000 + 61_000, false],
  "1970, after a power loss": [86_400_000, false],
};

table<[number, boolean]>("mikrotik, codes: by the clock", CLOCKS, ([at, opens]) => {
  const router = createClockedRouter(codePlan({ families: ["ipv4"] }));
  router.setClock(at);
  assertEquals(router.send(codeAt(at)), opens);
});

Deno.test("mikrotik, codes: without a clock, or with another SHA-512, the import changes nothing", () => {
  const script = renderRules(mikrotik, codePlan(), { host: "h" });
  const router = createRouter([], { now: () => 86_400_000 });
  assertThrows(() => router.run(script), Error, "the clock is not set");
  const other = script.replace(/!= "[0-9a-f]{32}"/, `!= "${"0".repeat(32)}"`);
  assertThrows(() => createRouter().run(other), Error, "7.12 or newer");
  assertEquals(router.menu("/ip firewall filter"), []);
});

Deno.test("mikrotik, codes: without an end there is no last window", () => {
  const horizon = { from: CODES_FROM, until: Infinity };
  const router = createClockedRouter(codePlan({ families: ["ipv4"], horizon }));
  const later = CODES_FROM + 10 * 365 * 86_400_000;
  router.setClock(later);
  assert(router.send(codeAt(later)));
  assertMatch(router.script, /from the key: they do not end/);
});

/** Two people on one door. */
function planKeys(): Plan {
  const plan = codePlan({ families: ["ipv4"] });
  const codes = getCodes(plan);
  const keys = [{ name: "anna", key: KEY }, { name: "anna-2", key: OTHER_KEY }];
  return change(plan, {
    stages: [{ port: 62_201, protocol: "udp", codes: { ...codes, keys } }],
  });
}

Deno.test("mikrotik, codes: the lines of a revocation take one key out, and nothing of another", () => {
  const plan = planKeys();
  const { router, send, renew, run } = createClockedRouter(plan);
  const request = { plan, variant: undefined, file: "f" };
  const lines = mikrotik.rolling?.renderRevoke(request, { door: "home", name: "anna" }) ?? [];
  assertEquals(
    findSyntaxFaults(lines.join("\n")).map(({ part }) => part),
    [],
  );
  const count = (menu: string) => router.menu(menu).length;
  const before = count("/ip firewall filter");
  run(lines.join("\n"));
  renew();
  assertEquals(send(codeAt(MIDDLE), { source: OTHER }), false);
  assertEquals(count("/system script"), 1);
  assertEquals(count("/system scheduler"), 2);
  assertEquals(before - count("/ip firewall filter"), 8 * 6 + 1);
  const left = JSON.stringify(router.menu("/ip firewall filter"));
  assertEquals([/anna[":]/.test(left), left.includes("anna-2")], [false, true]);
});

Deno.test("mikrotik, codes: each key has a rule of its own, whose counter says who opened", () => {
  const { router } = createClockedRouter(planKeys());
  const opening = router.menu("/ip firewall filter")
    .filter((rule) => rule["address-list"] === "spknock:home:home:open");
  assertEquals(opening.map(({ comment }) => comment?.replace(/^.*? /, "")), [
    "home: opened by anna",
    "home: opened by anna-2",
  ]);
});

Deno.test("mikrotik, codes: the header has no key, and the test prints the code of this moment", () => {
  const { script, router } = createClockedRouter(codePlan());
  const [header = ""] = script.split("\n\n");
  assertEquals(header.includes(KEY), false);
  const [, line = ""] = /^# {3}(:put .*)$/m.exec(script) ?? [];
  assertEquals(findSyntaxFaults(line).some(({ versions }) => versions.length === 0), false);
  const window = findWindow({ windowMs: WINDOW_MS }, MIDDLE);
  assertEquals(router.run(line), [`${window} ${codeAt(MIDDLE)}`]);
});

Deno.test("mikrotik, codes: what the scheduler runs is a script that is there", () => {
  const { router } = createClockedRouter(planKeys());
  const names = router.menu("/system script").map(({ name }) => name);
  for (const { "on-event": event = "", policy } of router.menu("/system scheduler")) {
    const [command] = parseRouterOs(event);
    assertEquals(findSyntaxFaults(event), []);
    const [value] = command?.values ?? [];
    assert(value?.kind === "text" && names.includes(value.text), event);
    assertEquals(policy, "read,write");
  }
});
