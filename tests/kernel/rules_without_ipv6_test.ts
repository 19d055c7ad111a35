/** The iptables script where the rules for IPv6 cannot be loaded: IPv4 alone, or nothing. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { renderRules } from "../../src/rules/render.ts";
import { secretPlan } from "../rules/fixtures.ts";
import type { ExecResult } from "./exec.ts";
import { kernelTest, type Lab, type Namespace } from "./lab.ts";
import { createKnocks, createRange, FIREWALLS, paced, probe, shoot, TOOLS } from "./rules_lab.ts";

type Variant = "ipset" | "recent";

/** A program that says what the real one says on such a kernel. */
type Stubs = Readonly<Record<string, string>>;

const NO_TABLE = "echo \"ip6tables v1.8.9 (legacy): can't initialize ip6tables table \\`filter': " +
  'Table does not exist (do you need to insmod?)" >&2; exit 3';
const NO_FAMILY = '[ "$1" = restore ] || exec /usr/sbin/ipset "$@"; lines=$(cat); ' +
  'case "$lines" in *inet6*) echo "ipset v7.17: Error in line 1: Kernel error received: ' +
  'Invalid argument" >&2; exit 1;; esac; echo "$lines" | /usr/sbin/ipset restore';
const NO_IPV6: Stubs = { ip6tables: NO_TABLE, "ip6tables-restore": NO_TABLE };

interface Case {
  stubs?: Stubs;
  /** The programs are not there. */
  missing?: readonly string[];
  hasAddresses?: boolean;
  families?: Plan["families"];
  /** What is said; the exit code is 0 where it is a warning. */
  said: readonly string[];
  variants?: readonly Variant[];
}

const CASES: Readonly<Record<string, Case>> = {
  "the kernel has no tables": { stubs: NO_IPV6, said: ["Table does not exist", "warning: "] },
  "ip6tables is missing": {
    missing: ["ip6tables", "ip6tables-restore"],
    said: ["ip6tables: not found", "warning: "],
  },
  "ip6tables-restore is missing": {
    missing: ["ip6tables-restore"],
    said: ["ip6tables-restore: not found", "warning: "],
  },
  "ipset has no such family": {
    stubs: { ipset: NO_FAMILY },
    said: ["Invalid argument", "warning: "],
    variants: ["ipset"],
  },
  "there are IPv6 addresses": {
    stubs: NO_IPV6,
    hasAddresses: true,
    said: ["error: the rules for IPv6 cannot be loaded, and this machine has IPv6", "hint: "],
  },
  "a plan of only IPv6": {
    stubs: NO_IPV6,
    families: ["ipv6"],
    said: ["error: the rules for IPv6 cannot be loaded: nothing was changed"],
  },
  "the sets of only IPv6": {
    stubs: { "ip6tables-restore": NO_TABLE },
    families: ["ipv6"],
    said: ["error: the rules for IPv6 cannot be loaded: nothing was changed"],
  },
  "IPv4's rules cannot be loaded": {
    stubs: { "iptables-restore": "echo broken >&2; exit 2" },
    hasAddresses: true,
    said: ["broken"],
  },
};

for (const [name, { variants, ...each }] of Object.entries(CASES)) {
  for (const variant of variants ?? (["ipset", "recent"] as const)) {
    await kernelTest(
      `iptables with ${variant}, IPv6: ${name}`,
      (lab) => checkCase(lab, variant, each),
      { tools: TOOLS },
    );
  }
}

async function checkCase(lab: Lab, variant: Variant, each: Omit<Case, "variants">): Promise<void> {
  const { server } = lab;
  const range = await createRange(lab);
  if (each.hasAddresses !== true) {
    await server.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
  }
  const families = each.families ?? ["ipv4", "ipv6"];
  const plan = secretPlan({ families });
  const script = renderRules(iptables, plan, { host: "h", variant });
  const before = await list(server, variant);
  const loads = each.said.includes("warning: ");
  // Twice: what is loaded over is no other case.
  for (let load = 0; load < 2; load++) {
    const { code, stderr } = await runScript(server, script, each);
    for (const text of each.said) assertStringIncludes(stderr, text);
    assertEquals(code === 0, loads, stderr);
    if (!loads) assertEquals(await list(server, variant), before);
  }
  if (loads) {
    const sources = ["198.18.1.1", "198.18.1.2"] as const;
    const outcomes = await shoot(range, plan, [
      { name: "stranger", packets: paced([probe(plan, sources[0])]) },
      {
        name: "owner",
        packets: paced([...createKnocks(plan, sources[1]), probe(plan, sources[1])]),
      },
    ]);
    assertEquals(outcomes.map(({ lastSeen }) => lastSeen), [false, true]);
    assertEquals((await server.run(["ipset", "list", "-n"])).includes(".6"), false);
  }
  const undone = await runScript(server, script, { ...each, argument: "undo" });
  assertEquals([undone.code, undone.stderr], [0, ""]);
  assertEquals(await list(server, variant), before);
}

async function list(server: Namespace, variant: Variant): Promise<string> {
  return await FIREWALLS.find(({ name }) => name.endsWith(variant))?.list(server) ?? "";
}

/** Runs the script with the stubs before the programs, and the missing ones hidden. */
async function runScript(
  server: Namespace,
  script: string,
  { stubs = {}, missing = [], argument = "load" }: Partial<Case> & { argument?: string },
): Promise<ExecResult> {
  const folder = await Deno.makeTempDir({ prefix: "spknock-test-" });
  try {
    for (const [name, text] of Object.entries(stubs)) {
      await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const env = { PATH: `${folder}:${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin` };
    const run = `exec sh -s ${argument}`;
    const hide = [
      `set -e; cd ${folder} && mkdir real shown && mount --bind /usr/sbin real`,
      `for file in real/*; do ln -s "$PWD/$file" shown/; done`,
      ...missing.map((name) => `rm shown/${name}`),
      `mount --bind shown /usr/sbin && cd / && ${run}`,
    ].join("; ");
    return missing.length === 0
      ? await server.exec(["sh", "-c", run], { stdin: script, env })
      : await server.exec(["unshare", "-m", "sh", "-c", hide], { stdin: script, env });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
