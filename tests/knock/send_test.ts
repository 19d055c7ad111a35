import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import type { Packet } from "../../src/core/sequence.ts";
import { sendSequence } from "../../src/knock/send.ts";
import { FakeClock, FakeNet } from "../fakes.ts";

const packet = (port: number, at: number, protocol: "tcp" | "udp" = "udp"): Packet => ({
  port,
  protocol,
  payload: new TextEncoder().encode(protocol === "udp" ? `p${port}` : ""),
  at,
  knock: port - 1,
});

Deno.test("sendSequence sends in order, each packet at its time, to the pinned address", async () => {
  const clock = new FakeClock({ start: 7_000, auto: true });
  const net = new FakeNet(clock);
  const seen: number[] = [];
  const packets = [packet(1, 0), packet(2, 50, "tcp"), packet(3, 50), packet(4, 200)];
  const sent = await sendSequence(packets, {
    net,
    clock,
    address: "192.0.2.1",
    source: "192.0.2.9",
    onPacket: ({ port }) => seen.push(port),
  });
  const place = { address: "192.0.2.1", source: "192.0.2.9" };
  assertEquals(net.sent, [
    { ...place, protocol: "udp", port: 1, payload: "p1", at: 7_000 },
    { ...place, protocol: "tcp", port: 2, payload: "", at: 7_050 },
    { ...place, protocol: "udp", port: 3, payload: "p3", at: 7_050 },
    { ...place, protocol: "udp", port: 4, payload: "p4", at: 7_200 },
  ]);
  assertEquals(seen, [1, 2, 3, 4]);
  assertEquals(sent, { first: 7_000, last: 7_200 });
  assertEquals([net.opened, net.open], [1, 0]);
});

Deno.test("sendSequence: the pace does not drift when sends take time", async () => {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock, { sendMs: 4 });
  const packets = Array.from({ length: 100 }, (_, index) => packet(index + 1, index * 10));
  const sent = await sendSequence(packets, { net, clock, address: "::1" });
  assertEquals(net.sent.map(({ at }) => at), packets.map(({ at }) => at));
  assertEquals(sent, { first: 0, last: 994 });
});

Deno.test("sendSequence: after a slow send half of the pause is kept, and the pace is found again", async () => {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock, { sendMs: 15 });
  const packets = [packet(1, 0), packet(2, 10), packet(3, 20), packet(4, 100)];
  await sendSequence(packets, { net, clock, address: "::1" });
  assertEquals(net.sent.map(({ at }) => at), [0, 20, 40, 100]);
});

Deno.test("sendSequence opens no udp socket for tcp knocks", async () => {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock);
  await sendSequence([packet(1, 0, "tcp"), packet(2, 5, "tcp")], { net, clock, address: "::1" });
  assertEquals([net.opened, net.sent.length], [0, 2]);
});

Deno.test("sendSequence: a failed send ends the sequence and closes the socket", async () => {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock);
  net.failure = new NetworkError("no route");
  await assertRejects(
    () => sendSequence([packet(1, 0), packet(2, 0)], { net, clock, address: "::1" }),
    NetworkError,
    "no route",
  );
  assertEquals([net.opened, net.open], [1, 0]);
});

Deno.test("sendSequence: cancelling sends nothing more and closes the socket", async () => {
  const clock = new FakeClock();
  const net = new FakeNet(clock);
  const cancel = new AbortController();
  const packets = [packet(1, 0), packet(2, 50), packet(3, 100)];
  const { signal } = cancel;
  const sending = sendSequence(packets, { net, clock, address: "::1", signal });
  await clock.advance(60);
  cancel.abort(new Error("stop"));
  await assertRejects(() => sending, Error, "stop");
  assertEquals([net.sent.length, net.open, clock.sleeping], [2, 0, 0]);
  await assertRejects(() => sendSequence(packets, { net, clock, address: "::1", signal }));
  assertEquals([net.sent.length, net.open], [2, 0]);
});

Deno.test("sendSequence: each datagram to a port that comes up again has a socket of its own", async () => {
  const { net, clock } = setUpNet();
  const packets = [7, 8, 7, 7].flatMap((port, knock) =>
    [0, 1].map((copy) => ({
      port,
      protocol: "udp" as const,
      payload: new Uint8Array(),
      at: knock * 50 + copy * 10,
      knock,
    }))
  );
  await sendSequence(packets, { net, clock, address: "192.0.2.1" });
  // The copies of a packet share theirs.
  assertEquals(net.sockets, [1, 1, 1, 1, 2, 2, 3, 3]);
  assertEquals([net.opened, net.open], [3, 0]);
});

Deno.test("sendSequence sends echo requests and lets handshakes end", async () => {
  const { net, clock } = setUpNet();
  const pattern = new TextEncoder().encode("knock");
  await sendSequence([
    { port: 0, protocol: "icmp", size: 64, payload: pattern, at: 0, knock: 0 },
    { port: 7, protocol: "tcp", payload: new Uint8Array(), at: 0, knock: 1, handshakeMs: 250 },
  ], { net, clock, address: "192.0.2.1" });
  assertEquals(
    net.sent.map(({ protocol, size, payload, handshakeMs }) => [
      protocol,
      size ?? handshakeMs,
      payload,
    ]),
    [["icmp", 64, "knock"], ["tcp", 250, ""]],
  );
  assertEquals(net.opened, 0);
});

function setUpNet() {
  const clock = new FakeClock({ auto: true });
  return { clock, net: new FakeNet(clock) };
}

Deno.test("sendSequence: a timer that ends late lets no knocks catch up with each other", async () => {
  const clock = new FakeClock({ auto: true });
  const net = new FakeNet(clock);
  const late = {
    now: () => clock.now(),
    // The first one is 5 ms late, as on a busy machine.
    async sleepUntil(at: number, signal?: AbortSignal) {
      await clock.sleepUntil(at, signal);
      if (net.sent.length === 1) clock.pass(5);
    },
  };
  const packets = [packet(1, 0), packet(1, 5), packet(2, 5), packet(2, 10), packet(3, 10)];
  await sendSequence(packets, { net, clock: late, address: "::1" });
  assertEquals(net.sent.map(({ port, at }) => [port, at]), [
    ...[[1, 0], [1, 10]],
    ...[[2, 10], [2, 12.5]],
    [3, 12.5],
  ]);
});

Deno.test("sendSequence: a tcp knock has its payload", async () => {
  const { clock, net } = setUpNet();
  const payload = new TextEncoder().encode("packet");
  const packets = [{ port: 7, protocol: "tcp", payload, at: 0, knock: 0 } as const];
  await sendSequence(packets, { net, clock, address: "::1" });
  assertEquals(net.sent.map(({ protocol, payload }) => [protocol, payload]), [["tcp", "packet"]]);
});
