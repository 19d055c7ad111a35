import { assertEquals } from "@std/assert";
import { describeEvent } from "../../src/cli/reports/simulator_events.ts";
import type { Plan } from "../../src/core/plan.ts";

Deno.test("simulate names the port that it listens on, not the one that it stands in for", () => {
  const spec = { port: 22, protocol: "tcp" } as const;
  const plan = { protectedPorts: [spec] } as unknown as Plan;
  const event = {
    kind: "packet",
    at: 0,
    source: "127.0.0.1",
    ...spec,
    verdict: { kind: "pass", accepted: true },
  } as const;
  assertEquals(
    describeEvent(event, plan, { realPorts: { "22/tcp": 2222 } }),
    "2222/tcp from 127.0.0.1: let through",
  );
});
