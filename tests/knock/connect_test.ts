import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError, NetworkError, SecretError } from "../../src/core/errors.ts";
import type { Knock } from "../../src/core/knock.ts";
import { connectThrough } from "../../src/knock/connect.ts";
import type { TcpConnection } from "../../src/net/connection.ts";
import { FakeClock, FakeConnection, FakeNet } from "../fakes.ts";
import { table } from "../table.ts";

const knocks: Knock[] = [1, 2].map((port) => ({
  port,
  protocol: "udp",
  payload: { kind: "none" },
}));

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

interface DoorOptions {
  /** Whether a SYN that leaves now is answered, and after how many milliseconds. */
  answer: (world: { at: number; sent: number }) => number | "silence" | "refusal";
  graceMs?: number;
  tries?: number;
  payloads?: () => Promise<readonly Uint8Array[]>;
}

function setUp({ answer, graceMs = 150, tries = 3, payloads }: DoorOptions) {
  const clock = new FakeClock();
  const net = new FakeNet(clock);
  const cancel = new AbortController();
  const syns: number[] = [];
  const connections: FakeConnection[] = [];
  let asked = 0;
  const open = async (signal: AbortSignal): Promise<TcpConnection> => {
    syns.push(clock.now());
    const after = answer({ at: clock.now(), sent: net.sent.length });
    if (after === "refusal") throw Object.assign(new Error(), { code: "ECONNREFUSED" });
    await (after === "silence"
      ? untilAborted(signal)
      : clock.sleepUntil(clock.now() + after, signal));
    const connection = new FakeConnection();
    connections.push(connection);
    return connection;
  };
  const connect = async () => {
    const running = connectThrough({
      host: "fw.example.com",
      sequence: { knocks, delayMs: 50, stageTimeoutMs: 5_000, copies: "auto" },
      payloads: () => (asked++,
        payloads?.() ?? Promise.resolve(knocks.map(() => new Uint8Array()))),
      tries,
      timeoutMs: 10_000,
      graceMs,
      ways: [{ address: "192.0.2.1", ends: [{ address: "192.0.2.1", open }] }],
    }, { net, clock, signal: cancel.signal });
    running.catch(() => {});
    await clock.advance(20_000);
    return await running;
  };
  return { clock, net, cancel, syns, connections, connect, asked: () => asked };
}

Deno.test("connectThrough needs no secret and no knock for an open port", async () => {
  const { net, syns, connections, connect, asked } = setUp({ answer: () => 149 });
  const { connection, knocks } = await connect();
  assertEquals([connection === connections[0], knocks], [true, undefined]);
  assertEquals([syns, net.sent.length, asked()], [[0], 0, 0]);
});

Deno.test("connectThrough looks with one SYN for the grace, then knocks", async () => {
  const { net, syns, connect } = setUp({ answer: ({ sent }) => sent < 2 ? "silence" : 30 });
  const { connection, knocks } = await connect();
  assertEquals([connection !== undefined, knocks?.tries, knocks?.isOpen], [true, 1, true]);
  assertEquals(net.sent.map(({ at }) => at), [150, 200]);
  assertEquals(syns, [0, 200]);
});

Deno.test("connectThrough knocks at once after a refusal", async () => {
  const { net, connect } = setUp({ answer: ({ sent }) => sent < 2 ? "refusal" : 30 });
  await connect();
  assertEquals(net.sent[0]?.at, 0);
});

Deno.test("connectThrough does not look with a grace of 0", async () => {
  const { syns, net, connect } = setUp({ answer: () => 5, graceMs: 0 });
  await connect();
  assertEquals([net.sent.map(({ at }) => at), syns], [[0, 50], [50]]);
});

Deno.test("connectThrough sends a SYN every 100 ms and takes the first answer", async () => {
  // The door opens 250 ms after the last knock.
  const { syns, connections, connect, clock } = setUp({
    answer: ({ at }) => at < 450 ? "silence" : 40,
  });
  const { connection, knocks } = await connect();
  assertEquals(syns, [0, 200, 300, 400, 500]);
  assertEquals([connection === connections[0], knocks?.probes[0]?.ms], [true, 340]);
  assertEquals([connections.length, clock.sleeping], [1, 0]);
});

Deno.test("connectThrough: each further try is slower, in duplicate, and waits longer", async () => {
  const { net, connect } = setUp({ answer: ({ sent }) => sent < 10 ? "silence" : 10, tries: 8 });
  const { knocks } = await connect();
  assertEquals(knocks?.tries, 3);
  assertEquals(net.sent.map(({ port, at }) => [port, at]), [
    ...[[1, 150], [2, 200]],
    ...[[1, 700], [1, 750], [2, 800], [2, 850]],
    ...[[1, 1850], [1, 1950], [2, 2050], [2, 2150]],
  ]);
});

Deno.test("connectThrough returns no connection for a port that stays closed", async () => {
  const { connect } = setUp({ answer: () => "silence", tries: 2 });
  const { connection, knocks } = await connect();
  assertEquals([connection, knocks?.isOpen, knocks?.tries], [undefined, false, 2]);
  assertEquals(knocks?.probes[0]?.status, "closed");
});

Deno.test("connectThrough reports a port that refuses", async () => {
  const { connect } = setUp({
    answer: ({ sent }) => sent < 2 ? "silence" : "refusal",
    tries: 1,
  });
  const { connection, knocks } = await connect();
  assertEquals([connection, knocks?.probes[0]?.status], [undefined, "refused"]);
});

Deno.test("connectThrough sends nothing without its secrets", async () => {
  const { net, connect, clock } = setUp({
    answer: () => "silence",
    payloads: () => Promise.reject(new SecretError("no")),
  });
  await assertRejects(connect, SecretError);
  assertEquals([net.sent.length, clock.sleeping], [0, 0]);
});

Deno.test("connectThrough rejects when a packet cannot be sent", async () => {
  const { net, connect, clock } = setUp({ answer: () => "silence" });
  net.failure = new NetworkError("no route");
  await assertRejects(connect, NetworkError);
  assertEquals([net.open, clock.sleeping], [0, 0]);
});

table("connectThrough: Ctrl-C leaves no socket open", {
  "in the first look": 100,
  "between the knocks": 170,
  "while it waits for the port": 420,
}, async (after) => {
  const { clock, net, cancel, connect } = setUp({ answer: () => "silence" });
  const interrupt = clock.sleepUntil(after).then(() => cancel.abort(new CancelledError()));
  await assertRejects(connect, CancelledError);
  await interrupt;
  assertEquals([net.open, clock.sleeping], [0, 0]);
});
