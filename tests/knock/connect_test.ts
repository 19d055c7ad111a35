import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError, NetworkError, SecretError } from "../../src/core/errors.ts";
import type { Knock } from "../../src/core/knock.ts";
import { connectThrough } from "../../src/knock/connect.ts";
import type { BoundProbe } from "../../src/knock/until_open.ts";
import type { TcpConnection } from "../../src/net/connection.ts";
import { FakeClock, FakeConnection, FakeNet } from "../fakes.ts";
import { table } from "../table.ts";

const knocks: Knock[] = [1, 2].map((port) => ({
  port,
  protocol: "udp",
  payload: { kind: "none" },
}));

const SECRETS: Knock[] = knocks.map((knock) => ({
  ...knock,
  payload: { kind: "secret", source: { kind: "hash", hash: "0".repeat(64) } },
}));

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

interface DoorOptions {
  /** Whether a SYN that leaves now is answered, and after how many milliseconds. */
  answer: (world: { at: number; sent: number }) => number | "silence" | "refusal";
  /** What the first look may take; at once where undefined. */
  lookMs?: number | undefined;
  tries?: number;
  delayMs?: "auto" | number;
  isSecret?: boolean;
  probes?: BoundProbe[];
  payloads?: () => Promise<readonly Uint8Array[]>;
}

function setUp(
  { answer, tries = 3, delayMs = 50, isSecret, probes, payloads, ...look }: DoorOptions,
) {
  const lookMs = "lookMs" in look ? look.lookMs : 150;
  const clock = new FakeClock();
  const net = new FakeNet(clock);
  const cancel = new AbortController();
  const syns: number[] = [];
  /** What left, in order, and when. */
  const story: string[] = [];
  const connections: FakeConnection[] = [];
  let asked = 0;
  const open = async (signal: AbortSignal): Promise<TcpConnection> => {
    syns.push(clock.now());
    story.push(`${clock.now()} SYN`);
    const after = answer({ at: clock.now(), sent: net.sent.length });
    if (after === "refusal") throw Object.assign(new Error(), { code: "ECONNREFUSED" });
    await (after === "silence"
      ? untilAborted(signal)
      : clock.sleepUntil(clock.now() + after, signal));
    const connection = new FakeConnection();
    connections.push(connection);
    return connection;
  };
  const connect = async ({ forMs = 20_000 } = {}) => {
    const running = connectThrough({
      host: "fw.example.com",
      sequence: {
        knocks: isSecret ? SECRETS : knocks,
        delayMs,
        stageTimeoutMs: 5_000,
        copies: "auto",
      },
      payloads: () => (asked++,
        payloads?.() ?? Promise.resolve(knocks.map(() => new Uint8Array()))),
      tries,
      timeoutMs: 10_000,
      lookMs,
      ways: [{ address: "192.0.2.1", ends: [{ address: "192.0.2.1", open }], probes }],
    }, {
      net,
      clock,
      signal: cancel.signal,
      events: { onPacket: ({ port }) => story.push(`${clock.now()} ${port}`) },
    });
    running.catch(() => {});
    await clock.advance(forMs);
    return await running;
  };
  return { clock, net, cancel, syns, story, connections, connect, asked: () => asked };
}

Deno.test("connectThrough needs no secret and no knock for an open port", async () => {
  const { net, syns, connections, connect, asked } = setUp({ answer: () => 149 });
  const { connection, knocks } = await connect();
  assertEquals([connection === connections[0], knocks], [true, undefined]);
  assertEquals([syns, net.sent.length, asked()], [[0], 0, 0]);
});

Deno.test("connectThrough looks with one SYN for its time, then knocks", async () => {
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

Deno.test("connectThrough does not look for a time of 0", async () => {
  const { syns, net, connect } = setUp({ answer: () => 5, lookMs: 0 });
  await connect();
  assertEquals([net.sent.map(({ at }) => at), syns], [[0, 50], [50]]);
});

Deno.test("connectThrough sends SYNs at growing gaps and takes the first answer", async () => {
  // The door opens 200 ms after the last knock.
  const { syns, connections, connect, clock } = setUp({
    answer: ({ at }) => at < 400 ? "silence" : 40,
  });
  const { connection, knocks } = await connect();
  assertEquals(syns, [0, 200, 250, 325, 437.5]);
  assertEquals([connection === connections[0], knocks?.probes[0]?.ms], [true, 277.5]);
  assertEquals([connections.length, clock.sleeping], [1, 0]);
});

Deno.test("connectThrough: each further try is slower, in duplicate, and waits longer", async () => {
  const { net, connect } = setUp({ answer: ({ sent }) => sent < 10 ? "silence" : 10, tries: 8 });
  const { knocks } = await connect();
  assertEquals(knocks?.tries, 3);
  assertEquals(net.sent.map(({ port, at }) => [port, at]), [
    ...[[1, 150], [2, 200]],
    ...[[1, 500], [1, 525], [2, 600], [2, 625]],
    ...[[1, 1225], [1, 1250], [2, 1425], [2, 1450]],
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
  await assertRejects(() => connect(), SecretError);
  assertEquals([net.sent.length, clock.sleeping], [0, 0]);
});

Deno.test("connectThrough rejects when a packet cannot be sent", async () => {
  const { net, connect, clock } = setUp({ answer: () => "silence" });
  net.failure = new NetworkError("no route");
  await assertRejects(() => connect(), NetworkError);
  assertEquals([net.open, clock.sleeping], [0, 0]);
});

table("connectThrough: Ctrl-C leaves no socket open", {
  "in the first look": 100,
  "between the knocks": 170,
  "while it waits for the port": 420,
}, async (after) => {
  const { clock, net, cancel, connect } = setUp({ answer: () => "silence" });
  const interrupt = clock.sleepUntil(after).then(() => cancel.abort(new CancelledError()));
  await assertRejects(() => connect(), CancelledError);
  await interrupt;
  assertEquals([net.open, clock.sleeping], [0, 0]);
});

/** What leaves, and when, until a connection stands: `SYN`, and the knock's port. */
async function tell(options: Omit<DoorOptions, "lookMs">) {
  const run = setUp({ delayMs: "auto", lookMs: undefined, ...options });
  const { connection, knocks } = await run.connect();
  const { net, story, connections, clock } = run;
  return {
    story,
    used: connections.findIndex((each) => each === connection),
    open: connections.filter(({ isClosed }) => !isClosed).length,
    surplus: connections.length - 1,
    tries: knocks?.tries,
    sockets: [net.open, clock.sleeping],
  };
}

const ANSWERED = { used: 0, open: 1, surplus: 0, sockets: [0, 0] };

table<[Omit<DoorOptions, "lookMs">, { tries: number | undefined; story: string[] }]>(
  "connectThrough at once",
  {
    "the knocks open the door": [{ answer: ({ sent }) => sent < 2 ? "silence" : 30 }, {
      tries: 1,
      story: ["0 SYN", "0 1", "5 2", "5 SYN"],
    }],
    "secret knocks": [{ isSecret: true, answer: ({ sent }) => sent < 4 ? "silence" : 30 }, {
      tries: 1,
      story: ["0 SYN", "0 1", "5 1", "5 2", "10 2", "10 SYN"],
    }],
    "a written delay": [{ delayMs: 200, answer: ({ sent }) => sent < 2 ? "silence" : 30 }, {
      tries: 1,
      story: ["0 SYN", "0 1", "200 2", "200 SYN"],
    }],
    "the only try is careful": [{ tries: 1, answer: ({ sent }) => sent < 2 ? "silence" : 30 }, {
      // The connection is what can tell, but no other try follows.
      tries: 1,
      story: ["0 SYN", "0 1", "50 2", "50 SYN"],
    }],
    "the first SYN after the knocks is lost": [{
      answer: ({ at, sent }) => sent < 2 || at < 55 ? "silence" : 30,
    }, { tries: 1, story: ["0 SYN", "0 1", "5 2", "5 SYN", "55 SYN"] }],
    "a far host": [{ answer: ({ sent }) => sent < 2 ? "silence" : 150 }, {
      tries: 1,
      story: ["0 SYN", "0 1", "5 2", "5 SYN", "55 SYN", "130 SYN"],
    }],
    "open already, and near": [{ answer: () => 5 }, { tries: undefined, story: ["0 SYN", "0 1"] }],
    "open already, and far": [{ answer: () => 80 }, {
      tries: undefined,
      story: ["0 SYN", "0 1", "5 2", "5 SYN", "55 SYN"],
    }],
    "a knock is lost": [{ answer: ({ sent }) => sent < 6 ? "silence" : 1 }, {
      tries: 2,
      story: [
        ...["0 SYN", "0 1", "5 2", "5 SYN", "55 SYN", "130 SYN", "242.5 SYN"],
        ...["305 1", "330 1", "355 2", "380 2", "380 SYN"],
      ],
    }],
    "the early SYN is not repeated by the kernel": [{
      answer: ({ at, sent }) => at === 0 ? 1_050 : sent < 6 ? "silence" : 1,
      delayMs: 1_000,
    }, {
      tries: 2,
      story: [
        ...["0 SYN", "0 1", "1000 2", "1000 SYN", "1050 SYN", "1125 SYN", "1237.5 SYN"],
        ...["1300 1", "1325 1", "2550 2", "2575 2", "2575 SYN"],
      ],
    }],
  },
  async ([options, expected]) => assertEquals(await tell(options), { ...ANSWERED, ...expected }),
);

Deno.test("connectThrough at once: a refusal tells the round trip", async () => {
  const { syns, connect } = setUp({
    lookMs: undefined,
    delayMs: "auto",
    answer: ({ at }) => at < 100 ? "refusal" : 1,
  });
  await connect();
  assertEquals(syns, [0, 5, 25, 55, 100]);
});

Deno.test("connectThrough at once: secrets that fail end it, and no SYN stays in flight", async () => {
  const { net, clock, connect } = setUp({
    lookMs: undefined,
    answer: () => "silence",
    payloads: () => Promise.reject(new SecretError("no")),
  });
  await assertRejects(() => connect(), SecretError);
  assertEquals([net.sent.length, clock.sleeping], [0, 0]);
});

Deno.test("connectThrough at once: an open door needs no secret, and one that fails does not matter", async () => {
  const { net, clock, connect, connections } = setUp({
    lookMs: undefined,
    answer: () => 80,
    payloads: () => Promise.reject(new SecretError("no")),
  });
  const { connection, knocks } = await connect();
  assertEquals([connection === connections[0], knocks], [true, undefined]);
  assertEquals([net.sent.length, connections.length, clock.sleeping], [0, 1, 0]);
});

Deno.test("connectThrough: a probe that cannot be asked ends the connection attempts", async () => {
  const { connections, clock, net, connect } = setUp({
    lookMs: 0,
    answer: () => 40,
    probes: [() => Promise.reject(new NetworkError("no room"))],
  });
  await assertRejects(() => connect(), NetworkError, "no room");
  assertEquals([connections.length, clock.sleeping, net.open], [0, 0, 0]);
});

Deno.test("connectThrough at once: of two connections that stand at the same time one is closed", async () => {
  // The first SYN is answered at the moment in which the one after the knocks is.
  const { connections, connect } = setUp({
    lookMs: undefined,
    delayMs: 40,
    answer: ({ at }) => at === 0 ? 60 : 20,
  });
  const { connection } = await connect();
  assertEquals([connections.length <= 2, connection !== undefined], [true, true]);
  assertEquals(connections.filter(({ isClosed }) => !isClosed), [connection]);
});

table<[number, number, { knocks: number; connections: number }]>(
  "connectThrough: a late answer to the look",
  {
    "comes while the user types": [400, 2_000, { knocks: 0, connections: 1 }],
    "is too old when the user is ready": [400, 50_000, { knocks: 2, connections: 2 }],
    "does not come in time": [2_500, 2_000, { knocks: 2, connections: 1 }],
  },
  async ([answerMs, typingMs, expected]) => {
    const { clock, net, cancel, connections, connect } = setUp({
      answer: ({ at }) => at === 0 ? answerMs : 5,
      payloads: async () => {
        await clock.sleepUntil(typingMs, cancel.signal);
        return knocks.map(() => new Uint8Array());
      },
    });
    const { connection } = await connect({ forMs: 90_000 });
    assertEquals({ knocks: net.sent.length, connections: connections.length }, expected);
    assertEquals(connections.filter(({ isClosed }) => !isClosed), [connection]);
  },
);
