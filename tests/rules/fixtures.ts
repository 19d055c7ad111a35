/** Plans for the tests of the rules. */
import type { Knock } from "../../src/core/knock.ts";
import { parsePortSpec } from "../../src/core/knock.ts";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { parseServices } from "../../src/core/service.ts";
import type { Feature } from "../../src/rules/features.ts";
import { type DoorDraft, makePlan, type PlanOptions } from "../../src/rules/plan.ts";
import { change, getDoor, joinDoors } from "../plans.ts";

/** The test vectors of the original: MikroTik, is, awesome. */
export const HASHES = [
  "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad",
  "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6",
  "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c",
] as const;

/** The bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A target with these knocks, such as `1234/udp`. */
export function target(knocks: readonly string[], name = "home"): DoorDraft["target"] {
  return {
    name,
    knocks: knocks.map((text): Knock => ({ ...parsePortSpec(text), payload: { kind: "none" } })),
    openForMs: 300_000,
    stageTimeoutMs: 5_000,
    family: "any",
  };
}

const SSH = [{ port: 22, protocol: "tcp" }] as const;

/** What the plans of tests say, besides their knocks. */
type FixtureOptions = PlanOptions & Partial<Pick<DoorDraft, "opens" | "forwards">>;

/** A plan of these knocks and payloads that opens 22/tcp. */
export function planWith(
  knocks: readonly string[],
  payloads: DoorDraft["payloads"],
  { opens = SSH, forwards, name, ...options }: FixtureOptions = {},
): Plan {
  return makePlan([{ target: target(knocks, name), payloads, opens, forwards }], options);
}

/** A plan of regular knocks that opens 22/tcp. */
export function regularPlan(knocks: readonly string[], options: FixtureOptions = {}): Plan {
  return planWith(knocks, { opening: knocks.map(() => new Uint8Array()) }, options);
}

/** The three-stage secret plan of the original, opening 22/tcp. */
export function secretPlan(options: FixtureOptions = {}): Plan {
  return planWith(["1234/udp", "9876/udp", "5555/udp"], { opening: HASHES.map(bytes) }, options);
}

/** The key of tests: the bytes 0 to 31. */
export const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/** A plan with a one-time code at 62201/udp, after these regular knocks, that opens 22/tcp. */
export function codePlan(
  { before = [], ...options }: FixtureOptions & { before?: readonly string[] } = {},
): Plan {
  const { knocks, ...rest } = target([...before, "62201/udp"]);
  const secret = { kind: "secret", source: { kind: "file", path: "home.key" } } as const;
  const coded = {
    ...rest,
    knocks: knocks.with(-1, { port: 62_201, protocol: "udp", payload: secret }),
    rolling: { windowMs: 600_000, slots: 4 },
  };
  const payloads = { opening: [...before.map(() => new Uint8Array()), bytes(KEY)] };
  const horizon = { from: CODES_FROM, until: CODES_FROM + 86_400_000 };
  return makePlan([{ target: coded, payloads, opens: SSH }], { horizon, ...options });
}

/** When the codes of test plans begin: 2026-11-27T00:00:00Z. */
export const CODES_FROM = Date.UTC(2026, 10, 27);

/** An hour: few codes. */
const CODES_HOUR = { from: CODES_FROM, until: CODES_FROM + 3_600_000 };

/** The plan with a second key for its one-time codes. */
function addKey(plan: Plan): Plan {
  const other = { name: "anna", key: "QW5uYSBoYXMgYSBrZXkgb2YgdGhpcnR5LXR3byBieXQ=" };
  const addTo = (stage: Stage): Stage =>
    stage.codes === undefined
      ? stage
      : { ...stage, codes: { ...stage.codes, keys: [...stage.codes.keys, other] } };
  return change(plan, { stages: getDoor(plan).stages.map(addTo) });
}

/** A plan that uses no feature: regular knocks, unguarded, IPv4. */
export function barePlan(): Plan {
  return regularPlan(["7003/tcp", "9012/udp"], { guard: false, families: ["ipv4"] });
}

const GUARDED: Plan = change(barePlan(), { guard: true });

/** For each feature a plan that uses it, and the same plan without. */
export const FEATURE_PLANS: Readonly<Record<Feature, readonly [used: Plan, unused: Plan]>> = {
  secretKnocks: [
    change(barePlan(), { stages: [{ port: 1, protocol: "udp", payload: bytes(HASHES[0]) }] }),
    change(barePlan(), { stages: [{ port: 1, protocol: "udp" }] }),
  ],
  codes: [codePlan({ families: ["ipv4"] }), secretPlan({ families: ["ipv4"] })],
  closing: [change(barePlan(), { closing: [{ port: 5_000, protocol: "tcp" }] }), barePlan()],
  guard: [GUARDED, barePlan()],
  ranges: [
    change(barePlan(), { opens: [{ port: 5_000, last: 5_010, protocol: "udp" }] }),
    barePlan(),
  ],
  icmp: [change(barePlan(), { opens: [{ protocol: "icmp" }] }), barePlan()],
  all: [change(barePlan(), { opens: [{ protocol: "all" }] }), barePlan()],
  translated: [
    change(barePlan(), { forwards: [{ service: { port: 8_080, protocol: "tcp" } }] }),
    barePlan(),
  ],
  routed: [
    change(barePlan(), {
      forwards: [{ host: "192.0.2.7", service: { port: 8_080, protocol: "tcp" } }],
    }),
    barePlan(),
  ],
  doors: [
    joinDoors(
      barePlan(),
      regularPlan(["7004/tcp", "9013/udp"], { name: "other", guard: false }),
    ),
    barePlan(),
  ],
  ban: [{ ...barePlan(), ban: true }, barePlan()],
  banIpv6: [
    { ...barePlan(), ban: true, families: ["ipv4", "ipv6"] },
    { ...barePlan(), families: ["ipv4", "ipv6"] },
  ],
  prefix: [{ ...barePlan(), prefixes: { ipv4: 24, ipv6: 128 } }, barePlan()],
  trusted: [{ ...barePlan(), trusted: ["192.0.2.0/24"] }, barePlan()],
  publicServices: [{ ...GUARDED, publicServices: [{ port: 80, protocol: "tcp" }] }, GUARDED],
  ipv6: [{ ...barePlan(), families: ["ipv4", "ipv6"] }, barePlan()],
  onlyIpv6: [{ ...barePlan(), families: ["ipv6"] }, barePlan()],
  interface: [{ ...barePlan(), interfaces: ["eth0"] }, barePlan()],
  interfaces: [
    { ...barePlan(), interfaces: ["eth0", "eth1"] },
    { ...barePlan(), interfaces: ["eth0"] },
  ],
  interfaceWildcard: [
    { ...barePlan(), interfaces: ["eth0", "ppp*"] },
    { ...barePlan(), interfaces: ["eth0", "ppp"] },
  ],
  interfaceList: [
    { ...barePlan(), interfaces: ["eth0", "list:WAN"] },
    { ...barePlan(), interfaces: ["eth0", "WAN"] },
  ],
};

/** Translated ports, and hosts behind of each family. */
const FORWARDS = parseForwards("8080/tcp,9000-9010/udp,192.0.2.7:22/tcp,[2001:db8::7]:22/tcp");

/** The plans that the golden files show, by name. */
export const GOLDEN_PLANS: Readonly<Record<string, Plan>> = {
  "codes": codePlan({ horizon: CODES_HOUR }),
  "codes-before": codePlan({
    before: ["7000/tcp"],
    prefix4: 24,
    trusted: ["192.0.2.7"],
    horizon: CODES_HOUR,
  }),
  "codes-people": addKey(
    codePlan({ before: ["7000/tcp"], families: ["ipv4"], horizon: CODES_HOUR }),
  ),
  "secret": secretPlan(),
  "guarded": regularPlan(["7003/tcp", "9012/udp", "8044/tcp", "6999/tcp"]),
  "codes-iptables": codePlan({ before: ["7003/tcp"], prefix6: 64 }),
  "banned": regularPlan(["7000/tcp", "7001/tcp", "7002/tcp"], {
    ban: true,
    publicServices: [{ port: 80, protocol: "tcp" }, { port: 443, protocol: "tcp" }],
  }),
  "prefix": secretPlan({ prefix4: 24, prefix6: 56 }),
  "banned-ipv4": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], {
    ban: true,
    families: ["ipv4"],
  }),
  "ipv4": secretPlan({ families: ["ipv4"], openForMs: 3_600_000, stageTimeoutMs: 15_000 }),
  "trusted": secretPlan({
    interfaces: ["eth0.2"],
    trusted: ["10.1.2.3/8", "192.0.2.7", "10.9.0.0/16", "2001:db8:0::/32"],
    opens: [
      { port: 22, protocol: "tcp" },
      { port: 443, protocol: "tcp" },
      { port: 51820, protocol: "udp" },
    ],
    guard: true,
  }),
  "weird": regularPlan(["1/udp", "65535/tcp", "1/udp"], {
    name: `Q-_-drop--${"x".repeat(50)}_-9`,
    interfaces: ["-_@".slice(1) + "b-0.1"],
  }),
  "closing": change(secretPlan(), {
    closing: [
      { port: 4321, protocol: "udp", payload: bytes(HASHES[0]) },
      { port: 1234, protocol: "udp", payload: bytes(HASHES[0]) },
    ],
  }),
  "closing-regular": change(regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { ban: true }), {
    closing: [{ port: 9100, protocol: "tcp" }, { port: 7003, protocol: "tcp" }],
  }),
  "interfaces": secretPlan({ interfaces: ["eth0", "ppp*", "eth1.7"] }),
  "interface-list": secretPlan({ interfaces: ["list:WAN"], families: ["ipv4"] }),
  "interface-lists": regularPlan(["7003/tcp", "7003/tcp", "9012/udp"], {
    interfaces: ["ether1", "list:WAN"],
  }),
  "unguarded": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { guard: false }),
  "services": regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], {
    opens: [
      { port: 22, protocol: "tcp" },
      { port: 60_000, last: 61_000, protocol: "udp" },
      ...Array.from({ length: 16 }, (_, index) => ({
        port: 8_001 + 2 * index,
        protocol: "tcp" as const,
      })),
      { protocol: "icmp" },
    ],
    publicServices: [{ port: 80, last: 81, protocol: "tcp" }],
  }),
  "everything": secretPlan({
    opens: [{ protocol: "all" }],
    publicServices: [{ port: 80, protocol: "tcp" }, { protocol: "icmp" }],
    trusted: ["192.0.2.0/24"],
  }),
  "forwarded": secretPlan({
    forwards: parseForwards("8080/tcp,9000-9010/udp,192.0.2.7:22/tcp,[2001:db8::7]:443/tcp"),
    interfaces: ["eth0"],
    trusted: ["198.51.100.0/24"],
  }),
  "forwards": change(secretPlan({ opens: [], forwards: FORWARDS, trusted: ["192.0.2.0/24"] }), {
    closing: [{ port: 4321, protocol: "udp", payload: bytes(HASHES[0]) }],
  }),
  "unguarded-doors": joinDoors(
    regularPlan(["7003/tcp", "9012/udp"], {
      guard: false,
      opens: parseServices("22/tcp,60000-60010/udp"),
    }),
    regularPlan(["7104/tcp", "9113/udp"], {
      name: "office",
      guard: false,
      opens: parseServices("icmp"),
    }),
    regularPlan(["7205/tcp", "9214/udp"], {
      name: "whole",
      guard: false,
      opens: parseServices("all"),
    }),
  ),
  "doors": joinDoors(
    regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { publicServices: parseServices("80/tcp") }),
    secretPlan({ name: "office", opens: parseServices("443/tcp"), forwards: FORWARDS.slice(0, 1) }),
  ),
};
