import { assertEquals, assertRejects } from "@std/assert";
import {
  type PortResult,
  type RoundTrip,
  waitForAnyPort,
  waitForPort,
  type Way,
} from "../../src/net/wait_for_port.ts";
import type { TcpConnection } from "../../src/net/connection.ts";
import { FakeClock, FakeConnection, settle } from "../fakes.ts";
import { table } from "../table.ts";

interface Flight {
  at: number;
  signal: AbortSignal;
  answer(connection?: FakeConnection): FakeConnection;
  fail(cause: unknown): void;
}

/** A race whose attempts are answered by the test. */
function startRace(
  { timeoutMs = 5_000, ...more }: {
    timeoutMs?: number;
    signal?: AbortSignal;
    isSingle?: boolean;
    roundTrip?: RoundTrip;
  } = {},
) {
  const clock = new FakeClock({ start: 1_000 });
  const flights: Flight[] = [];
  const open = (signal: AbortSignal): Promise<TcpConnection> => {
    const { promise, resolve, reject } = Promise.withResolvers<TcpConnection>();
    signal.addEventListener("abort", () => reject(signal.reason));
    flights.push({
      at: clock.now() - 1_000,
      signal,
      answer: (connection = new FakeConnection()) => (resolve(connection), connection),
      fail: reject,
    });
    return promise;
  };
  const result = waitForPort({ open, clock, timeoutMs, ...more });
  return { clock, flights, result };
}

const refused = () => Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
const failure = (code: string) => Object.assign(new Error(code), { code });
const isPending = async (result: Promise<PortResult>) => {
  let pending = true;
  result.then(() => pending = false, () => pending = false);
  await settle();
  return pending;
};

/** When each SYN leaves while nothing answers, in the first 1.2 seconds. */
const SYNS = [0, 50, 125, 238, 406, 656, 906, 1_156];

Deno.test("new SYNs leave at growing gaps, and the first answer wins", async () => {
  const { clock, flights, result } = startRace();
  await clock.advance(1_200);
  assertEquals(flights.map(({ at }) => Math.round(at)), SYNS);
  const connection = flights[2]?.answer();
  const { status, ms, ...rest } = await result;
  assertEquals([status, ms], ["open", 1_200]);
  assertEquals((rest as { connection: unknown }).connection, connection);
  assertEquals(connection?.isClosed, false);
  assertEquals(flights.filter(({ signal }) => !signal.aborted), [flights[2]]);
  assertEquals(clock.sleeping, 0);
});

table<[number, number[]]>("the first gap is a round trip, where an answer has told it", {
  "shorter than what the two sides need": [0.1, [0, 20, 50, 95]],
  "30 ms": [30, [0, 30, 75, 142.5]],
  "longer than the longest gap": [700, [0, 250, 500, 750]],
}, async ([ms, moments]) => {
  const { clock, flights } = startRace({ roundTrip: { ms } });
  await clock.advance(800);
  assertEquals(flights.slice(0, 4).map(({ at }) => at), moments);
});

Deno.test("a refusal tells the round trip, and so the next gap", async () => {
  const roundTrip: RoundTrip = {};
  const { clock, flights } = startRace({ roundTrip });
  await clock.advance(30);
  flights[0]?.fail(refused());
  await clock.advance(400);
  assertEquals(roundTrip, { ms: 30 });
  const next = startRace({ roundTrip });
  await next.clock.advance(40);
  assertEquals(next.flights.map(({ at }) => at), [0, 30]);
});

Deno.test("no route is no answer of the host", async () => {
  const roundTrip: RoundTrip = {};
  const { clock, flights } = startRace({ roundTrip });
  await clock.advance(30);
  flights[0]?.fail(failure("EHOSTUNREACH"));
  await settle();
  assertEquals(roundTrip, {});
});

table<[Error, string]>("a single SYN: the first answer is believed", {
  "a refusal": [refused(), "refused"],
  "no route to the host": [failure("EHOSTUNREACH"), "error"],
}, async ([cause, status]) => {
  const { clock, flights, result } = startRace({ isSingle: true });
  await clock.advance(1_000);
  flights[0]?.fail(cause);
  assertEquals(await result, { status, ms: 1_000, cause } as PortResult);
  assertEquals(flights.length, 1);
});

Deno.test("a single SYN without an answer is closed after the timeout", async () => {
  const { clock, flights, result } = startRace({ isSingle: true, timeoutMs: 250 });
  await clock.advance(250);
  assertEquals([await result, flights.length], [
    { status: "closed", ms: 250, cause: undefined },
    1,
  ]);
});

Deno.test("an answer that comes at once needs one SYN", async () => {
  const { clock, flights, result } = startRace();
  await settle();
  flights[0]?.answer();
  assertEquals((await result).ms, 0);
  await clock.advance(1_000);
  assertEquals(flights.length, 1);
});

Deno.test("a connection that succeeds late is closed", async () => {
  const { clock, flights, result } = startRace();
  await clock.advance(100);
  const [winner, late] = [flights[1]?.answer(), flights[0]?.answer()];
  assertEquals((await result).status, "open");
  await settle();
  assertEquals([winner?.isClosed, late?.isClosed], [false, true]);
});

/** Refuses each SYN as it leaves, except for the one of `other`. */
async function refuseUntil(
  end: number,
  { clock, flights }: ReturnType<typeof startRace>,
  other: Record<number, Error> = {},
) {
  let count = 0;
  for (let at = 0; at < end; at += 10) {
    await clock.advance(10);
    for (; count < flights.length; count++) flights[count]?.fail(other[count] ?? refused());
    await settle();
  }
}

Deno.test("refusals are believed after 400 ms of them", async () => {
  const race = startRace();
  await refuseUntil(400, race);
  assertEquals(await isPending(race.result), true);
  await refuseUntil(260, race);
  const { status, cause } = await race.result as PortResult & { cause: Error };
  assertEquals([status, cause.message], ["refused", "refused"]);
});

Deno.test("another answer restarts the time of the refusals", async () => {
  const race = startRace();
  await refuseUntil(700, race, { 3: failure("EHOSTUNREACH") });
  assertEquals(await isPending(race.result), true);
  await refuseUntil(600, race);
  assertEquals((await race.result).status, "refused");
});

Deno.test("a port that opens after a refusal is open", async () => {
  const { clock, flights, result } = startRace();
  await settle();
  flights[0]?.fail(refused());
  await clock.advance(100);
  flights[1]?.answer();
  assertEquals((await result).status, "open");
});

Deno.test("silence until the timeout is closed, and every attempt is aborted", async () => {
  const { clock, flights, result } = startRace({ timeoutMs: 250 });
  await clock.advance(250);
  assertEquals(await result, { status: "closed", ms: 250, cause: undefined });
  assertEquals(flights.map(({ at }) => at), [0, 50, 125, 237.5]);
  assertEquals(flights.every(({ signal }) => signal.aborted), true);
});

table<readonly [unknown, string]>("the last answer decides at the timeout", {
  "a refusal": [refused(), "refused"],
  "no route to the host": [failure("EHOSTUNREACH"), "error"],
  "the kernel's own timeout": [failure("ETIMEDOUT"), "error"],
}, async ([cause, status]) => {
  const { clock, flights, result } = startRace({ timeoutMs: 150 });
  await settle();
  flights[0]?.fail(cause);
  await clock.advance(150);
  assertEquals(await result, { status, ms: 150, cause } as PortResult);
});

Deno.test("an error that no knock can fix ends the race", async () => {
  const { flights, result } = startRace();
  await settle();
  const cause = failure("EMFILE");
  flights[0]?.fail(cause);
  assertEquals(await result, { status: "error", ms: 0, cause });
});

Deno.test("a SYN without an answer is given up after four seconds: ARP takes three", async () => {
  const { clock, flights, result } = startRace({ timeoutMs: 10_000 });
  await clock.advance(4_900);
  const given = flights.filter(({ signal }) => signal.aborted).map(({ at }) => Math.round(at));
  assertEquals(given, [0, 50, 125, 238, 406, 656]);
  flights[15]?.answer();
  assertEquals((await result).status, "open");
});

Deno.test("cancelling aborts every attempt and rejects with the reason", async () => {
  const cancel = new AbortController();
  const { clock, flights, result } = startRace({ signal: cancel.signal });
  await clock.advance(60);
  cancel.abort(new Error("stop"));
  await assertRejects(() => result, Error, "stop");
  assertEquals(flights.map(({ signal }) => signal.aborted), [true, true]);
  assertEquals(clock.sleeping, 0);
  const late = startRace({ signal: cancel.signal });
  await assertRejects(() => late.result, Error, "stop");
  assertEquals(late.flights.length, 0);
});

Deno.test("an attempt that throws rejects the race", async () => {
  const clock = new FakeClock();
  const open = () => {
    throw new TypeError("a bug");
  };
  await assertRejects(() => waitForPort({ open, clock, timeoutMs: 100 }), TypeError, "a bug");
});

/** A way that gives `answer` after some milliseconds; silence where undefined. */
function makeWay(
  { clock, opened }: { clock: FakeClock; opened: { address: string; at: number }[] },
  address: string,
  answer: { after: number; cause?: Error } | undefined,
): Way {
  return {
    address,
    async open(signal) {
      opened.push({ address, at: clock.now() });
      await clock.sleepUntil(answer === undefined ? Infinity : clock.now() + answer.after, signal);
      if (answer?.cause !== undefined) throw answer.cause;
      return new FakeConnection();
    },
  };
}

type Answer = Parameters<typeof makeWay>[2];

table<readonly [Answer, Answer, string, string, number]>("waitForAnyPort", {
  "the first address opens before the second starts": [{ after: 50 }, { after: 1 }, "A", "open", 1],
  "the faster address wins": [{ after: 150 }, { after: 10 }, "B", "open", 2],
  "the first is silent": [undefined, { after: 10 }, "B", "open", 2],
  "the first refuses": [{ after: 1, cause: refused() }, { after: 450 }, "B", "open", 2],
  "the first cannot be used": [
    { after: 1, cause: failure("EADDRNOTAVAIL") },
    { after: 10 },
    "B",
    "open",
    2,
  ],
  "none opens: what answered counts": [
    undefined,
    { after: 1, cause: refused() },
    "B",
    "refused",
    2,
  ],
  "none answers": [undefined, undefined, "A", "closed", 2],
}, async ([one, other, address, status, count]) => {
  const clock = new FakeClock();
  const opened: { address: string; at: number }[] = [];
  const world = { clock, opened };
  const result = waitForAnyPort([makeWay(world, "A", one), makeWay(world, "B", other)], {
    clock,
    timeoutMs: 3_000,
  });
  await clock.advance(5_000);
  const { address: used, status: end } = await result;
  assertEquals([used, end], [address, status]);
  assertEquals(new Set(opened.map((each) => each.address)).size, count);
  assertEquals(clock.sleeping, 0);
});

Deno.test("a prohibited port over IPv6 (EACCES) may open yet", async () => {
  const { clock, flights, result } = startRace();
  flights[0]?.fail(failure("EACCES"));
  await clock.advance(100);
  flights[1]?.answer();
  assertEquals((await result).status, "open");
});
