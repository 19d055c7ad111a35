/** Plans from all features at random: whatever a back end does not refuse, the firewall's own tools take. */
import { assertEquals } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { parseServices } from "../../src/core/service.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { createRandom } from "../../src/model/random.ts";
import type { Backend } from "../../src/rules/backend.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { findRefusal } from "../../src/rules/features.ts";
import { type DoorDraft, makePlan, type PlanOptions } from "../../src/rules/plan.ts";
import { renderRules } from "../../src/rules/render.ts";
import { bytes, HASHES, target } from "../rules/fixtures.ts";
import { kernelTest, type Namespace } from "./lab.ts";
import { chunksOf, TOOLS } from "./rules_lab.ts";

const SEED = 20_261_127;
const PLANS = 300;
const BATCH = 20;
/** A script takes much longer than a check of nft. */
const SCRIPTS = 30;

type Knocks = readonly (readonly [knock: string, payload?: string])[];

const SECRETS: Knocks = [
  ["1234/udp", HASHES[0]],
  ["9876/udp", HASHES[1]],
  ["5555/udp", HASHES[2]],
];

/** The values of each feature; one of each is a plan. */
const VALUES = {
  knocks: [
    SECRETS,
    SECRETS.slice(0, 1),
    [["4444/udp", HASHES[0]], ["4444/udp", HASHES[1]]],
    [["7003/tcp"], ["9012/tcp"], ["8044/tcp"]],
    [["7003/tcp"], ["9012/udp"], ["8044/tcp"], ["6999/udp"]],
    [["5300/udp"]],
    [["7003/tcp"], ["9876/udp", HASHES[1]]],
    [["53/udp", "x"], ["53/udp", "a".repeat(100)], ["54/udp", "b".repeat(17)]],
  ],
  closing: [
    [],
    [],
    [["9100/tcp"], ["8300/udp"]],
    [["4321/udp", HASHES[1]], ["1235/udp", HASHES[0]]],
  ],
  guard: [undefined, true, false],
  ban: [false, false, true],
  opens: [
    "22/tcp",
    "22/tcp,443/tcp,51820/udp",
    "60000-61000/udp",
    "100-200/tcp,150-300/tcp,22/tcp,icmp",
    "icmp",
    "all",
    "1-65535/udp",
    "",
  ],
  forwards: [
    "",
    "",
    "8080/tcp",
    "8080-8090/tcp,5300/udp",
    "192.168.7.2:22/tcp",
    "[fd00::2]:443/tcp,192.168.7.2:60000-61000/udp",
    "2222/tcp,10.0.0.9:8080/tcp,[fd00::9]:8080/tcp",
  ],
  prefixes: [{}, {}, { prefix4: 24, prefix6: 64 }, { prefix4: 27 }, { prefix6: 56 }, {
    prefix4: 8,
    prefix6: 32,
  }],
  interfaces: [[], [], ["eth0"], ["eth0", "eth1.7"], ["ppp*", "wg0", "tun*"]],
  trusted: [[], ["192.0.2.7"], ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"], ["2001:db8:1::5"]],
  publicServices: ["", "", "80/tcp", "icmp,443/tcp,80/tcp", "30000-30100/udp"],
  families: [["ipv4", "ipv6"], ["ipv4", "ipv6"], ["ipv4"], ["ipv6"]],
  doors: [1, 1, 1, 2, 3],
  openForMs: [1_000, 300_000, 86_400_000],
} as const satisfies Record<string, readonly unknown[]>;

type Feature = keyof typeof VALUES;

/** A plan, and the numbers of the values that it is made of. */
interface Combination {
  plan: Plan;
  chosen: Readonly<Record<Feature, number>>;
}

/** Combinations that contradict themselves, such as a public port that is guarded, are left out. */
function listCombinations(count: number): Combination[] {
  const random = createRandom(SEED);
  const made: Combination[] = [];
  for (let tries = 0; made.length < count && tries < 20 * count; tries++) {
    const chosen = Object.fromEntries(
      Object.entries(VALUES).map(([name, { length }]) => [name, Math.floor(random() * length)]),
    ) as Record<Feature, number>;
    try {
      made.push({ plan: combine(chosen, `plan-${made.length}`), chosen });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return made;
}

function pick<Name extends Feature>(
  chosen: Readonly<Record<Feature, number>>,
  name: Name,
  step = 0,
): typeof VALUES[Name][number] {
  const values = VALUES[name];
  return values[(chosen[name] + step) % values.length] as typeof VALUES[Name][number];
}

function combine(chosen: Readonly<Record<Feature, number>>, name: string): Plan {
  const publicServices = pick(chosen, "publicServices");
  const options: PlanOptions = {
    name,
    guard: pick(chosen, "guard"),
    ban: pick(chosen, "ban"),
    families: pick(chosen, "families"),
    interfaces: pick(chosen, "interfaces"),
    trusted: pick(chosen, "trusted"),
    openForMs: pick(chosen, "openForMs"),
    publicServices: publicServices === "" ? [] : parseServices(publicServices),
    ...pick(chosen, "prefixes"),
  };
  const doors = Array.from(
    { length: pick(chosen, "doors") },
    (_, step) => makeDraft(chosen, `${name}-${step}`, step),
  );
  return makePlan(doors, options);
}

/** Doors of one plan have the values that follow each other. */
function makeDraft(
  chosen: Readonly<Record<Feature, number>>,
  name: string,
  step: number,
): DoorDraft {
  const [knocks, closing]: Knocks[] = [
    pick(chosen, "knocks", step),
    pick(chosen, "closing", step),
  ];
  const [opens, forwards] = [pick(chosen, "opens", step), pick(chosen, "forwards", step)];
  const list = (sequence: Knocks = []) => ({
    knocks: sequence.map(([knock]) => knock),
    payloads: sequence.map(([, payload = ""]) => bytes(payload)),
  });
  const [open, close] = [list(knocks), list(closing)];
  return {
    target: {
      ...target(open.knocks, name),
      ...(close.knocks.length === 0 ? {} : { close: target(close.knocks).knocks }),
    },
    payloads: { opening: open.payloads, closing: close.payloads },
    opens: opens === "" ? [] : parseServices(opens),
    forwards: forwards === "" ? [] : parseForwards(forwards),
  };
}

const COMBINATIONS = listCombinations(PLANS);

Deno.test("matrix: as many plans as it should have, and each value in at least ten of them", () => {
  assertEquals(COMBINATIONS.length, PLANS);
  for (const [name, values] of Object.entries(VALUES)) {
    for (const index of values.keys()) {
      const count = COMBINATIONS.filter(({ chosen }) => chosen[name as Feature] === index).length;
      assertEquals(count >= 10, true, `${name}, value ${index}: ${count}`);
    }
  }
});

await kernelTest("matrix: nft takes each plan", async ({ server }) => {
  const refused = COMBINATIONS.filter(({ plan }) => findRefusal(nftables, plan) !== undefined);
  assertEquals(refused, []);
  // A transaction of nft costs more than the rules in it.
  const files = chunksOf(COMBINATIONS, BATCH).flatMap((part, index) => {
    const render = (backend: Backend) =>
      part.map(({ plan }) => renderRules(backend, plan, { host: "h" })).join("\n");
    return [
      { name: `${index}.nft`, text: render(nftables) },
      { name: `${index}.fw4.nft`, text: `table inet fw4 {\n${render(nftablesOpenwrt)}\n}\n` },
    ];
  });
  const checked = await tryEach(server, files, "nft -c -f");
  assertEquals(checked, { tried: 2 * PLANS / BATCH, failed: "" });
}, { tools: TOOLS });

for (const variant of iptables.variants) {
  await kernelTest(
    `matrix: iptables with ${variant} takes each plan`,
    async ({ server }, context) => {
      const rendered = COMBINATIONS.filter(({ plan }) => findRefusal(iptables, plan) === undefined);
      const refused = PLANS - rendered.length;
      const name = `skipped: ${refused} plans that iptables refuses`;
      await context.step({ name, ignore: refused > 0, fn: () => {} });
      const files = rendered.map(({ plan }) => ({
        name: `${plan.name}.sh`,
        text: renderRules(iptables, plan, { host: "h", variant }),
      }));
      const checked = await tryEach(server, files, "sh -n");
      assertEquals(checked, { tried: rendered.length, failed: "" });
      const step = Math.max(1, Math.floor(files.length / SCRIPTS));
      const some = files.filter((_, index) => index % step === 0);
      const loaded = await tryEach(server, some, "load_and_undo");
      assertEquals(loaded, { tried: some.length, failed: "" });
    },
    { tools: TOOLS },
  );
}

/** Runs a command for each file; returns how many there were, and what those that failed said. */
async function tryEach(
  place: Namespace,
  files: readonly { name: string; text: string }[],
  command: string,
): Promise<{ tried: number; failed: string }> {
  const folder = await Deno.makeTempDir({ prefix: "spknock-test-" });
  try {
    for (const { name, text } of files) await Deno.writeTextFile(`${folder}/${name}`, text);
    const script = `cd ${folder}
load_and_undo() { sh "$1" && sh "$1" undo; }
tried=0
for file in *; do
  tried=$((tried + 1))
  said=$(${command} "$file" 2>&1) && [ -z "$said" ] || printf '%s: %.500s\\n' "$file" "$said" >&2
done
echo "$tried"`;
    const { stdout, stderr } = await place.exec(["sh", "-s"], {
      stdin: script,
      timeoutMs: 300_000,
    });
    return { tried: Number(stdout), failed: stderr };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
