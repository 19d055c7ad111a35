import { assertEquals } from "@std/assert";
import { describeEvent } from "../../src/cli/reports/simulator_events.ts";
import { table } from "../table.ts";

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

table(
  "simulate says why a packet is not a code",
  {
    "used": "another source has used this code",
    "past": "the code of a former window: it is late, or the clock of the sender is behind",
    "future": "the code of a later window: the clock of the sender is ahead",
    "wrong": "a wrong code",
  } as const,
  (expected, code) => {
    const pass = { kind: "pass", accepted: true, guarded: false, knocks: [], reset: [] } as const;
    const event = {
      kind: "packet",
      at: 0,
      source: "127.0.0.1",
      port: 62_201,
      protocol: "udp",
      verdict: { ...pass, banned: false, codes: [code as "used"] },
    } as const;
    assertEquals(
      describeEvent(event, { realPorts: {} }),
      `62201/udp from 127.0.0.1: ignored: ${expected}`,
    );
  },
);
