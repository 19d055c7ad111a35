import { assert, assertEquals, assertThrows } from "@std/assert";
import { mikrotik } from "../../src/rules/backends/mikrotik/mikrotik.ts";
import { findRefusal } from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import { table } from "../table.ts";
import { GOLDEN_PLANS, secretPlan } from "./fixtures.ts";
import { createRouter, type Item } from "./router.ts";
import { parseRouterOs } from "./routeros.ts";

const RULES: Item[] = [
  { chain: "input", action: "accept", comment: "defconf: established" },
  { chain: "input", action: "drop", comment: "defconf: invalid" },
  { chain: "input", action: "drop", comment: "defconf: not LAN" },
];
const MENUS = [
  ...["/ip", "/ipv6"].flatMap((ip) =>
    ["filter", "nat", "address-list"].map((menu) => `${ip} firewall ${menu}`)
  ),
  ...["/system script", "/system scheduler"],
];

for (const [name, plan] of Object.entries(GOLDEN_PLANS)) {
  if (findRefusal(mikrotik, plan) !== undefined) continue;
  const script = renderRules(mikrotik, plan, { host: "h" });

  Deno.test(`mikrotik, ${name}: imported twice there is one copy, before the drop rule`, () => {
    const router = createRouter(RULES);
    router.run(script);
    const once = MENUS.map((menu) => [...router.menu(menu)]);
    router.run(script);
    assertEquals(MENUS.map((menu) => router.menu(menu)), once);
    for (const family of plan.families) {
      const filter = router.menu(`${family === "ipv4" ? "/ip" : "/ipv6"} firewall filter`);
      const input = filter.filter((rule) => rule["chain"] === "input");
      assertEquals(input.map((rule) => rule["comment"]), [
        "defconf: established",
        `spknock:${plan.name}:00 jump`,
        "defconf: invalid",
        "defconf: not LAN",
      ]);
    }
  });

  Deno.test(`mikrotik, ${name}: without a drop rule the jump is the last of input`, () => {
    const router = createRouter(RULES.slice(0, 1));
    router.run(script);
    const path = `${plan.families[0] === "ipv4" ? "/ip" : "/ipv6"} firewall filter`;
    const input = router.menu(path).filter((rule) => rule["chain"] === "input");
    assertEquals(input.at(-1)?.["action"], "jump");
    assertEquals(input.length, 2);
  });

  Deno.test(`mikrotik, ${name}: the printed undo leaves the router as it was`, () => {
    const router = createRouter(RULES);
    const before = MENUS.map((menu) => [...router.menu(menu)]);
    router.run(script);
    const undo = script.split("\n").filter((line) => /^# {3}\/(ip|system).* remove /.test(line));
    const menus = plan.doors.some(({ forwards }) => forwards.length > 0) ? 3 : 2;
    const scripts = plan.doors.some(({ stages }) => stages.at(-1)?.codes !== undefined) ? 2 : 0;
    assertEquals(undo.length, menus * plan.families.length + scripts);
    router.run(undo.map((line) => line.slice(4)).join("\n"));
    assertEquals(MENUS.map((menu) => router.menu(menu)), before);
  });

  Deno.test(`mikrotik, ${name}: every jump has its chain, every rule its own comment`, () => {
    const router = createRouter();
    router.run(script);
    for (const menu of MENUS.filter((path) => /filter|nat$/.test(path))) {
      const rules = router.menu(menu);
      const chains = new Set(rules.map((rule) => rule["chain"]));
      for (const { action, "jump-target": to } of rules) {
        if (action === "jump") assert(chains.has(to ?? ""), to);
      }
      assertEquals(new Set(rules.map((rule) => rule["comment"])).size, rules.length);
    }
  });
}

Deno.test("mikrotik: one target's import leaves another's rules", () => {
  const router = createRouter(RULES);
  for (const name of ["home", "home-2", "hom"]) {
    router.run(renderRules(mikrotik, secretPlan({ name }), { host: "h" }));
  }
  const count = router.menu("/ip firewall filter").length;
  router.run(renderRules(mikrotik, secretPlan({ name: "home" }), { host: "h" }));
  assertEquals(router.menu("/ip firewall filter").length, count);
});

Deno.test("mikrotik: the jump is before the first drop rule of each family that is not dynamic", () => {
  const hotspot = { chain: "input", action: "drop", dynamic: "yes" };
  const router = createRouter([hotspot, ...RULES]);
  const withoutHotspot = createRouter(RULES);
  for (const each of [router, withoutHotspot]) {
    each.run(renderRules(mikrotik, secretPlan(), { host: "h" }));
  }
  const listInput = (menu: string, { menu: read }: typeof router) =>
    read(menu).filter(({ chain }) => chain === "input").map(({ action }) => action);
  assertEquals(
    listInput("/ip firewall filter", router),
    ["drop", "accept", "jump", "drop", "drop"],
  );
  assertEquals(
    listInput("/ipv6 firewall filter", withoutHotspot),
    ["accept", "jump", "drop", "drop"],
  );
});

const NO_INTERFACE: Record<string, [interfaces: string[], error: string]> = {
  "an interface": [["ether9"], 'interface "ether9": nothing was changed'],
  "a list by its bare name": [["WAN"], "an interface list is written list:WAN"],
  "a list": [["list:DMZ"], 'interface list "DMZ": nothing was changed'],
  "an interface as a list": [["list:ether1"], 'interface list "ether1": nothing was changed'],
  "the second one": [["ether1", "list:DMZ"], 'interface list "DMZ": nothing was changed'],
};

table<[string[], string]>(
  "mikrotik: a name that is none stops the import before it changes anything",
  NO_INTERFACE,
  (
    [interfaces, error],
  ) => {
    const router = createRouter(RULES);
    router.run(renderRules(mikrotik, secretPlan(), { host: "h" }));
    const before = MENUS.map((menu) => [...router.menu(menu)]);
    const script = renderRules(mikrotik, secretPlan({ interfaces }), { host: "h" });
    assertThrows(() => router.run(script), Error, error);
    assertEquals(MENUS.map((menu) => router.menu(menu)), before);
  },
);

Deno.test("mikrotik: a packet that several interfaces match passes the knocks once", () => {
  const router = createRouter(RULES);
  const interfaces = ["ether1", "list:WAN"];
  router.run(renderRules(mikrotik, secretPlan({ interfaces }), { host: "h" }));
  const rules = router.menu("/ip firewall filter")
    .filter(({ chain }) => chain === "input" || chain === "spknock:home:in");
  const own = rules.filter(({ comment }) => comment?.startsWith("spknock:"));
  assertEquals(
    own.map((rule) => [rule["in-interface"] ?? rule["in-interface-list"], rule["action"]]),
    [
      [undefined, "jump"],
      ["ether1", "jump"],
      ["ether1", "return"],
      ["WAN", "jump"],
      ["WAN", "return"],
    ],
  );
});

Deno.test("the parser: grammar that the tests rely on", () => {
  const [command] = parseRouterOs(
    `# note\n:if ([:len [/ip firewall filter find comment~"^a:" chain=input]] > 0) do={ \\\n` +
      `  /ip address remove [find]; :put "x" } else={ }\n`,
  );
  assertEquals(command?.words, [":if"]);
  assertEquals(command?.line, 2);
  assertEquals([...command?.parameters.keys() ?? []], ["do", "else"]);
  const block = command?.parameters.get("do");
  assertEquals(block?.kind === "block" && block.commands.map(({ words }) => words), [
    ["/ip", "address", "remove"],
    [":put"],
  ]);
  const [continued] = parseRouterOs("/ip firewall filter add \\\n  chain=input action=drop");
  assertEquals(continued?.parameters.size, 2);
});

Deno.test("the parser: what a router would misread is an error", () => {
  const wrong = [
    'add x="a',
    'add x="a\nb"',
    'add x="$a"',
    'add x="\\q"',
    "add x=[find",
    "add x={ :put a",
    ":if (1 > 0 do={}",
    "add x=1 x=2",
    "add x=%",
    "[a; b] c",
  ];
  for (const script of wrong) {
    assertThrows(() => parseRouterOs(script), SyntaxError, "line 1", script);
  }
});
