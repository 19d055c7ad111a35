import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { openTcp, sendSyn } from "../../src/net/tcp.ts";
import { textOf } from "../fakes.ts";
import { freeTcpPort, SOURCES } from "../ports.ts";
import { table } from "../table.ts";

const listen = () => Deno.listen({ hostname: "127.0.0.1", port: 0 });
const ROWS = SOURCES.map((source) => [`from ${source ?? "any source"}`, source] as const);

table("a SYN to a closed port is not an error", ROWS, async (source) => {
  await sendSyn({ address: "127.0.0.1", port: freeTcpPort(), source });
});

Deno.test("a SYN to a closed port is not an error: IPv6", async () => {
  await sendSyn({ address: "::1", port: freeTcpPort("::1") });
});

table("a SYN to an open port leaves no connection behind", ROWS, async (source) => {
  using listener = listen();
  for (let count = 0; count < 20; count++) {
    await sendSyn({ address: "127.0.0.1", port: listener.addr.port, source });
    using connection = await listener.accept();
    assertEquals(await endOf(connection), "closed");
    assertEquals(connection.remoteAddr.hostname, source ?? "127.0.0.1");
  }
});

async function endOf(connection: Deno.TcpConn): Promise<string> {
  try {
    return await connection.read(new Uint8Array(1)) === null ? "closed" : "data";
  } catch (cause) {
    if (cause instanceof Deno.errors.ConnectionReset) return "closed";
    throw cause;
  }
}

for (const isTraced of [false, true]) {
  table(`a payload arrives whole${isTraced ? ", traced" : ""}`, ROWS, async (source) => {
    using listener = listen();
    const payload = new TextEncoder().encode("x".repeat(250));
    const { port } = listener.addr;
    const [connection] = await Promise.all([
      listener.accept(),
      sendSyn({ address: "127.0.0.1", port, source, payload, isTraced }),
    ]);
    assertEquals(await new Response(connection.readable).text(), textOf(payload));
  });
}

Deno.test("a payload to a closed port is not an error", async () => {
  await sendSyn({ address: "127.0.0.1", port: freeTcpPort(), payload: new Uint8Array(1) });
});

Deno.test("many SYNs at once do not wait for each other", async () => {
  const port = freeTcpPort();
  const sources = Array.from({ length: 100 }, () => SOURCES).flat();
  await Promise.all(sources.map((source) => sendSyn({ address: "127.0.0.1", port, source })));
});

Deno.test("a SYN from a source of another machine is an error", async () => {
  await assertRejects(
    () => sendSyn({ address: "127.0.0.1", port: 9, source: "192.0.2.99" }),
    NetworkError,
    'cannot send from "192.0.2.99": it is not an address of this machine',
  );
  await assertRejects(
    () => sendSyn({ address: "::1", port: 9, source: "127.0.0.1" }),
    NetworkError,
    'cannot send from "127.0.0.1" to ::1: one is IPv4, the other IPv6',
  );
});

table("a connection reads, writes and closes each direction", ROWS, async (source) => {
  using listener = listen();
  const connection = await openTcp({ address: "127.0.0.1", port: listener.addr.port, source });
  using peer = await listener.accept();
  assertEquals(await connection.write(new TextEncoder().encode("hello")), 5);
  const buffer = new Uint8Array(64);
  assertEquals(textOf(buffer.subarray(0, await peer.read(buffer) ?? 0)), "hello");
  await connection.closeWrite();
  assertEquals(await peer.read(buffer), null);
  await peer.write(new TextEncoder().encode("bye"));
  const small = new Uint8Array(2);
  assertEquals([await connection.read(small), textOf(small)], [2, "by"]);
  assertEquals([await connection.read(small), small[0]], [1, "e".charCodeAt(0)]);
  peer.closeWrite();
  assertEquals(await connection.read(small), null);
  connection.close();
});

table("a refused connection rejects with the kernel's code", ROWS, async (source) => {
  const error = await assertRejects(
    () => openTcp({ address: "127.0.0.1", port: freeTcpPort(), source }),
    Error,
  );
  assertEquals((error as Error & { code?: string }).code, "ECONNREFUSED");
});

table("a connection that is cancelled beforehand is not made", ROWS, async (source) => {
  using listener = listen();
  const place = { address: "127.0.0.1", port: listener.addr.port, source };
  await assertRejects(() => openTcp(place, AbortSignal.abort(new Error("stop"))), Error, "stop");
});

table("closing a connection ends a read that waits", ROWS, async (source) => {
  using listener = listen();
  const connection = await openTcp({ address: "127.0.0.1", port: listener.addr.port, source });
  using peer = await listener.accept();
  const read = connection.read(new Uint8Array(8)).then(() => "ended", () => "ended");
  connection.close();
  assertEquals(await read, "ended");
  assertEquals(await endOf(peer), "closed");
});
