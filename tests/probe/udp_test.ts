/** `udp` against real sockets on loopback. */
import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import { askUdp } from "../../src/net/udp.ts";
import { runProbe } from "../../src/probe/mod.ts";
import { FakeClock, settle } from "../fakes.ts";
import { OTHER_SOURCE } from "../ports.ts";
import { table } from "../table.ts";
import { closedPort, probeContext } from "./servers.ts";

/** Answers every datagram with `reply`, from the socket's own port or from another one. */
function serveUdp(
  reply: string | undefined,
  { hostname = "127.0.0.1", isElsewhere = false } = {},
) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const other = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const heard: string[] = [];
  const serving = (async () => {
    for await (const [data, from] of socket) {
      heard.push(new TextDecoder().decode(data));
      if (reply === undefined) continue;
      await (isElsewhere ? other : socket).send(new TextEncoder().encode(reply), from);
    }
  })();
  return {
    port: (socket.addr as Deno.NetAddr).port,
    heard,
    async [Symbol.asyncDispose]() {
      socket.close();
      other.close();
      await serving;
    },
  };
}

const send = new TextEncoder().encode("hello");
const SILENT = "no answer, which over UDP does not prove that it is closed";

table("udp: open where anything answers", {
  "over IPv4": {},
  "from another source": { source: OTHER_SOURCE },
  "over IPv6": { address: "::1", family: "ipv6" },
} as Record<string, Parameters<typeof probeContext>[0]>, async (more = {}) => {
  await using server = serveUdp("who?", { hostname: more.address ?? "127.0.0.1" });
  const { label, status, detail } = await runProbe(
    { type: "udp", port: server.port, send },
    probeContext(more),
  );
  assertEquals([label, status, detail], [`udp ${server.port}`, "open", "answered 4 bytes"]);
  assertEquals(server.heard, ["hello"]);
});

Deno.test("udp: an empty answer is an answer", async () => {
  await using server = serveUdp("");
  const { status } = await runProbe({ type: "udp", port: server.port, send }, probeContext());
  assertEquals(status, "open");
});

table("udp: closed, and says that this proves nothing, where", {
  "a service is silent": { reply: undefined },
  "another port answers": { reply: "x", isElsewhere: true },
}, async ({ reply, ...options }) => {
  await using server = serveUdp(reply, options);
  const context = probeContext({ timeoutMs: 300 });
  const { status, detail } = await runProbe({ type: "udp", port: server.port, send }, context);
  assertEquals([status, detail], ["closed", SILENT]);
  assertEquals(server.heard, ["hello", "hello"]);
});

Deno.test("udp: an ICMP port unreachable looks like silence", async () => {
  const context = probeContext({ timeoutMs: 300 });
  const { status, detail } = await runProbe({ type: "udp", port: closedPort(), send }, context);
  assertEquals([status, detail], ["closed", SILENT]);
});

Deno.test("udp: an error for a source that is not an address of this machine", async () => {
  const context = probeContext({ source: "192.0.2.99" });
  const { status, detail } = await runProbe({ type: "udp", port: 9, send }, context);
  const reason = 'cannot send from "192.0.2.99": it is not an address of this machine';
  assertEquals([status, detail], ["error", reason]);
});

Deno.test("askUdp: cancelled, it ends at once and leaves nothing behind", async () => {
  await using server = serveUdp(undefined);
  const clock = new FakeClock();
  const cancel = new AbortController();
  const asking = askUdp({
    address: "127.0.0.1",
    port: server.port,
    payload: send,
    clock,
    timeoutMs: 5_000,
    signal: cancel.signal,
  });
  asking.catch(() => {});
  await settle();
  cancel.abort(new CancelledError());
  await assertRejects(() => asking, CancelledError);
  assertEquals(clock.sleeping, 0);
});
