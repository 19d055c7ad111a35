/** Rendering one rule set for many doors, and loading it: how both grow. */
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { findBackend, renderRules } from "../../src/rules/mod.ts";
import { secretPlan } from "../../tests/model/fixtures.ts";
import { createLab, labSkipReason } from "../../tests/kernel/lab.ts";
import { median } from "./measure.ts";
import { ms, type Outcome, type Section } from "./report.ts";
import { getDoor } from "../../tests/plans.ts";

const ROUNDS = 3;

/** One rule set of as many doors, each with a port and secrets of its own. */
function makeDoors(count: number): Plan {
  const plan = secretPlan();
  const { stages, ...door } = getDoor(plan);
  return {
    ...plan,
    doors: Array.from({ length: count }, (_, index) => ({
      ...door,
      name: `door-${index}`,
      stages: stages.map((stage, place): Stage => ({
        port: stage.port,
        protocol: "udp",
        payload: new TextEncoder().encode(`${index}-${place}`.padStart(64, "0")),
      })),
      opens: [{ port: 10_000 + index, protocol: "tcp" }],
    })),
  };
}

/** How a rule set is loaded; `undo` empties the namespace for the next round. */
interface Loader {
  backend: string;
  sizes: readonly number[];
  load: readonly string[];
  undo: readonly string[];
}

const LOADERS: readonly Loader[] = [
  {
    backend: "nftables",
    sizes: [10, 100, 1_000],
    load: ["nft", "-f", "-"],
    undo: ["nft", "flush", "ruleset"],
  },
  { backend: "iptables", sizes: [10, 100], load: ["sh", "-s"], undo: ["sh", "-s", "undo"] },
];

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason(["iptables", "ip6tables", "ipset"]);
  if (leftOut !== undefined) return { leftOut };
  const rows: string[][] = [];
  for (const loader of LOADERS) {
    let before: Times | undefined;
    for (const size of loader.sizes) {
      const now = await measure(loader, makeDoors(size));
      rows.push([
        `${loader.backend}, ${size} doors`,
        ms(now.render),
        growth(now.render, before?.render),
        ms(now.load),
        growth(now.load, before?.load),
      ]);
      before = now;
    }
  }
  return { head: ["rule set", "render", "growth", "load", "growth"], rows };
}

interface Times {
  render: number;
  load: number;
}

/** Each round loads the rules, secrets and all, into a namespace that has none. */
async function measure({ backend: name, load, undo }: Loader, plan: Plan): Promise<Times> {
  const backend = await findBackend(name);
  const [render, loading]: [number[], number[]] = [[], []];
  await using lab = await createLab();
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const stdin = renderRules(backend, plan, { host: "192.0.2.1" });
    render.push(performance.now() - start);
    const begun = performance.now();
    await lab.server.run(load, { stdin, timeoutMs: 300_000 });
    loading.push(performance.now() - begun);
    await lab.server.run(undo, { stdin, timeoutMs: 300_000 });
  }
  return { render: median(render), load: median(loading) };
}

function growth(now: number, before: number | undefined): string {
  return before === undefined ? "" : `${(now / before).toFixed(1)}x`;
}

/** See the header. */
export const rules: Section = {
  title: "One rule set for many doors",
  aim: "ten times the doors, about ten times the time",
  run,
};
