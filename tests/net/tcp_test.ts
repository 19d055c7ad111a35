import { assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { openTcp, sendSyn } from "../../src/net/tcp.ts";
import { textOf } from "../fakes.ts";

const portOf = (listener: Deno.TcpListener) => (listener.addr as Deno.NetAddr).port;

/** A port that nobody listens on. */
function closedPort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return portOf(listener);
}

const SOURCES = [undefined, "127.0.0.5"];

Deno.test("a SYN to a closed port is no error, and leaves nothing behind", async () => {
  for (const source of SOURCES) {
    await sendSyn({ address: "127.0.0.1", port: closedPort(), source });
  }
  await sendSyn({ address: "::1", port: closedPort("::1") });
});

Deno.test("a SYN to an open port leaves no connection behind", async () => {
  for (const source of SOURCES) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    for (let count = 0; count < 20; count++) {
      await sendSyn({ address: "127.0.0.1", port: portOf(listener), source });
      using connection = await listener.accept();
      assertEquals(await endOf(connection), "closed");
      assertEquals(connection.remoteAddr.hostname, source ?? "127.0.0.1");
    }
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

Deno.test("many SYNs at once, and none waits for another", async () => {
  const port = closedPort();
  await Promise.all(
    Array.from(
      { length: 200 },
      (_, index) => sendSyn({ address: "127.0.0.1", port, source: SOURCES[index % 2] }),
    ),
  );
});

Deno.test("a SYN from a source that is not this machine's is an error", async () => {
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

Deno.test("a connection reads, writes and closes each direction, from any source", async () => {
  for (const source of SOURCES) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connection = await openTcp({ address: "127.0.0.1", port: portOf(listener), source });
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
  }
});

Deno.test("a connection that is refused rejects with the kernel's code", async () => {
  for (const source of SOURCES) {
    const error = await assertRejects(
      () => openTcp({ address: "127.0.0.1", port: closedPort(), source }),
      Error,
    );
    assertEquals((error as Error & { code?: string }).code, "ECONNREFUSED");
  }
});

Deno.test("a connection that is cancelled beforehand is not made", async () => {
  for (const source of SOURCES) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const place = { address: "127.0.0.1", port: portOf(listener), source };
    await assertRejects(() => openTcp(place, AbortSignal.abort(new Error("stop"))), Error, "stop");
  }
});

Deno.test("closing while a read waits ends the read", async () => {
  for (const source of SOURCES) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connection = await openTcp({ address: "127.0.0.1", port: portOf(listener), source });
    using peer = await listener.accept();
    const read = connection.read(new Uint8Array(8)).then(() => "ended", () => "ended");
    connection.close();
    assertEquals(await read, "ended");
    assertEquals(await endOf(peer), "closed");
  }
});
