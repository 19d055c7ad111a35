import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Codes } from "../../src/plan/codes.ts";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { estimateBits } from "../../src/rules/passphrase.ts";
import { findWeaknesses } from "../../src/rules/weaknesses.ts";
import { table } from "../table.ts";
import { bytes, codePlan, HASHES, regularPlan, secretPlan } from "./fixtures.ts";
import { change, getDoor, joinDoors } from "../plans.ts";

/** All but the flood, which every regular sequence has. */
function found(plan: Plan, options?: Parameters<typeof findWeaknesses>[1]): string[] {
  return findWeaknesses(plan, options).filter(({ code }) => code !== "flood")
    .map(({ code, severity }) => `${severity} ${code}`);
}

Deno.test("findWeaknesses: what spoofed packets can do", () => {
  const knocks = ["7003/tcp", "9012/tcp", "8044/tcp"];
  const describe = (plan: Plan, code: string) =>
    findWeaknesses(plan).find((weak) => weak.code === code)?.reason ?? "";
  assertStringIncludes(describe(regularPlan(knocks), "flood"), "65535 spoofed addresses");
  assertEquals(describe(secretPlan(), "flood"), "");
  const banned = regularPlan(knocks, { ban: true });
  assertStringIncludes(describe(banned, "ban-lockout"), "6 packets with your address");
  assertStringIncludes(describe(banned, "ban-lockout"), "for 10m (over IPv6 for its whole /64)");
  const ipv4 = regularPlan(knocks, { ban: true, families: ["ipv4"] });
  assertEquals(describe(ipv4, "ban-lockout").includes("IPv6"), false);
  const pairs = describe(regularPlan(knocks.slice(0, 2)), "two-knocks");
  assertStringIncludes(pairs, "4.3 thousand million pairs");
  assertStringIncludes(pairs, "all are tried in about 1 day");
  const closing: Stage[] = [{ port: 1, protocol: "udp" }];
  assertStringIncludes(
    describe(change(secretPlan(), { closing }), "regular-closing"),
    "closes the door",
  );
});

Deno.test("findWeaknesses: a good plan has none, or only replay", () => {
  assertEquals(found(regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"])), []);
  assertEquals(found(secretPlan()), ["info replay"]);
});

table<[Plan, string[]]>("findWeaknesses: regular knocks", {
  "a single one": [regularPlan(["7003/tcp"]), ["danger too-few-knocks"]],
  "ascending": [regularPlan(["7000/tcp", "8000/tcp", "9000/tcp"]), ["info ordered-ports"]],
  "descending": [regularPlan(["9000/tcp", "8000/tcp", "7000/tcp"]), ["info ordered-ports"]],
  "two adjacent": [
    regularPlan(["7000/tcp", "7001/tcp", "6000/tcp"]),
    ["warning adjacent-ports"],
  ],
  "no guard": [
    regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"], { guard: false }),
    ["danger no-guard"],
  ],
  "ascending, no guard": [
    regularPlan(["7000/tcp", "8000/tcp"], { guard: false }),
    ["danger ordered-ports", "danger no-guard", "warning two-knocks"],
  ],
  "consecutive, with the ban": [
    regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], { ban: true }),
    ["danger consecutive-ports", "warning ban-lockout"],
  ],
  "one twice": [regularPlan(["7003/tcp", "9012/tcp", "7003/tcp"]), ["warning repeated-knock"]],
}, ([plan, expected]) => assertEquals(found(plan), expected));

const TIMED = ["info stolen-code", "info clocks"];

table<[Plan, string[]]>("findWeaknesses: one-time codes", {
  "a single knock, nothing to guess or to replay": [codePlan(), TIMED],
  "a window of an hour": [withCodes({ windowMs: 3_600_000 }), TIMED],
  "a longer window": [withCodes({ windowMs: 3_660_000 }), ["warning long-window", ...TIMED]],
  "one slot": [withCodes({ slots: 1 }), ["warning single-slot", ...TIMED]],
  "a prefix": [codePlan({ prefix4: 24 }), ["danger wide-prefix-ipv4", ...TIMED]],
  "one key at two doors": [
    joinDoors(codePlan(), renameDoor(codePlan())),
    ["danger shared-key", ...TIMED, ...TIMED],
  ],
  "one key at two doors, with other windows": [
    joinDoors(codePlan(), renameDoor(withCodes({ windowMs: 60_000 }))),
    [...TIMED, ...TIMED],
  ],
}, ([plan, expected]) => assertEquals(found(plan), expected));

function withCodes(changes: Partial<Codes>): Plan {
  const stages = getDoor(codePlan()).stages.map((stage) =>
    stage.codes === undefined ? stage : { ...stage, codes: { ...stage.codes, ...changes } }
  );
  return change(codePlan(), { stages });
}

function renameDoor(plan: Plan): Plan {
  return { ...plan, doors: plan.doors.map((door) => ({ ...door, name: "office" })) };
}

Deno.test("findWeaknesses: a flood of the first knock, where it is no secret", () => {
  const remedy = (plan: Plan) => findWeaknesses(plan).find(({ code }) => code === "flood")?.remedy;
  assertEquals(
    remedy(codePlan({ before: ["7003/tcp"] })),
    "leave out the knocks before the code",
  );
  assertEquals(remedy(codePlan()), undefined);
  const [secret] = getDoor(secretPlan()).stages.slice(-1);
  const mixed = [{ port: 7003, protocol: "tcp" as const }, secret as Stage];
  assertEquals(
    remedy(change(secretPlan(), { stages: mixed })),
    "begin with a secret knock: it is not known",
  );
  assertEquals(remedy(change(secretPlan(), { stages: mixed.toReversed() })), undefined);
});

Deno.test("findWeaknesses: what is said about codes has the plan's own times", () => {
  const [stolen, clocks] = findWeaknesses(withCodes({ windowMs: 60_000 }));
  assertStringIncludes(stolen?.reason ?? "", "within 90s, gets in");
  assertStringIncludes(clocks?.reason ?? "", "by more than 15s");
});

Deno.test("findWeaknesses: short and repeated payloads", () => {
  const plan = secretPlan();
  const short = getDoor(plan).stages.map(({ port }): Stage => ({
    port,
    protocol: "udp",
    payload: bytes("abc"),
  }));
  assertEquals(found(change(plan, { stages: short })), ["warning short-payload", "info replay"]);
  const stages = getDoor(plan).stages.map((stage) => ({ ...stage, port: 1234 }));
  assertEquals(found(change(plan, { stages })), ["info replay"], "one port, three secrets");
  const twice = [...getDoor(plan).stages, ...getDoor(plan).stages.slice(0, 1)];
  assertEquals(found(change(plan, { stages: twice })), ["warning repeated-knock", "info replay"]);
});

Deno.test("findWeaknesses: a pace that is too slow for the stage timeout", () => {
  const plan = regularPlan(["7003/tcp", "9012/tcp", "8044/tcp"]);
  const pace = (delayMs: number, own?: number) => ({
    pace: { delayMs, knocks: [{ delayMs: own }, {}, { delayMs: 60_000 }] },
  });
  assertEquals(found(plan, { home: pace(50) }), []);
  assertEquals(found(plan, { home: pace(2_500) }), ["warning stage-timeout"]);
  assertEquals(found(plan, { home: pace(5_000) }), ["danger stage-timeout"]);
  assertEquals(found(plan, { home: pace(50, 9_000) }), ["danger stage-timeout"]);
});

Deno.test("findWeaknesses: a family that is not covered", () => {
  assertEquals(found(secretPlan({ families: ["ipv4"] })), ["info replay", "info no-ipv6"]);
  assertEquals(found(secretPlan({ families: ["ipv6"] })), ["info replay", "info no-ipv4"]);
});

Deno.test("findWeaknesses: weak passphrases are named by their knock, never shown", () => {
  const passphrases = ["MikroTik", undefined, "xK4v9QwTz2LmP"];
  const [weak, ...rest] = findWeaknesses(secretPlan(), { home: { passphrases } });
  assertEquals(weak?.code, "weak-passphrase");
  assertStringIncludes(weak?.reason ?? "", "knock 1 (45 bits at most)");
  assertEquals(rest.map(({ code }) => code), ["replay"]);
  const text = JSON.stringify(findWeaknesses(secretPlan(), { home: { passphrases } }));
  for (const secret of [...HASHES, "MikroTik"]) assertEquals(text.includes(secret), false);
});

table("estimateBits", {
  "": 0,
  "a": 4,
  "aaaaaaaaaaaaaaaaaaaa": 4,
  "abcdefghijklmnop": 4,
  "MikroTik": 45,
  "xK4v9QwTz2LmP": 77,
  "tundra quartz violin mossy": 141,
}, (bits, text) => assertEquals(Math.floor(estimateBits(text)), bits));

table("findWeaknesses: a trusted network that is too wide", {
  "0.0.0.0/1": true,
  "10.0.0.0/8": false,
  "8000::/1": true,
}, (isWide, trusted) => {
  const codes = findWeaknesses(secretPlan({ trusted: [trusted] })).map(({ code }) => code);
  assertEquals(codes.includes("wide-trust"), isWide);
});
