import { assertEquals, assertThrows } from "@std/assert";
import type { Plan } from "../../src/core/plan.ts";
import { BAN_RULE, SET_SIZE } from "../../src/core/plan.ts";
import { createGate, type GatePacket } from "../../src/gate/model.ts";
import { bytes, HASHES, knocksOf, ME, regularPlan, secretPlan } from "./fixtures.ts";

/** Packets by name with the moments at which they arrive: `1@0 2@100`; a moment is optional. */
function play(plan: Plan, packets: Record<string, GatePacket>, trace: string) {
  const gate = createGate(plan);
  let at = 0;
  const kinds = trace.split(" ").map((step) => {
    const [name = "", moment] = step.split("@");
    at = moment === undefined ? at + 10 : Number(moment);
    return gate.receive(packets[name] as GatePacket, at).kind;
  });
  return { isOpen: gate.isLetIn(ME, at), kinds, gate, at };
}

function isOpenAfter(plan: Plan, packets: Record<string, GatePacket>, trace: string): boolean {
  return play(plan, packets, trace).isOpen;
}

function secretPackets(): Record<string, GatePacket> {
  const [one, two, three] = knocksOf(secretPlan()) as [GatePacket, GatePacket, GatePacket];
  const [hash1, hash2, hash3] = HASHES;
  return {
    "1": one,
    "2": two,
    "3": three,
    "wrong1": { ...one, payload: bytes(hash2) },
    "wrong2": { ...two, payload: bytes(hash3) },
    "wrong3": { ...three, payload: bytes(hash1) },
    "last1": { ...one, payload: bytes(`${hash1.slice(0, -1)}e`) },
    "last3": { ...three, payload: bytes(`${hash3.slice(0, -1)}d`) },
    "upper2": { ...two, payload: bytes(hash2.toUpperCase()) },
    "port1": { ...one, port: 9876 },
    "port2": { ...two, port: 1234 },
    "short3": { ...three, payload: bytes(hash3.slice(0, -1)) },
    "long1": { ...one, payload: bytes(`${hash1}\n`) },
    "long3": { ...three, payload: bytes(`${hash3}0`) },
    "doubled3": { ...three, payload: bytes(hash3 + hash3) },
    "tcp2": { source: ME, protocol: "tcp", port: 9876 },
    "empty2": { source: ME, protocol: "udp", port: 9876 },
    "stranger": { source: ME, protocol: "tcp", port: 8080 },
    "other1": { ...one, source: "192.0.2.8" },
    "other2": { ...two, source: "192.0.2.8" },
    "other3": { ...three, source: "192.0.2.8" },
  };
}

// The matrix that was measured on a real kernel.
const SECRET_MATRIX: [trace: string, isOpen: boolean][] = [
  ["1 2 3", true],
  ["1@0 2@3000 3@6000", true],
  ["1 1 2 2 3 3", true],
  ["1 2 3 1 2 3", true],
  ["1 2 1 2 3", true],
  ["1 stranger 2 stranger 3", true],
  ["1 wrong2 2 wrong3 3", true],
  ["1 2 1 3", true],
  ["wrong1 2 3", false],
  ["1 wrong2 3", false],
  ["1 2 wrong3", false],
  ["last1 2 3", false],
  ["1 2 last3", false],
  ["1 upper2 3", false],
  ["1 3 2", false],
  ["2 1 3", false],
  ["2 3 1", false],
  ["3 1 2", false],
  ["3 2 1", false],
  ["port1 port2 3", false],
  ["2 3", false],
  ["1 3", false],
  ["1 2", false],
  ["3", false],
  ["3 3 3", false],
  ["1 2 short3", false],
  ["1 2 long3", false],
  ["1 2 doubled3", false],
  ["long1 2 3", false],
  ["1 tcp2 3", false],
  ["1 empty2 3", false],
  ["1 2 other3", false],
  ["other1 other2 3", false],
  ["1 other2 3", false],
  ["1@0 2@5000 3@5010", false],
  ["1@0 2@10 3@5010", false],
  ["1@0 2@4999 3@9998", true],
];

Deno.test("secret knocks open and stay shut as measured", async (test) => {
  for (const [trace, expected] of SECRET_MATRIX) {
    await test.step(trace, () => {
      assertEquals(isOpenAfter(secretPlan(), secretPackets(), trace), expected);
    });
  }
});

Deno.test("the verdicts tell what a packet did", () => {
  const { kinds } = play(secretPlan(), secretPackets(), "1 wrong2 2 other3 3 3");
  assertEquals(kinds, ["advance", "pass", "advance", "pass", "open", "open"]);
});

Deno.test("an entry is there until just before its time, and gone at it", () => {
  const plan = regularPlan([1000, 2000], { stageTimeoutMs: 500, openForMs: 700 });
  const [first, second] = knocksOf(plan) as [GatePacket, GatePacket];
  const late = createGate(plan);
  late.receive(first, 100);
  assertEquals(late.stagesOf(ME, 599), [1]);
  assertEquals(late.stagesOf(ME, 600), []);
  assertEquals(late.receive(second, 600).kind, "pass");

  const inTime = createGate(plan);
  inTime.receive(first, 100);
  assertEquals(inTime.receive(second, 599), { kind: "open", accepted: true, until: 1_299 });
  assertEquals(inTime.isLetIn(ME, 1_298), true);
  assertEquals(inTime.openUntil(ME, 1_298), 1_299);
  assertEquals(inTime.isLetIn(ME, 1_299), false);
  assertEquals(inTime.openUntil(ME, 1_299), undefined);
});

Deno.test("a repeated knock renews its stage, and the open time", () => {
  const plan = regularPlan([1000, 2000], { stageTimeoutMs: 500, openForMs: 700 });
  const [first, second] = knocksOf(plan) as [GatePacket, GatePacket];
  const gate = createGate(plan);
  gate.receive(first, 0);
  gate.receive(first, 400);
  assertEquals(gate.receive(second, 800).kind, "open");
  assertEquals(gate.receive(second, 899), { kind: "open", accepted: true, until: 1_599 });
});

Deno.test("protected ports refuse until the door is open, others are let through", () => {
  const plan = secretPlan({
    open: [{ port: 22, protocol: "tcp" }, { port: 51820, protocol: "udp" }],
  });
  const gate = createGate(plan);
  const visit = (protocol: "tcp" | "udp", port: number, source = ME, toHost = true) =>
    gate.receive({ source, protocol, port, toHost }, 100);
  assertEquals(visit("tcp", 22), { kind: "refuse", accepted: false });
  assertEquals(visit("udp", 51820), { kind: "refuse", accepted: false });
  assertEquals(visit("udp", 51820, ME, false), { kind: "refuse", accepted: false });
  assertEquals(visit("udp", 22), { kind: "pass", accepted: true });
  assertEquals(visit("tcp", 80), { kind: "pass", accepted: true });
  for (const knock of knocksOf(plan)) gate.receive(knock, 100);
  assertEquals(visit("tcp", 22), { kind: "pass", accepted: true });
  assertEquals(visit("udp", 51820), { kind: "pass", accepted: true });
  assertEquals(visit("tcp", 22, "192.0.2.8"), { kind: "refuse", accepted: false });
});

Deno.test("a source is the same however its address is written, and no other", () => {
  const plan = secretPlan();
  const [one, two, three] = knocksOf(plan) as [GatePacket, GatePacket, GatePacket];
  const gate = createGate(plan);
  gate.receive({ ...one, source: "2001:db8:0:0::1" }, 0);
  gate.receive({ ...two, source: "2001:DB8::1%eth0" }, 1);
  assertEquals(gate.receive({ ...three, source: "2001:db8::0:1" }, 2).kind, "open");
  assertEquals(gate.isLetIn("2001:db8::1", 3), true);
  assertEquals(gate.isLetIn("2001:db8::2", 3), false);
  // The same 32 bits in the other family are another source.
  assertEquals(gate.isLetIn("0.0.0.1", 3), false);
  assertEquals(gate.isLetIn("::1", 3), false);
  assertThrows(() => gate.receive({ ...one, source: "home" }, 4), RangeError, `"home"`);
});

Deno.test("trusted sources are always let in, and a family that is not covered is left alone", () => {
  const gate = createGate(secretPlan({
    trusted: ["198.51.100.0/24", "2001:db8:5::/48"],
    families: ["ipv6"],
  }));
  const visit = (source: string) => gate.receive({ source, protocol: "tcp", port: 22 }, 0);
  assertEquals(visit("2001:db8:5:6::7"), { kind: "pass", accepted: true });
  assertEquals(visit("2001:db8:6::7"), { kind: "refuse", accepted: false });
  assertEquals(visit("192.0.2.7"), { kind: "pass", accepted: true });
  assertEquals(gate.isLetIn("2001:db8:5::1", 0), true);
  assertEquals(gate.isLetIn("2001:db8:6::1", 0), false);
});

Deno.test("two knocks on one port are never taken by one packet", async (test) => {
  const table: [ports: number[], trace: string, isOpen: boolean][] = [
    [[1000, 1000, 2000], "1000 2000", false],
    [[1000, 1000, 2000], "1000 1000 2000", true],
    [[1000, 1000, 1000], "1000 1000", false],
    [[1000, 1000, 1000], "1000 1000 1000", true],
    [[1000, 2000, 1000], "1000 2000", false],
    [[1000, 2000, 1000], "1000 2000 1000", true],
    [[1000], "1000", true],
  ];
  for (const [ports, trace, expected] of table) {
    const packets = Object.fromEntries(ports.map((port) => [
      port,
      { source: ME, protocol: "tcp" as const, port },
    ]));
    await test.step(`${ports}: ${trace}`, () => {
      assertEquals(isOpenAfter(regularPlan(ports), packets, trace), expected);
      assertEquals(isOpenAfter(regularPlan(ports, { guard: true }), packets, trace), expected);
    });
  }
});

Deno.test("a regular udp knock takes any payload, a tcp knock only a bare SYN", () => {
  const udp = regularPlan([]);
  const plan = { ...udp, stages: [{ port: 7000, protocol: "udp" as const }] };
  for (const payload of [undefined, new Uint8Array(), new Uint8Array(1), new Uint8Array(2_000)]) {
    const packet: GatePacket = { source: ME, protocol: "udp", port: 7000, payload };
    assertEquals(createGate(plan).receive(packet, 0).kind, "open");
  }
  const tcp = createGate(regularPlan([7000]));
  const packet: GatePacket = { source: ME, protocol: "tcp", port: 7000 };
  assertEquals(tcp.receive({ ...packet, flags: "other" }, 0).kind, "pass");
  assertEquals(tcp.receive({ ...packet, flags: "syn" }, 0).kind, "open");
});

const GUARDED: Partial<Plan> = { guard: true, public: [{ port: 443, protocol: "tcp" }] };

function guardPackets(): Record<string, GatePacket> {
  const tcp = (port: number): GatePacket => ({ source: ME, protocol: "tcp", port });
  return {
    "1": tcp(7000),
    "2": tcp(3000),
    "3": tcp(9000),
    "1udp": { ...tcp(7000), protocol: "udp" },
    "1ack": { ...tcp(7000), flags: "other" },
    "stranger": tcp(8080),
    "strangerudp": { ...tcp(8080), protocol: "udp" },
    "broadcast": { ...tcp(8080), protocol: "udp", toHost: false },
    "broadcast2": { ...tcp(3000), toHost: false },
    "ssh": tcp(22),
    "https": tcp(443),
    "httpsudp": { ...tcp(443), protocol: "udp" },
    "other": { ...tcp(8080), source: "192.0.2.8" },
  };
}

const GUARD_MATRIX: [trace: string, isOpen: boolean][] = [
  ["1 2 3", true],
  ["1 1 2 2 3 3", true],
  ["1 2 1 2 3", true],
  ["1 2 3 stranger", true],
  ["stranger 1 2 3", true],
  ["1 broadcast 2 broadcast 3", true],
  ["1 ssh 2 ssh 3", true],
  ["1 https 2 https 3", true],
  ["1 other 2 other 3", true],
  ["1 stranger 2 3", false],
  ["1 2 stranger 3", false],
  ["1 2 strangerudp 3", false],
  ["1 2 httpsudp 3", false],
  ["1 broadcast2 3", false],
  ["1 2 stranger 2 3", false],
  ["1 2 stranger 1 2 3", true],
  ["1 3 2 3", false],
  ["1 1udp 2 3", false],
  ["1 2 1ack 3", false],
  // A retransmitted SYN of the second knock, when the first stage is over: no reset.
  ["1@0 2@4000 2@5500 3@8000", true],
  ["1@0 2@4000 stranger@5500 2@5600 3@8000", false],
];

Deno.test("the guard resets at mistakes, and at nothing else", async (test) => {
  const plan = regularPlan([7000, 3000, 9000], GUARDED);
  for (const [trace, expected] of GUARD_MATRIX) {
    await test.step(trace, () => {
      assertEquals(isOpenAfter(plan, guardPackets(), trace), expected);
    });
  }
});

Deno.test("the guard's verdicts", () => {
  const plan = regularPlan([7000, 3000, 9000], GUARDED);
  const gate = createGate(plan);
  const packets = guardPackets();
  const receive = (name: string, at: number) => gate.receive(packets[name] as GatePacket, at);
  const mistake = { kind: "mistake", accepted: true, banned: false } as const;
  assertEquals(receive("stranger", 0), { ...mistake, lost: false });
  receive("1", 10);
  assertEquals(receive("stranger", 20), { ...mistake, lost: true });
  receive("1", 30);
  receive("2", 4_000);
  assertEquals(receive("2", 5_500), { kind: "duplicate", accepted: true, stage: 2 });
  // A copy renews nothing.
  assertEquals(gate.stagesOf(ME, 8_999), [2]);
  assertEquals(gate.stagesOf(ME, 9_000), []);
  assertEquals(receive("2", 9_000), { ...mistake, lost: false });
});

Deno.test("a late copy of the last knock neither resets nor renews", () => {
  const plan = regularPlan([7000, 3000], { guard: true });
  const [first, second] = knocksOf(plan) as [GatePacket, GatePacket];
  const gate = createGate(plan);
  gate.receive(first, 0);
  gate.receive(second, 100);
  assertEquals(gate.receive(second, 5_000), { kind: "duplicate", accepted: true, stage: 2 });
  assertEquals(gate.openUntil(ME, 5_000), 60_100);
});

const STRANGER: GatePacket = { source: ME, protocol: "tcp", port: 8080 };

Deno.test("the sixth mistake in a minute bans, whatever comes then, for its time", () => {
  const plan = regularPlan([7000, 7001], { guard: true, ban: true });
  const gate = createGate(plan);
  const [first, second] = knocksOf(plan) as [GatePacket, GatePacket];
  const bannedAt = 500;
  for (let at = 0; at < bannedAt; at += 100) {
    assertEquals(gate.receive(STRANGER, at), {
      kind: "mistake",
      accepted: true,
      lost: false,
      banned: false,
    });
  }
  const last = gate.receive(STRANGER, bannedAt);
  assertEquals(last, { kind: "mistake", accepted: true, lost: false, banned: true });
  assertEquals(gate.receive(first, 600), { kind: "banned", accepted: true });
  assertEquals(gate.receive({ ...STRANGER, port: 22 }, 700), { kind: "refuse", accepted: false });
  gate.receive(STRANGER, 800);
  const end = bannedAt + BAN_RULE.banMs;
  assertEquals(gate.isBanned(ME, end - 1), true);
  assertEquals(gate.isBanned(ME, end), false);
  gate.receive(first, end);
  assertEquals(gate.receive(second, end + 1).kind, "open");
});

Deno.test("mistakes below the rate never ban", () => {
  const gate = createGate(regularPlan([7000, 7001], { guard: true, ban: true }));
  for (let at = 0; at < 3_600_000; at += 60_000 / BAN_RULE.perMinute) gate.receive(STRANGER, at);
  assertEquals(gate.isBanned(ME, 3_600_000), false);
  const burst = createGate(regularPlan([7000, 7001], { guard: true, ban: true }));
  for (let minute = 0; minute < 60; minute++) {
    for (let n = 0; n < BAN_RULE.burst; n++) burst.receive(STRANGER, minute * 60_000);
  }
  assertEquals(burst.isBanned(ME, 3_600_000), false);
});

Deno.test("own knock ports, protected and public ports never ban", () => {
  const plan = regularPlan([7000, 3000, 9000], { ...GUARDED, ban: true });
  const { gate, at } = play(
    plan,
    guardPackets(),
    Array<string>(20).fill("3 2 1ack ssh https broadcast").join(" "),
  );
  assertEquals(gate.isBanned(ME, at), false);
});

Deno.test("who is in stays in through mistakes and a ban", () => {
  const plan = regularPlan([7000, 3000, 9000], { ...GUARDED, ban: true });
  const trace = `1 2 3 ${Array<string>(10).fill("stranger").join(" ")} ssh`;
  const { gate, at, kinds, isOpen } = play(plan, guardPackets(), trace);
  assertEquals(gate.isBanned(ME, at), true);
  assertEquals(isOpen, true);
  assertEquals(kinds.at(-1), "pass");
});

Deno.test("a knock at a protected port counts, and is dropped until the door is open", () => {
  const plan = regularPlan([22, 7000], { guard: true });
  const [first, second] = knocksOf(plan) as [GatePacket, GatePacket];
  const gate = createGate(plan);
  assertEquals(gate.receive(first, 0), { kind: "advance", accepted: false, stage: 1 });
  assertEquals(gate.receive(second, 1).kind, "open");
  assertEquals(gate.receive(first, 2).accepted, true);
});

Deno.test("a full stage takes nobody else until its entries are over", () => {
  const plan = regularPlan([1000, 2000]);
  const gate = createGate(plan);
  const [first] = knocksOf(plan) as [GatePacket];
  for (let index = 0; index < SET_SIZE; index++) {
    gate.receive({ ...first, source: `10.0.${index >> 8}.${index & 255}` }, 0);
  }
  assertEquals(gate.receive(first, 4_999).kind, "pass");
  assertEquals(gate.receive({ ...first, source: "10.0.0.0" }, 4_999).kind, "advance");
  assertEquals(gate.receive(first, 5_000).kind, "advance");
});

Deno.test("a plan that cannot be a gate is refused", () => {
  assertThrows(() => createGate(regularPlan([])), RangeError, "at least one stage");
  const stages = [{ port: 1, protocol: "tcp" as const, payload: bytes("x") }];
  assertThrows(() => createGate(secretPlan({ stages })), RangeError, "cannot have a payload");
  assertThrows(() => createGate(secretPlan({ trusted: ["10.0.0.0/33"] })), RangeError, "/33");
});
