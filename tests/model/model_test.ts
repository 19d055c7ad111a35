import { assertEquals, assertThrows } from "@std/assert";
import { BAN_RULE, type Plan, SET_SIZE, type Stage } from "../../src/plan/plan.ts";
import {
  createFirewallModel,
  type FirewallModel,
  type ModelPacket,
} from "../../src/model/model.ts";
import { table } from "../table.ts";
import {
  bytes,
  createKnocks,
  findEnd,
  HASHES,
  ME,
  regularPlan,
  secretPlan,
  toWords,
} from "./fixtures.ts";
import { type PlanChanges } from "../plans.ts";

/** Packets by name with the moments at which they arrive: `1@0 2@100`; a moment is optional. */
function play(plan: Plan, packets: Record<string, ModelPacket>, trace: string) {
  const model = createFirewallModel(plan);
  let at = 0;
  const kinds = trace.split(" ").map((step) => {
    const [name = "", moment] = step.split("@");
    at = moment === undefined ? at + 10 : Number(moment);
    return toWords(model.receive(packets[name] as ModelPacket, at));
  });
  return { isOpen: model.isLetIn(ME, at), kinds, model, at };
}

function isOpenAfter(plan: Plan, packets: Record<string, ModelPacket>, trace: string): boolean {
  return play(plan, packets, trace).isOpen;
}

function secretPackets(): Record<string, ModelPacket> {
  const [one, two, three] = createKnocks(secretPlan()) as [ModelPacket, ModelPacket, ModelPacket];
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

table("secret knocks open as measured", SECRET_MATRIX, (expected, trace) => {
  assertEquals(isOpenAfter(secretPlan(), secretPackets(), trace), expected);
});

Deno.test("the verdicts tell what a packet did", () => {
  const { kinds } = play(secretPlan(), secretPackets(), "1 wrong2 2 other3 3 3");
  assertEquals(kinds, ["advance 1", "pass", "advance 2", "pass", "open", "open"]);
});

Deno.test("an entry is there until just before its time, and gone at it", () => {
  const plan = regularPlan([1000, 2000], { stageTimeoutMs: 500, openForMs: 700 });
  const [first, second] = createKnocks(plan) as [ModelPacket, ModelPacket];
  const late = createFirewallModel(plan);
  late.receive(first, 100);
  assertEquals(toWords(late.receive(second, 600)), "pass");

  const inTime = createFirewallModel(plan);
  inTime.receive(first, 100);
  assertEquals(findEnd(inTime.receive(second, 599)), 1_299);
  assertEquals(inTime.isLetIn(ME, 1_298), true);
  assertEquals(inTime.isLetIn(ME, 1_299), false);
});

Deno.test("a repeated knock renews its stage, and the open time", () => {
  const plan = regularPlan([1000, 2000], { stageTimeoutMs: 500, openForMs: 700 });
  const [first, second] = createKnocks(plan) as [ModelPacket, ModelPacket];
  const model = createFirewallModel(plan);
  model.receive(first, 0);
  model.receive(first, 400);
  assertEquals(toWords(model.receive(second, 800)), "open");
  assertEquals(findEnd(model.receive(second, 899)), 1_599);
});

Deno.test("protected ports refuse until the door is open, other ports accept", () => {
  const plan = secretPlan({
    opens: [{ port: 22, protocol: "tcp" }, { port: 51820, protocol: "udp" }],
  });
  const model = createFirewallModel(plan);
  const visit = (protocol: "tcp" | "udp", port: number, source = ME, toHost = true) =>
    toWords(model.receive({ source, protocol, port, toHost }, 100));
  assertEquals(visit("tcp", 22), "refuse");
  assertEquals(visit("udp", 51820), "refuse");
  assertEquals(visit("udp", 51820, ME, false), "refuse");
  assertEquals(visit("udp", 22), "pass");
  assertEquals(visit("tcp", 80), "pass");
  for (const knock of createKnocks(plan)) model.receive(knock, 100);
  assertEquals(visit("tcp", 22), "pass");
  assertEquals(visit("udp", 51820), "pass");
  assertEquals(visit("tcp", 22, "192.0.2.8"), "refuse");
});

Deno.test("a source is the same however its address is written, and no other", () => {
  const plan = secretPlan();
  const [one, two, three] = createKnocks(plan) as [ModelPacket, ModelPacket, ModelPacket];
  const model = createFirewallModel(plan);
  model.receive({ ...one, source: "2001:db8:0:0::1" }, 0);
  model.receive({ ...two, source: "2001:DB8::1%eth0" }, 1);
  assertEquals(toWords(model.receive({ ...three, source: "2001:db8::0:1" }, 2)), "open");
  assertEquals(model.isLetIn("2001:db8::1", 3), true);
  assertEquals(model.isLetIn("2001:db8::2", 3), false);
  // The same 32 bits in the other family are another source.
  assertEquals(model.isLetIn("0.0.0.1", 3), false);
  assertEquals(model.isLetIn("::1", 3), false);
  assertThrows(() => model.receive({ ...one, source: "home" }, 4), RangeError, `"home"`);
});

Deno.test("trusted sources, and a family that is not covered, are always let in", () => {
  const model = createFirewallModel(secretPlan({
    trusted: ["198.51.100.0/24", "2001:db8:5::/48"],
    families: ["ipv6"],
  }));
  const visit = (source: string) =>
    toWords(model.receive({ source, protocol: "tcp", port: 22 }, 0));
  assertEquals(visit("2001:db8:5:6::7"), "pass");
  assertEquals(visit("2001:db8:6::7"), "refuse");
  assertEquals(visit("192.0.2.7"), "pass");
  assertEquals(model.isLetIn("2001:db8:5::1", 0), true);
  assertEquals(model.isLetIn("2001:db8:6::1", 0), false);
});

const SHARED_PORTS: [ports: number[], trace: string, isOpen: boolean][] = [
  [[1000, 1000, 2000], "1000 2000", false],
  [[1000, 1000, 2000], "1000 1000 2000", true],
  [[1000, 1000, 1000], "1000 1000", false],
  [[1000, 1000, 1000], "1000 1000 1000", true],
  [[1000, 2000, 1000], "1000 2000", false],
  [[1000, 2000, 1000], "1000 2000 1000", true],
  [[1000], "1000", true],
];

table(
  "one packet never counts as two knocks",
  SHARED_PORTS.map((row) => [`${row[0]}: ${row[1]}`, row] as const),
  ([ports, trace, expected]) => {
    const packets = Object.fromEntries(ports.map((port) => [
      port,
      { source: ME, protocol: "tcp" as const, port },
    ]));
    assertEquals(isOpenAfter(regularPlan(ports), packets, trace), expected);
    assertEquals(isOpenAfter(regularPlan(ports, { guard: true }), packets, trace), expected);
  },
);

Deno.test("a regular udp knock is any datagram, a tcp knock only a bare SYN", () => {
  const plan = regularPlan([], { stages: [{ port: 7000, protocol: "udp" }] });
  for (const payload of [undefined, new Uint8Array(), new Uint8Array(1), new Uint8Array(2_000)]) {
    const packet: ModelPacket = { source: ME, protocol: "udp", port: 7000, payload };
    assertEquals(toWords(createFirewallModel(plan).receive(packet, 0)), "open");
  }
  const tcp = createFirewallModel(regularPlan([7000]));
  const packet: ModelPacket = { source: ME, protocol: "tcp", port: 7000 };
  assertEquals(toWords(tcp.receive({ ...packet, flags: "other" }, 0)), "pass");
  assertEquals(toWords(tcp.receive({ ...packet, flags: "syn" }, 0)), "open");
});

const GUARDED: PlanChanges = { guard: true, publicServices: [{ port: 443, protocol: "tcp" }] };

function guardPackets(): Record<string, ModelPacket> {
  const tcp = (port: number): ModelPacket => ({ source: ME, protocol: "tcp", port });
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

table("the guard resets the sequence at mistakes only", GUARD_MATRIX, (expected, trace) => {
  const plan = regularPlan([7000, 3000, 9000], GUARDED);
  assertEquals(isOpenAfter(plan, guardPackets(), trace), expected);
});

Deno.test("the guard's verdicts", () => {
  const plan = regularPlan([7000, 3000, 9000], GUARDED);
  const model = createFirewallModel(plan);
  const packets = guardPackets();
  const receive = (name: string, at: number) =>
    toWords(model.receive(packets[name] as ModelPacket, at));
  assertEquals(receive("stranger", 0), "mistake");
  receive("1", 10);
  assertEquals(receive("stranger", 20), "mistake reset");
  receive("1", 30);
  receive("2", 4_000);
  assertEquals(receive("2", 5_500), "duplicate 2");
  // A copy renews nothing.
  assertEquals(receive("2", 8_999), "duplicate 2");
  assertEquals(receive("2", 9_000), "mistake");
});

Deno.test("a late copy of the last knock neither resets nor renews", () => {
  const plan = regularPlan([7000, 3000], { guard: true });
  const [first, second] = createKnocks(plan) as [ModelPacket, ModelPacket];
  const model = createFirewallModel(plan);
  model.receive(first, 0);
  model.receive(second, 100);
  assertEquals(toWords(model.receive(second, 5_000)), "duplicate 2");
  assertEquals([model.isLetIn(ME, 60_099), model.isLetIn(ME, 60_100)], [true, false]);
});

const STRANGER: ModelPacket = { source: ME, protocol: "tcp", port: 8080 };

/** Whether the source is banned, by what becomes of a packet to an own knock port, which never counts. */
function isBanned(model: FirewallModel, at: number): boolean {
  return toWords(model.receive({ source: ME, protocol: "udp", port: 7000 }, at)) === "banned";
}

Deno.test("the sixth mistake in a minute bans the source for 10 minutes", () => {
  const plan = regularPlan([7000, 7001], { guard: true, ban: true });
  const model = createFirewallModel(plan);
  const [first, second] = createKnocks(plan) as [ModelPacket, ModelPacket];
  const bannedAt = 500;
  for (let at = 0; at < bannedAt; at += 100) {
    assertEquals(toWords(model.receive(STRANGER, at)), "mistake");
  }
  const last = model.receive(STRANGER, bannedAt);
  assertEquals(toWords(last), "mistake banned");
  assertEquals(toWords(model.receive(first, 600)), "banned");
  assertEquals(toWords(model.receive({ ...STRANGER, port: 22 }, 700)), "refuse");
  model.receive(STRANGER, 800);
  const end = bannedAt + BAN_RULE.banMs;
  assertEquals(isBanned(model, end - 1), true);
  assertEquals(isBanned(model, end), false);
  model.receive(first, end);
  assertEquals(toWords(model.receive(second, end + 1)), "open");
});

Deno.test("five mistakes in a minute never ban, whenever they come", () => {
  const { mistakes, windowMs } = BAN_RULE;
  for (const gap of [0, windowMs / mistakes]) {
    const model = createFirewallModel(regularPlan([7000, 7001], { guard: true, ban: true }));
    for (let minute = 0; minute < 60; minute++) {
      for (let n = 0; n < mistakes; n++) model.receive(STRANGER, minute * 2 * windowMs + n * gap);
    }
    assertEquals(isBanned(model, 120 * windowMs), false);
  }
});

Deno.test("the mistakes of IPv6 sources are counted by network", () => {
  const isNeighbourBanned = (banPrefix6: number, neighbour: (n: number) => string) => {
    const plan = regularPlan([7000, 7001], { guard: true, ban: true, banPrefix6 });
    const model = createFirewallModel(plan);
    for (let n = 0; n <= BAN_RULE.mistakes; n++) {
      model.receive({ ...STRANGER, source: neighbour(n) }, n);
    }
    const knock: ModelPacket = { source: "2001:db8:1:2::9", protocol: "tcp", port: 7000 };
    return toWords(model.receive(knock, 100)) === "banned";
  };
  const inside = (n: number) => `2001:db8:1:2:${n}::1`;
  const nextTo = (n: number) => `2001:db8:1:${30 + n}::1`;
  assertEquals(isNeighbourBanned(64, inside), true);
  assertEquals(isNeighbourBanned(64, nextTo), false);
  assertEquals(isNeighbourBanned(56, nextTo), true);
  assertEquals(isNeighbourBanned(128, inside), false);
});

Deno.test("own knock ports, protected and public ports never ban", () => {
  const plan = regularPlan([7000, 3000, 9000], { ...GUARDED, ban: true });
  const { model, at } = play(
    plan,
    guardPackets(),
    Array<string>(20).fill("3 2 1ack ssh https broadcast").join(" "),
  );
  assertEquals(isBanned(model, at), false);
});

Deno.test("open sources stay open after mistakes and a ban", () => {
  const plan = regularPlan([7000, 3000, 9000], { ...GUARDED, ban: true });
  const trace = `1 2 3 ${Array<string>(10).fill("stranger").join(" ")} ssh`;
  const { model, at, kinds, isOpen } = play(plan, guardPackets(), trace);
  assertEquals(isBanned(model, at), true);
  assertEquals(isOpen, true);
  assertEquals(kinds.at(-1), "pass");
});

Deno.test("a knock at a protected port counts, and is dropped until the door is open", () => {
  const plan = regularPlan([22, 7000], { guard: true });
  const [first, second] = createKnocks(plan) as [ModelPacket, ModelPacket];
  const model = createFirewallModel(plan);
  const advanced = model.receive(first, 0);
  assertEquals([toWords(advanced), advanced.accepted], ["advance 1", false]);
  assertEquals(toWords(model.receive(second, 1)), "open");
  assertEquals(model.receive(first, 2).accepted, true);
});

Deno.test("a full stage accepts no other source until its entries expire", () => {
  const plan = regularPlan([1000, 2000]);
  const model = createFirewallModel(plan);
  const [first] = createKnocks(plan) as [ModelPacket];
  for (let index = 0; index < SET_SIZE; index++) {
    model.receive({ ...first, source: `10.0.${index >> 8}.${index & 255}` }, 0);
  }
  assertEquals(toWords(model.receive(first, 4_999)), "pass");
  assertEquals(toWords(model.receive({ ...first, source: "10.0.0.0" }, 4_999)), "advance 1");
  assertEquals(toWords(model.receive(first, 5_000)), "advance 1");
});

Deno.test("createFirewallModel refuses a plan without stages, and a wrong network", () => {
  assertThrows(() => createFirewallModel(regularPlan([])), RangeError, "at least one stage");
  const trusted = ["10.0.0.0/33"];
  assertThrows(() => createFirewallModel(secretPlan({ trusted })), RangeError, "/33");
});

Deno.test("Stage: a tcp knock cannot have a payload", () => {
  // @ts-expect-error Only udp has a payload.
  const stage: Stage = { port: 1, protocol: "tcp", payload: bytes("x") };
  assertEquals(stage.port, 1);
});

Deno.test("of a connection only a secret is a knock, and nothing is a mistake", () => {
  const plan = secretPlan({ guard: true, ban: true });
  const live = Object.fromEntries(
    Object.entries(secretPackets()).map((
      [name, packet],
    ) => [name, { ...packet, established: true }]),
  );
  assertEquals(isOpenAfter(plan, live, "1 2 3"), true);
  assertEquals(isOpenAfter(plan, live, "1 wrong2 wrong2 wrong1 wrong3 empty2 port1 2 3"), true);
  assertEquals(isOpenAfter(plan, live, "1 3 2"), false);
  const { model } = play(plan, live, "wrong1");
  const door: ModelPacket = { source: ME, protocol: "tcp", port: 22, established: true };
  assertEquals(toWords(model.receive(door, 20)), "pass");
  const regular = regularPlan([7000, 7001]);
  const [first, second] = createKnocks(regular).map((knock) => ({ ...knock, established: true }));
  assertEquals(
    isOpenAfter(regular, { a: first as ModelPacket, b: second as ModelPacket }, "a b"),
    false,
  );
});
