import { assertEquals } from "@std/assert";
import { describeEvent } from "../../src/cli/reports/simulator_events.ts";

Deno.test("simulate names the port that it listens on, not the one that it stands in for", () => {
  const spec = { port: 22, protocol: "tcp" } as const;
  const event = {
    kind: "packet",
    at: 0,
    source: "127.0.0.1",
    ...spec,
    verdict: { kind: "pass", accepted: true, guarded: true, knocks: [], reset: [], banned: false },
  } as const;
  assertEquals(
    describeEvent(event, { realPorts: { "22/tcp": 2222 } }),
    "2222/tcp from 127.0.0.1: let through",
  );
});
