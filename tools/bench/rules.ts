/** Rendering one rule set for many doors, and what nft says to it: how both grow. */
import type { Plan, Stage } from "../../src/core/plan.ts";
import { findBackend, renderRules } from "../../src/rules/mod.ts";
import { secretPlan } from "../../tests/model/fixtures.ts";
import { createLab, labSkipReason } from "../../tests/kernel/lab.ts";
import { median } from "./measure.ts";
import { ms, type Outcome, type Section } from "./report.ts";
import { getDoor } from "../../tests/plans.ts";

const SIZES = [10, 100, 1_000];
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

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason();
  if (leftOut !== undefined) return { leftOut };
  await using lab = await createLab();
  const backend = await findBackend("nftables");
  const rows: string[][] = [];
  let before: { render: number; check: number } | undefined;
  for (const size of SIZES) {
    const plan = makeDoors(size);
    const render: number[] = [];
    const check: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      const stdin = renderRules(backend, plan, { host: "192.0.2.1" });
      render.push(performance.now() - start);
      const loading = performance.now();
      await lab.server.run(["nft", "-c", "-f", "-"], { stdin, timeoutMs: 300_000 });
      check.push(performance.now() - loading);
    }
    const now = { render: median(render), check: median(check) };
    rows.push([
      `${size} doors`,
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
  title: "One rule set for many doors",
  aim: "ten times the doors, about ten times the time",
  run,
};
