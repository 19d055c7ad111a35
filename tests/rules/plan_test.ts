import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { checkPlan, makePlan } from "../../src/rules/plan.ts";
import { table } from "../table.ts";
import { bytes, HASHES, planWith, regularPlan, secretPlan, target } from "./fixtures.ts";
import { change, getDoor } from "../plans.ts";

const SSH = [{ port: 22, protocol: "tcp" }] as const;

Deno.test("makePlan: the target gives what no option says", () => {
  assertEquals(secretPlan(), {
    name: "home",
    doors: [{
      name: "home",
      stages: [1234, 9876, 5555].map((port, index) => ({
        port,
        protocol: "udp" as const,
        payload: bytes(HASHES[index] as string),
      })),
      closing: [],
      opens: SSH,
      forwards: [],
      openForMs: 300_000,
      stageTimeoutMs: 5_000,
      guard: false,
    }],
    ban: false,
    banPrefix6: 64,
    prefixes: { ipv4: 32, ipv6: 128 },
    families: ["ipv4", "ipv6"],
    interfaces: [],
    trusted: [],
    publicServices: [],
  });
});

Deno.test("makePlan: the guard is on for regular sequences, off for any with a payload", () => {
  const knocks = ["7003/tcp", "9012/udp"];
  assertEquals(getDoor(regularPlan(knocks)).guard, true);
  assertEquals(getDoor(regularPlan(knocks, { guard: false })).guard, false);
  const mixed = planWith(knocks, { opening: [new Uint8Array(), bytes("x")] });
  assertEquals(getDoor(mixed).guard, false);
  assertEquals(getDoor(secretPlan({ guard: true })).guard, true);
});

Deno.test("makePlan: the family of the target is the plan's", () => {
  const ipv6 = { ...target(["7003/tcp", "9012/tcp"]), family: "ipv6" as const };
  const none = { opening: [new Uint8Array(), new Uint8Array()] };
  assertEquals(makePlan([{ target: ipv6, payloads: none, opens: SSH }]).families, ["ipv6"]);
  assertEquals(
    makePlan([{ target: ipv6, payloads: none, opens: SSH }], { families: ["ipv4"] }).families,
    [
      "ipv4",
    ],
  );
});

table<[opening: string[], closing: string[], isRefused: boolean]>(
  "checkPlan: a closing sequence has a knock of its own",
  {
    "the same": [["7003/tcp", "9012/tcp"], ["7003/tcp", "9012/tcp"], true],
    "a prefix": [["7003/tcp", "9012/tcp"], ["7003/tcp"], true],
    "a suffix": [["7003/tcp", "9012/tcp"], ["9012/tcp"], true],
    "the reverse": [["7003/tcp", "9012/tcp"], ["9012/tcp", "7003/tcp"], true],
    "the reverse, with a port more": [
      ["7003/tcp", "9012/tcp"],
      ["9012/tcp", "7003/tcp", "1/tcp"],
      false,
    ],
    "another protocol": [["7003/tcp", "9012/tcp"], ["7003/udp"], false],
    "ends with the first": [["7003/tcp", "9012/tcp"], ["7004/tcp", "7003/tcp"], false],
    "ends with a later one": [["7003/tcp", "9012/tcp"], ["7004/tcp", "9012/tcp"], true],
    "ends with the only one": [["7003/tcp"], ["7004/tcp", "7003/tcp"], true],
    "the port that opens": [["7003/tcp", "9012/tcp"], ["22/tcp"], true],
  },
  ([opening, closing, isRefused]) => {
    const none = (knocks: string[]) => knocks.map(() => new Uint8Array());
    const plan = makePlan([{
      target: { ...target(opening), close: target(closing).knocks },
      payloads: { opening: none(opening), closing: none(closing) },
      opens: SSH,
    }]);
    if (isRefused) {
      assertThrows(() => checkPlan(plan), UsageError, "closing");
    } else checkPlan(plan);
  },
);

Deno.test("checkPlan: closing knocks with other secrets are knocks of their own", () => {
  const knocks = ["7003/udp", "9012/udp"];
  const make = (closing: string) =>
    makePlan([{
      target: { ...target(knocks), close: target(["9012/udp"]).knocks },
      payloads: { opening: [bytes("a"), bytes("b")], closing: [bytes(closing)] },
      opens: SSH,
    }]);
  checkPlan(make("c"));
  for (const same of ["b", ""]) {
    assertThrows(() => checkPlan(make(same)), UsageError, "closing sequence");
  }
});

table<string[]>("checkPlan: consecutive regular knocks are refused, with a ban or without", {
  ascending: ["7000/tcp", "7001/tcp", "7002/tcp"],
  descending: ["7002/udp", "7001/udp"],
  "one port twice": ["7000/tcp", "7000/tcp", "7001/tcp"],
  "up and down": ["7000/tcp", "7001/tcp", "7000/tcp"],
  // 7001/tcp is accepted again on the way up.
  "a passed knock in between": ["7001/tcp", "7000/tcp", "7002/tcp"],
  "both transports of a port, then the next": ["7000/tcp", "7000/udp", "7001/tcp"],
  "two transports, if udp comes first at each port": ["7000/tcp", "7001/udp"],
  "the last port, and the first of the other transport": ["65535/tcp", "1/udp"],
  // 22/tcp in between is not a mistake.
  "the protected port in between": ["21/tcp", "23/tcp"],
}, (knocks) => {
  for (const guard of [true, false]) {
    for (const ban of [true, false]) {
      const plan = regularPlan(knocks, { guard, ban });
      const error = assertThrows(() => checkPlan(plan), UsageError, "port scan");
      assertEquals(error.code, "consecutive");
    }
  }
});

table<string[]>("checkPlan: accepted knocks", {
  "one": ["7000/tcp"],
  "two transports": ["7000/tcp", "7002/udp"],
  "a port in between": ["7000/tcp", "7002/tcp"],
  "a protected port of the other transport in between": ["20/udp", "22/udp"],
}, (knocks) => checkPlan(regularPlan(knocks)));

Deno.test("checkPlan: public ports between the knocks make them consecutive", () => {
  const knocks = ["79/tcp", "81/tcp"];
  checkPlan(regularPlan(knocks));
  const plan = regularPlan(knocks, { publicServices: [{ port: 80, protocol: "tcp" }] });
  assertThrows(() => checkPlan(plan), UsageError);
});

Deno.test("checkPlan: a ban is refused with secret knocks, mixed ones included", () => {
  checkPlan(regularPlan(["7003/tcp", "9012/tcp"], { ban: true }));
  const mixed = secretPlan({ ban: true });
  for (
    const plan of [
      mixed,
      change(mixed, { stages: getDoor(mixed).stages.with(0, { port: 9, protocol: "tcp" }) }),
    ]
  ) {
    assertThrows(() => checkPlan(plan), UsageError, "--ban has no use with secret knocks");
  }
});

const KNOCKS = ["7003/tcp", "9012/tcp"];

table<() => unknown>("makePlan refuses", {
  'the knocks of "home" open nothing': () => regularPlan(KNOCKS, { opens: [] }),
  'target "home" has no knocks': () => regularPlan([]),
  "no address family is left": () => regularPlan(KNOCKS, { families: [] }),
  '"22/tcp" is in both --open and --public: choose one': () =>
    regularPlan(KNOCKS, { publicServices: SSH }),
  'invalid stage timeout "0ms": use whole milliseconds, 1ms or more': () =>
    regularPlan(KNOCKS, { stageTimeoutMs: 0 }),
  'invalid open time "1.5ms"': () => regularPlan(KNOCKS, { openForMs: 1.5 }),
  '"10.0.0.0/99" is not a network': () => regularPlan(KNOCKS, { trusted: ["10.0.0.0/99"] }),
  '"a b" is not the name of an interface': () =>
    regularPlan(KNOCKS, { interfaces: ["eth0", "a b"] }),
  '"a b" cannot name a target': () => regularPlan(KNOCKS, { name: "a b" }),
  "knock 1 (1/tcp) has a payload: only udp can have one": () =>
    planWith(["1/tcp"], { opening: [bytes("x")] }),
}, (make, part) => {
  assertThrows(make, UsageError, part);
});

table<[knocks: string[], closing: string[], message: string]>(
  "checkPlan: no door's knocks do another's work",
  {
    "its end": [["9000/udp", "8000/tcp"], [], `the knocks of "home" open "office" too: its own`],
    "not in a row": [
      ["7000/tcp", "8000/tcp"],
      [],
      `the knocks of "home" open "office" too: its own`,
    ],
    "one of them": [["9000/udp"], [], `the knocks of "home" open "office" too: its own`],
    "all": [["7000/tcp", "9000/udp", "8000/tcp"], [], "they are the same"],
    "its closing knocks": [
      ["4100/tcp", "2100/tcp"],
      [],
      `the closing knocks of "home" open "office"`,
    ],
    "that close": [
      ["4000/tcp", "2000/tcp"],
      ["9000/udp", "8000/tcp"],
      `the knocks of "home" close "office"`,
    ],
    "in another order": [["8000/tcp", "9000/udp"], [], ""],
    "the same closing knocks": [["4000/tcp", "2000/tcp"], ["4100/tcp", "2100/tcp"], ""],
  },
  ([knocks, closing, message]) => {
    const make = (name: string, opening: readonly string[], close: readonly string[]) => ({
      target: { ...target(opening, name), close: target(close).knocks },
      payloads: {
        opening: opening.map(() => new Uint8Array()),
        closing: close.map(() => new Uint8Array()),
      },
      opens: [{ port: 22, protocol: "tcp" as const }],
    });
    const home = make("home", ["7000/tcp", "9000/udp", "8000/tcp"], [
      "4100/tcp",
      "2100/tcp",
      "2200/tcp",
    ]);
    const office = make("office", knocks, closing);
    for (const drafts of [[home, office], [office, home]]) {
      const plan = makePlan(drafts);
      if (message === "") checkPlan(plan);
      else assertThrows(() => checkPlan(plan), UsageError, message);
    }
  },
);
