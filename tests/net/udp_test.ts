import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { openUdp } from "../../src/net/udp.ts";
import { hashPassphrase } from "../../src/secret/payload.ts";
import { freeUdpPorts, SOURCES } from "../ports.ts";
import { table } from "../table.ts";

interface Datagram {
  bytes: Uint8Array;
  from: Deno.NetAddr;
}

/** Opens a receiver, sends what `send` sends, and returns `count` datagrams. */
async function receive(
  hostname: string,
  { count, send }: { count: number; send: (port: number) => Promise<void> },
): Promise<Datagram[]> {
  using cleanup = new DisposableStack();
  const receiver = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  cleanup.defer(() => receiver.close());
  await send((receiver.addr as Deno.NetAddr).port);
  const datagrams: Datagram[] = [];
  while (datagrams.length < count) {
    const [bytes, from] = await receiver.receive();
    datagrams.push({ bytes, from: from as Deno.NetAddr });
  }
  return datagrams;
}

table("datagrams carry exactly their payload, in order, from one socket", {
  IPv4: "127.0.0.1",
  IPv6: "::1",
}, async (address) => {
  const payloads = [
    await hashPassphrase("MikroTik"),
    new Uint8Array(),
    new Uint8Array([0, 255, 10]),
    new Uint8Array(1_400).fill(7),
  ];
  const datagrams = await receive(address, {
    count: payloads.length,
    async send(port) {
      const sender = openUdp(address);
      for (const payload of payloads) await sender.send(payload, port);
      sender.close();
    },
  });
  assertEquals(datagrams.map(({ bytes }) => bytes), payloads);
  assertEquals(new Set(datagrams.map(({ from }) => `${from.hostname} ${from.port}`)).size, 1);
  assertEquals(datagrams[0]?.from.hostname, address);
});

const ROWS = SOURCES.map((source) => [source ?? "any", source] as const);

table("datagrams leave from the chosen source", ROWS, async (source) => {
  const [datagram] = await receive("127.0.0.1", {
    count: 1,
    async send(port) {
      const sender = openUdp("127.0.0.1", { source });
      await sender.send(new Uint8Array([1]), port);
      sender.close();
    },
  });
  assertEquals(datagram?.from.hostname, source ?? "127.0.0.1");
});

Deno.test("a source of another machine is an error", () => {
  assertThrows(
    () => openUdp("127.0.0.1", { source: "192.0.2.99" }),
    NetworkError,
    'cannot send from "192.0.2.99": it is not an address of this machine',
  );
});

table("a source of the other family is an error", {
  "::1": "127.0.0.1",
  "127.0.0.1": "::1",
}, async (address, source) => {
  const sender = openUdp(address, { source });
  await assertRejects(
    () => sender.send(new Uint8Array(1), 9),
    NetworkError,
    `cannot send from "${source}" to ${address}: one is IPv4, the other IPv6`,
  );
  sender.close();
});

Deno.test("a payload larger than a datagram is an error", async () => {
  const sender = openUdp("127.0.0.1");
  await assertRejects(
    () => sender.send(new Uint8Array(70_000), 9),
    NetworkError,
    "cannot send to 127.0.0.1 port 9: the payload is larger than the path allows",
  );
  sender.close();
});

Deno.test("a closed port is not an error", async () => {
  const [port = 0] = freeUdpPorts(1);
  const sender = openUdp("127.0.0.1");
  for (let count = 0; count < 5; count++) await sender.send(new Uint8Array(1), port);
  sender.close();
});
