/** Every line of the RouterOS rules, and every command of their header, is in the trees of all versions that it names. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { mikrotik } from "../../src/rules/backends/mikrotik/mikrotik.ts";
import { findRefusal } from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import { table } from "../table.ts";
import { FEATURE_PLANS, GOLDEN_PLANS } from "./fixtures.ts";
import { findFirstVersion, findSyntaxFaults } from "./routeros_syntax.ts";
import { COMMANDS, VERSIONS, WORDS } from "./routeros_tree.ts";

const PLANS: [name: string, Plan][] = [
  ...Object.entries(GOLDEN_PLANS),
  ...Object.entries(FEATURE_PLANS).flatMap(([name, [used, unused]]): [string, Plan][] => [
    [`with ${name}`, used],
    [`without ${name}`, unused],
  ]),
];
const SCRIPTS = PLANS.filter(([, plan]) => findRefusal(mikrotik, plan) === undefined)
  .map(([name, plan]): [string, string] => [name, renderRules(mikrotik, plan, { host: "h" })]);

/** The commands that the header gives, one a line. */
function listHeaderCommands(script: string): string[] {
  const lines = script.split("\n").filter((line) => line.startsWith("#"));
  return lines.flatMap((line) => /(?:^# +|: )([/:][a-z].*)/.exec(line)?.[1] ?? []);
}

/** The versions from the one on that the header names. */
function listNamedVersions(script: string): string[] {
  const [, from = ""] = /it loads from (\S+) on/.exec(script.replaceAll("\n# ", " ")) ?? [];
  assert(VERSIONS.includes(from), from);
  return VERSIONS.slice(VERSIONS.indexOf(from));
}

/** What is not in the trees of all versions that the header names. */
function findFaults(script: string, part = script) {
  const named = listNamedVersions(script);
  return findSyntaxFaults(part).filter(({ versions }) =>
    named.some((version) => !versions.includes(version))
  );
}

table("RouterOS syntax: every line is in the trees of all named versions", SCRIPTS, (script) => {
  assertEquals(findFaults(script), []);
});

Deno.test("RouterOS syntax: only one-time codes need more than the oldest version", () => {
  const later = SCRIPTS.filter(([, script]) => listNamedVersions(script)[0] !== VERSIONS[0]);
  assertEquals(later.map(([name]) => name), ["codes", "codes-people", "with codes"]);
});

table("RouterOS syntax: so are the header's commands, but for the trial run", SCRIPTS, (script) => {
  const commands = listHeaderCommands(script);
  assert(commands.length >= 5);
  const later = commands.filter((command) => findFaults(script, command).length > 0);
  assertMatch(later.join(), /^\/import \S+ verbose=yes dry-run$/);
});

Deno.test("RouterOS syntax: the header names the versions of the trees", () => {
  for (const [, script] of SCRIPTS) {
    const text = script.replaceAll("\n# ", " ");
    const [, ...named] = /of (\S+) versions, RouterOS (\S+) to (\S+), it loads from (\S+) on/
      .exec(text) ?? [];
    const rules = script.replaceAll(/^#.*/gm, "");
    assertEquals(named, [
      String(VERSIONS.length),
      VERSIONS[0],
      VERSIONS.at(-1),
      findFirstVersion(rules),
    ]);
    const [, from] = /RouterOS (\S+) or newer/.exec(text) ?? [];
    const trial = listHeaderCommands(script).find((command) => command.endsWith("dry-run"));
    assertEquals(findFirstVersion(trial ?? ""), from);
  }
});

const FILTER = "/ip firewall filter add chain=input action=accept";

table<[script: string, part: string]>("RouterOS syntax: a fault is found", {
  "an argument": [`${FILTER} src-adress-list=a`, "/ip/firewall/filter/add src-adress-list"],
  "a menu": ["/ip firewal filter add chain=input", "/ip/firewal/filter/add"],
  "a verb": ["/ip firewall filter append chain=input", "/ip/firewall/filter/append"],
  "a command": [":iff (1 = 1) do={ }", "/iff"],
  "an argument of the other family": [
    "/ipv6 firewall nat add chain=dstnat to-addresses=2001:db8::1",
    "/ipv6/firewall/nat/add to-addresses",
  ],
  "a condition": [
    "/ip firewall filter remove [find coment~a]",
    "/ip/firewall/filter/find where coment~",
  ],
  "a condition of print": [
    "/ip firewall address-list print where lists=a",
    "/ip/firewall/address-list/print where lists",
  ],
  "in a block": [`:do { ${FILTER} tcp-flag=syn } on-error={ }`, "/ip/firewall/filter/add tcp-flag"],
  "in brackets in a condition": [
    ":if ([:len [/interface lists find]] = 0) do={ }",
    "/interface/lists/find",
  ],
  "an action": [
    "/ipv6 firewall filter add chain=input action=tarpit",
    "/ipv6/firewall/filter/add action=tarpit",
  ],
  "one of several words": [
    `${FILTER} connection-state=established,relate`,
    "/ip/firewall/filter/add connection-state=relate",
  ],
  "a negated word": [`${FILTER} tcp-flags=syn,!acks`, "/ip/firewall/filter/add tcp-flags=acks"],
  "a value without a name": [
    `${FILTER} 22`,
    "/ip/firewall/filter/add (no such argument) 22",
  ],
  "one value too many": [":len a b", "/len (no such argument) b"],
}, ([script, part]) => {
  assertEquals(findSyntaxFaults(`\n${script}`), [{ line: 2, part, versions: [] }]);
  assertEquals(findFirstVersion(script), undefined);
});

table<[script: string, first: string | undefined]>("RouterOS syntax: the first version", {
  "in all": [FILTER, "7.9"],
  "since": ["/import a.rsc verbose=yes dry-run", "7.16"],
  "by name": ["/import file-name=a.rsc dry-run=yes", "7.16"],
  "since, of an argument": [`${FILTER} tos=1`, "7.21"],
  "the later of two": [":foreach i in=$a do={ /import a.rsc dry-run } on-error={ }", "7.19"],
  "until": [`${FILTER} hw-offload=yes`, undefined],
  "a forwarded port": [
    "/ipv6 firewall filter add chain=forward action=drop connection-nat-state=dstnat",
    "7.9",
  ],
  "a mark": [
    "/ip firewall mangle add chain=prerouting action=mark-connection new-connection-mark=a",
    "7.9",
  ],
  "moved": ['/ip firewall filter move [find comment~"a"] destination=0', "7.9"],
  "over members": [":foreach i in=[/interface list member find list=WAN] do={ :put $i }", "7.9"],
}, ([script, first]) => assertEquals(findFirstVersion(script), first));

Deno.test("RouterOS syntax: no misspelt argument of our rules gets through", () => {
  const lines = SCRIPTS.flatMap(([, script]) => script.split("\n"))
    .filter((line) => /^[/:]/.test(line) && !line.endsWith("{"));
  const byName = new Map(
    lines.flatMap((line) =>
      [...line.matchAll(/[ []([a-z][a-z-]+)[=~]/g)].map(([, name = ""]) => [name, line] as const)
    ),
  );
  assert(byName.size >= 18, [...byName.keys()].join());
  for (const [name, line] of byName) {
    const wrong = line.replace(new RegExp(`(?<=[ [])${name}(?=[=~])`), name.slice(0, -1));
    assert(wrong !== line);
    assert(findSyntaxFaults(wrong).length > 0, wrong);
  }
});

Deno.test("RouterOS syntax: the table is of released versions, in order, and complete", () => {
  const collator = new Intl.Collator("en", { numeric: true });
  assertEquals(VERSIONS.toSorted(collator.compare), VERSIONS);
  assert(VERSIONS.every((version) => /^\d+(\.\d+){1,2}$/.test(version)));
  for (const [, span = ""] of Object.values(COMMANDS).join(" ").matchAll(/\((.*?)\)/g)) {
    for (const version of span.split("..").filter((each) => each !== "")) {
      assert(VERSIONS.includes(version), version);
    }
  }
  for (const path of Object.keys(WORDS)) {
    const [, command = "", name = ""] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
    assert(COMMANDS[command]?.split(/\s+/).includes(name), path);
  }
});
