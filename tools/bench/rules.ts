/** Rendering a rule set for many targets, and what nft says to it: how both grow. */
import type { Plan } from "../../src/core/plan.ts";
import { type Backend, findBackend, renderRules } from "../../src/rules/mod.ts";
import { secretPlan } from "../../tests/model/fixtures.ts";
import { createLab, labSkipReason } from "../../tests/kernel/lab.ts";
import { median } from "./measure.ts";
import { ms, type Outcome, type Section } from "./report.ts";

const SIZES = [10, 100, 1_000];
const ROUNDS = 3;

/** As many targets, each with a port of its own behind its knocks. */
function makePlans(count: number): Plan[] {
  const plan = secretPlan();
  return Array.from({ length: count }, (_, index): Plan => ({
    ...plan,
    name: `target-${index}`,
    protectedPorts: [{ port: 10_000 + index, protocol: "tcp" }],
  }));
}

/** The rule sets of all plans, one after the other in one file. */
function renderAll(backend: Backend, plans: readonly Plan[]): string {
  return plans.map((plan) => renderRules(backend, plan, { host: "192.0.2.1" })).join("\n");
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason();
  if (leftOut !== undefined) return { leftOut };
  await using lab = await createLab();
  const backend = await findBackend("nftables");
  const rows: string[][] = [];
  let before: { render: number; check: number } | undefined;
  for (const size of SIZES) {
    const plans = makePlans(size);
    const render: number[] = [];
    const check: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      const stdin = renderAll(backend, plans);
      render.push(performance.now() - start);
      const loading = performance.now();
      await lab.server.run(["nft", "-c", "-f", "-"], { stdin, timeoutMs: 300_000 });
      check.push(performance.now() - loading);
    }
    const now = { render: median(render), check: median(check) };
    rows.push([
      `${size} targets`,
      ms(now.render),
      growth(now.render, before?.render),
      ms(now.check),
      growth(now.check, before?.check),
    ]);
    before = now;
  }
  return { head: ["nftables", "render", "growth", "nft -c -f", "growth"], rows };
}

function growth(now: number, before: number | undefined): string {
  return before === undefined ? "" : `${(now / before).toFixed(1)}x`;
}

/** See the header. */
export const rules: Section = {
  title: "Rule sets for many targets",
  aim: "ten times the targets, about ten times the time",
  run,
};
