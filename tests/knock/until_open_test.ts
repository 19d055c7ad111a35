import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import type { Knock } from "../../src/core/knock.ts";
import {
  type BoundProbe,
  knockUntilOpen,
  type Learned,
  type OpenEvents,
  type ProbeOutcome,
} from "../../src/knock/until_open.ts";
import { FakeClock, FakeNet } from "../fakes.ts";
import { table } from "../table.ts";

const knocks: Knock[] = [1, 2].map((port) => ({
  port,
  protocol: "udp",
  payload: { kind: "none" },
}));

/** A probe that finds `finds`, one a try; records what it was asked. */
function fakeProbe(label: string, finds: ProbeOutcome["status"][]) {
  const asked: { attempt: number; timeoutMs: number; silenceTimeoutMs: number }[] = [];
  const probe: BoundProbe = ({ attempt, timeoutMs, silenceTimeoutMs }) => {
    const status = finds[asked.length] ?? "error";
    asked.push({ attempt, timeoutMs, silenceTimeoutMs });
    return Promise.resolve({ label, status, ms: 1, detail: "" });
  };
  return { probe, asked };
}

function setUp(
  probes: BoundProbe[],
  { tries = 3, auto = true, goal, timeoutMs = 10_000, delayMs = 50, learned }: {
    tries?: number;
    delayMs?: "auto" | number;
    learned?: Learned;
    auto?: boolean;
    goal?: "shut";
    timeoutMs?: number;
  } = {},
) {
  const clock = new FakeClock({ auto });
  const net = new FakeNet(clock);
  const cancel = new AbortController();
  const request: Parameters<typeof knockUntilOpen>[0] = {
    sequence: { knocks, delayMs, stageTimeoutMs: 5_000, copies: "auto" },
    payloads: [new Uint8Array(), new Uint8Array()],
    address: "192.0.2.1",
    tries,
    timeoutMs,
    probes,
    goal,
    learned,
  };
  const open = (events: OpenEvents = {}) =>
    knockUntilOpen(request, { net, clock, signal: cancel.signal, events });
  return { clock, net, cancel, open };
}

Deno.test("knockUntilOpen without probes is one try that counts as open", async () => {
  const { net, open } = setUp([]);
  assertEquals(await open(), { tries: 1, packets: 2, sentMs: 50, probes: [], isOpen: true });
  assertEquals(net.sent.map(({ port, at }) => [port, at]), [[1, 0], [2, 50]]);
});

Deno.test("knockUntilOpen knocks once when the port opens at once", async () => {
  const tcp = fakeProbe("tcp 22", ["open"]);
  const { open } = setUp([tcp.probe]);
  const { tries, packets, isOpen } = await open();
  assertEquals({ tries, packets, isOpen }, { tries: 1, packets: 2, isOpen: true });
});

Deno.test("knockUntilOpen stops with the first try that opens the port", async () => {
  const tcp = fakeProbe("tcp 22", ["closed", "open"]);
  const { net, open } = setUp([tcp.probe], { tries: 5 });
  const report = await open();
  assertEquals([report.tries, report.packets, report.isOpen], [2, 6, true]);
  assertEquals(net.sent.map(({ port }) => port), [1, 2, 1, 1, 2, 2]);
});

Deno.test("knockUntilOpen uses all tries for a port that stays closed", async () => {
  const tcp = fakeProbe("tcp 22", ["closed", "refused", "error"]);
  const { open } = setUp([tcp.probe]);
  const report = await open();
  assertEquals([report.tries, report.isOpen], [3, false]);
  assertEquals(report.probes.map(({ status }) => status), ["error"]);
});

Deno.test("knockUntilOpen does not repeat a probe that has passed", async () => {
  const first = fakeProbe("tcp 22", ["open", "closed"]);
  const second = fakeProbe("tcp 443", ["closed", "closed", "open"]);
  const { open } = setUp([first.probe, second.probe]);
  const report = await open();
  assertEquals(report.probes.map(({ label, status }) => [label, status]), [
    ["tcp 22", "open"],
    ["tcp 443", "open"],
  ]);
  assertEquals([first.asked.length, second.asked.length, report.tries], [1, 3, 3]);
});

Deno.test("knockUntilOpen, to close: tries go on until the probes find silence or a refusal", async () => {
  const first = fakeProbe("tcp 22", ["closed"]);
  const second = fakeProbe("tcp 443", ["open", "error", "refused"]);
  const report = await setUp([first.probe, second.probe], { goal: "shut" }).open();
  assertEquals([report.tries, report.isOpen], [3, true]);
  assertEquals([first.asked.length, second.asked.length], [1, 3]);
  const stuck = fakeProbe("tcp 22", ["open", "open", "open"]);
  assertEquals((await setUp([stuck.probe], { goal: "shut" }).open()).isOpen, false);
});

Deno.test("knockUntilOpen: early tries wait less, the last has the whole timeout", async () => {
  const tcp = fakeProbe("tcp 22", ["closed", "closed", "closed"]);
  await setUp([tcp.probe]).open();
  assertEquals(tcp.asked, [
    { attempt: 1, timeoutMs: 10_000, silenceTimeoutMs: 300 },
    { attempt: 2, timeoutMs: 10_000, silenceTimeoutMs: 600 },
    { attempt: 3, timeoutMs: 10_000, silenceTimeoutMs: 10_000 },
  ]);
});

table("knockUntilOpen: how long a try waits for silence", {
  "the only try": { attempt: 1, tries: 1, timeoutMs: 10_000, patience: 10_000 },
  "a short timeout": { attempt: 1, tries: 3, timeoutMs: 200, patience: 200 },
  "it doubles with each try": { attempt: 3, tries: 9, timeoutMs: 5_000, patience: 1_200 },
  "up to two seconds": { attempt: 4, tries: 9, timeoutMs: 5_000, patience: 2_000 },
  "never more than the timeout": { attempt: 3, tries: 9, timeoutMs: 900, patience: 900 },
  "no overflow": { attempt: 60, tries: 99, timeoutMs: 10_000, patience: 2_000 },
}, async ({ attempt, tries, timeoutMs, patience }) => {
  const tcp = fakeProbe("tcp 22", Array<"closed">(tries).fill("closed"));
  await setUp([tcp.probe], { tries, timeoutMs }).open();
  assertEquals(tcp.asked[attempt - 1]?.silenceTimeoutMs, patience);
});

Deno.test("knockUntilOpen reports its events in order", async () => {
  const tcp = fakeProbe("tcp 22", ["closed", "open"]);
  const story: string[] = [];
  await setUp([tcp.probe]).open({
    onTry: (attempt) => story.push(`try ${attempt}`),
    onPacket: ({ port }, attempt) => story.push(`${attempt}: ${port}`),
    onSent: (ms, attempt) => story.push(`${attempt}: sent in ${ms}`),
    onProbe: ({ status }, attempt) => story.push(`${attempt}: ${status}`),
  });
  assertEquals(story, [
    ...["try 1", "1: 1", "1: 2", "1: sent in 50", "1: closed"],
    ...["try 2", "2: 1", "2: 1", "2: 2", "2: 2", "2: sent in 125", "2: open"],
  ]);
});

Deno.test("knockUntilOpen rejects before any probe when a packet cannot be sent", async () => {
  const tcp = fakeProbe("tcp 22", ["open"]);
  const { net, open } = setUp([tcp.probe]);
  net.failure = new NetworkError("no route");
  await assertRejects(() => open(), NetworkError, "no route");
  assertEquals(tcp.asked.length, 0);
});

Deno.test("knockUntilOpen: cancelling between knocks sends no other", async () => {
  const tcp = fakeProbe("tcp 22", ["open"]);
  const { clock, net, cancel, open } = setUp([tcp.probe], { auto: false });
  const opening = open();
  await clock.advance(20);
  cancel.abort(new Error("stop"));
  await assertRejects(() => opening, Error, "stop");
  assertEquals([net.sent.length, net.open, tcp.asked.length], [1, 0, 0]);
});

Deno.test("knockUntilOpen: cancelling during a probe starts no other try", async () => {
  const hanging: BoundProbe = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { clock, net, cancel, open } = setUp([hanging], { auto: false });
  const opening = open();
  await clock.advance(100);
  cancel.abort(new Error("stop"));
  await assertRejects(() => opening, Error, "stop");
  assertEquals(net.sent.length, 2);
});

table<[Parameters<typeof setUp>[1], ProbeOutcome["status"][], number[]]>(
  "auto: when each packet leaves",
  {
    "bold, careful, slow": [{}, ["closed", "closed", "open"], [
      ...[0, 5],
      ...[5, 30, 55, 80],
      ...[80, 105, 180, 205],
    ]],
    "one try has to be right": [{ tries: 1 }, ["open"], [0, 50]],
    "a pace that was too bold once is not tried again": [{ learned: { pace: 1 } }, ["open"], [
      0,
      50,
    ]],
    "a written delay is kept": [{ delayMs: 30 }, ["closed", "open"], [0, 30, 30, 55, 90, 115]],
  },
  async ([options, finds, moments]) => {
    const { net, open } = setUp([fakeProbe("tcp 22", finds).probe], {
      delayMs: "auto",
      ...options,
    });
    await open();
    assertEquals(net.sent.map(({ at }) => at), moments);
  },
);

table<[ProbeOutcome["status"][], number]>("what a run learns about the pace", {
  "the first try opened": [["open"], 0],
  "the third one": [["closed", "refused", "open"], 2],
  "none: the door may be shut for another reason": [["closed", "closed", "closed"], 0],
}, async ([finds, pace]) => {
  const learned = { pace: 0 };
  await setUp([fakeProbe("tcp 22", finds).probe], { delayMs: "auto", learned }).open();
  assertEquals(learned, { pace });
});

Deno.test("what a run learns about the pace has an end: tries fail for other reasons too", async () => {
  const learned = { pace: 0 };
  for (let renewal = 0; renewal < 20; renewal++) {
    const { probe } = fakeProbe("tcp 22", ["closed", "closed", "open"]);
    await setUp([probe], { delayMs: "auto", learned }).open();
  }
  assertEquals(learned, { pace: 2 });
});

/** A door of knockd: regular knocks, once each. */
function setUpKnockd(ports: readonly number[], finds: ProbeOutcome["status"][]) {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock);
  const cancel = new AbortController();
  const tcp = fakeProbe("tcp 22", finds);
  const request: Parameters<typeof knockUntilOpen>[0] = {
    sequence: {
      knocks: ports.map((port) => ({ port, protocol: "tcp", payload: { kind: "none" } })),
      delayMs: 100,
      stageTimeoutMs: 5_000,
      copies: 1,
    },
    payloads: ports.map(() => new Uint8Array()),
    address: "192.0.2.1",
    tries: 3,
    timeoutMs: 1_000,
    probes: [tcp.probe],
  };
  const open = (events: OpenEvents = {}) =>
    knockUntilOpen(request, { net, clock, signal: cancel.signal, events });
  return { net, cancel, open };
}

Deno.test("knockUntilOpen at a knockd: a further try first ends what the former one left", async () => {
  const { net, open } = setUpKnockd([7, 8, 9], ["closed", "closed", "open"]);
  const knocks: number[] = [];
  const { packets } = await open({ onPacket: ({ knock }) => knocks.push(knock) });
  assertEquals(net.sent.map(({ port }) => port), [7, 8, 9, 8, 8, 7, 8, 9, 8, 8, 7, 8, 9]);
  assertEquals(knocks.slice(0, 8), [0, 1, 2, -1, -1, 0, 1, 2]);
  // At the pace of the try.
  assertEquals(net.sent.slice(3, 8).map(({ at }) => at), [200, 400, 600, 800, 1_000]);
  assertEquals(packets, 13);
});

Deno.test("knockUntilOpen at a knockd: without a knock for that, a further try waits", async () => {
  const { net, open } = setUpKnockd([7, 9], ["closed", "open"]);
  const pauses: number[] = [];
  await open({ onPause: (ms) => pauses.push(ms) });
  assertEquals(net.sent.map(({ port, at }) => [port, at]), [
    [7, 0],
    [9, 100],
    [7, 5_350],
    [9, 5_550],
  ]);
  assertEquals(pauses, [5_250]);
});

Deno.test("knockUntilOpen at a knockd: an abort ends the wait", async () => {
  const { net, cancel, open } = setUpKnockd([7, 9], ["closed", "open"]);
  await assertRejects(
    () => open({ onPause: () => cancel.abort(new Error("enough")) }),
    Error,
    "enough",
  );
  assertEquals(net.sent.length, 2);
});
