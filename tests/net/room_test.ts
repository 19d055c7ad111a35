import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import { createRoom, isScarce, openTcpIn, openUdpIn } from "../../src/net/room.ts";
import { FakeClock, FakeConnection, settle } from "../fakes.ts";
import { table } from "../table.ts";

const failed = (code: string) => Object.assign(new Error(code), { code });

function makeRoom() {
  const clock = new FakeClock();
  const cancel = new AbortController();
  return { clock, cancel, room: createRoom({ clock, signal: cancel.signal }) };
}

/** A call that is ended by the test. */
function makeCall() {
  const calls: PromiseWithResolvers<string>[] = [];
  const call = () => {
    const next = Promise.withResolvers<string>();
    calls.push(next);
    return next.promise;
  };
  return { calls, call };
}

table<readonly [unknown, boolean]>("no room", {
  "descriptors of the process": [failed("EMFILE"), true],
  "descriptors of the system": [failed("ENFILE"), true],
  "buffers": [failed("ENOBUFS"), true],
  "processes": [failed("EAGAIN"), true],
  "ports": [failed("EADDRINUSE"), true],
  "as the cause of another error": [
    new NetworkError("cannot send", { cause: failed("EMFILE") }),
    true,
  ],
  "in Deno's words": [new Error("Failed to spawn 'x': Too many open files (os error 24)"), true],
  "a refusal": [failed("ECONNREFUSED"), false],
  "no route": [failed("ENETUNREACH"), false],
  "nothing": [undefined, false],
}, ([cause, expected]) => assertEquals(isScarce(cause), expected));

Deno.test("a call without room is made again as soon as another has ended, and tells its watchers", async () => {
  const { room, clock } = makeRoom();
  const { calls, call } = makeCall();
  let scarce = 0;
  const unwatch = room.watch(() => scarce++);
  const first = room.run(call);
  const second = room.run(call);
  calls[1]?.reject(failed("EMFILE"));
  await settle();
  assertEquals([calls.length, scarce, clock.sleeping], [2, 1, 1]);
  calls[0]?.resolve("one");
  assertEquals(await first, "one");
  await settle();
  assertEquals([calls.length, clock.sleeping], [3, 0]);
  calls[2]?.resolve("two");
  assertEquals(await second, "two");
  unwatch();
  const third = room.run(call);
  calls[3]?.reject(failed("EMFILE"));
  await settle();
  assertEquals(scarce, 1);
  await clock.advance(5);
  calls[4]?.resolve("three");
  assertEquals(await third, "three");
});

Deno.test("a lone call gives up after a second, at growing pauses; any other error is passed on", async () => {
  const { room, clock } = makeRoom();
  const cause = failed("ENFILE");
  const ended = assertRejects(() => room.run(() => Promise.reject(cause)));
  await clock.advance(2_000);
  assertStrictEquals(await ended, cause);
  assertEquals(clock.slept.slice(0, 7), [5, 15, 35, 75, 155, 315, 515]);
  await assertRejects(() => room.run(() => Promise.reject(failed("ECONNREFUSED"))));
});

Deno.test("an abort ends the waiting, and leaves no timer", async () => {
  for (const own of [true, false]) {
    const { room, clock, cancel } = makeRoom();
    const stop = own ? new AbortController() : cancel;
    const options = own ? { signal: stop.signal } : {};
    const ended = room.run(() => Promise.reject(failed("EMFILE")), options);
    await settle();
    const reason = new Error("enough");
    stop.abort(reason);
    assertStrictEquals(await assertRejects(() => ended), reason);
    assertEquals(clock.sleeping, 0);
  }
});

Deno.test("a call without room after the end of the program fails, and leaves nothing behind", async () => {
  const { room, clock, cancel } = makeRoom();
  const reason = new Error("enough");
  cancel.abort(reason);
  const ended = room.run(() => Promise.reject(failed("EMFILE")));
  assertStrictEquals(await assertRejects(() => ended), reason);
  await settle();
  assertEquals(clock.sleeping, 0);
});

Deno.test("a shortage that is over leaves room for spare calls again", async () => {
  const { room, clock } = makeRoom();
  const { calls, call } = makeCall();
  const lone = room.run(call);
  calls[0]?.reject(failed("ENOBUFS"));
  await settle();
  await clock.advance(5);
  calls[1]?.resolve("one");
  assertEquals(await lone, "one");
  const first = room.run(call);
  const spare = room.run(call, { turn: { isSpare: true, onWait: () => {} } });
  await settle();
  assertEquals(calls.length, 4);
  for (const { resolve } of calls) resolve("two");
  assertEquals(await Promise.all([first, spare]), ["two", "two"]);
});

Deno.test("spare connections leave the room to first ones, and do not spin", async () => {
  const { room, clock } = makeRoom();
  const { calls, call } = makeCall();
  let scarce = 0;
  let waited = 0;
  room.watch(() => scarce++);
  const open = openTcpIn(room, async () => (await call(), new FakeConnection()), {
    findRouteError: () => Promise.resolve(undefined),
  });
  const place = (isSpare: boolean) => ({
    address: "192.0.2.1",
    port: 22,
    turn: { isSpare, onWait: () => waited++ },
  });
  const first = [open(place(false)), open(place(false))];
  const spare = open(place(true));
  await settle();
  calls[2]?.reject(failed("EMFILE"));
  await clock.advance(1_000);
  // The limit is one now, and two are running: the spare one waits for both.
  assertEquals([calls.length, scarce, waited], [3, 0, 0]);
  const other = open(place(false));
  assertEquals(calls.length, 4);
  calls[3]?.reject(failed("EMFILE"));
  await settle();
  assertEquals([scarce, waited], [1, 1]);
  calls[0]?.resolve("");
  await settle();
  // The first connection comes before the spare one.
  assertEquals(calls.length, 5);
  for (const each of calls) each.resolve("");
  await settle();
  for (const each of calls) each.resolve("");
  await Promise.all([...first, spare, other]);
  assertEquals(calls.length, 6);
});

table<readonly [place: Partial<Endpoint>, routeError: unknown, isRetried: boolean]>(
  "a local port that is not available",
  {
    "the ports are used up": [{}, undefined, true],
    "no address of the family": [{}, failed("EADDRNOTAVAIL"), false],
    "the source is not of this machine": [{ source: "192.0.2.9" }, undefined, false],
  },
  async ([more, routeError, isRetried]) => {
    const { room, clock } = makeRoom();
    let calls = 0;
    const open = openTcpIn(
      room,
      () =>
        ++calls === 1
          ? Promise.reject(failed("EADDRNOTAVAIL"))
          : Promise.resolve(new FakeConnection()),
      {
        findRouteError: () => Promise.resolve(routeError),
      },
    );
    const result = open({ address: "192.0.2.1", port: 22, ...more }).then(() => true, () => false);
    await clock.advance(10);
    assertEquals([await result, calls], [isRetried, isRetried ? 2 : 1]);
  },
);

Deno.test("a socket for datagrams without room is opened with its first datagram", async () => {
  const { room, clock } = makeRoom();
  const sent: number[] = [];
  let opened = 0;
  let closed = 0;
  const open = openUdpIn(room, (address) => {
    if (++opened < 3) throw new NetworkError(address, { cause: failed("EMFILE") });
    return {
      send: (_, port) => (sent.push(port), Promise.resolve({})),
      close: () => closed++,
    };
  });
  const socket = open("192.0.2.1");
  const sending = socket.send(new Uint8Array(), 7);
  await clock.advance(5);
  await sending;
  await socket.send(new Uint8Array(), 8);
  socket.close();
  assertEquals([opened, sent, closed], [3, [7, 8], 1]);
  const broken = openUdpIn(room, () => {
    throw failed("EADDRNOTAVAIL");
  });
  let error: unknown;
  try {
    broken("192.0.2.1");
  } catch (cause) {
    error = cause;
  }
  assertEquals((error as { code?: string }).code, "EADDRNOTAVAIL");
});
