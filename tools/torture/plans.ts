/** Random plans, to be swept. */
import type { Plan } from "../../src/plan/plan.ts";
import { SpknockError } from "../../src/core/errors.ts";
import { makePlan } from "../../src/rules/plan.ts";
import { makeRandom } from "./random.ts";

/** Returns a plan of one to four knocks; undefined where `rules` would refuse it. */
export function makeRandomPlan(seed: number): Plan | undefined {
  const random = makeRandom(seed);
  const first = 1_024 + random(60_000);
  const isNear = random(3) === 0;
  const knocks = Array.from({ length: 1 + random(4) }, (_, index) => ({
    port: isNear ? first + index : 1_024 + random(64_000),
    protocol: random(2) === 0 ? "tcp" as const : "udp" as const,
    payload: { kind: "none" } as const,
  }));
  const isSecret = random(3) === 0;
  const payloads = knocks.map(({ protocol }) =>
    new Uint8Array(isSecret && protocol === "udp" ? 64 : 0).fill(48)
  );
  const target = { name: `random${seed}`, knocks, family: "any" as const };
  try {
    const door = {
      target: { ...target, openForMs: 300_000, stageTimeoutMs: 5_000 },
      payloads: { opening: payloads },
      opens: [{ port: 22, protocol: "tcp" as const }],
    };
    return makePlan([door], {
      ban: random(5) === 0,
      ...(random(2) === 0 ? { guard: random(2) === 0 } : {}),
    });
  } catch (error) {
    if (error instanceof SpknockError) return undefined;
    throw error;
  }
}
