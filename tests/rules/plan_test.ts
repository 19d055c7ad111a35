import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { makePlan } from "../../src/rules/plan.ts";
import { bytes, HASHES, regularPlan, secretPlan, target } from "./fixtures.ts";

const SSH = [{ port: 22, protocol: "tcp" }] as const;

Deno.test("a plan takes from the target what no option says", () => {
  assertEquals(secretPlan(), {
    name: "home",
    stages: [1234, 9876, 5555].map((port, index) => ({
      port,
      protocol: "udp" as const,
      payload: bytes(HASHES[index] as string),
    })),
    open: SSH,
    openForMs: 300_000,
    stageTimeoutMs: 5_000,
    guard: false,
    ban: false,
    families: ["ipv4", "ipv6"],
    interface: undefined,
    trusted: [],
    public: [],
  });
});

Deno.test("the guard is on for regular sequences, off for any with a payload", () => {
  const knocks = ["7003/tcp", "9012/udp"];
  assertEquals(regularPlan(knocks).guard, true);
  assertEquals(regularPlan(knocks, { guard: false }).guard, false);
  const mixed = makePlan(target(knocks), [new Uint8Array(), bytes("x")], { open: SSH });
  assertEquals(mixed.guard, false);
  assertEquals(secretPlan({ guard: true }).guard, true);
});

Deno.test("the family of the target is the plan's", () => {
  const ipv6 = { ...target(["7003/tcp", "9012/tcp"]), family: "ipv6" as const };
  const none = [new Uint8Array(), new Uint8Array()];
  assertEquals(makePlan(ipv6, none, { open: SSH }).families, ["ipv6"]);
  assertEquals(makePlan(ipv6, none, { open: SSH, families: ["ipv4"] }).families, ["ipv4"]);
});

Deno.test("consecutive regular knocks are refused, but with the ban", () => {
  const refused: string[][] = [
    ["7000/tcp", "7001/tcp", "7002/tcp"],
    ["7002/udp", "7001/udp"],
    ["7000/tcp", "7000/tcp", "7001/tcp"],
    // 22/tcp in between is no mistake.
    ["21/tcp", "23/tcp"],
  ];
  for (const knocks of refused) {
    for (const guard of [true, false]) {
      const error = assertThrows(() => regularPlan(knocks, { guard }), UsageError, "port scan");
      assertEquals(error.code, "consecutive");
    }
    assertEquals(regularPlan(knocks, { ban: true }).ban, true);
  }
  const taken: string[][] = [
    ["7000/tcp"],
    ["7000/tcp", "7001/udp"],
    ["7000/tcp", "7002/tcp"],
    ["7000/tcp", "7001/tcp", "7000/tcp"],
    ["20/udp", "22/udp"],
  ];
  for (const knocks of taken) assertEquals(regularPlan(knocks).stages.length, knocks.length);
});

Deno.test("public ports between the knocks make them consecutive", () => {
  const knocks = ["79/tcp", "81/tcp"];
  assertEquals(regularPlan(knocks).stages.length, 2);
  assertThrows(() => regularPlan(knocks, { public: [{ port: 80, protocol: "tcp" }] }), UsageError);
});

Deno.test("what cannot be is refused", () => {
  const knocks = ["7003/tcp", "9012/tcp"];
  const cases: [() => unknown, string][] = [
    [() => regularPlan(knocks, { open: [] }), "nothing to open"],
    [() => regularPlan([]), "no knocks"],
    [() => regularPlan(knocks, { families: [] }), "family"],
    [() => regularPlan(knocks, { public: SSH }), `"22/tcp"`],
    [() => regularPlan(knocks, { stageTimeoutMs: 0 }), `stage timeout "0ms"`],
    [() => regularPlan(knocks, { openForMs: 1.5 }), `open time "1.5ms"`],
    [() => regularPlan(knocks, { trusted: ["10.0.0.0/99"] }), "not a network"],
    [() => regularPlan(knocks, { interface: "a b" }), "interface"],
    [() => regularPlan(knocks, { name: "a b" }), "cannot name a target"],
    [() => makePlan(target(["1/tcp"]), [bytes("x")], { open: SSH }), "only udp"],
  ];
  for (const [make, part] of cases) assertThrows(make, UsageError, part);
});
