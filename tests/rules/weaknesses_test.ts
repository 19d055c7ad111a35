import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Plan } from "../../src/core/plan.ts";
import { estimateBits } from "../../src/rules/passphrase.ts";
import { weaknesses, type WeaknessOptions } from "../../src/rules/weaknesses.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "./fixtures.ts";

function found(plan: Plan, options?: WeaknessOptions): string[] {
  return weaknesses(plan, options).map(({ code, severity }) => `${severity} ${code}`);
}

Deno.test("a good plan has nothing but what cannot be helped", () => {
  assertEquals(found(regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"])), []);
  assertEquals(found(secretPlan()), ["info replay"]);
});

Deno.test("regular knocks: number, order, guard", () => {
  const cases: [Plan, string[]][] = [
    [regularPlan(["7003/tcp"]), ["danger too-few-knocks"]],
    [regularPlan(["7000/tcp", "8000/tcp", "9000/tcp"]), ["info ordered-ports"]],
    [regularPlan(["9000/tcp", "8000/tcp", "7000/tcp"]), ["info ordered-ports"]],
    [regularPlan(["7000/tcp", "7001/tcp", "6000/tcp"]), ["warning adjacent-ports"]],
    [regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { guard: false }), ["danger no-guard"]],
    [
      regularPlan(["7000/tcp", "8000/tcp"], { guard: false }),
      ["danger ordered-ports", "danger no-guard"],
    ],
    [
      regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], { ban: true }),
      ["warning consecutive-ports"],
    ],
    [regularPlan(["7003/tcp", "9012/tcp", "7003/tcp"]), ["warning repeated-knock"]],
  ];
  for (const [plan, expected] of cases) assertEquals(found(plan), expected);
});

Deno.test("consecutive ports that nothing holds are a danger", () => {
  const plan = regularPlan(["7000/tcp", "7001/tcp"], { ban: true });
  assertEquals(found({ ...plan, ban: false }), ["danger consecutive-ports"]);
});

Deno.test("secret knocks: short payloads and repeated ones", () => {
  const plan = secretPlan();
  const short = plan.stages.map((stage) => ({ ...stage, payload: bytes("abc") }));
  assertEquals(found({ ...plan, stages: short }), ["warning short-payload", "info replay"]);
  const stages = plan.stages.map((stage) => ({ ...stage, port: 1234 }));
  assertEquals(found({ ...plan, stages }), ["info replay"], "one port, three secrets");
  const twice = [...plan.stages, ...plan.stages.slice(0, 1)];
  assertEquals(found({ ...plan, stages: twice }), ["warning repeated-knock", "info replay"]);
});

Deno.test("the target's own pace", () => {
  const plan = regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"]);
  const pace = (delayMs: number, own?: number) => ({
    pace: { delayMs, knocks: [{ delayMs: own }, {}, { delayMs: 60_000 }] },
  });
  assertEquals(found(plan, pace(50)), []);
  assertEquals(found(plan, pace(2_500)), ["warning stage-timeout"]);
  assertEquals(found(plan, pace(5_000)), ["danger stage-timeout"]);
  assertEquals(found(plan, pace(50, 9_000)), ["danger stage-timeout"]);
});

Deno.test("a family that is not covered", () => {
  assertEquals(found(secretPlan({ families: ["ipv4"] })), ["info replay", "info no-ipv6"]);
  assertEquals(found(secretPlan({ families: ["ipv6"] })), ["info replay", "info no-ipv4"]);
});

Deno.test("passphrases under 60 bits are named by place, never shown", () => {
  const passphrases = ["MikroTik", undefined, "xK4v9QwTz2LmP"];
  const [weak, ...rest] = weaknesses(secretPlan(), { passphrases });
  assertEquals(weak?.code, "weak-passphrase");
  assertStringIncludes(weak?.reason ?? "", "knock 1 (45 bits at most)");
  assertEquals(rest.map(({ code }) => code), ["replay"]);
  const text = JSON.stringify(weaknesses(secretPlan(), { passphrases }));
  for (const secret of [...HASHES, "MikroTik"]) assertEquals(text.includes(secret), false);
});

Deno.test("bits of a passphrase", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["a", 4],
    ["aaaaaaaaaaaaaaaaaaaa", 4],
    ["abcdefghijklmnop", 4],
    ["MikroTik", 45],
    ["xK4v9QwTz2LmP", 77],
    ["tundra quartz violin mossy", 141],
  ];
  for (const [text, bits] of cases) assertEquals(Math.floor(estimateBits(text)), bits, text);
});

Deno.test("trusting a large part of all addresses is a danger", () => {
  for (
    const [trusted, isWide] of [["0.0.0.0/1", true], ["10.0.0.0/8", false], [
      "8000::/1",
      true,
    ]] as const
  ) {
    const codes = weaknesses(secretPlan({ trusted: [trusted] })).map(({ code }) => code);
    assertEquals(codes.includes("wide-trust"), isWide, trusted);
  }
});
